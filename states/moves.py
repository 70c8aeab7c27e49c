"""What a state machine is here: a literal table of moves, and one rulebook of `transitions` that follows it and nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from transitions import Machine, MachineError

from states.errors import NotAllowed
from states.parties import Role

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class Moving(Protocol[S]):
    """Anything whose `state` a rulebook may change: a row, a derived value, a plain object in a test."""

    state: S


@dataclass(frozen=True, slots=True)
class Move(Generic[S, E]):
    """One legal step: what happens, from where, to where, and which roles may cause it (empty: only the product itself)."""

    event: E
    source: S
    dest: S
    by: frozenset[Role]


def moves(event: E, sources: Iterable[S], dest: S, by: frozenset[Role]) -> tuple[Move[S, E], ...]:
    """The same step from several states, written as one line of a table."""
    return tuple(Move(event, source, dest, by) for source in sources)


class Rulebook(Generic[S, E]):
    """The one module-level machine of a concept; shared by every row, without conditions, callbacks or queue."""

    def __init__(self, states: type[S], initial: S, table: Sequence[Move[S, E]]) -> None:
        self.table = tuple(table)
        self._machine = Machine(
            model=None,
            states=states,
            initial=initial,
            auto_transitions=False,
            transitions=[{"trigger": _trigger(m.event, m.source, m.dest), "source": m.source, "dest": m.dest} for m in table],
        )

    def advance(self, model: Moving[S], event: E, dest: S | None = None) -> Move[S, E]:
        """Move the model one step, or raise NotAllowed and leave it untouched; `dest` is needed where the facts decide it."""
        move = self.find(event, model.state, dest)
        try:
            self._machine.events[_trigger(move.event, move.source, move.dest)].trigger(model)
        except MachineError:
            raise NotAllowed(event, model.state) from None
        return move

    def find(self, event: E, source: S, dest: S | None = None) -> Move[S, E]:
        """The legal move for an event in a state; raises NotAllowed where the table has none."""
        for move in self.table:
            if move.event == event and move.source == source and dest in (None, move.dest):
                return move
        raise NotAllowed(event, source)

    def allows(self, event: E, source: S) -> bool:
        return any(m.event == event and m.source == source for m in self.table)

    def open_to(self, source: S, role: Role) -> tuple[E, ...]:
        """What this role may do from this state, in the table's order: the buttons of a page."""
        return tuple(dict.fromkeys(m.event for m in self.table if m.source == source and role in m.by))


def _trigger(event: StrEnum, source: StrEnum, dest: StrEnum) -> str:
    """The name `transitions` knows one row by; source and destination are in it because facts may choose between rows."""
    return f"{event}:{source}:{dest}"
