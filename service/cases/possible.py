"""What a person can do with a clause or an agreement right now: the buttons of a page, from the rulebooks and the guards."""

from service.store.standing import Party, Standing
from states import clause as rule
from states.agreement import FROZEN, RULEBOOK, Event, State
from states.clause import Command, Negotiated, StanceKind
from states.parties import Role

ANSWERS = frozenset({Command.accept, Command.counter, Command.exclude, Command.propose_again})


def commands(standing: Standing, clause: Negotiated, party: Party, role: Role, *, own_hand: bool = True) -> frozenset[Command]:
    """What the party may do with the clause: what the rulebook of clauses opens, less what the facts of today shut.

    `own_hand`: the party's own side sent the head; one that is back because another took its own back cannot be retracted.
    """
    found = set(rule.RULEBOOK.open_to(standing.state_of(clause), role))
    if not RULEBOOK.allows(Event.send_response, standing.agreement.state):
        found -= ANSWERS
    if rule.stance_of(clause, party.id) is StanceKind.accept:
        found.discard(Command.accept)
    mine = own_hand and clause.head.party == party.id and not _answered(clause, party)
    if standing.agreement.state is not State.negotiating or not mine:
        found.discard(Command.retract)
    if standing.agreement.state not in (State.negotiating, *FROZEN):
        found.discard(Command.reopen)
    return frozenset(found)


def events(standing: Standing, role: Role) -> frozenset[Event]:
    """What the role may do with the whole agreement; an ended one is resumed, or a draft again if it was never proposed."""
    found = set(RULEBOOK.open_to(standing.agreement.state, role))
    found.discard(Event.redraft if standing.agreement.proposed_at else Event.resume)
    return frozenset(found)


def may_add(standing: Standing, role: Role) -> bool:
    """Whether the role may propose an area of its own: while answers may be sent."""
    return Event.send_response in RULEBOOK.open_to(standing.agreement.state, role)


def _answered(clause: Negotiated, party: Party) -> bool:
    return any(s.version == clause.head.id and s.party != party.id for s in clause.stances)
