"""The reminder planner: its ladder, its moves, its stop conditions, and what a whole season of sweeps may never do."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from states.calendar import QuietPeriod, is_workday, quiet
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
    next_look,
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


DAYS = st.dates(date(2027, 1, 1), date(2028, 12, 31))
PERIODS = st.lists(
    st.builds(lambda first, n: QuietPeriod(first, first + timedelta(days=n)), DAYS, st.integers(0, 70)), max_size=3
)
STEPS = st.lists(st.integers(1, 40), max_size=4, unique=True).map(lambda found: tuple(sorted(found)))
POLICIES = st.builds(
    Policy,
    before=STEPS.map(lambda found: tuple(reversed(found))),
    after=STEPS,
    max_unanswered=st.integers(0, 5),
    signature_after=STEPS,
)
OBLIGATIONS = st.builds(
    Obligation,
    purpose=st.sampled_from(Purpose),
    subject=st.just("subject"),
    round=st.just(1),
    assignment=st.just("assignment"),
    due=DAYS,
    due_firm=st.booleans(),
    requested_on=DAYS,
    quiet_periods=PERIODS.map(tuple),
)
FACTS = ("waiting", "paused", "closed", "declined", "assignment_ended", "bounced")
CHANGES = st.lists(st.tuples(st.integers(0, 120), st.sampled_from(FACTS)), max_size=3)


@settings(max_examples=60, deadline=None)
@given(OBLIGATIONS, POLICIES, CHANGES, st.sets(st.integers(0, 150), max_size=40), st.data())
def test_a_season_of_sweeps_keeps_every_promise(
    obligation: Obligation, policy: Policy, changes: list[tuple[int, str]], down: set[int], data: st.DataObject
) -> None:
    """Facts change, the sweep is down some days and runs twice on others; rows are remembered by key, as the database does."""
    start = min(obligation.due or date.max, obligation.requested_on or date.max) - timedelta(days=45)
    keys: set[str] = set()
    calls: set[str] = set()
    per_day: list[date] = []
    for n, today in enumerate(days(start, start + timedelta(days=150))):
        for _, fact in filter(lambda change: change[0] == n, changes):
            obligation = altered(obligation, **{fact: not getattr(obligation, fact)})
        for _ in range(0 if n in down else data.draw(st.integers(1, 2)) if n % 30 == 0 else 1):
            decision = decide(obligation, policy, today)
            calls |= {call_key(obligation)} if decision.call else set()
            if decision.send is None:
                continue
            assert is_workday(today)
            assert quiet(today, obligation.quiet_periods) is None
            assert obligation.waiting
            assert not any(getattr(obligation, fact) for fact in FACTS if fact != "waiting")
            key = slot_key(obligation, decision.send.number)
            assert key not in keys
            keys.add(key)
            per_day.append(today)
            obligation = replace(
                obligation,
                sent_slots=obligation.sent_slots | {decision.send.number},
                unanswered=obligation.unanswered + 1,
                last_mailed_on=today,
            )
    assert len(keys) <= policy.max_unanswered
    assert len(per_day) == len(set(per_day))
    assert len(calls) <= 1


@given(OBLIGATIONS, POLICIES, DAYS, st.frozensets(st.integers(1, 8)))
def test_at_most_one_slot_is_due_and_every_skipped_one_has_a_reason(
    obligation: Obligation, policy: Policy, today: date, done: frozenset[int]
) -> None:
    slots = plan(replace(obligation, sent_slots=done), policy, today)
    assert [slot.number for slot in slots] == list(range(1, len(slots) + 1))
    assert sum(slot.status is Status.due for slot in slots) <= 1
    assert all((slot.reason is not None) is (slot.status is Status.skipped) for slot in slots)
    for slot in slots:
        assert is_workday(slot.planned)
        assert quiet(slot.planned, obligation.quiet_periods) is None


@settings(max_examples=60, deadline=None)
@given(OBLIGATIONS, POLICIES)
def test_whoever_never_answers_is_called_once_the_ladder_is_over(obligation: Obligation, policy: Policy) -> None:
    start = min(obligation.due or date.max, obligation.requested_on or date.max) - timedelta(days=45)
    ladder = plan(obligation, policy, start)
    last = max(start, obligation.due or start, obligation.requested_on or start, *(slot.planned for slot in ladder))
    done = swept(obligation, start, last + timedelta(days=300), policy)
    ends_in_call = obligation.purpose not in (Purpose.rsvp, Purpose.confirm_contact)
    assert any(decision.call for _, decision in done) is (bool(ladder) and ends_in_call)


JUMPS = st.lists(st.integers(-400, 400), max_size=12)


@settings(max_examples=80, deadline=None)
@given(OBLIGATIONS, POLICIES, JUMPS, st.data())
def test_jumps_of_the_clock_and_missed_runs_neither_add_nor_lose_a_slot(
    obligation: Obligation, policy: Policy, jumps: list[int], data: st.DataObject
) -> None:
    """The clock goes back and forth by up to 400 days; in the end every slot since the request has one row, sent or not."""
    start = min(obligation.due or date.max, obligation.requested_on or date.max)
    end = max(obligation.due or date.min, obligation.requested_on or date.min) + timedelta(days=400)
    visits = [start + timedelta(days=n) for n in jumps]
    rows: dict[int, SkipReason | None] = {}
    for today in [*visits, *days(end, end + timedelta(days=90))]:
        for _ in range(data.draw(st.integers(0, 2)) if today in visits else 1):
            decision = decide(obligation, policy, today)
            noted = {slot.number: slot.reason for slot in decision.skipped}
            if decision.send:
                assert is_workday(today)
                assert quiet(today, obligation.quiet_periods) is None
                noted[decision.send.number] = None
            assert not noted.keys() & rows.keys()
            rows |= noted
            obligation = replace(
                obligation,
                sent_slots=frozenset(rows),
                unanswered=sum(reason is None for reason in rows.values()),
                last_mailed_on=today if decision.send else obligation.last_mailed_on,
            )
    begun = obligation.requested_on or date.min
    assert rows.keys() == {slot.number for slot in plan(obligation, policy, end) if slot.planned >= begun}
    assert sum(reason is None for reason in rows.values()) <= policy.max_unanswered


@settings(max_examples=80, deadline=None)
@given(OBLIGATIONS, POLICIES, DAYS)
def test_looking_only_when_a_look_is_due_does_what_looking_every_day_does(
    obligation: Obligation, policy: Policy, start: date
) -> None:
    end = max(obligation.due or start, obligation.requested_on or start, start) + timedelta(days=120)
    assert _seldom(obligation, policy, start, end) == _told(swept(obligation, start, end, policy))


def _seldom(obligation: Obligation, policy: Policy, start: date, end: date) -> list[tuple[date, str, list[int], bool]]:
    """The same as `swept`, from one look to the next; a quarter of the days has a look at most, or nothing was won."""
    done, today, looks = list[tuple[date, Decision]](), start, 0
    while today <= end:
        looks += 1
        decision, following = decide(obligation, policy, today), next_look(obligation, policy, today)
        if decision != Decision():
            done.append((today, decision))
        obligation = remembered(obligation, decision, today)
        today = following or end + timedelta(days=1)
    assert looks <= 40
    return _told(done)


def _told(done: list[tuple[date, Decision]]) -> list[tuple[date, str, list[int], bool]]:
    """What was done on which day; of the calls only the first, which the key makes the only one."""
    told, called = [], False
    for today, decision in done:
        sent, skipped = str(decision.send.number) if decision.send else "", [slot.number for slot in decision.skipped]
        if sent or skipped or (decision.call and not called):
            told.append((today, sent, skipped, decision.call and not called))
        called = called or decision.call
    return told


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
