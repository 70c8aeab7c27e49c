"""A clause and the core rule: what is agreed, excluded and whose turn it is follow from text versions and stances, nothing else.

1. The head is the latest sent version; its author has thereby accepted it.
2. A party's stance is its latest stance on the head; `withdraw` means none again, also for the author.
3. Excluded if any party excludes; agreed if every party accepts; withdrawn if the region withdrew the area; else open:
   proposed while every version comes from the origin party, countered after that.
4. An open clause waits on the parties without a stance on its head.
5. All clauses closed and at least one agreed: the agreement is agreed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from states.moves import Move, Rulebook, moves
from states.parties import NEGOTIATORS, RECORDERS, SIGNATORY, STRATEGIST


class State(StrEnum):
    """Where one clause stands; always derived."""

    proposed = "proposed"
    countered = "countered"
    agreed = "agreed"
    excluded = "excluded"
    withdrawn = "withdrawn"


class Command(StrEnum):
    """What a party can do with a clause; `dissent` is a board or a signatory taking its party's stance back."""

    accept = "accept"
    counter = "counter"
    exclude = "exclude"
    propose_again = "propose_again"
    retract = "retract"
    reopen = "reopen"
    dissent = "dissent"
    withdraw_area = "withdraw_area"


class StanceKind(StrEnum):
    """What a party says of one version."""

    accept = "accept"
    exclude = "exclude"
    withdraw = "withdraw"


OPEN = (State.proposed, State.countered)
_OBJECTORS = RECORDERS | SIGNATORY

MOVES: tuple[Move[State, Command], ...] = (
    Move(Command.accept, State.proposed, State.proposed, NEGOTIATORS),
    Move(Command.accept, State.countered, State.countered, NEGOTIATORS),
    *moves(Command.accept, OPEN, State.agreed, NEGOTIATORS),
    Move(Command.counter, State.proposed, State.proposed, NEGOTIATORS),
    *moves(Command.counter, OPEN, State.countered, NEGOTIATORS),
    *moves(Command.exclude, OPEN, State.excluded, NEGOTIATORS),
    Move(Command.propose_again, State.excluded, State.proposed, NEGOTIATORS),
    Move(Command.propose_again, State.excluded, State.countered, NEGOTIATORS),
    Move(Command.retract, State.countered, State.countered, NEGOTIATORS),
    Move(Command.retract, State.countered, State.excluded, NEGOTIATORS),
    Move(Command.reopen, State.agreed, State.proposed, NEGOTIATORS),
    Move(Command.reopen, State.agreed, State.countered, NEGOTIATORS),
    *moves(Command.dissent, (State.proposed, State.agreed), State.proposed, _OBJECTORS),
    *moves(Command.dissent, (State.countered, State.agreed), State.countered, _OBJECTORS),
    Move(Command.dissent, State.excluded, State.proposed, _OBJECTORS),
    Move(Command.dissent, State.excluded, State.countered, _OBJECTORS),
    *moves(Command.withdraw_area, OPEN, State.withdrawn, STRATEGIST),
)
"""Where one command has two destinations the facts choose: rule 3 decides, the rulebook says whether that is lawful."""

RULEBOOK = Rulebook(State, State.proposed, MOVES)


@dataclass(frozen=True, slots=True)
class Version:
    """One sent text: its number, the number it was written from, and the party that wrote it."""

    id: UUID
    seq: int
    base_seq: int
    party: UUID


@dataclass(frozen=True, slots=True)
class Stance:
    """What one party said of one version; a sequence of stances is in the order they were taken."""

    version: UUID
    party: UUID
    kind: StanceKind


@dataclass(frozen=True, slots=True)
class Negotiated:
    """One clause as facts: who brought it, its versions in order, its stances in order, whether the region withdrew the area."""

    id: UUID
    origin: UUID
    versions: tuple[Version, ...]
    stances: tuple[Stance, ...] = ()
    area_withdrawn: bool = False

    @property
    def head(self) -> Version:
        return self.versions[-1]


def stance_of(clause: Negotiated, party: UUID) -> StanceKind | None:
    """The party's latest stance on the head: None when it has said nothing, or taken back what it said."""
    stance = StanceKind.accept if clause.head.party == party else None
    for said in clause.stances:
        if said.version == clause.head.id and said.party == party:
            stance = None if said.kind is StanceKind.withdraw else said.kind
    return stance


def state(clause: Negotiated, parties: Sequence[UUID]) -> State:
    """Rule 3 for the parties of the agreement (two or more)."""
    if clause.area_withdrawn:
        return State.withdrawn
    stances = {stance_of(clause, party) for party in parties}
    if StanceKind.exclude in stances:
        return State.excluded
    if stances == {StanceKind.accept}:
        return State.agreed
    return State.proposed if all(v.party == clause.origin for v in clause.versions) else State.countered


def waiting_on(clause: Negotiated, parties: Sequence[UUID]) -> frozenset[UUID]:
    """Rule 4: the parties that owe an answer to the head of an open clause."""
    if state(clause, parties) not in OPEN:
        return frozenset()
    return frozenset(party for party in parties if stance_of(clause, party) is None)


def settled(clauses: Iterable[Negotiated], parties: Sequence[UUID]) -> bool:
    """Rule 5: nothing is open and something is agreed."""
    states = [state(clause, parties) for clause in clauses]
    return State.agreed in states and not any(s in OPEN for s in states)


def all_left_out(clauses: Iterable[Negotiated], parties: Sequence[UUID]) -> bool:
    """Nothing is open and nothing is agreed: the strategist must decline or propose anew."""
    states = [state(clause, parties) for clause in clauses]
    return bool(states) and all(s in (State.excluded, State.withdrawn) for s in states)
