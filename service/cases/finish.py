"""Ending without a signature, and starting again: decline, withdraw, resume."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases.agree import if_settled
from service.cases.dates import lapse
from service.cases.frozen import make_obsolete
from service.cases.mail import task_done, tell
from service.cases.steps import step
from service.cases.wording import reason as reason_text
from service.post.letters import LetterName
from service.store.standing import Standing, load, refresh
from service.store.tables import Agreement, Programme
from states.access import Operation
from states.agreement import LIVE, RULEBOOK, Event, State
from states.calendar import civil
from states.errors import Blocked, NotAllowed, Reason
from states.parties import Actor


def decline(session: Session, actor: Actor, now: datetime, agreement_id: UUID, why: str, version: int | None = None) -> Standing:
    """A party says no: it counts as an answer, stops every reminder and can be undone; the caller has used a fresh code."""
    standing = load(session, actor, Operation.decline, agreement_id, version=version)
    RULEBOOK.find(Event.decline, standing.agreement.state)
    why = reason_text(why, missing="Skriv varför ni tackar nej.")
    party = standing.party_of(actor)
    party.row.answered_at = now
    session.add(party.row)
    _end(session, actor, now, standing, Event.decline, State.declined, why)
    for other in standing.parties:
        tell(session, now, standing, other, LetterName.declined, {"fran": party.organisation.name, "motivering": why})
    return standing


def withdraw(session: Session, actor: Actor, now: datetime, agreement_id: UUID, why: str, version: int | None = None) -> Standing:
    """The region takes its proposal back; the others are told if they ever got it."""
    standing = load(session, actor, Operation.withdraw, agreement_id, version=version)
    RULEBOOK.find(Event.withdraw, standing.agreement.state)
    why = reason_text(why, missing="Skriv varför ni drar tillbaka förslaget.")
    _end(session, actor, now, standing, Event.withdraw, State.withdrawn, why)
    if standing.agreement.proposed_at:
        for other in standing.others(standing.region):
            tell(session, now, standing, other, LetterName.withdrawn, {"motivering": why})
    return standing


def resume(session: Session, actor: Actor, now: datetime, agreement_id: UUID, version: int | None = None) -> Standing:
    """Take up an ended negotiation where it stood; one that was never proposed is a draft again."""
    standing = load(session, actor, Operation.resume, agreement_id, version=version)
    agreement = standing.agreement
    event = Event.resume if agreement.proposed_at else Event.redraft
    RULEBOOK.find(event, agreement.state)
    _check_resumable(session, agreement, now)
    make_obsolete(session, now, standing)
    agreement.ended_as, agreement.ended_reason, agreement.waiting_since = None, "", now
    agreement.due_round += 1
    party = standing.party_of(actor)
    party.row.answered_at = now
    session.add(party.row)
    step(session, actor, now, standing, event)
    if event is Event.resume:
        facts = {"fran": party.organisation.name} | ({"svarsdatum": ""} if agreement.due and agreement.due < civil(now) else {})
        for other in standing.others(party):
            tell(session, now, standing, other, LetterName.resumed, facts)
        if_settled(session, actor, now, refresh(session, standing))
    return standing


def _end(session: Session, actor: Actor, now: datetime, standing: Standing, event: Event, ended: State, why: str) -> None:
    make_obsolete(session, now, standing)
    lapse(session, actor, now, standing)
    task_done(session, actor, now, standing)
    standing.agreement.ended_as, standing.agreement.ended_reason = ended, why
    standing.agreement.waiting_since = None
    step(session, actor, now, standing, event, reason=why)


def _check_resumable(session: Session, agreement: Agreement, now: datetime) -> None:
    programme = session.get_one(Programme, agreement.programme_id)
    if programme.period_to < civil(now):
        raise Blocked(Reason("programme-over", "Planperioden är slut. Ni kan inte ta upp ärendet igen."))
    other = select(Agreement.id).where(
        col(Agreement.programme_id) == agreement.programme_id,
        col(Agreement.party_key) == agreement.party_key,
        col(Agreement.id) != agreement.id,
        col(Agreement.state).in_(LIVE),
    )
    if session.exec(other).first():
        raise Blocked(Reason("live-agreement-exists", "Det finns redan en ny överenskommelse mellan samma parter."))
    if agreement.ended_as is None:
        raise NotAllowed(Event.resume, agreement.state)
