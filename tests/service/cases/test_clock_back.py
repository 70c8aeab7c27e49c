"""A clock that steps back changes no fact: what was said last counts, by its number and not by the time on any machine."""

from itertools import count
from uuid import UUID

import pytest
from sqlmodel import Session, select
from uuid_utils.compat import uuid7

from service.cases.taking_back import recall_response
from service.store import history, waiting
from service.store.negotiation import sayings
from service.store.tables import Event
from states.clause import Negotiated, StanceKind, State
from tests.people import later
from tests.service.cases import life

HOUR = 3_600_000


@pytest.fixture
def backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every id that is made is an hour older than the one before it, as from machines whose clocks step back."""
    steps = count(1)
    monkeypatch.setattr("service.store.columns.uuid7", lambda: UUID(int=uuid7().int - (next(steps) * HOUR << 80)))


@pytest.mark.usefixtures("backwards")
def test_what_a_party_said_last_counts_although_the_clock_went_back(any_case: life.Case) -> None:
    case, elin = any_case, any_case.cast.elin
    life.propose(case)
    with case.store.write() as session:
        first, *_ = case.standing(session).clauses
        life.answer(session, case, case.cast.karin, later(9), life.countering(session, first, "Alla barn."))
        head = _clause(session, case, first.id)
        left_out = life.answer(session, case, elin, later(8), life.excluding(head))
        recall_response(session, elin, later(7), case.id, left_out.id)
        assert case.standing(session).state_of(_clause(session, case, first.id)) is State.countered
        assert waiting.count(session, elin, later(9)) == 1, "the text is the region's to answer again"
        life.answer(session, case, elin, later(6), life.accepting(head))
        assert case.standing(session).state_of(_clause(session, case, first.id)) is State.agreed
        assert [s.kind for s in sayings(session, case.id)[first.id]] == [
            StanceKind.exclude,
            StanceKind.withdraw,
            StanceKind.accept,
        ]
    case.sound()
    with case.store.read() as session:
        assert history.verify(session) is None
        moments = session.exec(select(Event.at).order_by(Event.seq)).all()  # type: ignore[arg-type]
        assert moments == sorted(moments)


def _clause(session: Session, case: life.Case, clause: UUID) -> Negotiated:
    return case.standing(session).clause(clause)
