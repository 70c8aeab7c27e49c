"""A decision step: what one party's board or delegate decides about the frozen text."""

from enum import StrEnum

from states.moves import Move, Rulebook, moves
from states.parties import NEGOTIATORS, NOBODY, RECORDERS


class State(StrEnum):
    """Where one decision step stands."""

    planned = "planned"
    papers_sent = "papers_sent"
    decided = "decided"
    cancelled = "cancelled"


class Event(StrEnum):
    """What can happen to a decision step; a tabled one is planned again."""

    send_papers = "send_papers"
    decide = "decide"
    table = "table"
    cancel = "cancel"


class Kind(StrEnum):
    """How a party decides."""

    resolution = "resolution"
    delegated = "delegated"
    notice = "notice"
    information = "information"


class Outcome(StrEnum):
    """What was decided."""

    approved = "approved"
    rejected = "rejected"
    referred_back = "referred_back"
    tabled = "tabled"


REQUIRED = (Kind.resolution, Kind.delegated)
"""Kinds that must be approved before signing; a notice or information never holds anything up."""

_OPEN = (State.planned, State.papers_sent)

MOVES: tuple[Move[State, Event], ...] = (
    Move(Event.send_papers, State.planned, State.papers_sent, NEGOTIATORS),
    *moves(Event.decide, _OPEN, State.decided, RECORDERS),
    *moves(Event.table, _OPEN, State.planned, RECORDERS),
    *moves(Event.cancel, (*_OPEN, State.decided), State.cancelled, NOBODY),
)

RULEBOOK = Rulebook(State, State.planned, MOVES)
advance = RULEBOOK.advance
