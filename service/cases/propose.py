"""Sending the region's first proposal to the other parties."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from service.cases.mail import tell
from service.cases.steps import step
from service.post.letters import LetterName
from service.store.contacts import main_contacts
from service.store.standing import Standing, load
from states.access import Operation
from states.agreement import Event
from states.calendar import civil
from states.errors import Blocked, Reason
from states.parties import Actor
from states.said import _


def send_proposal(
    session: Session,
    actor: Actor,
    now: datetime,
    agreement_id: UUID,
    version: int | None = None,
    *,
    due: date | None = None,
    due_firm: bool | None = None,
) -> Standing:
    """Send the draft to the other parties: it is negotiated from now on, and each contact gets one mail with a personal link."""
    standing = load(session, actor, Operation.send_proposal, agreement_id, version=version)
    agreement = standing.agreement
    agreement.due = due or agreement.due
    agreement.due_firm = agreement.due_firm if due_firm is None else due_firm
    if reasons := missing(session, now, standing):
        raise Blocked(*reasons)
    agreement.proposed_at = agreement.waiting_since = now
    step(session, actor, now, standing, Event.send_proposal, due=str(agreement.due), firm=agreement.due_firm)
    for party in standing.others(standing.party_of(actor)):
        tell(session, now, standing, party, LetterName.proposal, once="proposal")
    return standing


def missing(session: Session, now: datetime, standing: Standing) -> tuple[Reason, ...]:
    """What must be there before the proposal can go: clauses, a contact in every party, a last day that has not passed."""
    reasons = []
    agreement = standing.agreement
    if not standing.clauses:
        reasons.append(Reason("no-clause", "Överenskommelsen har inga områden."))
    for party in standing.parties:
        if not main_contacts(session, party.organisation, agreement.programme_id, civil(now)):
            reasons.append(
                Reason(
                    "no-contact", _("{party} saknar kontaktperson. Lägg till en under Kontakter.", party=party.organisation.name)
                )
            )
    if agreement.due is None:
        reasons.append(Reason("no-due", "Ange när ni vill ha svar."))
    elif agreement.due < civil(now):
        reasons.append(Reason("due-passed", "Svarsdagen har redan passerat. Välj en senare dag."))
    return tuple(reasons)
