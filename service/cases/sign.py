"""Signing: signatures by code or on paper, refusals, and the signed agreement."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from service.cases.frozen import frozen_text
from service.cases.mail import task_about_done, task_done, tell
from service.cases.opening import request_next, slots_of, unverified
from service.cases.reopen import object_to
from service.cases.steps import note, step
from service.cases.wording import reason as reason_text
from service.post.letters import LetterName
from service.store.standing import Standing, load_by, refresh
from service.store.tables import ContactAssignment, FrozenText, Signature, SignatureSlot
from states import slot
from states.access import Operation
from states.agreement import RULEBOOK, Event
from states.calendar import civil
from states.errors import Blocked, FieldError, Invalid, NotAllowed, NotFound, NotYours, Reason
from states.facts import spoken
from states.parties import FLOW, Actor, Role
from states.said import _
from states.slot import Method


def sign(session: Session, actor: Actor, now: datetime, slot_id: UUID, control_code: str) -> Standing:
    """Sign by code: the caller has just used up a fresh step-up code for this slot in the same transaction."""
    place, standing = load_by(session, actor, Operation.sign, SignatureSlot, slot_id)
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
    place, standing = load_by(session, actor, Operation.sign, SignatureSlot, slot_id)
    if place.assignment_id != actor.assignment:
        raise NotYours
    RULEBOOK.find(Event.refuse, standing.agreement.state)
    why = reason_text(why, missing="Skriv varför du inte skriver under, så att parterna vet vad som behöver ändras.")
    slot.advance(place, slot.Event.refuse)
    task_about_done(session, actor, now, place.id)
    place.reason, place.version = why, place.version + 1
    session.add(place)
    party = standing.party(place.party_id)
    return object_to(session, actor, now, standing, party, Event.refuse, why, clauses)


def record_paper(
    session: Session, actor: Actor, now: datetime, slot_id: UUID, control_code: str, document_id: UUID, signed_on: date
) -> Signature:
    """Keep the scan of a signature on paper; it counts when another person at the region has compared it."""
    place, standing = load_by(session, actor, Operation.upload_signed_paper, SignatureSlot, slot_id)
    party = standing.party_for(actor, place.party_id)
    frozen = _check_signable(session, standing, place, control_code, signed_on)
    if signed_on > civil(now):
        raise Invalid(FieldError("signed_on", "future", "Datumet för underskriften ligger i framtiden."))
    if unverified(session, place):
        raise Blocked(Reason("already-uploaded", "Det finns redan en uppladdad underskrift som väntar på kontroll."))
    signature = Signature(
        slot_id=place.id, frozen_id=frozen.id, control_code=frozen.control_code, method=Method.paper, signed_on=signed_on, at=now,
        by_id=_assignment(actor), document_id=document_id,
    )  # fmt: skip
    session.add(signature)
    session.flush()
    whose = party.organisation.name
    note(session, actor, now, standing, "upload_signed_paper", party=whose, title=place.title, control_code=control_code)
    tell(session, now, standing, standing.region, LetterName.paper_to_verify, {"part": whose, "titel": place.title})
    return signature


def verify_paper(session: Session, actor: Actor, now: datetime, signature_id: UUID, *, holds: bool, why: str = "") -> Standing:
    """Another person at the region compares the scan with the text: the signature counts, or is set aside with a reason."""
    signature = session.get(Signature, signature_id)
    if signature is None:
        raise NotFound
    place, standing = load_by(session, actor, Operation.verify_signed_paper, SignatureSlot, signature.slot_id)
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
    task_about_done(session, actor, now, place.id)
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
    task_done(session, actor, now, standing)
    step(session, actor, now, standing, Event.complete, control_code=frozen.control_code)
    for party in standing.parties:
        tell(session, now, standing, party, LetterName.signed, {"kontrollkod": spoken(frozen.control_code)})
    return standing


def _check_signable(session: Session, standing: Standing, place: SignatureSlot, control_code: str, day: date) -> FrozenText:
    """The named reasons why a slot cannot be signed now."""
    RULEBOOK.find(Event.sign, standing.agreement.state)
    frozen = frozen_text(session, standing)
    if place.state is slot.State.pending:
        raise Blocked(Reason("out-of-order", "Det är inte din tur ännu. Du får ett mejl när de före dig har skrivit under."))
    if place.state is slot.State.void or place.frozen_id != frozen.id:
        raise Blocked(Reason("void", "Texten har öppnats igen. Den här underskriften gäller en äldre text."))
    slot.RULEBOOK.find(slot.Event.sign, place.state)
    if control_code != frozen.control_code:
        raise Blocked(Reason("wrong-text", "Kontrollkoden hör inte till den text som är låst nu. Läs om sidan."))
    if place.mandate_until and day > place.mandate_until:
        raise Blocked(
            Reason(
                "no-mandate", _("Rätten att skriva under gällde till {day}. Be parten utse någon ny.", day=place.mandate_until)
            )
        )
    return frozen


def _assignment(actor: Actor) -> UUID:
    if actor.assignment is None:
        raise NotYours
    return actor.assignment
