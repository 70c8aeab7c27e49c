"""Random seasons of several matters, people and clocks: one reminder a day at most, and none about what was mailed that day."""

import random
import shutil
from collections import Counter
from contextlib import closing
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from service.cases.contacts import NewContact, hand_over
from service.cases.propose import send_proposal
from service.cases.reminder_letters import REMINDERS
from service.store.session import Store
from service.store.tables import Agreement, ContactAssignment, Message, Programme, Reminder
from states.calendar import civil, is_workday
from states.parties import Role
from tests.people import draft
from tests.service.cases import life
from tests.service.cases.test_remind import morning, swept

FIRST = date(2027, 9, 1)


@pytest.mark.parametrize("seed", range(3))
def test_a_random_season_keeps_to_one_mail_a_day_and_one_row_a_slot(
    case: life.Case, seed: int, migrated_file: Path, tmp_path: Path
) -> None:
    """And what a sweep leaves alone, because its look is not due, is nothing that a sweep of everything would have done."""
    shutil.copyfile(migrated_file, tmp_path / "thorough.sqlite3")
    with closing(Store(f"sqlite:///{tmp_path / 'thorough.sqlite3'}")) as other:
        thorough = life.begin(other, case.files)
        _season(case, random.Random(seed), everything=False)
        _season(thorough, random.Random(seed), everything=True)
        _check(case)
        assert _rows(case) == _rows(thorough)


def _season(case: life.Case, chance: random.Random, *, everything: bool) -> None:
    """Sixty days with answers, missed and doubled sweeps, a new contact and jumps of the clock by 400 days."""
    _matters(case, chance)
    for day in range(60):
        today = FIRST + timedelta(days=day)
        if chance.random() < 0.2:
            _answered(case, chance, today)
        if day == 20:
            _another_contact(case, today)
        visits = [today + timedelta(days=chance.choice((-400, 400)))] if chance.random() < 0.1 else []
        for visit in [*visits, *[today] * chance.choice((0, 1, 1, 2))]:
            if everything:
                _forget_the_looks(case)
            swept(case, morning(str(visit), time(9)))


def _another_contact(case: life.Case, today: date) -> None:
    """Falun's contact leaves in five days, and another begins then."""
    successor = NewContact("Ny Kontakt", "ny.kontakt@falun.example", Role.main, valid_from=today + timedelta(days=5))
    with case.store.write() as session:
        hand_over(session, case.cast.karin, morning(str(today)), case.cast.karin.assignment or case.id, successor)


def _forget_the_looks(case: life.Case) -> None:
    with case.store.write() as session:
        session.exec(update(Agreement).values(look_on=None))


def _rows(case: life.Case) -> list[tuple[object, ...]]:
    """Every slot by the title of its agreement, whose ids differ between the stores."""
    with case.store.read() as session:
        titles = dict(session.exec(select(Agreement.id, Agreement.title)).all())
        rows = session.exec(select(Reminder)).all()
    return sorted(
        (titles[r.agreement_id], r.purpose, r.round, r.number, r.outcome, str(r.planned_on), str(r.at))
        for r in rows
        if r.agreement_id
    )


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
