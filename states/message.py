"""A message in the outbox, from queued to delivered, or stopped with its reason."""

from enum import StrEnum

from states.moves import Move, Rulebook, moves
from states.parties import NOBODY, STRATEGIST


class State(StrEnum):
    """Where one message stands."""

    queued = "queued"
    sent = "sent"
    delivered = "delivered"
    bounced = "bounced"
    suppressed = "suppressed"
    failed = "failed"


class Event(StrEnum):
    """What can happen to a message."""

    send = "send"
    deliver = "deliver"
    bounce = "bounce"
    suppress = "suppress"
    fail = "fail"
    resend = "resend"


MOVES: tuple[Move[State, Event], ...] = (
    Move(Event.send, State.queued, State.sent, NOBODY),
    Move(Event.deliver, State.sent, State.delivered, NOBODY),
    Move(Event.bounce, State.sent, State.bounced, NOBODY),
    Move(Event.suppress, State.queued, State.suppressed, NOBODY),
    Move(Event.fail, State.queued, State.failed, NOBODY),
    *moves(Event.resend, (State.failed, State.bounced), State.queued, STRATEGIST),
)

RULEBOOK = Rulebook(State, State.queued, MOVES)
advance = RULEBOOK.advance
