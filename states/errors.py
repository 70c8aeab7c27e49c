"""Everything the product can say no with; the docstring of each class is its default message in the user's words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from states.said import joined, marked


@dataclass(frozen=True, slots=True)
class Reason:
    """One named reason why something is not possible now: a stable code, a sentence for people, the clause it concerns."""

    code: str
    message: str
    clause: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", marked(self.message))


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that cannot be taken as it was typed: its name, a stable code, what to do."""

    field: str
    code: str
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", marked(self.message))


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two texts for one clause: what both started from, what stands now, what was typed (field code → text, `t` is the title)."""

    clause: str
    base: dict[str, str]
    theirs: dict[str, str]
    yours: dict[str, str]
    by: str = ""


class OverensError(Exception):
    """Något gick fel."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(marked(message or type(self).__doc__ or ""))

    @property
    def message(self) -> str:
        text: str = self.args[0]
        return text


class SignInRequired(OverensError):
    """Logga in för att fortsätta."""

    code = "sign-in-required"


class NotFound(OverensError):
    """Sidan eller uppgiften finns inte."""

    code = "not-found"


class NotYours(OverensError):
    """Du har inte behörighet att göra det här."""

    code = "not-yours"


class Invalid(OverensError):
    """Något i det du skrev behöver rättas."""

    code = "invalid"

    def __init__(self, *fields: FieldError) -> None:
        super().__init__()
        self.fields = fields


class NotAllowed(OverensError):
    """Det går inte i det läge ärendet har nu."""

    code = "not-allowed"

    def __init__(self, event: str, state: str) -> None:
        super().__init__()
        self.event, self.state = event, state


class Blocked(OverensError):
    """Det går inte ännu."""

    code = "blocked"

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(joined(" ", (r.message for r in reasons)) or None)
        self.reasons: Sequence[Reason] = reasons


class Stale(OverensError):
    """Någon annan hann före. Det du skrev finns kvar; läs det nya och välj."""

    code = "stale"

    def __init__(self, *conflicts: Conflict, message: str | None = None) -> None:
        super().__init__(message)
        self.conflicts = conflicts


class PreconditionMissing(OverensError):
    """Säg vilken version du ändrar (If-Match), så att ingen annans ändring skrivs över."""

    code = "if-match-missing"


class Refused(OverensError):
    """Filen kan inte tas emot."""

    code = "refused-file"

    def __init__(self, reason: str, message: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class TooLarge(OverensError):
    """Filen är för stor. Den får vara högst 10 MB."""

    code = "too-large"


class TooMany(OverensError):
    """För många försök. Vänta en stund och försök igen."""

    code = "too-many"

    def __init__(self, retry_after: int = 60) -> None:
        super().__init__()
        self.retry_after = retry_after


class KeyReused(OverensError):
    """Samma nyckel har redan använts för något annat."""

    code = "idempotency-key-reused"


class AlreadyDone(OverensError):
    """Det är redan gjort."""

    code = "already-done"


class KeyMissing(OverensError):
    """Skicka med en Idempotency-Key, så att ett omtag inte får effekt två gånger."""

    code = "idempotency-key-missing"


class StoreUnavailable(OverensError):
    """Vi kan inte spara just nu. Din text är kvar. Försök igen om en stund."""

    code = "store-unavailable"


class StoreFull(StoreUnavailable):
    """Lagringsutrymmet är slut, så inget kan sparas just nu. Det som redan finns går att läsa."""

    code = "store-full"
