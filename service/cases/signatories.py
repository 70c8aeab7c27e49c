"""Who signs for a party: the places that are planned, until the signing is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from service.cases.opening import open_when_decided, slots_of
from service.cases.steps import note
from service.cases.wording import line
from service.store.standing import Party, Standing, load
from service.store.tables import ContactAssignment, SignatureSlot
from states.access import Operation
from states.agreement import CLOSED, State
from states.errors import FieldError, Invalid, NotAllowed
from states.parties import Actor, Role


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """One signatory: the assignment that signs, the title printed under the line, what the right to sign rests on."""

    assignment: UUID | None
    title: str
    authority: str = ""
    position: int = 1
    mandate_until: date | None = None


def plan_slots(
    session: Session,
    actor: Actor,
    now: datetime,
    agreement_id: UUID,
    party_id: UUID,
    plans: Sequence[SlotPlan],
    version: int | None = None,
) -> list[SignatureSlot]:
    """Say who signs for a party; replaces what was said before, until the signing is open."""
    standing = load(session, actor, Operation.plan_signing, agreement_id, version=version)
    party = standing.party_for(actor, party_id)
    if standing.agreement.state in (State.signing, *CLOSED):
        raise NotAllowed("plan_signing", standing.agreement.state)
    for old in [s for s in slots_of(session, agreement_id) if s.party_id == party.id]:
        session.delete(old)
    session.flush()
    rows = [_planned(session, standing, party, plan) for plan in plans]
    session.add_all(rows)
    session.flush()
    note(session, actor, now, standing, "plan_signing", party=party.organisation.name, titles=[r.title for r in rows])
    if standing.agreement.state is State.deciding:
        open_when_decided(session, actor, now, standing)
    return rows


def _planned(session: Session, standing: Standing, party: Party, plan: SlotPlan) -> SignatureSlot:
    if plan.assignment is not None:
        assignment = session.get(ContactAssignment, plan.assignment)
        if assignment is None or assignment.organisation_id != party.organisation.id or assignment.role is not Role.signatory:
            raise Invalid(FieldError("assignment", "not-a-signatory", "Välj en av partens undertecknare."))
    return SignatureSlot(
        agreement_id=standing.agreement.id,
        party_id=party.id,
        position=plan.position,
        title=line(plan.title, "title", missing="Ange titeln som ska stå under namnet."),
        authority=line(plan.authority, "authority"),
        mandate_until=plan.mandate_until,
        assignment_id=plan.assignment,
    )
