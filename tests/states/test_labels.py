"""Every state has its word for everybody who may see it."""

from datetime import date
from enum import StrEnum
from itertools import chain
from types import ModuleType

import pytest

from states import agreement, clause, decision, dialogue, message, parties, rhythm, slot
from states.agreement import State
from states.labels import LABELS, NOT_YET, Audience, agreement_label, label

MUNICIPALITY, REGION = frozenset({"municipality"}), frozenset({"region"})

TABLE = [
    (State.draft, frozenset(), "Utkast", None, NOT_YET),
    (State.negotiating, MUNICIPALITY, "Hos kommunen", "Väntar på er", NOT_YET),
    (State.negotiating, REGION, "Hos regionen", "Hos regionen", NOT_YET),
    (State.negotiating, MUNICIPALITY | REGION, "Hos båda", "Väntar på er och regionen", NOT_YET),
    (State.negotiating, frozenset(), "Hos regionen", "Hos regionen", NOT_YET),
    (State.negotiating, frozenset({"federation"}), "Hos kommunen", "Väntar på er", NOT_YET),
    (State.agreed, frozenset(), "Överens", "Vi är överens", NOT_YET),
    (State.deciding, MUNICIPALITY, "Hos nämnden", "Hos er nämnd", NOT_YET),
    (State.signing, REGION, "För underskrift", "För underskrift", NOT_YET),
    (State.signed, frozenset(), "Undertecknad", "Undertecknad", "Gäller"),
    (State.declined, frozenset(), "Avböjd", "Ni har tackat nej", NOT_YET),
    (State.withdrawn, frozenset(), "Återkallad", "Regionen har dragit tillbaka förslaget", NOT_YET),
    (State.terminated, frozenset(), "Uppsagd", "Uppsagd", "Uppsagd"),
    (State.expired, frozenset(), "Upphörd", "Har upphört", "Har upphört"),
    (State.superseded, frozenset(), "Ersatt", "Ersatt", "Ersatt av en nyare"),
]


@pytest.mark.parametrize(("state", "waiting_on", "region", "own", "public"), TABLE)
def test_each_audience_reads_its_word(
    state: State, waiting_on: frozenset[str], region: str, own: str | None, public: str
) -> None:
    assert agreement_label(state, waiting_on, Audience.region) == region
    assert agreement_label(state, waiting_on, Audience.own) == own
    assert agreement_label(state, waiting_on, Audience.public) == public
    assert agreement_label(state, waiting_on, Audience.public, published=False) == NOT_YET


def test_the_table_has_every_state() -> None:
    assert {row[0] for row in TABLE} == set(State)


def test_only_a_draft_is_hidden_and_only_from_its_party() -> None:
    hidden = [
        (state, audience) for state in State for audience in Audience if agreement_label(state, MUNICIPALITY, audience) is None
    ]
    assert hidden == [(State.draft, Audience.own)]


def test_the_public_reads_from_when_and_until_when() -> None:
    start, end = date(2028, 1, 1), date(2028, 6, 30)
    assert agreement_label(State.signed, frozenset(), Audience.public, day=start) == "Gäller från 1 januari 2028"
    assert agreement_label(State.terminated, frozenset(), Audience.public, day=end) == "Uppsagd, upphör 30 juni 2028"
    assert agreement_label(State.signed, frozenset(), Audience.public, published=False, day=start) == NOT_YET


def kinds_in(module: ModuleType) -> list[type[StrEnum]]:
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, StrEnum) and kind.__module__ == module.__name__
    ]


def test_every_state_and_kind_has_a_label() -> None:
    """Names of moves inside a slot, a step or a message are not shown: the state they lead to is."""
    unseen = {agreement.State, decision.Event, slot.Event, message.Event, dialogue.Event, dialogue.MeetingEvent}
    modules = (agreement, clause, decision, dialogue, message, parties, rhythm, slot)
    shown = set(chain.from_iterable(kinds_in(module) for module in modules))
    assert set(LABELS) == shown - unseen
    for kind, labels in LABELS.items():
        assert set(labels) == set(kind), kind
        assert all(label(value) for value in kind)


def test_no_two_states_of_a_kind_read_the_same() -> None:
    for labels in LABELS.values():
        assert len(set(labels.values())) == len(labels)
