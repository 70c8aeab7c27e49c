"""A table of moves as a picture: Mermaid text for README, so that what people read is what the rulebook says."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

from states.moves import Move

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


def mermaid(table: Sequence[Move[S, E]]) -> str:
    """A Mermaid state diagram with one arrow per pair of states, in the table's order; it begins in the first source."""
    arrows: dict[tuple[S, S], list[str]] = {}
    for move in table:
        arrows.setdefault((move.source, move.dest), []).append(move.event.value)
    sources = {source for source, _ in arrows}
    ends = dict.fromkeys(dest for _, dest in arrows if dest not in sources)
    lines = ["stateDiagram-v2", f"    [*] --> {table[0].source}"]
    lines += [f"    {source} --> {dest}: {', '.join(dict.fromkeys(events))}" for (source, dest), events in arrows.items()]
    return "\n".join([*lines, *(f"    {end} --> [*]" for end in ends)])
