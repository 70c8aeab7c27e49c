"""What a mail that comes in is, by its headers alone: a person's answer, a machine's, our own, or news of one that bounced."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a received mail was put."""

    filed = "filed"
    set_aside = "set_aside"


class Reason(StrEnum):
    """Why a mail was set aside; none of these is ever answered."""

    automatic = "automatic"
    loop = "loop"
    flood = "flood"
    stranger = "stranger"
    unmatched = "unmatched"
    bounce = "bounce"
    delayed = "delayed"


FLOOD = 20
"""So many mails from one sender in an hour are a machine's, whatever their headers say."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a server says became of a mail of ours (RFC 3464)."""

    original_id: str
    status: str

    @property
    def permanent(self) -> bool:
        return self.status.startswith("5.")


_SUBJECTS = re.compile(
    r"^\s*(automatiskt svar|autosvar|automatic reply|auto(matic)?[- ]?(reply|response)|out of office|frånvaro|ej på plats)\b",
    re.I,
)
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})


def aside(headers: Mapping[str, str], *, own: bool, recent: int) -> Reason | None:
    """Why a mail must not be taken for an answer, by headers with names in lower case; None when a person may have written it."""
    if own:
        return Reason.loop
    if recent >= FLOOD:
        return Reason.flood
    return Reason.automatic if _automatic(headers) else None


def _automatic(headers: Mapping[str, str]) -> bool:
    return (
        headers.get("auto-submitted", "no").partition(";")[0].strip().lower() != "no"
        or headers.get("precedence", "").strip().lower() in _BULK
        or bool({"x-autoreply", "x-autorespond"} & headers.keys())
        or bool(_SUBJECTS.match(headers.get("subject", "")))
    )
