"""A task whose reason is gone is done, in the same transaction, by the person who did away with the reason."""

from datetime import date

from sqlmodel import Session, col, select

from service.cases import contacts, dates, finish, remind
from service.cases.contacts import NewContact
from service.cases.decide import send_papers
from service.store.tables import SignatureSlot, Task
from states import slot
from states.parties import Role
from tests.people import DUE, later
from tests.service.cases import life


def of_kind(session: Session, kind: str) -> list[Task]:
    return list(session.exec(select(Task).where(col(Task.kind) == kind)).all())


def by(session: Session, kind: str) -> list[object]:
    """Who did the tasks of a kind away; "open" for one that is still to do."""
    return [t.done_by_id if t.done_at else "open" for t in of_kind(session, kind)]


def ask_for_another_day(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        dates.propose_date(session, case.cast.karin, later(1), case.id, date(2027, 10, 14))
        assert by(session, "date_proposed") == ["open"]


def test_a_date_that_is_answered_is_no_task_any_more(any_case: life.Case) -> None:
    ask_for_another_day(any_case)
    with any_case.store.write() as session:
        asked = dates.open_request(session, any_case.id)
        assert asked is not None
        dates.answer_date(session, any_case.cast.joar, later(2), asked.id, granted=False)
        assert by(session, "date_proposed") == [any_case.cast.joar.assignment]


def test_a_date_nobody_needs_any_more_lapses_with_its_pause_when_all_is_agreed(case: life.Case) -> None:
    ask_for_another_day(case)
    life.agree(case)
    with case.store.read() as session:
        assert by(session, "date_proposed") == [case.cast.karin.assignment]
        assert dates.open_request(session, case.id) is None
        assert case.standing(session).agreement.pause is None


def test_a_withdrawn_proposal_leaves_nothing_to_do(case: life.Case) -> None:
    ask_for_another_day(case)
    with case.store.write() as session:
        finish.withdraw(session, case.cast.elin, later(3), case.id, "Vi börjar om.")
        assert by(session, "date_proposed") == [case.cast.elin.assignment]
        assert [t for t in session.exec(select(Task)).all() if t.done_at is None] == []


def test_a_missing_contact_is_no_task_any_more_when_there_is_one(any_case: life.Case) -> None:
    case = any_case
    life.propose(case)
    with case.store.write() as session:
        for person in (case.cast.peter, case.cast.karin):
            assert person.assignment
            contacts.end(session, case.cast.elin, later(2), person.assignment)
        assert by(session, "contact_missing") == ["open"]
        signatory = NewContact("Ulla Ny", "ulla.ny@falun.example", Role.signatory)
        contacts.assign(session, case.cast.joar, later(3), case.cast.falun, None, signatory)
        assert by(session, "contact_missing") == ["open"]
        contacts.assign(
            session, case.cast.joar, later(4), case.cast.falun, None, NewContact("Nina Ny", "n@falun.example", Role.main)
        )
        assert by(session, "contact_missing") == [case.cast.joar.assignment]


def test_nobody_is_called_about_an_answer_that_has_come(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        dates.change_due(session, case.cast.elin, later(1), case.id, DUE, firm=True)
    for day in range(0, 200, 2):
        with case.store.write() as session:
            remind.sweep(session, later(day + 1))
    with case.store.read() as session:
        assert by(session, "call") == ["open"]
    life.accept_all(case, case.cast.peter, later(201))
    with case.store.read() as session:
        assert by(session, "call") == [case.cast.peter.assignment]


def test_late_papers_are_no_task_any_more_once_the_board_has_decided(case: life.Case) -> None:
    life.agree(life.propose(case))
    life.plan_signing(case)
    step = life.ask_board(case)
    with case.store.write() as session:
        send_papers(session, case.cast.karin, later(115), step)
        assert by(session, "papers_late") == ["open"]
    life.approve(case, step)
    with case.store.read() as session:
        assert by(session, "papers_late") == [case.cast.karin.assignment]


def test_missing_signatories_are_no_task_any_more_when_the_signing_opens(case: life.Case) -> None:
    life.agree(life.propose(case))
    life.approve(case, life.ask_board(case))
    with case.store.read() as session:
        assert by(session, "slots_missing") == ["open"]
    life.plan_signing(case)
    with case.store.read() as session:
        assert by(session, "slots_missing") == [case.cast.elin.assignment]
        assert {s.state for s in session.exec(select(SignatureSlot)).all()} == {slot.State.requested}
