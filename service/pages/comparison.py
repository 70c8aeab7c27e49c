"""Two texts of a clause beside each other, field by field, as the pages show their differences."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from states.facts import FIELD_CODES
from states.words import Kind, Piece, changes_in_words, diff, rewritten

CODES = ("t", *FIELD_CODES)
"""The title and the five fields."""


class Look(StrEnum):
    """How differences are shown; the value stands in the address."""

    inline = "text"
    sides = "sidor"
    words = "ord"
    clean = "hel"


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field before and after; `fresh` when there is nothing to compare with."""

    code: str
    old: str
    new: str
    fresh: bool = False

    @property
    def changed(self) -> bool:
        return not self.fresh and self.old != self.new

    @property
    def rewritten(self) -> bool:
        """So little is left that the texts are shown side by side first."""
        return self.changed and bool(self.old and self.new) and rewritten(self.old, self.new)

    @property
    def pieces(self) -> tuple[Piece, ...]:
        return diff(self.old, self.new)

    @property
    def words(self) -> tuple[str, ...]:
        return changes_in_words(self.old, self.new)

    @property
    def counts(self) -> tuple[int, int]:
        """How many pieces were taken away and how many came."""
        kinds = [piece.kind for piece in self.pieces]
        return kinds.count(Kind.deleted), kinds.count(Kind.inserted)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All fields of two wordings, the title first."""

    fields: tuple[FieldView, ...]

    @property
    def changed(self) -> tuple[FieldView, ...]:
        return tuple(f for f in self.fields if f.changed)

    @property
    def unchanged(self) -> tuple[FieldView, ...]:
        """What stays as it was and is not empty; the title stands on the card already."""
        return tuple(f for f in self.body if not f.changed and f.new)

    @property
    def body(self) -> tuple[FieldView, ...]:
        return tuple(f for f in self.fields if f.code != "t")

    @property
    def fresh(self) -> bool:
        return all(f.fresh for f in self.fields)


def compare(old: Mapping[str, str] | None, new: Mapping[str, str]) -> Comparison:
    """The differences between two wordings; None as the old one means that everything is new to the reader."""
    if old is None:
        return Comparison(tuple(FieldView(code, "", new.get(code, ""), fresh=True) for code in CODES))
    return Comparison(tuple(FieldView(code, old.get(code, ""), new.get(code, "")) for code in CODES))


@dataclass(frozen=True, slots=True)
class Merged:
    """What both sides wrote from one text, put together; `clashes` names the fields where only a person can choose."""

    wording: dict[str, str]
    clashes: frozenset[str]


def merge(base: Mapping[str, str], theirs: Mapping[str, str], yours: Mapping[str, str]) -> Merged:
    """Field by field: whoever changed it wins; where both did, differently, yours stands and the field is a clash."""
    merged, clashes = {}, set()
    for code in CODES:
        was, their, your = base.get(code, ""), theirs.get(code, ""), yours.get(code, "")
        merged[code] = their if your == was else your
        if your not in (was, their) and their != was:
            clashes.add(code)
    return Merged(merged, frozenset(clashes))
