"""The grammar of anchors: names that tie a paragraph of a Word file to a clause and a field, written and parsed in one place.

Every negotiated paragraph carries two, since each kind dies somewhere: a hidden bookmark around the field, and a content control
around the text of each paragraph. The id of the clause always stands whole: the first half of a UUIDv7 is mostly clock, and
clauses made together would collide. 32 digits and a field code of at most three letters just fit the 40 characters Word allows.
"""

import re
from dataclasses import dataclass
from uuid import UUID

TITLE = "t"

_FIELD = r"[a-z]{1,3}"
_BOOKMARK = re.compile(rf"_ov_([0-9a-f]{{16,32}})_({_FIELD})", re.IGNORECASE)
_TAG = re.compile(rf"a:([0-9a-f-]{{16,36}}):({_FIELD}):(\d+)")
_SLOT_BOOKMARK = re.compile(r"_ov_new_(\d+)", re.IGNORECASE)
_SLOT_TAG = re.compile(rf"n:(\d+):({_FIELD}):(\d+)")


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place in a clause: the clause id as 16–32 hexadecimal digits, the field code, and which paragraph when one is meant."""

    clause: str
    field: str
    paragraph: int | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in an empty slot for a new area: the slot's number; field code and paragraph for its controls."""

    number: int
    field: str | None = None
    paragraph: int | None = None


def bookmark(clause_id: str, field: str) -> str:
    """The bookmark of a field; raises ValueError when the clause id is no UUID."""
    return f"_ov_{UUID(clause_id).hex}_{field}"


def tag(clause_id: str, field: str, paragraph: int) -> str:
    """The tag of the control around one paragraph of a field, counted from 0."""
    return f"a:{UUID(clause_id)}:{field}:{paragraph}"


def slot_bookmark(number: int) -> str:
    return f"_ov_new_{number}"


def slot_tag(number: int, field: str, paragraph: int = 0) -> str:
    return f"n:{number}:{field}:{paragraph}"


def parse_bookmark(name: str) -> Anchor | Slot | None:
    """What a bookmark's name points at; None when it is not ours. Programs may have changed the case of the letters."""
    if found := _BOOKMARK.fullmatch(name):
        return Anchor(found[1].lower(), found[2].lower())
    if found := _SLOT_BOOKMARK.fullmatch(name):
        return Slot(int(found[1]))
    return None


def parse_tag(text: str) -> Anchor | Slot | None:
    """What a control's tag points at; None when it is not ours."""
    if found := _TAG.fullmatch(text):
        return Anchor(found[1].replace("-", ""), found[2], int(found[3]))
    if found := _SLOT_TAG.fullmatch(text):
        return Slot(int(found[1]), found[2], int(found[3]))
    return None
