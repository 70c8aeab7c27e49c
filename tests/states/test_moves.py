"""The rulebooks: every table equals the full expected matrix, and whatever is not in it is refused and changes nothing."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from states import agreement, clause, decision, dialogue, message, recompute, slot
from states.agreement import State
from states.diagram import mermaid
from states.errors import NotAllowed
from states.moves import Rulebook
from states.parties import CONTACT, NEGOTIATORS, NOBODY, RECORDERS, SIGNATORY, STRATEGIST, Role

README = Path(__file__).parents[2] / "README.md"

AGREEMENT = """
send_proposal: draft>negotiating
send_response: negotiating>negotiating
settle: negotiating>agreed
request_decision: agreed>deciding
open_signing: agreed>signing
approve: deciding>signing
refer_back: deciding>negotiating
reject: deciding>declined
table: deciding>deciding
reopen: agreed>negotiating deciding>negotiating signing>negotiating
sign: signing>signing
complete: signing>signed
refuse: signing>negotiating
decline: negotiating>declined agreed>declined deciding>declined signing>declined
withdraw: draft>withdrawn negotiating>withdrawn agreed>withdrawn deciding>withdrawn signing>withdrawn
resume: declined>negotiating withdrawn>negotiating
redraft: withdrawn>draft
terminate: signed>terminated
expire: signed>expired
supersede: signed>superseded
"""
CLAUSE = """
accept: proposed>proposed countered>countered proposed>agreed countered>agreed
counter: proposed>proposed proposed>countered countered>countered
exclude: proposed>excluded countered>excluded
propose_again: excluded>proposed excluded>countered
retract: countered>countered countered>excluded
reopen: agreed>proposed agreed>countered
dissent: proposed>proposed agreed>proposed countered>countered agreed>countered excluded>proposed excluded>countered
withdraw_area: proposed>withdrawn countered>withdrawn
"""
SLOT = """
request: pending>requested expired>requested
sign: requested>signed
refuse: requested>refused
expire: requested>expired
void: pending>void requested>void signed>void refused>void expired>void
"""
DECISION = """
send_papers: planned>papers_sent
decide: planned>decided papers_sent>decided
table: planned>planned papers_sent>planned
cancel: planned>cancelled papers_sent>cancelled decided>cancelled
"""
MESSAGE = """
send: queued>sent
deliver: sent>delivered
bounce: sent>bounced
suppress: queued>suppressed
fail: queued>failed
resend: failed>queued bounced>queued
"""
ROUND = """
invite: draft>invited
close_rsvp: invited>rsvp_closed
reschedule: invited>invited rsvp_closed>invited
hold: rsvp_closed>held
summarise: held>summarised
close: summarised>closed
cancel: draft>cancelled invited>cancelled rsvp_closed>cancelled
"""
MEETING = """
reschedule: scheduled>scheduled
hold: scheduled>held
cancel: scheduled>cancelled
"""
BOOKS: dict[str, tuple[Rulebook[Any, Any], type[StrEnum], type[StrEnum], str]] = {
    "agreement": (agreement.RULEBOOK, agreement.State, agreement.Event, AGREEMENT),
    "clause": (clause.RULEBOOK, clause.State, clause.Command, CLAUSE),
    "slot": (slot.RULEBOOK, slot.State, slot.Event, SLOT),
    "decision": (decision.RULEBOOK, decision.State, decision.Event, DECISION),
    "round": (dialogue.RULEBOOK, dialogue.State, dialogue.Event, ROUND),
    "meeting": (dialogue.MEETING_RULEBOOK, dialogue.MeetingStatus, dialogue.MeetingEvent, MEETING),
    "message": (message.RULEBOOK, message.State, message.Event, MESSAGE),
}


@dataclass
class Model:
    """The plainest thing a rulebook can move."""

    state: StrEnum


def expected(table: str) -> set[tuple[str, str, str]]:
    """(event, source, dest) of a written table."""
    lines = (line.split(": ") for line in table.strip().splitlines())
    return {(event, *pair.split(">")) for event, pairs in lines for pair in pairs.split()}  # type: ignore[misc]


@pytest.mark.parametrize("name", BOOKS)
def test_the_moves_are_exactly_the_expected_ones(name: str) -> None:
    book, _, events, table = BOOKS[name]
    found = [(m.event.value, m.source.value, m.dest.value) for m in book.table]
    assert set(found) == expected(table)
    assert len(found) == len(set(found))
    assert {event for event, _, _ in found} == {e.value for e in events}


@pytest.mark.parametrize("name", BOOKS)
def test_every_pair_of_event_and_state_moves_or_is_refused_and_changes_nothing(name: str) -> None:
    book, states, events, table = BOOKS[name]
    lawful = expected(table)
    for state in states:
        for event in events:
            ways = {dest for e, source, dest in lawful if (e, source) == (event, state)}
            model = Model(state)
            if ways:
                moved(book, model, event, ways)
            else:
                with pytest.raises(NotAllowed) as refused:
                    book.advance(model, event)
                assert (refused.value.event, refused.value.state) == (event, state)
                assert model.state is state
            assert book.allows(event, state) is bool(ways)


def moved(book: Rulebook[Any, Any], model: Model, event: StrEnum, ways: set[str]) -> None:
    """Each lawful destination can be reached; none but these."""
    source = model.state
    for dest in type(source):
        model.state = source
        if dest.value in ways:
            assert book.advance(model, event, dest).dest is dest
            assert model.state is dest
        else:
            with pytest.raises(NotAllowed):
                book.advance(model, event, dest)
            assert model.state is source


def test_who_may_cause_what_is_as_the_design_says() -> None:
    by = {(m.event.value, m.source.value): m.by for m in agreement.MOVES}
    assert by["send_proposal", "draft"] == STRATEGIST
    assert by["settle", "negotiating"] == by["complete", "signing"] == NOBODY
    assert by["approve", "deciding"] == RECORDERS
    assert by["sign", "signing"] == by["refuse", "signing"] == SIGNATORY
    assert by["decline", "agreed"] == CONTACT
    assert by["reopen", "signing"] == NEGOTIATORS


def test_the_buttons_of_a_role_come_from_the_table() -> None:
    assert agreement.RULEBOOK.open_to(State.draft, Role.strategist) == ("send_proposal", "withdraw")
    assert agreement.RULEBOOK.open_to(State.signed, Role.registrar) == ()


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (recompute.Standing(False, None, False), State.draft),
        (recompute.Standing(False, None, True), State.draft),
        (recompute.Standing(False, State.withdrawn, False), State.withdrawn),
        (recompute.Standing(True, State.declined, True, 1, 1, 1), State.declined),
        (recompute.Standing(True, None, False, 1, 1), State.negotiating),
        (recompute.Standing(True, None, True), State.agreed),
        (recompute.Standing(True, None, True, 1), State.deciding),
        (recompute.Standing(True, None, True, 1, 2, 1), State.signing),
        (recompute.Standing(True, None, True, 0, 2, 2), State.signed),
    ],
)
def test_the_state_follows_from_the_facts(facts: recompute.Standing, state: State) -> None:
    assert recompute.state(facts) is state


def test_the_picture_names_every_move() -> None:
    picture = mermaid(agreement.MOVES)
    assert picture.startswith("stateDiagram-v2\n    [*] --> draft\n")
    assert "    negotiating --> agreed: settle" in picture
    assert all(f"    {m.source} --> {m.dest}: " in picture and m.event.value in picture for m in agreement.MOVES)


def test_the_picture_in_readme_is_the_rulebook() -> None:
    told = README.read_text(encoding="utf-8").partition("<!-- moves -->")[2].partition("<!-- /moves -->")[0]
    assert told.strip() == f"```mermaid\n{mermaid(agreement.MOVES)}\n```"
