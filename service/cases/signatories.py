"""Who signs for a party: the places that are planned, and another person in a place that is not signed yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases.contacts import NewContact, assign
from service.cases.frozen import frozen_text
from service.cases.mail import task_about_done
from service.cases.opening import ask, open_when_decided, release, slots_of, unverified
from service.cases.steps import note
from service.cases.wording import line
from service.post.letters import LetterName
from service.store import outbox
from service.store.contacts import Contact, contacts
from service.store.standing import Party, Standing, load, load_by
from service.store.tables import ContactAssignment, Message, SignatureSlot
from states import message, slot
from states.access import Operation
from states.agreement import CLOSED, State
from states.calendar import civil
from states.errors import Blocked, FieldError, Invalid, NotAllowed, Reason, Stale
from states.parties import SIGNATORY, Actor, Role


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


def replace_signatory(
    session: Session, actor: Actor, now: datetime, slot_id: UUID, plan: SlotPlan, version: int | None = None
) -> SignatureSlot:
    """Another person signs in a place that is asked for but not signed; the frozen text names nobody, so it stands."""
    place, standing = load_by(session, actor, Operation.plan_signing, SignatureSlot, slot_id)
    party = standing.party_for(actor, place.party_id)
    if version is not None and place.version != version:
        raise Stale
    if standing.agreement.state is not State.signing or place.state not in (slot.State.pending, slot.State.requested):
        raise NotAllowed("replace_signatory", place.state)
    if unverified(session, place):
        raise Blocked(Reason("paper-waits", "Ett underskrivet papper väntar på kontroll. Kontrollera det först."))
    if plan.assignment is None or plan.assignment == place.assignment_id:
        raise Invalid(FieldError("assignment", "same-person", "Välj en annan person än den som står där nu."))
    new = _planned(session, standing, party, plan)
    _stop_mail(session, standing, place)
    release(session, now, standing, place)
    place.assignment_id, place.title, place.authority = new.assignment_id, new.title, new.authority
    place.mandate_until, place.version = new.mandate_until, place.version + 1
    session.add(place)
    task_about_done(session, actor, now, place.id)
    note(session, actor, now, standing, "replace_signatory", party=party.organisation.name, title=place.title)
    if place.state is slot.State.requested:
        place.requested_at = now
        ask(session, now, standing, place, frozen_text(session, standing))
    return place


def name_another(
    session: Session, actor: Actor, now: datetime, slot_id: UUID, person: NewContact, version: int | None = None
) -> SignatureSlot:
    """As `replace_signatory`, with a person who may be new: who signs for the party already keeps their assignment."""
    place, standing = load_by(session, actor, Operation.plan_signing, SignatureSlot, slot_id)
    party, programme = standing.party_for(actor, place.party_id), standing.agreement.programme_id
    title = line(person.title, "title", missing="Ange titeln som ska stå under namnet.")
    known = _signs_already(session, party, programme, civil(now), person.email)
    if known is not None and known.assignment.id == place.assignment_id:
        raise Invalid(FieldError("email", "same-person", "Personen med den adressen står redan här. Ange någon annan."))
    chosen = known.assignment if known else assign(session, actor, now, party.organisation.id, programme, person)
    return replace_signatory(session, actor, now, slot_id, SlotPlan(chosen.id, title, person.authority), version)


def _signs_already(session: Session, party: Party, programme: UUID, today: date, email: str) -> Contact | None:
    found = contacts(session, party.organisation.id, programme, today, SIGNATORY)
    return next((c for c in found if c.person.email == email.strip().lower()), None)


def _stop_mail(session: Session, standing: Standing, place: SignatureSlot) -> None:
    """What still waits to go to the one before is about a place that is no longer theirs."""
    waiting = select(Message).where(
        col(Message.agreement_id) == standing.agreement.id,
        col(Message.assignment_id) == place.assignment_id,
        col(Message.purpose).in_((LetterName.sign_request, LetterName.reminder_signature)),
        col(Message.state) == message.State.queued,
    )
    for letter in session.exec(waiting):
        outbox.suppress(session, letter, "replaced")


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
