"""Opening an agreed clause again, by a new text, or because a board or a signatory objects."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from service.cases.case_number import MISSING
from service.cases.frozen import make_obsolete
from service.cases.mail import task_done, tell
from service.cases.opening import SLOTS_MISSING
from service.cases.steps import note, step
from service.cases.texts import add_stance, add_version, conflict, head_row
from service.cases.wording import reason as reason_text
from service.cases.wording import wording
from service.post.letters import LetterName
from service.store.standing import Party, Standing, load, refresh
from states import clause as rule
from states.access import Operation
from states.agreement import FROZEN, Event, State
from states.clause import Command, StanceKind
from states.errors import Blocked, NotAllowed, Reason, Stale
from states.parties import Actor


def reopen(
    session: Session,
    actor: Actor,
    now: datetime,
    agreement_id: UUID,
    clause_id: UUID,
    base: UUID | None,
    title: str,
    fields: dict[str, str],
    reason: str,
    version: int | None = None,
) -> Standing:
    """Open one agreed clause with a new text and a reason; what was frozen is obsolete, its signatures void but on file."""
    standing = load(session, actor, Operation.reopen, agreement_id, version=version)
    party, clause = standing.party_of(actor), standing.clause(clause_id)
    state = standing.state_of(clause)
    if standing.agreement.state not in (State.negotiating, *FROZEN) or not rule.RULEBOOK.allows(Command.reopen, state):
        raise NotAllowed(Command.reopen, state)
    title, fields = wording(title, fields)
    why = reason_text(reason, missing="Skriv varför ni vill öppna området igen.")
    if base != clause.head.id:
        raise Stale(conflict(session, clause, base, title, fields))
    head = head_row(session, clause)
    if (title, fields) == (head.title, head.fields):
        raise Blocked(Reason("unchanged-text", "Ändra något i texten. Annars behöver ni inte öppna området.", str(clause_id)))
    add_version(session, actor, now, party.id, clause, title, fields, why)
    return back_to_negotiation(session, actor, now, standing, party, Event.reopen, why, (title,))


def object_to(
    session: Session,
    actor: Actor,
    now: datetime,
    standing: Standing,
    party: Party,
    event: Event,
    why: str,
    clauses: Sequence[UUID],
) -> Standing:
    """A board or a signatory objects: the party's stances on the named clauses (none: all agreed ones) are withdrawn."""
    agreed = [c for c in standing.clauses if standing.state_of(c) is rule.State.agreed]
    named = [standing.clause(i) for i in clauses] or agreed
    for clause in named:
        if clause not in agreed:
            raise NotAllowed(Command.dissent, standing.state_of(clause))
        add_stance(session, actor, now, party.id, clause.head.id, StanceKind.withdraw, note=why, response=None)
    titles = tuple(head_row(session, c).title for c in named)
    return back_to_negotiation(session, actor, now, standing, party, event, why, titles)


def back_to_negotiation(
    session: Session,
    actor: Actor,
    now: datetime,
    standing: Standing,
    party: Party,
    event: Event,
    why: str,
    titles: Sequence[str],
) -> Standing:
    """The agreement is negotiated again: the frozen text is obsolete and every other party is told why; of a refusal all are."""
    frozen = make_obsolete(session, now, standing)
    task_done(session, actor, now, standing, SLOTS_MISSING, MISSING)
    standing = refresh(session, standing)
    standing.agreement.reopened_at = standing.agreement.waiting_since = now
    standing.agreement.due_round += 1
    if standing.agreement.state is State.negotiating:
        note(session, actor, now, standing, "reopen_clause", party=party.organisation.name, reason=why)
    else:
        code = frozen.control_code if frozen else ""
        step(session, actor, now, standing, event, party=party.organisation.name, reason=why, obsolete=code)
    letter = {Event.refer_back: LetterName.decision_referred_back, Event.refuse: LetterName.sign_refused}.get(
        event, LetterName.reopened
    )
    facts = {"fran": party.organisation.name, "omraden": "\n".join(f"– {t}" for t in titles), "motivering": why}
    for told in standing.parties if event is Event.refuse else standing.others(party):  # the signatory is not the contact
        tell(session, now, standing, told, letter, facts)
    return standing
