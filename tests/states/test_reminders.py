"""The reminder planner: its ladder, its moves, its stop conditions; test_reminder_seasons.py has what may never happen."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from states.calendar import QuietPeriod
from states.reminders import (
    MOVE_WORDS,
    SKIP_WORDS,
    Decision,
    Move,
    Obligation,
    Policy,
    Purpose,
    SkipReason,
    Status,
    call_key,
    decide,
    new_boards,
    next_window,
    plan,
    slot_key,
)

DATA = yaml.safe_load((Path(__file__).parent / "reminder_cases.yaml").read_text())
CASES = {case["id"]: case for case in DATA["reminder_cases"]}
QUIET = tuple(QuietPeriod(date.fromisoformat(q["from"]), date.fromisoformat(q["to"]), q["reason"]) for q in DATA["quiet_periods"])
POLICY = Policy()
FIRM = Obligation(Purpose.answer, "agreement", 1, "contact", due=date(2027, 9, 30), due_firm=True, quiet_periods=QUIET)
DESIRED = replace(FIRM, due=date(2027, 6, 15), due_firm=False)
SIGNATURE = Obligation(Purpose.signature, "slot", 1, "signatory", requested_on=date(2027, 9, 20), quiet_periods=QUIET)


def altered(obligation: Obligation, **facts: Any) -> Obligation:
    return replace(obligation, **facts)


def days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def swept(obligation: Obligation, first: date, last: date, policy: Policy = POLICY) -> list[tuple[date, Decision]]:
    """Sweep day after day, remembering what was sent, and return every day on which something was done."""
    done = []
    for today in days(first, last):
        decision = decide(obligation, policy, today)
        if decision != Decision():
            done.append((today, decision))
        obligation = remembered(obligation, decision, today)
    return done


def remembered(obligation: Obligation, decision: Decision, today: date) -> Obligation:
    """The facts after a day: every slot that was sent or skipped has its row."""
    rows = {slot.number for slot in decision.skipped} | ({decision.send.number} if decision.send else set())
    return replace(
        obligation,
        sent_slots=obligation.sent_slots | rows,
        unanswered=obligation.unanswered + bool(decision.send),
        last_mailed_on=today if decision.send else obligation.last_mailed_on,
    )


def sent(done: list[tuple[date, Decision]]) -> list[str]:
    return [today.isoformat() for today, decision in done if decision.send]


@pytest.mark.parametrize("name", ["r01", "r02"])
def test_the_ladder_has_the_days_of_the_case(name: str) -> None:
    case = CASES[name]
    obligation = replace(FIRM, due=date.fromisoformat(case["due"]), due_firm=case["firm"])
    slots = plan(obligation, POLICY, date(2027, 5, 10))
    assert [slot.planned.isoformat() for slot in slots] == case["slots"]
    assert {slot.status for slot in slots} == {Status.future}
    assert sent(swept(obligation, date(2027, 5, 10), date(2027, 11, 30))) == case["slots"]


def test_after_an_outage_the_missed_reminders_are_one() -> None:
    case = CASES["r03"]
    back = date.fromisoformat(case["outage"]["to"])
    decision = decide(FIRM, POLICY, back)
    assert decision.send is not None
    assert decision.send.number == 2
    assert [back.isoformat()] == case["sent"]
    assert [{"slot": s.planned.isoformat(), "reason": s.reason} for s in decision.skipped] == case["skipped"]
    assert sent(swept(FIRM, back, date(2027, 9, 30))) == case["sent"]


def test_midsummer_eve_in_the_summer_pause_moves_to_the_first_workday_after_it() -> None:
    """Scenario x14."""
    slot = plan(replace(DESIRED, due_firm=True), POLICY, date(2027, 6, 1))[3]
    assert slot.nominal == date(2027, 6, 25)
    assert slot.planned == date(2027, 8, 16)
    assert slot.moves == (Move.quiet_period,)


def test_a_free_day_moves_back_before_the_due_and_forward_after_it() -> None:
    assert plan(DESIRED, POLICY, date(2027, 6, 1))[1].moves == (Move.not_workday,)
    last = plan(FIRM, POLICY, date(2027, 6, 1))[3]
    assert (last.nominal, last.planned, last.moves) == (date(2027, 10, 10), date(2027, 10, 11), (Move.not_workday,))


def test_a_free_day_that_moves_back_into_a_quiet_period_comes_out_after_it() -> None:
    period = QuietPeriod(date(2027, 9, 20), date(2027, 9, 24))
    slot = plan(replace(FIRM, due=date(2027, 9, 28), quiet_periods=(period,)), POLICY, date(2027, 9, 1))[1]
    assert (slot.nominal, slot.planned) == (date(2027, 9, 25), date(2027, 9, 27))
    assert slot.moves == (Move.not_workday, Move.quiet_period)


def test_a_before_slot_that_quiet_moves_past_its_due_is_skipped() -> None:
    slots = plan(replace(DESIRED, due=date(2027, 6, 28)), POLICY, date(2027, 6, 20))
    assert [slot.reason for slot in slots] == [None, SkipReason.past_due]
    assert slots[1].planned == date(2027, 8, 16)


def test_a_before_slot_is_skipped_once_its_due_has_passed() -> None:
    assert [slot.reason for slot in plan(DESIRED, POLICY, date(2027, 6, 16))] == [SkipReason.past_due] * 2
    decision = decide(FIRM, POLICY, date(2027, 10, 1))
    assert decision.send is not None
    assert decision.send.number == 3
    assert [slot.reason for slot in decision.skipped] == [SkipReason.past_due] * 2


def test_a_reminder_may_still_go_out_on_the_due_day_itself() -> None:
    decision = decide(FIRM, POLICY, date(2027, 9, 30))
    assert decision.send is not None
    assert decision.send.number == 2


@pytest.mark.parametrize("today", [date(2027, 9, 18), date(2027, 6, 25), date(2027, 7, 1), date(2027, 12, 24)])
def test_nothing_happens_on_a_day_when_nobody_is_reminded(today: date) -> None:
    late = replace(FIRM, due=today - timedelta(days=1))
    assert decide(late, POLICY, today) == Decision()
    assert decide(replace(late, unanswered=9), POLICY, today) == Decision()


def test_a_matter_mailed_today_waits_till_the_next_day() -> None:
    mailed = replace(FIRM, last_mailed_on=date(2027, 9, 16))
    assert decide(mailed, POLICY, date(2027, 9, 16)) == Decision()
    assert decide(mailed, POLICY, date(2027, 9, 17)).send is not None


def test_a_slot_from_before_the_request_is_part_of_it() -> None:
    asked = replace(FIRM, requested_on=date(2027, 9, 16))
    assert decide(asked, POLICY, date(2027, 9, 17)).reason is SkipReason.collapsed
    assert sent(swept(asked, date(2027, 9, 16), date(2027, 11, 1))) == ["2027-09-27", "2027-10-01", "2027-10-11"]


def test_a_slot_of_the_time_before_the_request_is_not_noted_again() -> None:
    answered = replace(FIRM, requested_on=date(2027, 9, 20), waiting=False, answered=True)
    assert decide(answered, POLICY, date(2027, 9, 21)) == Decision()
    assert [slot.number for slot in decide(answered, POLICY, date(2027, 9, 27)).skipped] == [2]


def test_signing_is_asked_for_after_five_ten_and_twenty_workdays() -> None:
    done = swept(SIGNATURE, date(2027, 9, 20), date(2027, 11, 30))
    assert sent(done) == ["2027-09-27", "2027-10-04", "2027-10-18"]
    assert next(today for today, decision in done if decision.call) == date(2027, 10, 19)


def test_without_a_due_or_a_request_nobody_is_reminded_or_called() -> None:
    assert plan(replace(FIRM, due=None), POLICY, date(2027, 9, 16)) == ()
    assert decide(replace(FIRM, due=None), POLICY, date(2027, 9, 16)) == Decision()
    assert decide(replace(SIGNATURE, requested_on=None), POLICY, date(2027, 9, 27)) == Decision()


STOPS: list[tuple[dict[str, bool | None], SkipReason]] = [
    ({"declined": True}, SkipReason.declined),
    ({"closed": True}, SkipReason.closed),
    ({"waiting": False, "answered": True}, SkipReason.answered),
    ({"waiting": False}, SkipReason.turn_changed),
    ({"assignment": None}, SkipReason.no_contact),
    ({"assignment_ended": True}, SkipReason.assignment_ended),
    ({"paused": True}, SkipReason.paused),
    ({"bounced": True}, SkipReason.bounced),
]


@pytest.mark.parametrize(("facts", "reason"), STOPS)
def test_every_stop_condition_stops_and_says_why(facts: dict[str, bool | None], reason: SkipReason) -> None:
    stopped = altered(FIRM, **facts)
    assert {slot.reason for slot in plan(stopped, POLICY, date(2027, 9, 1))} == {reason}
    decision = decide(stopped, POLICY, date(2027, 9, 16))
    assert decision.send is None
    assert decision.reason is reason
    assert [slot.number for slot in decision.skipped] == [1]
    assert not any(decision.call for _, decision in swept(stopped, date(2027, 9, 1), date(2027, 12, 1)))


def test_what_stops_before_any_slot_has_come_is_nothing_to_note() -> None:
    assert decide(replace(FIRM, paused=True), POLICY, date(2027, 9, 1)) == Decision()


def test_a_firm_ladder_without_answer_ends_in_a_call() -> None:
    done = swept(FIRM, date(2027, 9, 1), date(2027, 10, 12))
    assert [today for today, decision in done if decision.call] == [date(2027, 10, 12)]


def test_a_desired_ladder_ends_in_a_call_too_but_not_before_its_day_has_passed() -> None:
    done = swept(DESIRED, date(2027, 5, 10), date(2027, 6, 18))
    calls = [today for today, decision in done if decision.call]
    assert calls[0] == date(2027, 6, 16)


def test_who_was_asked_after_the_day_has_ten_days_before_the_call() -> None:
    asked = replace(DESIRED, requested_on=date(2027, 9, 1))
    done = swept(asked, date(2027, 9, 1), date(2027, 9, 20))
    assert next(today for today, decision in done if decision.call) == date(2027, 9, 13)
    assert not sent(done)


def test_at_the_cap_a_call_replaces_the_next_reminder() -> None:
    long = Policy(before=(14, 10, 7, 5, 3), after=())
    done = swept(FIRM, date(2027, 9, 1), date(2027, 9, 28), long)
    assert len(sent(done)) == 4
    day, last = next((today, decision) for today, decision in done if decision.call)
    assert day == date(2027, 9, 27)
    assert last.reason is SkipReason.cap_reached


def test_a_new_round_at_the_cap_calls_only_when_its_first_day_comes() -> None:
    capped = replace(FIRM, round=2, unanswered=4)
    assert decide(capped, POLICY, date(2027, 9, 1)) == Decision()
    assert decide(capped, POLICY, date(2027, 9, 16)).call


def test_the_key_of_a_slot_never_holds_a_date() -> None:
    assert slot_key(FIRM, 2) == "answer:agreement:1:contact:2"
    assert slot_key(replace(FIRM, due=date(2028, 1, 10)), 2) == slot_key(FIRM, 2)
    others = (replace(FIRM, round=2), replace(FIRM, assignment=None), replace(FIRM, subject="other"), SIGNATURE)
    assert len({slot_key(o, 2) for o in (FIRM, *others)} | {slot_key(FIRM, 1), call_key(FIRM)}) == 7


def test_every_reason_and_move_has_a_sentence() -> None:
    assert set(SKIP_WORDS) == set(SkipReason)
    assert set(MOVE_WORDS) == set(Move)
    assert all(words.endswith(".") for words in (*SKIP_WORDS.values(), *MOVE_WORDS.values()))


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2027-09-20T05:30", "2027-09-20T05:30"),
        ("2027-09-20T04:00", "2027-09-20T05:30"),
        ("2027-09-20T10:00", "2027-09-20T10:00"),
        ("2027-09-20T14:31", "2027-09-21T05:30"),
        ("2027-09-17T20:00", "2027-09-20T05:30"),
        ("2027-06-18T20:00", "2027-08-16T05:30"),
        ("2027-09-19T22:30", "2027-09-20T05:30"),
    ],
)
def test_reminders_go_out_in_office_hours(now: str, then: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert next_window(moment, POLICY, QUIET) == datetime.fromisoformat(then).replace(tzinfo=UTC)


LADDER_CASES = [
    (Purpose.rsvp, ["2027-09-23", "2027-09-28"]),
    (Purpose.papers, ["2027-09-20", "2027-09-27"]),
    (Purpose.outcome, ["2027-10-04", "2027-10-11"]),
    (Purpose.report_back, ["2027-10-11", "2027-11-01"]),
    (Purpose.confirm_contact, ["2027-09-30"]),
]


@pytest.mark.parametrize(("purpose", "expected"), LADDER_CASES)
def test_every_other_purpose_has_its_own_ladder_and_heeds_no_policy(purpose: Purpose, expected: list[str]) -> None:
    matter = replace(FIRM, purpose=purpose)
    assert sent(swept(matter, date(2027, 9, 1), date(2027, 12, 1), Policy(before=(1,), after=()))) == expected


@pytest.mark.parametrize(
    ("today", "asked"),
    [
        ("2026-12-31", "2027-02-01"),
        ("2027-06-01", "2027-02-01"),
        ("2028-02-01", None),
        ("2031-02-03", "2031-02-01"),
        ("2030-09-08", None),
    ],
)
def test_new_boards_are_asked_about_in_the_year_after_an_election(today: str, asked: str | None) -> None:
    assert new_boards(date.fromisoformat(today)) == (date.fromisoformat(asked) if asked else None)
