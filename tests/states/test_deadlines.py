"""Last days move as the law says, and say how."""

from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from states.calendar import QuietPeriod, is_workday, quiet
from states.deadlines import Deadline, due_for_us, months_after, rolled, weeks_after

CASES = yaml.safe_load((Path(__file__).parent / "deadline_cases.yaml").read_text())["deadline_cases"]
SUMMER = QuietPeriod(date(2027, 6, 21), date(2027, 8, 15), "sommar")
DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))


def computed(case: dict[str, object]) -> Deadline:
    match case:
        case {"start": str(start), "add": {"months": int(n)}}:
            return months_after(date.fromisoformat(start), n)
        case {"start": str(start), "add": {"weeks": int(n)}}:
            return weeks_after(date.fromisoformat(start), n)
    return rolled(date.fromisoformat(str(case["raw"])))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_every_case_ends_on_its_day(case: dict[str, object]) -> None:
    deadline = computed(case)
    assert deadline.day.isoformat() == case["result"]
    assert deadline.steps[-1].endswith(f"{deadline.day.year}.")


def test_a_computed_day_explains_itself() -> None:
    assert str(months_after(date(2027, 1, 31), 1)) == (
        "Räknat från 31 januari, en månad: 28 februari (månaden saknar dag 31). Söndag. Flyttas till måndag 1 mars 2027."
    )
    assert str(weeks_after(date(2027, 6, 4), 3)) == (
        "Räknat från 4 juni, tre veckor: 25 juni. Midsommarafton, midsommardagen, söndag. Flyttas till måndag 28 juni 2027."
    )
    assert str(months_after(date(2027, 12, 15), 2)) == (
        "Räknat från 15 december 2027, två månader: 15 februari 2028. Vardag. Blir tisdag 15 februari 2028."
    )


def test_a_given_day_says_what_stood_in_its_way() -> None:
    assert rolled(date(2027, 3, 26)).steps == (
        "Sista dag: 26 mars.",
        "Långfredagen, lördag, påskdagen, annandag påsk.",
        "Flyttas till tisdag 30 mars 2027.",
    )
    assert rolled(date(2027, 6, 15)).steps == ("Sista dag: 15 juni.", "Vardag.", "Blir tisdag 15 juni 2027.")


def test_a_due_of_ours_leaves_the_quiet_period_and_says_so() -> None:
    assert due_for_us(date(2027, 6, 25), [SUMMER]) == Deadline(
        date(2027, 8, 16),
        ("Sista dag: 25 juni.", "Tyst period till och med 15 augusti (sommar).", "Flyttas till måndag 16 augusti 2027."),
    )


def test_free_days_before_and_after_a_quiet_period_are_said_too() -> None:
    period = QuietPeriod(date(2027, 9, 20), date(2027, 9, 24))
    assert due_for_us(date(2027, 9, 18), [period]).steps == (
        "Sista dag: 18 september.",
        "Lördag, söndag.",
        "Tyst period till och med 24 september.",
        "Lördag, söndag.",
        "Flyttas till måndag 27 september 2027.",
    )


@given(DAYS)
def test_a_rolled_day_is_a_workday_and_never_earlier(day: date) -> None:
    found = rolled(day).day
    assert found >= day
    assert is_workday(found)
    assert rolled(found).day == found


@given(DAYS)
def test_no_due_of_ours_lies_in_a_quiet_period(day: date) -> None:
    found = due_for_us(day, [SUMMER]).day
    assert is_workday(found)
    assert quiet(found, [SUMMER]) is None


@given(DAYS, st.integers(1, 60))
def test_months_keep_the_day_number_where_there_is_one(start: date, n: int) -> None:
    raw_month = (start.year * 12 + start.month - 1 + n) % 12 + 1
    found = months_after(start, n).day
    assert found.month in (raw_month, raw_month % 12 + 1)


@pytest.mark.parametrize("count", [months_after, weeks_after])
def test_a_deadline_lies_ahead(count: object) -> None:
    assert callable(count)
    with pytest.raises(ValueError, match="at least one"):
        count(date(2027, 1, 1), 0)
