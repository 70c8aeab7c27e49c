"""The rules of a round: minutes, seats, absence, coverage, closing, and the dates a rhythm proposes."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from states.calendar import TZ, at, is_workday
from states.dialogue import (
    FIRST_POINT,
    MEETING_RULEBOOK,
    RULEBOOK,
    Coverage,
    Event,
    Group,
    Guest,
    Item,
    Point,
    Promise,
    Reply,
    Seat,
    SizeClass,
    State,
    absent,
    coverage,
    minutes,
    missing_in_agenda,
    missing_to_close,
    opening_with,
    size_class,
    starts,
    total,
    waiting,
)
from states.parties import NOBODY, STRATEGIST, OrganisationKind, Role
from states.rhythm import MONTHS, Every, Rhythm, nth_weekday, proposed

START = datetime(2027, 4, 14, 7, 30, tzinfo=UTC)
ids = st.uuids()


@given(st.lists(st.integers(1, 240), min_size=1, max_size=20), st.integers(-60, 60))
def test_an_agenda_is_right_exactly_when_its_minutes_add_up(lengths: list[int], off: int) -> None:
    agenda = [Item(f"Punkt {n}", length) for n, length in enumerate(lengths)]
    time = sum(lengths) + off
    reasons = missing_in_agenda(START, START + timedelta(minutes=time), agenda)
    assert [r.code for r in reasons] == ([] if off == 0 else ["minutes"])
    assert off == 0 or f"{abs(off)} minuter" in reasons[0].message
    at_what = starts(START, agenda)
    assert at_what[0] == START
    assert at_what[-1] + timedelta(minutes=lengths[-1]) == START + timedelta(minutes=sum(lengths))


PROMISES = [Promise("Kartlägg scenerna.", None, None, done=True), Promise("Boka lokal.", None, None)]
AGENDAS = st.lists(st.builds(Item, st.just("Punkt"), st.integers(1, 240)), min_size=1, max_size=12)


@given(AGENDAS)
def test_the_next_agenda_opens_with_the_actions_and_takes_no_longer(agenda: list[Item]) -> None:
    opened = opening_with(agenda, PROMISES)
    assert sum(item.minutes for item in opened) == sum(item.minutes for item in agenda)
    assert all(item.minutes > 0 for item in opened)
    only_minutes = all(item.minutes == 1 for item in agenda)
    assert (opened == agenda) is only_minutes
    if not only_minutes:
        assert (opened[0].title, opened[0].output) == (FIRST_POINT, "Kartlägg scenerna. (klart)\nBoka lokal. (inte klart)")
        assert 1 <= opened[0].minutes <= 15
        assert sum(one.minutes != other.minutes for one, other in zip(opened[1:], agenda, strict=True)) == 1


def test_a_point_about_actions_is_kept_with_the_words_of_the_last_round_only() -> None:
    agenda = [Item(FIRST_POINT, 20, "Torun", "Något gammalt. (klart)"), Item("Samtal", 60)]
    assert opening_with(agenda, PROMISES[1:]) == [Item(FIRST_POINT, 20, "Torun", "Boka lokal. (inte klart)"), agenda[1]]
    assert opening_with(agenda, []) == [Item(FIRST_POINT, 20, "Torun"), agenda[1]]


def test_without_actions_the_agenda_is_as_it_was() -> None:
    assert opening_with([Item("Samtal", 60)], []) == [Item("Samtal", 60)]
    assert opening_with([], PROMISES) == []


def test_an_empty_agenda_is_none() -> None:
    assert [r.code for r in missing_in_agenda(START, START + timedelta(hours=1), [])] == ["no-agenda"]


@pytest.mark.parametrize(("day", "real"), [(date(2027, 3, 28), 180), (date(2027, 10, 31), 300), (date(2027, 4, 14), 240)])
def test_a_meeting_over_the_change_of_clocks_is_as_long_as_it_lasts(day: date, real: int) -> None:
    first = at(day, datetime(2027, 1, 1, 1, 0).time())
    last = datetime.combine(day, datetime(2027, 1, 1, 5, 0).time(), TZ).astimezone(UTC)
    assert minutes(first, last) == real


seats = st.lists(
    st.builds(Seat, ids, st.sampled_from([*Reply, None]), st.integers(0, 50).map(lambda n: START + timedelta(minutes=n))),
    unique_by=lambda seat: seat.id,
    max_size=30,
)


@given(seats, st.integers(1, 10))
def test_the_room_is_filled_in_order_and_never_over(found: list[Seat], capacity: int) -> None:
    waits = waiting(found, capacity)
    coming = [s for s in found if s.reply is Reply.yes]
    seated = [s for s in coming if s.id not in waits]
    assert len(seated) == min(capacity, len(coming))
    assert waits <= {s.id for s in coming}
    for one in seated:
        assert all(one.replied_at <= s.replied_at for s in coming if s.id in waits if one.replied_at and s.replied_at)


@given(seats, st.integers(1, 10))
def test_nobody_loses_a_seat_when_another_gives_one_up(found: list[Seat], capacity: int) -> None:
    before = waiting(found, capacity)
    for gone in [s for s in found if s.reply is Reply.yes][:1]:
        after = waiting([Seat(s.id, Reply.no, s.replied_at) if s is gone else s for s in found], capacity)
        assert after <= before


@given(seats)
def test_without_a_limit_nobody_waits(found: list[Seat]) -> None:
    assert waiting(found, None) == frozenset()


guests = st.lists(
    st.builds(Guest, ids, st.sampled_from([UUID(int=n) for n in range(1, 6)]), st.booleans(), st.booleans(), st.booleans()),
    unique_by=lambda guest: guest.id,
    max_size=30,
)


@given(guests)
def test_absent_is_who_was_invited_held_the_assignment_and_neither_came_nor_was_substituted(found: list[Guest]) -> None:
    gone = absent(found)
    for guest in found:
        there = guest.present or guest.substituted
        assert (guest.id in gone) == (guest.valid_that_day and not there)


@given(guests)
def test_coverage_counts_each_invited_organisation_once(found: list[Guest]) -> None:
    groups = {UUID(int=n): Group(OrganisationKind.municipality, list(SizeClass)[n % 4]) for n in range(1, 6)}
    counted = coverage(found, groups)
    everybody = {g.organisation for g in found}
    came = {g.organisation for g in found if g.present or g.substituted}
    assert total(counted.values()) == Coverage(len(came), len(everybody))
    assert all(0 <= c.present <= c.invited for c in counted.values())
    assert set(counted) == {groups[o] for o in everybody}


def test_coverage_reads_as_people_say_it() -> None:
    assert str(Coverage(28, 33)) == "28 av 33"


@pytest.mark.parametrize(
    ("people", "size"),
    [
        (6_700, SizeClass.small),
        (9_999, SizeClass.small),
        (10_000, SizeClass.medium),
        (29_999, SizeClass.medium),
        (30_000, SizeClass.large),
        (99_999, SizeClass.large),
        (100_000, SizeClass.largest),
        (None, None),
    ],
)
def test_a_municipality_is_in_the_class_of_its_people(people: int | None, size: SizeClass | None) -> None:
    assert size_class(OrganisationKind.municipality, people) is size
    assert size_class(OrganisationKind.institution, people) is None


def test_closing_names_everything_that_is_left_and_nothing_else() -> None:
    owner = UUID(int=1)
    done = Promise("a", owner, date(2027, 6, 1))
    points = [Point("a", linked=True, set_aside=False), Point("b", linked=False, set_aside=True)]
    assert missing_to_close(points, [done]) == ()
    assert missing_to_close([], []) == ()
    loose = Point("c", linked=False, set_aside=False)
    left = missing_to_close([*points, loose, loose], [done, Promise("b", None, None)])
    assert [r.code for r in left] == ["action-without-owner", "action-without-date", "finding-loose"]
    assert left[0].message == "En åtgärd saknar ansvarig."
    assert left[2].message.startswith("2 inspel är varken kopplade")


def test_the_strategist_moves_a_round_and_only_the_clock_closes_the_answers() -> None:
    by = {m.event: m.by for m in RULEBOOK.table}
    assert by.pop(Event.close_rsvp) == NOBODY
    assert set(by.values()) == {STRATEGIST}
    assert {m.by for m in MEETING_RULEBOOK.table} == {STRATEGIST}
    assert RULEBOOK.open_to(State.invited, Role.strategist) == (Event.reschedule, Event.cancel)


def test_the_forum_met_the_second_thursday_of_2019_and_the_third_of_2020() -> None:
    assert nth_weekday(2019, 11, 2, 3) == date(2019, 11, 14)
    assert nth_weekday(2020, 11, 3, 3) == date(2020, 11, 19)
    assert proposed(Rhythm(Every.year, 3, 3, month=11), date(2027, 3, 1)) == date(2027, 11, 18)


rhythms = st.builds(
    Rhythm, st.sampled_from(Every), st.integers(1, 5), st.integers(0, 6), st.one_of(st.none(), st.integers(1, 12))
)


@given(rhythms, st.dates(date(2020, 1, 1), date(2045, 1, 1)))
def test_a_rhythm_proposes_a_later_workday_within_its_step(rhythm: Rhythm, after: date) -> None:
    day = proposed(rhythm, after)
    assert after < day
    assert is_workday(day)
    assert (day - after).days <= MONTHS[rhythm.every] * 31 + 31
    if rhythm.month:
        offset = (day.year * 12 + day.month - rhythm.month) % MONTHS[rhythm.every]
        assert offset in (0, 1)  # 1: the free days at the end of a month led into the next


@pytest.mark.parametrize("wrong", [(0, 3, 11), (6, 3, 11), (1, 7, 11), (1, 3, 13), (1, -1, None)])
def test_a_rhythm_that_cannot_be_is_refused(wrong: tuple[int, int, int | None]) -> None:
    with pytest.raises(ValueError, match="no such rhythm"):
        Rhythm(Every.year, *wrong)
