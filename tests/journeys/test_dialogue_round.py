"""A whole round of dialogue in plain HTML and by keyboard: the calendar file and the notes hold what was settled."""

import io
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docx
import pytest
from icalendar import Calendar
from playwright.sync_api import Browser

from service.store.session import Store
from tests.browser import chromium
from tests.documents.reading import text
from tests.journeys.dialogue_round import SUMMARY, House, house, walk
from tests.journeys.keyboard import AtTheKeyboard
from tests.journeys.visitor import Visitor
from tests.stores import migrated_file, store

__all__ = ["chromium", "migrated_file", "store"]


@pytest.fixture
def home(store: Store, tmp_path: Path) -> Iterator[House]:
    with house(store, tmp_path) as served:
        yield served


def test_a_round_goes_from_series_to_closed_without_a_script(home: House) -> None:
    with ExitStack() as browsers:
        held(*walk(home, lambda: browsers.enter_context(closing(Visitor(home.url)))))


@pytest.mark.browser
def test_a_round_goes_from_series_to_closed_by_keyboard_on_a_narrow_screen(chromium: Browser, home: House) -> None:
    with ExitStack() as browsers:
        held(*walk(home, lambda: browsers.enter_context(closing(AtTheKeyboard(chromium, home.url)))))


def held(calendar: bytes, notes: bytes) -> None:
    event: Any = Calendar.from_ical(calendar).walk("VEVENT")[0]
    assert event["dtstart"].dt.astimezone(UTC) == datetime(2027, 4, 14, 7, 30, tzinfo=UTC)
    said = text(docx.Document(io.BytesIO(notes)).element.body)
    for words in (SUMMARY, "Små scener räcker inte.", "Scenkonst för barn och unga", "Kartlägg scenerna.", "1 av 2"):
        assert words in said
