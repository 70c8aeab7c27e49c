"""The life of an agreement, from draft to signed and beyond: one literal table of moves."""

from enum import StrEnum

from states.moves import Move, Rulebook, moves
from states.parties import CONTACT, NEGOTIATORS, NOBODY, RECORDERS, SIGNATORY, STRATEGIST


class State(StrEnum):
    """Where an agreement stands; whose turn it is, is derived and never a state."""

    draft = "draft"
    negotiating = "negotiating"
    agreed = "agreed"
    deciding = "deciding"
    signing = "signing"
    signed = "signed"
    declined = "declined"
    withdrawn = "withdrawn"
    terminated = "terminated"
    expired = "expired"
    superseded = "superseded"


class Event(StrEnum):
    """What can happen to an agreement."""

    send_proposal = "send_proposal"
    send_response = "send_response"
    settle = "settle"
    request_decision = "request_decision"
    open_signing = "open_signing"
    approve = "approve"
    refer_back = "refer_back"
    reject = "reject"
    table = "table"
    reopen = "reopen"
    sign = "sign"
    complete = "complete"
    refuse = "refuse"
    decline = "decline"
    withdraw = "withdraw"
    resume = "resume"
    redraft = "redraft"
    terminate = "terminate"
    expire = "expire"
    supersede = "supersede"


LIVE = (State.draft, State.negotiating, State.agreed, State.deciding, State.signing, State.signed)
"""Only one agreement in these states for one programme and set of parties (domain.md, invariant 9)."""
FROZEN = (State.agreed, State.deciding, State.signing)
PROPOSED = (State.negotiating, *FROZEN)
CLOSED = (State.signed, State.declined, State.withdrawn, State.terminated, State.expired, State.superseded)

MOVES: tuple[Move[State, Event], ...] = (
    Move(Event.send_proposal, State.draft, State.negotiating, STRATEGIST),
    Move(Event.send_response, State.negotiating, State.negotiating, NEGOTIATORS),
    Move(Event.settle, State.negotiating, State.agreed, NOBODY),
    Move(Event.request_decision, State.agreed, State.deciding, NEGOTIATORS),
    Move(Event.open_signing, State.agreed, State.signing, STRATEGIST),
    Move(Event.approve, State.deciding, State.signing, RECORDERS),
    Move(Event.refer_back, State.deciding, State.negotiating, RECORDERS),
    Move(Event.reject, State.deciding, State.declined, RECORDERS),
    Move(Event.table, State.deciding, State.deciding, RECORDERS),
    *moves(Event.reopen, FROZEN, State.negotiating, NEGOTIATORS),
    Move(Event.sign, State.signing, State.signing, SIGNATORY),
    Move(Event.complete, State.signing, State.signed, NOBODY),
    Move(Event.refuse, State.signing, State.negotiating, SIGNATORY),
    *moves(Event.decline, PROPOSED, State.declined, CONTACT),
    *moves(Event.withdraw, (State.draft, *PROPOSED), State.withdrawn, STRATEGIST),
    *moves(Event.resume, (State.declined, State.withdrawn), State.negotiating, NEGOTIATORS),
    Move(Event.redraft, State.withdrawn, State.draft, STRATEGIST),
    Move(Event.terminate, State.signed, State.terminated, NEGOTIATORS),
    Move(Event.expire, State.signed, State.expired, NOBODY),
    Move(Event.supersede, State.signed, State.superseded, NOBODY),
)

RULEBOOK = Rulebook(State, State.draft, MOVES)
advance = RULEBOOK.advance
