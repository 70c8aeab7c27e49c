"""A signature slot: one person's place under one text."""

from enum import StrEnum

from states.moves import Move, Rulebook, moves
from states.parties import NOBODY, SIGNATORY, STRATEGIST, Role


class State(StrEnum):
    """Where one slot stands."""

    pending = "pending"
    requested = "requested"
    signed = "signed"
    refused = "refused"
    expired = "expired"
    void = "void"


class Event(StrEnum):
    """What can happen to a slot."""

    request = "request"
    sign = "sign"
    refuse = "refuse"
    expire = "expire"
    void = "void"


class Method(StrEnum):
    """How a signature was given."""

    code = "code"
    paper = "paper"


MOVES: tuple[Move[State, Event], ...] = (
    *moves(Event.request, (State.pending, State.expired), State.requested, STRATEGIST | {Role.flow}),
    Move(Event.sign, State.requested, State.signed, SIGNATORY),
    Move(Event.refuse, State.requested, State.refused, SIGNATORY),
    Move(Event.expire, State.requested, State.expired, NOBODY),
    *moves(Event.void, (State.pending, State.requested, State.signed, State.refused, State.expired), State.void, NOBODY),
)

RULEBOOK = Rulebook(State, State.pending, MOVES)
advance = RULEBOOK.advance
