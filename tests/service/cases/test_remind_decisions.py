"""Boards and contacts are reminded of papers, outcomes, reports and confirmations, and of nothing once it is done."""

from datetime import date
from uuid import UUID

from service.cases.contacts import confirm
from service.cases.decide import Decided, StepPlan, plan_step, record_outcome, report_decision, request_decision, send_papers
from service.cases.opening import steps_of
from service.store.tables import Agreement, DecisionStep
from states.decision import Kind, Outcome
from tests.people import later
from tests.service.cases import life
from tests.service.cases.test_remind import every_day, morning, outcomes, reminders, swept, tasks


def asked(case: life.Case) -> UUID:
    """Falun's board is asked in June and meets on 1 September, with its papers due on 18 August."""
    life.agree(life.propose(case))
    return life.ask_board(case)


def delegated(case: life.Case) -> UUID:
    """Somebody at Falun decides on delegation on 10 September; the paragraph comes later."""
    life.agree(life.propose(case))
    life.plan_signing(case)
    with case.store.write() as session:
        falun = case.standing(session).party_of(case.cast.karin)
        plan_step(session, case.cast.karin, later(32), case.id, falun.id, StepPlan(Kind.delegated, "Kulturchefen"))
        request_decision(session, case.cast.karin, later(33), case.id)
        step = steps_of(session, case.id)[0].id
        said = Decided(Outcome.approved, life.code_of(session, case), date(2027, 9, 10))
        record_outcome(session, case.cast.karin, morning("2027-09-10"), step, said)
    return step


def test_papers_are_reminded_of_twice_and_the_outcome_twice_and_then_somebody_calls(any_case: life.Case) -> None:
    asked(any_case)
    assert every_day(any_case, "2027-08-01", "2027-09-30") == ["2027-08-06", "2027-08-13", "2027-09-06", "2027-09-13"]
    assert [m.purpose for m in reminders(any_case)] == ["reminder_papers"] * 2 + ["reminder_outcome"] * 2
    assert {m.recipient_name for m in reminders(any_case)} == {"Karin Östlund"}
    assert "Kulturnämnden senast onsdag 18 augusti 2027" in reminders(any_case)[0].subject
    assert tasks(any_case, "call") == ["Ring Falu kommun: handlingarna är inte skickade efter två påminnelser"]


def test_sent_papers_and_a_known_outcome_are_not_asked_for(any_case: life.Case) -> None:
    step = asked(any_case)
    with any_case.store.write() as session:
        send_papers(session, any_case.cast.karin, morning("2027-08-10"), step)
    assert every_day(any_case, "2027-08-11", "2027-09-05") == []
    life.plan_signing(any_case)
    with any_case.store.write() as session:
        record_outcome(
            session,
            any_case.cast.karin,
            morning("2027-09-03"),
            step,
            life.decided(session, any_case, decided_on=date(2027, 9, 1)),
        )
    swept(any_case, morning("2027-09-06"))
    assert not {"reminder_papers", "reminder_outcome"} & {m.purpose for m in reminders(any_case)}
    assert set(outcomes(any_case, any_case.cast.karin.assignment).values()) == {"answered"}


def test_a_tabled_matter_begins_a_new_round_for_its_next_meeting(case: life.Case) -> None:
    step = asked(case)
    every_day(case, "2027-09-06", "2027-09-06")
    with case.store.write() as session:
        tabled = life.decided(session, case, Outcome.tabled, reason="Mer underlag.", next_meeting=date(2027, 10, 6), paragraph="")
        record_outcome(session, case.cast.karin, morning("2027-09-07"), step, tabled)
    assert every_day(case, "2027-09-08", "2027-10-20") == ["2027-10-11", "2027-10-18"]


def test_a_delegated_decision_is_to_be_reported_until_its_paragraph_is_there(any_case: life.Case) -> None:
    step = delegated(any_case)
    assert every_day(any_case, "2027-09-11", "2027-09-21") == ["2027-09-17", "2027-09-20"]
    assert [m.purpose for m in reminders(any_case) if m.recipient_name == "Karin Östlund"] == ["reminder_report_back"]
    with any_case.store.write() as session:
        report_decision(session, any_case.cast.karin, morning("2027-09-22"), step, "§ 12")
    every_day(any_case, "2027-10-08", "2027-10-12")
    assert sum(m.purpose == "reminder_report_back" for m in reminders(any_case)) == 1
    with any_case.store.read() as session:
        assert session.get_one(DecisionStep, step).paragraph == "§ 12"


def test_after_an_election_old_contacts_are_asked_once_whether_they_are_the_right_ones(any_case: life.Case) -> None:
    case = life.propose(any_case)
    with case.store.write() as session:
        agreement = session.get_one(Agreement, case.id)
        agreement.due = None
        session.add(agreement)
        assert case.cast.peter.assignment
        confirm(session, case.cast.peter, morning("2031-01-20"), case.cast.peter.assignment)
    assert every_day(case, "2031-01-27", "2031-02-14") == ["2031-02-03"]
    (mail,) = reminders(case)
    assert (mail.purpose, mail.recipient_name, mail.link_path) == (
        "reminder_confirm_contact",
        "Karin Östlund",
        "/min-kommun/kontakter",
    )
    assert tasks(case, "call") == []


def test_an_agreement_younger_than_the_new_boards_asks_nobody(case: life.Case) -> None:
    life.propose(case)
    assert every_day(case, "2027-05-11", "2027-05-20") == []
