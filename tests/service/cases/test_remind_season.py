"""Random seasons of several matters, people and clocks: one reminder a day at most, and none about what was mailed that day."""

import random
from collections import Counter
from datetime import date, time, timedelta

import pytest
from sqlmodel import col, select

from service.cases.propose import send_proposal
from service.cases.reminder_letters import REMINDERS
from service.store.tables import Agreement, ContactAssignment, Message, Programme, Reminder
from states.calendar import civil, is_workday
from tests.people import draft
from tests.service.cases import life
from tests.service.cases.test_remind import morning, swept

FIRST = date(2027, 9, 1)


@pytest.mark.parametrize("seed", range(4))
def test_a_random_season_keeps_to_one_mail_a_day_and_one_row_a_slot(case: life.Case, seed: int) -> None:
    chance = random.Random(seed)
    _matters(case, chance)
    for day in range(60):
        today = FIRST + timedelta(days=day)
        if chance.random() < 0.2:
            _answered(case, chance, today)
        if chance.random() < 0.1:
            swept(case, morning(str(today + timedelta(days=chance.choice((-400, 400)))), time(9)))
        for _ in range(chance.choice((0, 1, 1, 2))):
            swept(case, morning(str(today)))
    _check(case)


def _matters(case: life.Case, chance: random.Random) -> None:
    """Two more proposals to the same two towns, each programme with days of its own; Hanna answers for both."""
    with case.store.write() as session:
        hanna = session.get_one(ContactAssignment, case.cast.hanna.assignment)
        hanna.person_id = session.get_one(ContactAssignment, case.cast.karin.assignment).person_id
        session.add(hanna)
        ids = [
            case.id,
            *(draft(session, case.cast, town, f"plan-{n}") for n, town in enumerate((case.cast.falun, case.cast.borlange))),
        ]
        for number, agreement_id in enumerate(ids):
            send_proposal(session, case.cast.elin, morning(str(FIRST + timedelta(days=number))), agreement_id)
            programme = session.get_one(Programme, session.get_one(Agreement, agreement_id).programme_id)
            programme.policy = {
                "before": chance.sample(range(1, 25), 3),
                "after": chance.sample(range(1, 20), 2),
                "max_unanswered": 9,
            }
            session.add(programme)


def _answered(case: life.Case, chance: random.Random, today: date) -> None:
    """Falun answers one area, so that the region and then Falun again have something in the mail."""
    with case.store.write() as session:
        mine = case.standing(session).party_of(case.cast.karin).id
        waiting = [c for c in case.standing(session).clauses if mine in case.standing(session).clause_waits_on(c)]
        if len(waiting) > 1:
            life.answer(session, case, case.cast.karin, morning(str(today), time(8)), life.accepting(chance.choice(waiting)))


def _check(case: life.Case) -> None:
    with case.store.read() as session:
        people = dict(session.exec(select(ContactAssignment.id, ContactAssignment.person_id)).all())
        mails = session.exec(select(Message).where(col(Message.assignment_id).is_not(None))).all()
        rows = session.exec(select(Reminder).where(col(Reminder.message_id).is_not(None))).all()
        sent = [m for m in mails if m.purpose in REMINDERS]
        assert sent
        assert all(is_workday(civil(m.written_at)) for m in sent)
        a_day = Counter((people[m.assignment_id], civil(m.written_at)) for m in sent if m.assignment_id)
        assert set(a_day.values()) == {1}
        others = {(m.agreement_id, m.assignment_id, civil(m.written_at)) for m in mails if m.purpose not in REMINDERS}
        assert not {(r.agreement_id, r.assignment_id, civil(r.at)) for r in rows} & others
