"""Swedish workdays, quiet periods and civil time."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from states.calendar import (
    BoardMeeting,
    QuietPeriod,
    add_workdays,
    at,
    civil,
    end_of,
    free_day,
    is_workday,
    next_possible,
    next_sending_day,
    next_workday,
    previous_workday,
    quiet,
)

DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))
SUMMER = QuietPeriod(date(2027, 6, 21), date(2027, 8, 15), "sommar")
CHRISTMAS = QuietPeriod(date(2027, 12, 20), date(2028, 1, 9), "jul och nyår")


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2027-01-01", "nyårsdagen"),
        ("2027-01-06", "trettondedag jul"),
        ("2027-03-26", "långfredagen"),
        ("2027-03-28", "påskdagen"),
        ("2027-03-29", "annandag påsk"),
        ("2028-05-01", "första maj"),
        ("2027-05-06", "Kristi himmelsfärdsdag"),
        ("2028-06-06", "nationaldagen"),
        ("2027-06-25", "midsommarafton"),
        ("2027-06-26", "midsommardagen"),
        ("2027-11-06", "alla helgons dag"),
        ("2027-12-24", "julafton"),
        ("2027-12-25", "juldagen"),
        ("2027-12-31", "nyårsafton"),
        ("2027-09-18", "lördag"),
        ("2027-09-19", "söndag"),
        ("2008-05-01", "första maj och Kristi himmelsfärdsdag"),
    ],
)
def test_free_days_have_names(day: str, why: str) -> None:
    assert free_day(date.fromisoformat(day)) == why
    assert not is_workday(date.fromisoformat(day))


@pytest.mark.parametrize("day", ["2027-09-20", "2027-05-07", "2027-03-25", "2027-04-30", "2027-01-05", "2027-12-23"])
def test_days_before_and_between_holidays_are_workdays(day: str) -> None:
    assert is_workday(date.fromisoformat(day))
    assert free_day(date.fromisoformat(day)) is None


@given(st.integers(1990, 2100))
def test_every_year_has_its_three_eves(year: int) -> None:
    midsummer = [date(year, 6, n) for n in range(19, 26) if free_day(date(year, 6, n)) == "midsommarafton"]
    assert len(midsummer) == 1
    assert free_day(midsummer[0] + timedelta(days=1)) == "midsommardagen"
    assert not is_workday(date(year, 12, 24))
    assert not is_workday(date(year, 12, 31))


@given(DAYS)
def test_the_nearest_workdays_enclose_the_day(day: date) -> None:
    assert previous_workday(day) <= day <= next_workday(day)
    assert is_workday(previous_workday(day))
    assert is_workday(next_workday(day))
    assert (next_workday(day) == day) is is_workday(day)


@given(DAYS, st.integers(0, 30))
def test_counting_workdays_there_and_back_comes_home(day: date, n: int) -> None:
    start = next_workday(day)
    assert add_workdays(add_workdays(start, n), -n) == start


def test_workdays_are_counted_past_free_days() -> None:
    assert add_workdays(date(2027, 3, 25), 1) == date(2027, 3, 30)
    assert add_workdays(date(2027, 3, 30), -1) == date(2027, 3, 25)
    assert add_workdays(date(2027, 3, 27), 0) == date(2027, 3, 27)


def test_a_quiet_period_has_both_its_ends() -> None:
    assert quiet(date(2027, 6, 21), [SUMMER]) is SUMMER
    assert quiet(date(2027, 8, 15), [CHRISTMAS, SUMMER]) is SUMMER
    assert quiet(date(2027, 6, 20), [SUMMER]) is None
    assert quiet(date(2027, 8, 16), [SUMMER]) is None


@given(DAYS, st.lists(st.tuples(DAYS, st.integers(0, 60)), max_size=3))
def test_the_next_sending_day_is_the_first_that_will_do(day: date, raw: list[tuple[date, int]]) -> None:
    periods = tuple(QuietPeriod(first, first + timedelta(days=n)) for first, n in raw)
    found = next_sending_day(day, periods)

    def will_do(candidate: date) -> bool:
        return is_workday(candidate) and quiet(candidate, periods) is None

    assert will_do(found)
    assert not any(will_do(day + timedelta(days=n)) for n in range((found - day).days))


def test_sending_waits_for_the_workday_after_the_summer() -> None:
    assert next_sending_day(date(2027, 6, 25), [SUMMER]) == date(2027, 8, 16)
    assert next_sending_day(date(2027, 12, 31), [CHRISTMAS]) == date(2028, 1, 10)


def test_the_next_possible_meeting_is_the_first_that_papers_can_reach() -> None:
    october, november = (
        BoardMeeting(date(2027, 10, 5), date(2027, 9, 17)),
        BoardMeeting(date(2027, 11, 9), date(2027, 10, 22)),
    )
    assert next_possible([november, october], date(2027, 9, 17)) is october
    assert next_possible([november, october], date(2027, 9, 20)) is november
    assert next_possible([october], date(2027, 9, 20)) is None


@given(DAYS)
def test_a_day_ends_at_its_last_second_across_both_clock_changes(day: date) -> None:
    end = end_of(day)
    assert end.tzinfo is UTC
    assert civil(end) == day
    assert civil(end + timedelta(seconds=1)) == day + timedelta(days=1)


def test_wall_clock_times_follow_summer_time() -> None:
    assert at(date(2027, 9, 20), time(7, 30)) == datetime(2027, 9, 20, 5, 30, tzinfo=UTC)
    assert at(date(2027, 12, 1), time(7, 30)) == datetime(2027, 12, 1, 6, 30, tzinfo=UTC)
    assert end_of(date(2027, 10, 31)) == datetime(2027, 10, 31, 22, 59, 59, tzinfo=UTC)
    assert end_of(date(2027, 3, 28)) == datetime(2027, 3, 28, 21, 59, 59, tzinfo=UTC)
    assert civil(datetime(2027, 6, 30, 22, 30, tzinfo=UTC)) == date(2027, 7, 1)
