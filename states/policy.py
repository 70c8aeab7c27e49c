"""How a programme reminds: its ladder of days, its hours and its limit, as a value and as the plain form that is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import time

from states.errors import FieldError, Invalid


@dataclass(frozen=True, slots=True)
class Policy:
    """Days before and after a due, the hours mail may go out, unanswered reminders at most, workdays after a request to sign."""

    before: tuple[int, ...] = (14, 3)
    after: tuple[int, ...] = (1, 10)
    window: tuple[time, time] = (time(7, 30), time(16, 30))
    max_unanswered: int = 4
    signature_after: tuple[int, ...] = (5, 10, 20)

    def to_dict(self) -> dict[str, object]:
        """The form that JSON and YAML can hold."""
        return {
            "before": list(self.before),
            "after": list(self.after),
            "window": [f"{clock:%H:%M}" for clock in self.window],
            "max_unanswered": self.max_unanswered,
            "signature_after": list(self.signature_after),
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> "Policy":
        """What `to_dict` wrote, or a part of it; the rest is the default. Invalid names the field that cannot be taken."""
        unknown = sorted(set(raw) - {field.name for field in fields(cls)})
        if unknown:
            raise _invalid(unknown[0], "Okänd inställning för påminnelser.")
        full = cls().to_dict() | dict(raw)
        return cls(
            before=tuple(reversed(_days("before", full["before"]))),
            after=_days("after", full["after"]),
            window=_window(full["window"]),
            max_unanswered=_count(full["max_unanswered"]),
            signature_after=_days("signature_after", full["signature_after"]),
        )


def merged(programme: Mapping[str, object], agreement: Mapping[str, object]) -> Policy:
    """The policy of one agreement: what its programme says, but for what it says otherwise itself."""
    return Policy.from_dict({**programme, **agreement})


def _days(name: str, value: object) -> tuple[int, ...]:
    """Whole numbers of days, each once, the smallest first."""
    if not isinstance(value, list | tuple) or not all(type(n) is int and 1 <= n <= 366 for n in value):
        raise _invalid(name, "Ange antal dagar som en lista med heltal från 1 till 366.")
    return tuple(sorted(set(value)))


def _window(value: object) -> tuple[time, time]:
    try:
        opens, closes = map(time.fromisoformat, value if isinstance(value, list | tuple) else ())
    except (TypeError, ValueError):
        opens = closes = time()
    if opens.tzinfo or closes.tzinfo or opens >= closes:
        raise _invalid("window", 'Ange två klockslag inom citattecken, till exempel "07:30" och "16:30".')
    return opens, closes


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value <= 20:
        raise _invalid("max_unanswered", "Ange ett heltal från 0 till 20.")
    return value


def _invalid(name: str, message: str) -> Invalid:
    return Invalid(FieldError(f"policy.{name}", "policy", message))
