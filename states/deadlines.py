"""Last days, counted and moved as lag 1930:173 says, each with its steps in words."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from states.calendar import QuietPeriod, free_day, quiet, weekday

_MONTHS = (
    "januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober", "november", "december",
)  # fmt: skip
_NUMBERS = ("noll", "en", "två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio", "tio", "elva", "tolv")


@dataclass(frozen=True, slots=True)
class Deadline:
    """A last day, and how it came about, one Swedish sentence a step."""

    day: date
    steps: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.steps)


def rolled(day: date) -> Deadline:
    """A given last day, moved to the next workday when it is none (2 §)."""
    return _settled(day, f"Sista dag: {spoken(day)}.")


def months_after(start: date, n: int) -> Deadline:
    """The same day number n months later, else the month's last (1 §), then rolled; n is at least 1."""
    _require_positive(n)
    year, month = divmod(start.year * 12 + start.month - 1 + n, 12)
    raw = date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
    lacking = f" (månaden saknar dag {start.day})" if raw.day != start.day else ""
    return _settled(raw, f"{_counted(start, raw, n, 'månad', 'månader')}{lacking}.")


def weeks_after(start: date, n: int) -> Deadline:
    """The same weekday n weeks later, then rolled; n is at least 1."""
    _require_positive(n)
    raw = start + timedelta(weeks=n)
    return _settled(raw, f"{_counted(start, raw, n, 'vecka', 'veckor')}.")


def due_for_us(day: date, quiet_periods: Sequence[QuietPeriod]) -> Deadline:
    """A last day that we set: rolled, and out of every quiet period to the first workday after it."""
    return _settled(day, f"Sista dag: {spoken(day)}.", quiet_periods)


def _settled(raw: date, first: str, periods: Sequence[QuietPeriod] = ()) -> Deadline:
    """Walk to the first day that holds, and say what stood in the way."""
    day, steps, free = raw, [first], list[str]()
    while (period := quiet(day, periods)) or free_day(day):
        if period:
            steps += [*_sentence(free), _quietly(period)]
            free.clear()
        else:
            free.append(free_day(day) or "")
        day = (period.last if period else day) + timedelta(days=1)
    last = f"Blir {_in_full(day)}." if day == raw else f"Flyttas till {_in_full(day)}."
    return Deadline(day, (*steps, *_sentence(free), *(("Vardag.",) if day == raw else ()), last))


def _sentence(names: list[str]) -> list[str]:
    text = ", ".join(names)
    return [f"{text[:1].upper()}{text[1:]}."] if text else []


def _quietly(period: QuietPeriod) -> str:
    reason = f" ({period.reason})" if period.reason else ""
    return f"Tyst period till och med {spoken(period.last)}{reason}."


def _counted(start: date, raw: date, n: int, one: str, many: str) -> str:
    """The year is said only where it changes: the last step says it anyway."""
    years = ("", "") if start.year == raw.year else (f" {start.year}", f" {raw.year}")
    number = _NUMBERS[n] if n < len(_NUMBERS) else str(n)
    return f"Räknat från {spoken(start)}{years[0]}, {number} {one if n == 1 else many}: {spoken(raw)}{years[1]}"


def _require_positive(n: int) -> None:
    if n < 1:
        raise ValueError(f"a deadline lies at least one unit ahead, not {n}")


def spoken(day: date) -> str:
    """A day and its month in words, without the year."""
    return f"{day.day} {_MONTHS[day.month - 1]}"


def _in_full(day: date) -> str:
    return f"{weekday(day)} {spoken(day)} {day.year}"
