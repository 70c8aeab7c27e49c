"""Reminders go out on their days, once, to the one who owes something, and what does not go out says why."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import col, select

from service.cases.contacts import NewContact, end, hand_over
from service.cases.dates import answer_date, change_due, propose_date
from service.cases.deliver import lease
from service.cases.finish import decline, resume
from service.cases.propose import send_proposal
from service.cases.remind import Swept, sweep
from service.cases.reminder_letters import REMINDERS
from service.store.files import Files
from service.store.session import Store
from service.store.tables import Agreement, ContactAssignment, Message, Programme, Reminder, Task
from states.calendar import TZ
from states.message import State
from states.parties import Actor, Role
from tests.people import add_party, draft, later
from tests.service.cases import life

KEYS = (b"the one key of these tests, long enough",)


def morning(day: str, clock: time = time(9)) -> datetime:
    return datetime.combine(date.fromisoformat(day), clock, TZ)


def swept(case: life.Case, now: datetime, limit: int = 2_000) -> Swept:
    """A whole sweep, chunk by chunk."""
    total, after = Swept(), None
    while True:
        with case.store.write() as session:
            chunk = sweep(session, now, after, limit)
        total.planned, total.queued = total.planned + chunk.planned, total.queued + chunk.queued
        total.skipped, total.tasks = total.skipped + chunk.skipped, total.tasks + chunk.tasks
        after = chunk.next
        if after is None:
            return total


def every_day(case: life.Case, first: str, last: str) -> list[str]:
    """Sweep each day at nine; the days on which something was queued."""
    day, sent = morning(first), list[str]()
    while day <= morning(last):
        if swept(case, day).queued:
            sent.append(f"{day:%Y-%m-%d}")
        day += timedelta(days=1)
    return sent


def reminders(case: life.Case) -> list[Message]:
    with case.store.read() as session:
        query = select(Message).where(col(Message.purpose).in_(list(REMINDERS))).order_by(col(Message.id))
        found = list(session.exec(query).all())
        session.expunge_all()
        return found


def outcomes(case: life.Case, assignment: UUID | None) -> dict[int, str]:
    with case.store.read() as session:
        rows = session.exec(select(Reminder).where(Reminder.assignment_id == assignment)).all()
        return {r.number: r.outcome for r in rows}


def tasks(case: life.Case, kind: str) -> list[str]:
    with case.store.read() as session:
        return [t.title for t in session.exec(select(Task).where(Task.kind == kind))]


def set_due(case: life.Case, day: str, firm: bool = True, quiet: Sequence[tuple[str, str]] = ()) -> None:
    with case.store.write() as session:
        agreement = session.get_one(Agreement, case.id)
        agreement.due, agreement.due_firm = date.fromisoformat(day), firm
        programme = session.get_one(Programme, agreement.programme_id)
        programme.quiet_periods = [{"from": a, "to": b, "reason": "paus"} for a, b in quiet]
        session.add_all([agreement, programme])


def test_a_firm_due_is_reminded_four_times_and_then_becomes_one_call(any_case: life.Case) -> None:
    case = life.propose(any_case)
    sent = every_day(case, "2027-09-10", "2027-10-29")
    assert sent == ["2027-09-16", "2027-09-27", "2027-10-01", "2027-10-11"]
    assert [m.purpose for m in reminders(case)] == ["reminder_before"] * 2 + ["reminder_after"] * 2
    assert {m.recipient_name for m in reminders(case)} == {"Karin Östlund"}
    assert tasks(case, "call") == ["Ring Falu kommun: inget svar efter fyra påminnelser"]


def test_a_desired_due_is_not_reminded_of_afterwards_but_ends_in_a_call_too(case: life.Case) -> None:
    life.propose(case)
    set_due(case, "2027-06-15", firm=False)
    assert every_day(case, "2027-05-11", "2027-06-30") == ["2027-06-01", "2027-06-11"]
    assert len(tasks(case, "call")) == 1


def test_nobody_is_reminded_the_morning_after_they_answered_some_of_it(case: life.Case) -> None:
    life.propose(case)
    assert every_day(case, "2027-09-10", "2027-09-20") == ["2027-09-16"]
    _answers_one(case, morning("2027-09-21"))
    assert every_day(case, "2027-09-22", "2027-09-30") == ["2027-09-27"]


def test_the_call_about_areas_that_are_left_says_how_many_they_are(case: life.Case) -> None:
    life.propose(case)
    _answers_one(case, morning("2027-09-21"))
    every_day(case, "2027-09-22", "2027-10-12")
    assert tasks(case, "call") == ["Ring Falu kommun: 2 av 3 områden saknar svar efter tre påminnelser"]


def _answers_one(case: life.Case, now: datetime) -> None:
    with case.store.write() as session:
        life.answer(session, case, case.cast.karin, now, life.accepting(case.standing(session).clauses[0]))


def test_the_answer_of_the_region_says_until_when_the_rest_is_wanted(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        text = life.countering(session, case.standing(session).clauses[0], "Alla barn.")
        life.answer(session, case, case.cast.karin, later(1), text)
        head = case.standing(session).clauses[0]
        life.answer(session, case, case.cast.elin, later(2), life.countering(session, head, "Alla barn och unga."))
    wanted = {
        m.recipient_name: "Svara gärna senast torsdag 30 september 2027." in m.body for m in case.mails("response_received")
    }
    assert wanted == {"Elin Åsberg": False, "Joar Hedqvist": False, "Karin Östlund": True}


def test_a_new_contact_is_neither_reminded_at_once_nor_charged_with_the_silence_before(case: life.Case) -> None:
    life.propose(case)
    assert len(every_day(case, "2027-09-10", "2027-10-01")) == 3
    with case.store.write() as session:
        old = case.cast.karin.assignment
        assert old
        new = NewContact("Vera Ersson", "vera@falun.example", Role.main)
        hand_over(session, case.cast.karin, morning("2027-10-11", time(7)), old, new)
        end(session, case.cast.elin, morning("2027-10-11", time(7)), case.cast.peter.assignment or old)
    assert every_day(case, "2027-10-11", "2027-10-20") == []
    assert tasks(case, "call") == []
    with case.store.write() as session:
        change_due(session, case.cast.elin, morning("2027-10-21"), case.id, date(2027, 11, 12), firm=True)
    assert every_day(case, "2027-10-22", "2027-11-30") == ["2027-10-29", "2027-11-09", "2027-11-15", "2027-11-22"]
    assert {m.recipient_name for m in reminders(case)[3:]} == {"Vera Ersson"}


def test_whoever_proposes_a_day_has_been_heard_and_is_reminded_of_the_day_they_got(case: life.Case) -> None:
    life.propose(case)
    assert len(every_day(case, "2027-09-10", "2027-10-12")) == 4
    with case.store.write() as session:
        asked = propose_date(session, case.cast.karin, morning("2027-10-14"), case.id, date(2027, 11, 5))
        assert session.exec(select(Task.done_at).where(Task.kind == "call")).one() is not None
        answer_date(session, case.cast.elin, morning("2027-10-18"), asked.id, granted=True)
    assert every_day(case, "2027-10-19", "2027-11-05") == ["2027-10-22", "2027-11-02"]


def test_who_takes_a_case_up_after_its_day_is_not_called_the_next_morning(case: life.Case) -> None:
    life.propose(case)
    set_due(case, "2027-06-15", firm=False)
    with case.store.write() as session:
        decline(session, case.cast.karin, morning("2027-05-20"), case.id, "Vi hinner inte.")
        resume(session, case.cast.karin, morning("2027-09-01"), case.id)
    assert "Svara gärna senast" not in case.mails("resumed")[0].body
    assert every_day(case, "2027-09-02", "2027-09-11") == []
    assert tasks(case, "call") == []
    every_day(case, "2027-09-12", "2027-09-13")
    assert tasks(case, "call") == ["Ring Falu kommun: inget svar"]


def test_sweeping_twice_sends_once(any_case: life.Case) -> None:
    case = life.propose(any_case)
    assert swept(case, morning("2027-09-16")).queued == 1
    assert swept(case, morning("2027-09-16")).queued == 0
    assert swept(case, morning("2027-09-17")).queued == 0


@pytest.mark.postgres
def test_two_sweeps_at_once_send_once(pg_store: Store, tmp_path: Path) -> None:
    case = life.propose(life.begin(pg_store, Files(tmp_path)))
    with ThreadPoolExecutor(4) as pool:
        found = [f.result() for f in [pool.submit(swept, case, morning("2027-09-16")) for _ in range(4)]]
    assert sum(s.queued for s in found) == 1
    assert len(reminders(case)) == 1


def test_missed_slots_become_one_mail(case: life.Case) -> None:
    life.propose(case)
    assert every_day(case, "2027-09-28", "2027-09-30") == ["2027-09-28"]
    assert outcomes(case, case.cast.karin.assignment) == {1: "collapsed", 2: "queued"}


def test_a_slot_in_a_quiet_period_moves_to_the_first_workday_after_it(any_case: life.Case) -> None:
    case = life.propose(any_case)
    set_due(case, "2027-06-24", quiet=[("2027-06-21", "2027-08-15")])
    assert every_day(case, "2027-06-21", "2027-08-17") == ["2027-08-16"]
    (mail,) = reminders(case)
    assert mail.purpose == "reminder_after"
    assert outcomes(case, case.cast.karin.assignment) == {1: "past_due", 2: "past_due", 3: "collapsed", 4: "queued"}


@pytest.mark.parametrize("now", [morning("2027-09-16", time(7, 29)), morning("2027-09-16", time(16, 31)), morning("2027-09-18")])
def test_nothing_goes_out_at_night_or_on_a_saturday(case: life.Case, now: datetime) -> None:
    life.propose(case)
    assert swept(case, now) == Swept()


def test_an_ended_assignment_gets_none_and_its_slot_says_why(any_case: life.Case) -> None:
    case = life.propose(any_case)
    with case.store.write() as session:
        end(session, case.cast.elin, morning("2027-09-01"), _assignment(case.cast.karin))
    assert swept(case, morning("2027-09-16")).queued == 1
    assert outcomes(case, case.cast.karin.assignment) == {1: "assignment_ended"}
    assert [m.recipient_name for m in reminders(case)] == ["Peter Wik"]


def test_a_party_without_any_contact_is_paused_with_a_task_and_its_slot_says_why(any_case: life.Case) -> None:
    case = life.propose(any_case)
    with case.store.write() as session:
        for actor in (case.cast.karin, case.cast.peter):
            row = session.get_one(ContactAssignment, _assignment(actor))
            row.valid_to = date(2027, 9, 1)
            session.add(row)
    swept(case, morning("2027-09-02"))
    swept(case, morning("2027-09-16"))
    assert reminders(case) == []
    assert tasks(case, "contact_missing")
    assert outcomes(case, case.cast.karin.assignment) == {1: "assignment_ended"}
    with case.store.read() as session:
        assert case.standing(session).agreement.pause == "contact_missing"


def test_who_has_answered_or_declined_is_not_reminded(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        clause = case.standing(session).clauses[0]
        drafts = [life.countering(session, clause, "Vi vill hellre så här.")]
        drafts += [life.accepting(c) for c in case.standing(session).clauses[1:]]
        life.answer(session, case, case.cast.karin, later(3), *drafts)
    swept(case, morning("2027-09-16"))
    with case.store.write() as session:
        decline(session, case.cast.karin, morning("2027-09-20"), case.id, "Vi hinner inte.")
    swept(case, morning("2027-09-27"))
    assert reminders(case) == []
    assert outcomes(case, case.cast.karin.assignment) == {1: "answered", 2: "declined"}


def test_nobody_is_reminded_of_what_they_were_mailed_about_the_same_day(case: life.Case) -> None:
    with case.store.write() as session:
        send_proposal(session, case.cast.elin, morning("2027-09-27"), case.id)
    assert every_day(case, "2027-09-27", "2027-10-04") == ["2027-10-01"]


def test_what_one_person_owes_in_two_matters_comes_in_one_mail(any_case: life.Case) -> None:
    case = life.propose(any_case)
    _another(case)
    assert swept(case, morning("2027-09-16"), limit=2).queued == 1
    (mail,) = reminders(case)
    assert mail.purpose == "reminder_several"
    assert mail.link_path == "/"
    assert mail.body.count("– Svara om överenskommelsen med Region Dalarna för 2027–2030. Svarsdagen är torsdag 30") == 2
    assert swept(case, morning("2027-09-17")).queued == 0


def test_a_person_with_two_assignments_has_one_reminder_a_day(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        borlange = session.get_one(ContactAssignment, case.cast.hanna.assignment)
        borlange.person_id = session.get_one(ContactAssignment, case.cast.karin.assignment).person_id
        session.add(borlange)
    _another(case, case.cast.borlange)
    assert every_day(case, "2027-09-16", "2027-09-20") == ["2027-09-16", "2027-09-17"]
    assert {m.assignment_id for m in reminders(case)} == {case.cast.karin.assignment, case.cast.hanna.assignment}


def test_chunks_together_do_what_one_does(case: life.Case) -> None:
    life.propose(case)
    _another(case, case.cast.borlange)
    assert swept(case, morning("2027-09-16"), limit=1).queued == 2


def test_a_reminder_that_has_become_pointless_before_it_leaves_is_stopped(any_case: life.Case) -> None:
    case = life.propose(any_case)
    swept(case, morning("2027-09-16"))
    life.accept_all(case, case.cast.karin, morning("2027-09-16", time(10)))
    with case.store.write() as session:
        leased = lease(session, KEYS, morning("2027-09-16", time(11)), 50)
    assert not any(each.id == reminders(case)[0].id for each in leased)
    (mail,) = reminders(case)
    assert (mail.state, mail.reason) == (State.suppressed, "answered")
    assert outcomes(case, case.cast.karin.assignment) == {1: "answered"}


def test_another_partys_answer_does_not_bring_the_same_reminder_again(case: life.Case) -> None:
    with case.store.write() as session:
        add_party(session, case.id, case.cast.borlange)
    life.propose(case)
    assert swept(case, morning("2027-09-16")).queued == 2
    with case.store.write() as session:
        clauses = case.standing(session).clauses
        life.answer(session, case, case.cast.hanna, morning("2027-09-17"), *(life.accepting(c) for c in clauses))
    assert every_day(case, "2027-09-20", "2027-09-30") == ["2027-09-27"]
    assert [m.recipient_name for m in reminders(case)].count("Karin Östlund") == 2


def test_the_count_starts_again_when_the_party_has_answered(case: life.Case) -> None:
    life.propose(case)
    every_day(case, "2027-09-16", "2027-10-11")
    with case.store.write() as session:
        (first, *_) = case.standing(session).clauses
        life.answer(session, case, case.cast.karin, morning("2027-10-12"), life.accepting(first))
        agreement = session.get_one(Agreement, case.id)
        agreement.due = date(2027, 11, 30)
        session.add(agreement)
    assert every_day(case, "2027-10-13", "2027-12-20") == ["2027-11-16", "2027-11-26", "2027-12-01", "2027-12-10"]


def test_a_signatory_is_reminded_by_workdays_until_they_sign(any_case: life.Case) -> None:
    case = life.open_for_signing(any_case)
    asked = later(121)
    assert asked.astimezone(TZ).date() == date(2027, 9, 8)
    assert every_day(case, "2027-09-09", "2027-09-15") == ["2027-09-15"]
    assert {m.recipient_name for m in reminders(case)} == {"Torun Hällgren", "Anna Borg"}
    assert {m.purpose for m in reminders(case)} == {"reminder_signature"}
    life.sign_as(case, case.cast.chair, morning("2027-09-16"))
    assert every_day(case, "2027-09-17", "2027-10-20") == ["2027-09-22", "2027-10-06"]
    assert [m.recipient_name for m in reminders(case)[2:]] == ["Torun Hällgren"] * 2
    assert outcomes(case, case.cast.chair.assignment) == {1: "queued", 2: "answered", 3: "answered"}
    assert len(tasks(case, "call")) == 1


def _assignment(actor: Actor) -> UUID:
    assert actor.assignment
    return actor.assignment


def _another(case: life.Case, organisation: UUID | None = None) -> UUID:
    """One more proposal, in a programme of its own."""
    with case.store.write() as session:
        made = draft(session, case.cast, organisation, "en-till")
        send_proposal(session, case.cast.elin, later(), made)
    return made
