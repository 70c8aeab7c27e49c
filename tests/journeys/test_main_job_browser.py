"""The main job with a script, by keyboard alone on a screen 320 points wide; every page on the way is judged."""

import io
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import docx
import pytest
from playwright.sync_api import Browser

from tests.browser import chromium
from tests.documents.reading import text
from tests.journeys.keyboard import AtTheKeyboard
from tests.journeys.main_job import OWN_ANSWERED, walk
from tests.journeys.region import Region, first_day, paper
from tests.postoffice import PostOffice, post_office

__all__ = ["chromium", "post_office"]
pytestmark = pytest.mark.browser


@pytest.fixture
def region(tmp_path: Path, post_office: PostOffice) -> Iterator[Region]:
    with first_day(tmp_path, post_office) as served:
        yield served


def test_the_main_job_is_done_by_keyboard_on_a_narrow_screen(chromium: Browser, region: Region, tmp_path: Path) -> None:
    with ExitStack() as browsers:
        _, files = walk(region, lambda: browsers.enter_context(closing(AtTheKeyboard(chromium, region.url))), paper(tmp_path))
    assert OWN_ANSWERED in text(docx.Document(io.BytesIO(files.public)).element.body)
