"""The Swedish working calendar: workdays, quiet periods, board meetings and civil time in Europe/Stockholm."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from holidays import country_holidays

TZ = ZoneInfo("Europe/Stockholm")

Day: TypeAlias = date
"""A civil date, under a name that a field called `date` does not hide."""

_WEEKDAYS = ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag")
_ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuietPeriod:
    """Days, first and last included, when nobody is reminded and nothing of ours falls due."""

    first: date
    last: date
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BoardMeeting:
    """When a board meets, and the last day for papers to it; neither ever moves."""

    date: Day
    papers_due: Day


def is_workday(day: date) -> bool:
    return day.weekday() < 5 and day not in _free_days(day.year)


def next_workday(day: date) -> date:
    """The day itself if it is a workday, else the first one after it."""
    while not is_workday(day):
        day += _ONE
    return day


def previous_workday(day: date) -> date:
    """The day itself if it is a workday, else the last one before it."""
    while not is_workday(day):
        day -= _ONE
    return day


def add_workdays(day: date, n: int) -> date:
    """The nth workday after the day (before it, if n is negative); the day itself is never counted."""
    step = _ONE if n > 0 else -_ONE
    for _ in range(abs(n)):
        day += step
        while not is_workday(day):
            day += step
    return day


def quiet(day: date, periods: Iterable[QuietPeriod]) -> QuietPeriod | None:
    """The first of the periods that the day lies in."""
    return next((period for period in periods if period.first <= day <= period.last), None)


def next_sending_day(day: date, periods: Sequence[QuietPeriod]) -> date:
    """The first day, this one or later, that is a workday and lies in no quiet period."""
    while True:
        period = quiet(day, periods)
        if period is None and is_workday(day):
            return day
        day = (period.last if period else day) + _ONE


def next_possible(meetings: Iterable[BoardMeeting], today: date) -> BoardMeeting | None:
    """The first meeting that papers can still reach."""
    return min((m for m in meetings if m.papers_due >= today), key=lambda m: (m.date, m.papers_due), default=None)


def civil(instant: datetime) -> date:
    """The date in Sweden at an instant."""
    return instant.astimezone(TZ).date()


def at(day: date, clock: time) -> datetime:
    """A Swedish wall-clock time as an instant in UTC; an hour that comes twice means the first of them."""
    return datetime.combine(day, clock, TZ).astimezone(UTC)


def end_of(day: date) -> datetime:
    """The last second of a Swedish day (23.59.59) in UTC."""
    return at(day, time(23, 59, 59))


def weekday(day: date) -> str:
    """The name of the weekday in Swedish."""
    return _WEEKDAYS[day.weekday()]


def free_day(day: date) -> str | None:
    """Why a day is no workday, in Swedish and in lower case: the name of the holiday, else of the weekday."""
    return None if is_workday(day) else _free_days(day.year).get(day, weekday(day))


@lru_cache(maxsize=64)
def _free_days(year: int) -> dict[date, str]:
    """Public holidays and the three eves of one year; a calendar per year, because a shared one grows while others read it."""
    public = country_holidays("SE", years=year, expand=False, categories=("public",), language="sv")
    midsummer_eve = next(day for day in (date(year, 6, n) for n in range(19, 26)) if day.weekday() == 4)
    eves = {midsummer_eve: "midsommarafton", date(year, 12, 24): "julafton", date(year, 12, 31): "nyårsafton"}
    return eves | {day: _in_a_sentence(name) for day, name in public.items()}


def _in_a_sentence(name: str) -> str:
    """Holidays take a small letter inside a sentence, but for the name in Kristi himmelsfärdsdag; two on one day are joined."""
    return " och ".join(n if n.startswith("Kristi") else n[:1].lower() + n[1:] for n in name.split("; "))
