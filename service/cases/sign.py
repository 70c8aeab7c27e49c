"""Signing: places for signatories, requests in order, signatures by code or on paper, refusals, and the signed agreement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases.mail import tell, write
from service.cases.reopen import object_to
from service.cases.steps import note, step
from service.cases.wording import line
from service.cases.wording import reason as reason_text
from service.post.letters import LetterName
from service.store.contacts import Contact
from service.store.standing import Party, Standing, current_frozen, load, refresh, relation
from service.store.tables import ContactAssignment, DecisionStep, FrozenText, Person, Signature, SignatureSlot
from states import decision, slot
from states.access import Operation, Relation
from states.agreement import CLOSED, RULEBOOK, Event, State
from states.calendar import civil
from states.decision import REQUIRED
from states.errors import Blocked, FieldError, Invalid, NotAllowed, NotFound, NotYours, Reason
from states.facts import spoken
from states.parties import FLOW, Actor, Role
from states.slot import Method


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """One signatory: the assignment that signs, the title printed under the line, what the right to sign rests on."""

    assignment: UUID | None
    title: str
    authority: str = ""
    position: int = 1
    mandate_until: date | None = None


def slots_of(session: Session, agreement_id: UUID) -> list[SignatureSlot]:
    """The slots that count, in signing order."""
    query = select(SignatureSlot).where(
        col(SignatureSlot.agreement_id) == agreement_id, col(SignatureSlot.state) != slot.State.void
    )
    return list(session.exec(query.order_by(col(SignatureSlot.position), col(SignatureSlot.id))).all())


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
    party = standing.party(party_id)
    if relation(actor, standing.agreement) is Relation.party and party.organisation.id != actor.organisation:
        raise NotYours
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
        from service.cases.decide import open_when_decided

        open_when_decided(session, actor, now, standing)
    return rows


def lacking(session: Session, standing: Standing) -> tuple[Reason, ...]:
    """Which parties have not said who signs for them."""
    slots = slots_of(session, standing.agreement.id)
    reasons = []
    for party in standing.parties:
        own = [s for s in slots if s.party_id == party.id]
        if not own or any(s.assignment_id is None for s in own):
            reasons.append(Reason("slots-missing", f"{party.organisation.name} har inte angett vem som skriver under."))
    return tuple(reasons)


def open_signing(session: Session, actor: Actor, now: datetime, agreement_id: UUID, version: int | None = None) -> Standing:
    """Ask for the signatures where no decision is required."""
    standing = load(session, actor, Operation.open_signing, agreement_id, version=version)
    RULEBOOK.find(Event.open_signing, standing.agreement.state)
    reasons = list(lacking(session, standing))
    if _required_steps(session, agreement_id):
        reasons.append(Reason("decision-required", "Det finns ett beslut som måste fattas först. Begär beslutet."))
    if reasons:
        raise Blocked(*reasons)
    bind_and_request(session, actor, now, standing, Event.open_signing)
    return standing


def bind_and_request(session: Session, actor: Actor, now: datetime, standing: Standing, event: Event) -> None:
    """Bind every slot to the frozen text, open the signing and ask the first in order."""
    frozen = _frozen(session, standing)
    for place in slots_of(session, standing.agreement.id):
        place.frozen_id = frozen.id
        session.add(place)
    step(session, actor, now, standing, event, control_code=frozen.control_code)
    standing.agreement.waiting_since = now
    request_next(session, now, standing)


def request_next(session: Session, now: datetime, standing: Standing) -> None:
    """Ask everybody in the lowest position that is not done; the ones after them wait."""
    frozen = _frozen(session, standing)
    slots = slots_of(session, standing.agreement.id)
    open_slots = [s for s in slots if s.state is not slot.State.signed]
    turn = min((s.position for s in open_slots), default=None)
    for place in open_slots:
        if place.position == turn and place.state is slot.State.pending:
            slot.advance(place, slot.Event.request)
            place.requested_at, place.version = now, place.version + 1
            session.add(place)
            _ask(session, now, standing, place, frozen)


def sign(session: Session, actor: Actor, now: datetime, slot_id: UUID, control_code: str) -> Standing:
    """Sign by code: the caller has just used up a fresh step-up code for this slot in the same transaction."""
    place, standing = _slot(session, actor, Operation.sign, slot_id)
    if place.assignment_id != actor.assignment:
        raise NotYours
    frozen = _check_signable(session, standing, place, control_code, civil(now))
    signature = Signature(
        slot_id=place.id, frozen_id=frozen.id, control_code=frozen.control_code, method=Method.code, signed_on=civil(now), at=now,
        by_id=_assignment(actor), verified_at=now,
    )  # fmt: skip
    session.add(signature)
    return _signed(session, actor, now, standing, place, frozen, Method.code)


def refuse(session: Session, actor: Actor, now: datetime, slot_id: UUID, why: str, clauses: Sequence[UUID] = ()) -> Standing:
    """A signatory does not sign: the agreement is negotiated again, earlier signatures stay as evidence of the old text."""
    place, standing = _slot(session, actor, Operation.sign, slot_id)
    if place.assignment_id != actor.assignment:
        raise NotYours
    RULEBOOK.find(Event.refuse, standing.agreement.state)
    why = reason_text(why, missing="Skriv varför du inte skriver under, så att parterna vet vad som behöver ändras.")
    slot.advance(place, slot.Event.refuse)
    place.reason, place.version = why, place.version + 1
    session.add(place)
    party = standing.party(place.party_id)
    return object_to(session, actor, now, standing, party, Event.refuse, why, clauses)


def record_paper(
    session: Session, actor: Actor, now: datetime, slot_id: UUID, control_code: str, document_id: UUID, signed_on: date
) -> Signature:
    """Keep the scan of a signature on paper; it counts when another person at the region has compared it."""
    place, standing = _slot(session, actor, Operation.upload_signed_paper, slot_id)
    party = standing.party(place.party_id)
    if relation(actor, standing.agreement) is Relation.party and party.organisation.id != actor.organisation:
        raise NotYours
    frozen = _check_signable(session, standing, place, control_code, signed_on)
    if signed_on > civil(now):
        raise Invalid(FieldError("signed_on", "future", "Datumet för underskriften ligger i framtiden."))
    if _unverified(session, place):
        raise Blocked(Reason("already-uploaded", "Det finns redan en uppladdad underskrift som väntar på kontroll."))
    signature = Signature(
        slot_id=place.id, frozen_id=frozen.id, control_code=frozen.control_code, method=Method.paper, signed_on=signed_on, at=now,
        by_id=_assignment(actor), document_id=document_id,
    )  # fmt: skip
    session.add(signature)
    session.flush()
    note(
        session,
        actor,
        now,
        standing,
        "upload_signed_paper",
        party=party.organisation.name,
        title=place.title,
        control_code=control_code,
    )
    tell(
        session,
        now,
        standing,
        standing.region,
        LetterName.paper_to_verify,
        {"part": party.organisation.name, "titel": place.title},
    )
    return signature


def verify_paper(session: Session, actor: Actor, now: datetime, signature_id: UUID, *, holds: bool, why: str = "") -> Standing:
    """Another person at the region compares the scan with the text: the signature counts, or is set aside with a reason."""
    signature = session.get(Signature, signature_id)
    if signature is None:
        raise NotFound
    place, standing = _slot(session, actor, Operation.verify_signed_paper, signature.slot_id)
    if session.get_one(ContactAssignment, signature.by_id).person_id == actor.person:
        raise Blocked(Reason("same-person", "Den som laddade upp filen kan inte kontrollera den. Be en kollega."))
    if signature.verified_at or signature.rejected_reason or signature.method is not Method.paper:
        raise NotAllowed("verify_signed_paper", place.state)
    frozen = _check_signable(session, standing, place, signature.control_code, signature.signed_on)
    if not holds:
        signature.rejected_reason = reason_text(why, missing="Skriv vad som inte stämmer.")
        session.add(signature)
        note(session, actor, now, standing, "reject_signed_paper", title=place.title, reason=signature.rejected_reason)
        return standing
    signature.verified_at, signature.verified_by_id = now, actor.assignment
    session.add(signature)
    return _signed(session, actor, now, standing, place, frozen, Method.paper)


def _signed(
    session: Session, actor: Actor, now: datetime, standing: Standing, place: SignatureSlot, frozen: FrozenText, method: Method
) -> Standing:
    """One slot is signed; the last one completes the agreement, else the next in order is asked."""
    slot.advance(place, slot.Event.sign)
    place.version += 1
    session.add(place)
    party = standing.party(place.party_id)
    on_behalf = actor if actor.role is Role.signatory else FLOW
    facts = {"party": party.organisation.name, "title": place.title, "method": method.value, "control_code": frozen.control_code}
    step(session, on_behalf, now, standing, Event.sign, slot=str(place.id), recorded_by=str(actor.assignment), **facts)
    session.flush()
    if all(s.state is slot.State.signed for s in slots_of(session, standing.agreement.id)):
        return _complete(session, actor, now, standing, frozen)
    request_next(session, now, standing)
    return standing


def _complete(session: Session, actor: Actor, now: datetime, standing: Standing, frozen: FrozenText) -> Standing:
    """Everybody has signed the same text: every party gets the news, its registrar the file."""
    standing = refresh(session, standing)
    standing.agreement.waiting_since = now
    step(session, actor, now, standing, Event.complete, control_code=frozen.control_code)
    for party in standing.parties:
        tell(session, now, standing, party, LetterName.signed, {"kontrollkod": spoken(frozen.control_code)})
    return standing


def _check_signable(session: Session, standing: Standing, place: SignatureSlot, control_code: str, day: date) -> FrozenText:
    """The named reasons why a slot cannot be signed now."""
    RULEBOOK.find(Event.sign, standing.agreement.state)
    frozen = _frozen(session, standing)
    if place.state is slot.State.pending:
        raise Blocked(Reason("out-of-order", "Det är inte din tur ännu. Du får ett mejl när de före dig har skrivit under."))
    if place.state is slot.State.void or place.frozen_id != frozen.id:
        raise Blocked(Reason("void", "Texten har öppnats igen. Den här underskriften gäller en äldre text."))
    slot.RULEBOOK.find(slot.Event.sign, place.state)
    if control_code != frozen.control_code:
        raise Blocked(Reason("wrong-text", "Kontrollkoden hör inte till den text som är låst nu. Läs om sidan."))
    if place.mandate_until and day > place.mandate_until:
        raise Blocked(
            Reason("no-mandate", f"Rätten att skriva under gällde till {place.mandate_until}. Be parten utse någon ny.")
        )
    return frozen


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


def _ask(session: Session, now: datetime, standing: Standing, place: SignatureSlot, frozen: FrozenText) -> None:
    assignment = session.get_one(ContactAssignment, place.assignment_id)
    contact = Contact(assignment, session.get_one(Person, assignment.person_id))
    party = standing.party(place.party_id)
    names = [p.organisation.name for p in standing.others(party)]
    facts = {
        "part": party.organisation.name,
        "motpart": " och ".join(names),
        "titel": place.title,
        "kontrollkod": spoken(frozen.control_code),
    }
    key = f"sign_request:{place.id}"
    path = f"/overenskommelser/{standing.agreement.id}/beslut"
    write(session, now, standing, contact, LetterName.sign_request, facts, key=key, link_path=path)


def _required_steps(session: Session, agreement_id: UUID) -> bool:
    query = select(DecisionStep.id).where(
        col(DecisionStep.agreement_id) == agreement_id,
        col(DecisionStep.state) != decision.State.cancelled,
        col(DecisionStep.kind).in_(REQUIRED),
    )
    return session.exec(query).first() is not None


def _unverified(session: Session, place: SignatureSlot) -> bool:
    query = select(Signature.id).where(
        col(Signature.slot_id) == place.id, col(Signature.verified_at).is_(None), col(Signature.rejected_reason) == ""
    )
    return session.exec(query).first() is not None


def _frozen(session: Session, standing: Standing) -> FrozenText:
    frozen = current_frozen(session, standing.agreement.id)
    if frozen is None:
        raise Blocked(Reason("not-frozen", "Texten är inte låst. Parterna behöver bli överens först."))
    return frozen


def _slot(session: Session, actor: Actor, operation: Operation, slot_id: UUID) -> tuple[SignatureSlot, Standing]:
    place = session.get(SignatureSlot, slot_id)
    if place is None:
        raise NotFound
    standing = load(session, actor, operation, place.agreement_id)
    session.refresh(place)
    return place, standing


def _assignment(actor: Actor) -> UUID:
    if actor.assignment is None:
        raise NotYours
    return actor.assignment
