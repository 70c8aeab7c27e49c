"""A contact speaks for a party from the first day on: until then nothing wakes, from then on everything does, once."""

from datetime import date, timedelta

from sqlmodel import col, select

from service.cases import contacts, dates
from service.cases.contacts import NewContact
from service.store.tables import ContactAssignment, DateRequest, Event, Task
from states.calendar import civil
from states.parties import Role
from tests.people import later
from tests.service.cases import life
from tests.service.cases.test_remind import morning, swept

FIRST = date(2027, 10, 4)
NINA = NewContact("Nina Ny", "nina.ny@falun.example", Role.main, valid_from=FIRST)


def alone(case: life.Case) -> life.Case:
    """Proposed, and then Falun's contacts have both left."""
    life.propose(case)
    with case.store.write() as session:
        for person in (case.cast.peter, case.cast.karin):
            assert person.assignment
            contacts.end(session, case.cast.elin, morning("2027-09-20"), person.assignment)
    return case


def pause(case: life.Case) -> str | None:
    with case.store.read() as session:
        return case.standing(session).agreement.pause


def open_tasks(case: life.Case) -> list[str]:
    with case.store.read() as session:
        query = select(Task).where(Task.kind == "contact_missing", col(Task.done_at).is_(None))
        return [t.detail for t in session.exec(query)]


def test_the_pause_lasts_to_the_first_day_and_the_task_says_which(any_case: life.Case) -> None:
    case = alone(any_case)
    with case.store.write() as session:
        contacts.assign(session, case.cast.elin, morning("2027-09-21"), case.cast.falun, None, NINA)
    for day in ("2027-09-22", "2027-10-03"):
        swept(case, morning(day))
        assert pause(case) == "contact_missing"
        assert open_tasks(case) == ["Ny kontakt från 4 oktober 2027: Nina Ny."]
        assert case.mails("contact_changed") == []
    for day in ("2027-10-04", "2027-10-04", "2027-10-05"):
        swept(case, morning(day))
        assert pause(case) is None
        assert open_tasks(case) == []
        assert [m.recipient_name for m in case.mails("contact_changed")] == ["Nina Ny"]
    assert case.kinds().count("pause") == case.kinds().count("unpause") == 1
    case.sound()


def test_a_sweep_that_was_late_makes_up_for_the_first_day(case: life.Case) -> None:
    alone(case)
    with case.store.write() as session:
        contacts.assign(session, case.cast.elin, morning("2027-09-21"), case.cast.falun, None, NINA)
    swept(case, morning("2027-10-11"))
    assert pause(case) is None
    assert len(case.mails("contact_changed")) == 1


def test_a_sweep_whose_clock_was_a_year_ahead_hides_no_first_day(case: life.Case) -> None:
    alone(case)
    with case.store.write() as session:
        contacts.assign(session, case.cast.elin, morning("2027-09-21"), case.cast.falun, None, NINA)
    for day in ("2028-10-25", "2027-09-22", "2027-10-04"):
        swept(case, morning(day))
    assert pause(case) is None
    assert len(case.mails("contact_changed")) == 1


def test_who_was_a_contact_before_the_proposal_gets_no_second_letter(case: life.Case) -> None:
    with case.store.write() as session:
        row = session.get_one(ContactAssignment, case.cast.karin.assignment)
        row.valid_from = civil(later())
        session.add(row)
    life.propose(case)
    swept(case, later(3))
    assert case.mails("contact_changed") == []


def test_a_hand_over_to_come_leaves_the_one_before_in_place_until_then(case: life.Case) -> None:
    life.propose(case)
    karin = case.cast.karin.assignment
    assert karin
    with case.store.write() as session:
        peter = case.cast.peter.assignment
        assert peter
        contacts.end(session, case.cast.elin, morning("2027-09-20"), peter)
        contacts.hand_over(session, case.cast.karin, morning("2027-09-21"), karin, NINA)
        old = session.get_one(ContactAssignment, karin)
        assert (old.valid_to, old.epoch) == (FIRST - timedelta(days=1), 1)
    for day in ("2027-09-22", "2027-10-03", "2027-10-04"):
        assert case.mails("contact_changed") == []
        swept(case, morning(day))
        assert pause(case) is None
    assert [m.recipient_name for m in case.mails("contact_changed")] == ["Nina Ny"]
    with case.store.read() as session:
        ended = session.exec(select(Event).where(Event.kind == "end_contact").order_by(col(Event.seq).desc())).first()
        assert ended is not None
    case.sound()


def test_another_last_day_answers_whoever_has_asked_for_one(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        asked = dates.propose_date(session, case.cast.karin, later(1), case.id, date(2027, 10, 14)).id
        before = case.standing(session).agreement.due_round
        dates.change_due(session, case.cast.elin, later(2), case.id, date(2027, 10, 20), firm=True)
        row, agreement = session.get_one(DateRequest, asked), case.standing(session).agreement
        assert (row.answered_at, row.granted) == (later(2), True)
        assert (agreement.pause, agreement.due, agreement.due_round) == (None, date(2027, 10, 20), before + 1)
        assert [t.done_by_id for t in session.exec(select(Task).where(Task.kind == "date_proposed"))] == [
            case.cast.elin.assignment
        ]
        dates.change_due(session, case.cast.elin, later(3), case.id, date(2027, 10, 21), firm=True)
    granted, moved = case.mails("date_granted")
    assert {granted.recipient_name, moved.recipient_name} == {"Karin Östlund"}
    assert "Svara senast onsdag 20 oktober 2027:" in granted.body
    assert "Svara senast torsdag 21 oktober 2027:" in moved.body
    case.sound()


def test_a_new_last_day_is_told_to_whom_it_waits_for_and_to_nobody_else(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        first, second, third = case.standing(session).clauses
        drafts = life.countering(session, first, "Alla barn."), life.accepting(second), life.accepting(third)
        life.answer(session, case, case.cast.karin, later(1), *drafts)
        dates.change_due(session, case.cast.elin, later(2), case.id, date(2027, 10, 20), firm=True)
    assert case.mails("date_granted") == []
    with case.store.write() as session:
        head = case.standing(session).clauses[0]
        life.answer(session, case, case.cast.elin, later(3), life.countering(session, head, "Alla barn och unga."))
        dates.change_due(session, case.cast.elin, later(4), case.id, date(2027, 10, 20), firm=False)
    assert case.mails("date_granted") == [], "it is the same day"
    with case.store.write() as session:
        dates.change_due(session, case.cast.elin, later(5), case.id, date(2027, 10, 21), firm=False)
    assert [m.recipient_name for m in case.mails("date_granted")] == ["Karin Östlund"]
