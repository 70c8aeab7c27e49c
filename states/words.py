"""The one diff engine: what was taken away and what came, in whole words, for pages, Word, mail and API."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from rapidfuzz.distance import Indel, Opcode

from states.said import _

REWRITTEN_BELOW = 0.4
"""Ordinary rewordings measure 0.74-0.77, a rewritten text 0.13."""

_TOKEN = re.compile(r"\w+(?:[-’'.:]\w+)*|\s+|[^\w\s]")
_PLACE_LENGTH = 60
"""How much of the text before a change is looked at to name the word it comes after."""


class Kind(StrEnum):
    """What became of a piece of text."""

    same = "same"
    deleted = "del"
    inserted = "ins"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text of one kind; same and deleted joined give the old text, same and inserted the new."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What stands in the old and in the new text at one place; `equal` when they agree."""

    old: str
    new: str
    equal: bool

    @property
    def joins(self) -> bool:
        """Spaces alone between two changes join them into one phrase; a line break keeps them apart."""
        return not self.equal or (self.old.isspace() and "\n" not in self.old)


def tokens(text: str) -> list[str]:
    """Words with inner `-’'.:`, runs of spaces, single signs; joined they are the text again."""
    return _TOKEN.findall(text)


def opcodes(old: Sequence[str], new: Sequence[str]) -> list[Opcode]:
    """The steps (equal, delete, insert) from one list of tokens to the other, as few as can be."""
    ids: dict[str, int] = {}
    a, b = ([ids.setdefault(token, len(ids)) for token in side] for side in (old, new))
    return list(Indel.opcodes(a, b))


def diff(old: str, new: str) -> tuple[Piece, ...]:
    """The changes word by word, in order; at each place what is deleted stands before what is inserted.

    1. Tokens are compared with the fewest steps.
    2. Changes with only spaces between them become one phrase, so that phrases are marked, not crumbs.
    3. Spaces that such a phrase begins or ends with on both sides are given back as unchanged.
    4. If then nothing but spaces is left on one side, the phrase was two changes after all and stays two.
    """
    return _merged(piece for phrase in _phrases(_stretches(tokens(old), tokens(new))) for piece in _pieces(phrase))


def likeness(old: str, new: str) -> float:
    """2 × common tokens / all tokens, white space not counted: 1 for equal texts, 0 for texts without a common word."""
    ids: dict[str, int] = {}
    a, b = ([ids.setdefault(token, len(ids)) for token in tokens(side) if not token.isspace()] for side in (old, new))
    every = len(a) + len(b)
    return (every - Indel.distance(a, b)) / every if every else 1.0


def rewritten(old: str, new: str) -> bool:
    """Whether so little is left that the texts are better read side by side."""
    return likeness(old, new) < REWRITTEN_BELOW


def changes_in_words(old: str, new: str) -> tuple[str, ...]:
    """The list "Ändringar i ord": one Swedish sentence a change, in the order of the text."""
    sentences = tuple(filter(None, (_sentence(*change) for change in _changes(diff(old, new)))))
    return sentences or ((_("Ändrat bara mellanslag eller radbrytningar."),) if old != new else ())


def _stretches(old: list[str], new: list[str]) -> list[_Stretch]:
    return [
        _Stretch("".join(old[op.src_start : op.src_end]), "".join(new[op.dest_start : op.dest_end]), op.tag == "equal")
        for op in opcodes(old, new)
    ]


def _phrases(stretches: list[_Stretch]) -> Iterator[list[_Stretch]]:
    """Runs of stretches that join, and between them single unchanged ones."""
    for _joins, run in groupby(stretches, key=lambda stretch: stretch.joins):
        yield list(run)


def _pieces(phrase: list[_Stretch]) -> Iterator[Piece]:
    gone, come = "".join(s.old for s in phrase), "".join(s.new for s in phrase)
    start = _shared_spaces(gone, come)
    end = _shared_spaces(gone[start:][::-1], come[start:][::-1])
    middle, added = gone[start : len(gone) - end], come[start : len(come) - end]
    if len(phrase) > 1 and _hollow(middle) is not _hollow(added) and middle and added:
        for stretch in phrase:
            yield from _plain(stretch.old, stretch.new, stretch.equal)
        return
    yield Piece(Kind.same, gone[:start])
    yield from _plain(middle, added, middle == added)
    yield Piece(Kind.same, gone[len(gone) - end :])


def _plain(gone: str, come: str, equal: bool) -> tuple[Piece, ...]:
    return (Piece(Kind.same, gone),) if equal else (Piece(Kind.deleted, gone), Piece(Kind.inserted, come))


def _hollow(text: str) -> bool:
    return not text.strip()


def _shared_spaces(a: str, b: str) -> int:
    """How many white-space characters both texts begin with."""
    count = 0
    for one, other in zip(a, b, strict=False):
        if one != other or not one.isspace():
            break
        count += 1
    return count


def _merged(pieces: Iterator[Piece]) -> tuple[Piece, ...]:
    """Neighbours of one kind become one; empty ones go; between unchanged pieces the deleted stands before the inserted."""
    merged: list[Piece] = []
    for unchanged, run in groupby((p for p in pieces if p.text), key=lambda piece: piece.kind is Kind.same):
        found = list(run)
        for kind in (Kind.same,) if unchanged else (Kind.deleted, Kind.inserted):
            text = "".join(p.text for p in found if p.kind is kind)
            merged += [Piece(kind, text)] if text else []
    return tuple(merged)


def _changes(pieces: tuple[Piece, ...]) -> Iterator[tuple[str, str, str]]:
    """What went, what came, and the nearest text before the place in the new text."""
    before = ""
    for unchanged, run in groupby(pieces, key=lambda piece: piece.kind is Kind.same):
        texts = {piece.kind: piece.text for piece in run}
        if not unchanged:
            yield texts.get(Kind.deleted, ""), texts.get(Kind.inserted, ""), before
        stands = texts.get(Kind.same if unchanged else Kind.inserted, "")
        before = before if _hollow(stands) else stands


def _sentence(gone: str, come: str, before: str) -> str:
    """One change as people say it; empty when only white space changed."""
    old, new = " ".join(gone.split()), " ".join(come.split())
    if old and new:
        return _("Ersatt ”{old}” med ”{new}”.", old=old, new=new)
    if old:
        return _("Tagit bort ”{old}”.", old=old)
    near = before.rstrip()[-_PLACE_LENGTH:].split()
    if new and near:
        return _("Lagt till ”{new}” efter ”{near}”.", new=new, near=near[-1])
    return _("Lagt till ”{new}” i början.", new=new) if new else ""
