"""What no season of sweeps may ever do, whatever changes, however often it runs and wherever the clock goes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from states.calendar import QuietPeriod, is_workday, next_sending_day, quiet
from states.reminders import Obligation, Policy, Purpose, SkipReason, Status, call_key, decide, next_look, plan, slot_key

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
JUMPS = st.lists(st.integers(-400, 400), max_size=12)


@dataclass(slots=True)
class Kept:
    """What the rows remember of one obligation: every slot by its key, sent or with its reason; days of mails, keys of calls."""

    obligation: Obligation
    policy: Policy
    rows: dict[str, SkipReason | None] = field(default_factory=dict)
    mails: list[date] = field(default_factory=list)
    calls: set[str] = field(default_factory=set)

    def run(self, today: date) -> None:
        """One run of the sweep: what no run may do is looked for in each."""
        decision = decide(self.obligation, self.policy, today)
        noted = {slot_key(self.obligation, slot.number): slot.reason for slot in decision.skipped}
        if decision.send:
            self._may_go(today)
            noted[slot_key(self.obligation, decision.send.number)] = None
            self.mails.append(today)
        assert not noted.keys() & self.rows.keys()
        self.rows |= noted
        self.calls |= {call_key(self.obligation)} if decision.call else set()
        self.change(
            sent_slots=frozenset(int(key.rpartition(":")[2]) for key in self.rows),
            unanswered=len(self.mails),
            last_mailed_on=today if decision.send else self.obligation.last_mailed_on,
        )

    def change(self, **facts: Any) -> None:
        self.obligation = replace(self.obligation, **facts)

    def _may_go(self, today: date) -> None:
        assert is_workday(today)
        assert quiet(today, self.obligation.quiet_periods) is None
        assert self.obligation.waiting
        assert not any(getattr(self.obligation, fact) for fact in FACTS if fact != "waiting")

    @property
    def sent(self) -> set[str]:
        return {key for key, reason in self.rows.items() if reason is None}


def kept(obligation: Obligation, policy: Policy, runs: Iterable[date]) -> Kept:
    found = Kept(obligation, policy)
    for today in runs:
        found.run(today)
    return found


def days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def span(obligation: Obligation, policy: Policy) -> tuple[date, date]:
    """From before anything is asked until the last slot is over."""
    assert obligation.due
    assert obligation.requested_on
    known = [obligation.due, obligation.requested_on, *(slot.planned for slot in plan(obligation, policy, date(2026, 1, 1)))]
    return min(obligation.due, obligation.requested_on) - timedelta(days=45), max(known) + timedelta(days=30)


@settings(max_examples=60, deadline=None)
@given(OBLIGATIONS, POLICIES, CHANGES, st.sets(st.integers(0, 150), max_size=40), st.data())
def test_a_season_of_sweeps_keeps_every_promise(
    obligation: Obligation, policy: Policy, changes: list[tuple[int, str]], down: set[int], data: st.DataObject
) -> None:
    """Facts change, the sweep is down some days and runs twice on others."""
    start, _ = span(obligation, policy)
    season = Kept(obligation, policy)
    for n, today in enumerate(days(start, start + timedelta(days=150))):
        for _, fact in filter(lambda change: change[0] == n, changes):
            season.change(**{fact: not getattr(season.obligation, fact)})
        for _ in range(0 if n in down else data.draw(st.integers(1, 2)) if n % 30 == 0 else 1):
            season.run(today)
    assert len(season.mails) == len(set(season.mails)) <= policy.max_unanswered
    assert len(season.calls) <= 1


@settings(max_examples=60, deadline=None)
@given(OBLIGATIONS, POLICIES, st.integers(0, 120), st.booleans(), JUMPS)
def test_when_it_is_no_longer_their_turn_nothing_is_sent_and_nobody_is_called_wherever_the_clock_goes(
    obligation: Obligation, policy: Policy, after: int, answered: bool, jumps: list[int]
) -> None:
    """Whether they have answered, or somebody else is waited for."""
    start, end = span(obligation, policy)
    turned = start + timedelta(days=after)
    season = kept(obligation, policy, days(start, turned))
    before, mails, calls = set(season.rows), len(season.mails), set(season.calls)
    season.change(waiting=False, answered=answered)
    for today in [*(turned + timedelta(days=n) for n in jumps), *days(turned, end)]:
        season.run(today)
    why = SkipReason.answered if answered else SkipReason.turn_changed
    assert {season.rows[key] for key in season.rows.keys() - before} <= {why}
    assert (len(season.mails), season.calls) == (mails, calls)


@given(OBLIGATIONS, POLICIES, st.integers(-60, 60), st.frozensets(st.integers(1, 8), max_size=2))
def test_at_most_one_slot_is_due_and_every_skipped_one_has_a_reason(
    obligation: Obligation, policy: Policy, past: int, done: frozenset[int]
) -> None:
    assert obligation.due
    asked = replace(obligation, sent_slots=done, requested_on=obligation.due - timedelta(days=90))
    slots = plan(asked, policy, obligation.due + timedelta(days=past))
    assert [slot.number for slot in slots] == list(range(1, len(slots) + 1))
    assert sum(slot.status is Status.due for slot in slots) <= 1
    assert all((slot.reason is not None) is (slot.status is Status.skipped) for slot in slots)
    for slot in slots:
        assert is_workday(slot.planned)
        assert quiet(slot.planned, obligation.quiet_periods) is None


@settings(max_examples=60, deadline=None)
@given(OBLIGATIONS, POLICIES)
def test_whoever_never_answers_is_called_once_the_ladder_is_over(obligation: Obligation, policy: Policy) -> None:
    start, end = span(obligation, policy)
    season = kept(obligation, policy, days(start, end + timedelta(days=300)))
    ends_in_call = obligation.purpose not in (Purpose.rsvp, Purpose.confirm_contact)
    assert bool(season.calls) is (bool(plan(obligation, policy, start)) and ends_in_call)


@settings(max_examples=80, deadline=None)
@given(OBLIGATIONS, POLICIES, st.lists(st.tuples(st.integers(0, 200), st.integers(0, 400)), max_size=12))
def test_a_clock_that_steps_back_neither_adds_nor_loses_a_slot_or_a_mail(
    obligation: Obligation, policy: Policy, steps: list[tuple[int, int]]
) -> None:
    """Against the same season without them: in between, runs by a clock that is up to 400 days slow, and runs that repeat."""
    start, end = span(obligation, policy)
    told = kept(obligation, policy, days(start, end))
    runs = [*days(start, end)]
    for after, back in sorted(steps, reverse=True):
        today = runs[min(after, len(runs) - 1)]
        runs[after + 1 : after + 1] = [today - timedelta(days=back), today]
    stepped = kept(obligation, policy, runs)
    assert (stepped.rows, stepped.calls) == (told.rows, told.calls)
    assert sorted(stepped.mails) == told.mails


@settings(max_examples=80, deadline=None)
@given(OBLIGATIONS, POLICIES, JUMPS, st.data())
def test_jumps_of_the_clock_and_missed_runs_neither_add_nor_lose_a_slot(
    obligation: Obligation, policy: Policy, jumps: list[int], data: st.DataObject
) -> None:
    """Against the same season run day by day: the same slots have their rows, and what was not mailed says why."""
    start, end = span(obligation, policy)
    told = kept(obligation, policy, days(start, end))
    down = data.draw(st.sets(st.sampled_from([*days(start, end)]), max_size=150))
    astray = [start + timedelta(days=n) for n in jumps]
    after = [end + timedelta(days=n) for n in range(1, 120)]
    jumped = kept(obligation, policy, [*astray, *(day for day in days(start, end) if day not in down), *after])
    assert jumped.rows.keys() == told.rows.keys()
    assert len(jumped.mails) <= policy.max_unanswered
    assert {reason for reason in jumped.rows.values() if reason} <= {
        SkipReason.collapsed,
        SkipReason.past_due,
        SkipReason.cap_reached,
    }


@settings(max_examples=80, deadline=None)
@given(OBLIGATIONS, POLICIES, st.data())
def test_a_run_that_is_missed_is_made_up_for_by_the_next(obligation: Obligation, policy: Policy, data: st.DataObject) -> None:
    """As long as the next comes before another slot's day and not after the due."""
    start, end = span(obligation, policy)
    told = kept(obligation, policy, days(start, end))
    taken = {slot.planned for slot in plan(obligation, policy, start)} | {obligation.due and obligation.due + timedelta(days=1)}
    spare = [day for day in told.mails if not taken & {*days(day + timedelta(days=1), _next_run(day, obligation))}]
    assume(spare)
    missed = data.draw(st.sets(st.sampled_from(spare), min_size=1))
    assert kept(obligation, policy, (day for day in days(start, end) if day not in missed)).rows == told.rows


def _next_run(day: date, obligation: Obligation) -> date:
    """The next day on which anybody is reminded."""
    return next_sending_day(day + timedelta(days=1), obligation.quiet_periods)


@settings(max_examples=80, deadline=None)
@given(OBLIGATIONS, POLICIES, DAYS)
def test_looking_only_when_a_look_is_due_does_what_looking_every_day_does(
    obligation: Obligation, policy: Policy, start: date
) -> None:
    end = max(obligation.due or start, obligation.requested_on or start, start) + timedelta(days=120)
    daily, seldom = Kept(obligation, policy), Kept(obligation, policy)
    for n in range((end - start).days + 1):
        daily.run(start + timedelta(days=n))
    today, looks = start, 0
    while today <= end:
        following, looks = next_look(seldom.obligation, policy, today), looks + 1
        seldom.run(today)
        today = following or end + timedelta(days=1)
    assert looks <= 40
    assert (seldom.rows, seldom.mails, seldom.calls) == (daily.rows, daily.mails, daily.calls)
