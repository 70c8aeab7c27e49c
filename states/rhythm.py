"""How often a series of dialogues meets: a rhythm proposes dates, and never decides one."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from states.calendar import next_workday

_DAYS_OF_A_WEEK = 7


class Every(StrEnum):
    """The steps between two meetings."""

    year = "year"
    half_year = "half_year"
    quarter = "quarter"
    month = "month"


MONTHS = {Every.year: 12, Every.half_year: 6, Every.quarter: 3, Every.month: 1}


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Such as the third Thursday of November every year: `week` 1–4, or 5 for the last; `weekday` 0 is Monday."""

    every: Every
    week: int
    weekday: int
    month: int | None = None

    def __post_init__(self) -> None:
        if not (1 <= self.week <= 5 and 0 <= self.weekday <= 6 and self.month in (None, *range(1, 13))):
            raise ValueError("no such rhythm")


def proposed(rhythm: Rhythm, after: date) -> date:
    """The first date of the rhythm later than a day; a free day gives way to the next workday.

    Without a month of its own the rhythm counts from the month of the day that is given.
    """
    step = MONTHS[rhythm.every]
    first = rhythm.month or after.month
    year, month = after.year - 1, (first - 1) % step + 1
    while True:
        day = next_workday(nth_weekday(year, month, rhythm.week, rhythm.weekday))
        if day > after:
            return day
        year, month = (year, month + step) if month + step <= 12 else (year + 1, (first - 1) % step + 1)


def nth_weekday(year: int, month: int, week: int, weekday: int) -> date:
    """The nth such weekday of a month; the fifth means the last one."""
    first = date(year, month, 1)
    day = first + timedelta(days=(weekday - first.weekday()) % _DAYS_OF_A_WEEK + (week - 1) * _DAYS_OF_A_WEEK)
    return day if day.month == month else day - timedelta(days=_DAYS_OF_A_WEEK)
