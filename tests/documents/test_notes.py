"""The notes of a round as a Word file."""

from datetime import UTC, datetime

import pytest

from documents.base import DOCUMENT
from documents.notes import NotesFacts, Sitting, render
from tests.documents.reading import part, styled

AT = datetime(2027, 4, 14, 14, tzinfo=UTC)
DAY = Sitting(
    when="onsdag 14 april 2027, klockan 09.30–15.00",
    where="Folkets hus, Borlänge",
    agenda=[("09.30", "Kaffe & registrering", ""), ("10.00", "Välkommen", "Torun Hällgren")],
    present=["Falu kommun"],
    absent=["Mora folkhögskola"],
    coverage="1 av 2",
)
FACTS = NotesFacts(
    reference="r1",
    title="Regional kulturdialog 3",
    region="Region Dalarna",
    kind="Regional dialog",
    sittings=[DAY],
    questions=["Vad fungerar bra?"],
    text="Tolv av femton deltog.\n\nFlest nämnde scenkonst.",
    findings=[("Hinder", "Små scener.", "Scenkonst för barn och unga")],
    actions=[("Kartlägg scenerna.", "", "")],
    comments_until="onsdag 28 april 2027",
)


def test_the_notes_hold_everything_in_order() -> None:
    read = [text for _style, text in styled(part(render(FACTS, AT), DOCUMENT))]
    expected = ["Regional kulturdialog 3", "Kaffe & registrering", "Deltog (1 av 2)", "Falu kommun", "Deltog inte"]
    expected += ["Mora folkhögskola", "Vad fungerar bra?", "Tolv av femton deltog.", "Flest nämnde scenkonst.", "Hinder"]
    expected += ["Scenkonst för barn och unga", "Kartlägg scenerna.", "Inte bestämt"]
    places = [read.index(text) for text in expected]
    assert places == sorted(places)


def test_the_same_facts_give_the_same_bytes() -> None:
    assert render(FACTS, AT) == render(FACTS, AT)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        render(FACTS, AT.replace(tzinfo=None))
