"""Opening the signing: who decides and who signs, what still lacks, and asking for the signatures in order."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases.frozen import frozen_text
from service.cases.mail import counterpart, task, task_done, write
from service.cases.steps import step
from service.post.letters import LetterName
from service.store.contacts import Contact
from service.store.standing import Standing, load
from service.store.tables import ContactAssignment, DecisionStep, FrozenText, Message, Person, Signature, SignatureSlot
from states import decision, message, slot
from states.access import Operation
from states.agreement import RULEBOOK, Event, State
from states.decision import REQUIRED, Outcome
from states.errors import Blocked, Reason
from states.facts import spoken
from states.parties import Actor
from states.said import _

SLOTS_MISSING = "slots_missing"


def steps_of(session: Session, agreement_id: UUID) -> list[DecisionStep]:
    """The decision steps that count, in the order they were planned."""
    query = select(DecisionStep).where(
        col(DecisionStep.agreement_id) == agreement_id, col(DecisionStep.state) != decision.State.cancelled
    )
    return list(session.exec(query.order_by(col(DecisionStep.id))).all())


def slots_of(session: Session, agreement_id: UUID) -> list[SignatureSlot]:
    """The slots that count, in signing order."""
    query = select(SignatureSlot).where(
        col(SignatureSlot.agreement_id) == agreement_id, col(SignatureSlot.state) != slot.State.void
    )
    return list(session.exec(query.order_by(col(SignatureSlot.position), col(SignatureSlot.id))).all())


def lacking(session: Session, standing: Standing) -> tuple[Reason, ...]:
    """Which parties have not said who signs for them."""
    slots = slots_of(session, standing.agreement.id)
    reasons = []
    for party in standing.parties:
        own = [s for s in slots if s.party_id == party.id]
        if not own or any(s.assignment_id is None for s in own):
            reasons.append(
                Reason("slots-missing", _("{party} har inte angett vem som skriver under.", party=party.organisation.name))
            )
    return tuple(reasons)


def open_signing(session: Session, actor: Actor, now: datetime, agreement_id: UUID, version: int | None = None) -> Standing:
    """Ask for the signatures where no decision is required."""
    standing = load(session, actor, Operation.open_signing, agreement_id, version=version)
    RULEBOOK.find(Event.open_signing, standing.agreement.state)
    reasons = list(lacking(session, standing))
    if undecided(session, standing):
        reasons.append(Reason("decision-required", "Det finns ett beslut som måste fattas först. Begär beslutet."))
    if reasons:
        raise Blocked(*reasons)
    bind_and_request(session, actor, now, standing, Event.open_signing)
    return standing


def bind_and_request(session: Session, actor: Actor, now: datetime, standing: Standing, event: Event) -> None:
    """Bind every slot to the frozen text, open the signing and ask the first in order."""
    frozen = frozen_text(session, standing)
    for place in slots_of(session, standing.agreement.id):
        place.frozen_id = frozen.id
        session.add(place)
    task_done(session, actor, now, standing, SLOTS_MISSING)
    step(session, actor, now, standing, event, control_code=frozen.control_code)
    standing.agreement.waiting_since = now
    request_next(session, now, standing)


def request_next(session: Session, now: datetime, standing: Standing) -> None:
    """Ask everybody in the lowest position that is not done; the ones after them wait."""
    frozen = frozen_text(session, standing)
    slots = slots_of(session, standing.agreement.id)
    open_slots = [s for s in slots if s.state is not slot.State.signed]
    turn = min((s.position for s in open_slots), default=None)
    for place in open_slots:
        if place.position == turn and place.state is slot.State.pending:
            slot.advance(place, slot.Event.request)
            place.requested_at, place.version = now, place.version + 1
            session.add(place)
            ask(session, now, standing, place, frozen)


def open_when_decided(session: Session, actor: Actor, now: datetime, standing: Standing) -> Standing:
    """Open the signing once every required decision is approved and all signatories are named; else say what lacks."""
    if standing.agreement.state is not State.deciding or undecided(session, standing):
        return standing
    absent = lacking(session, standing)
    if absent:
        title, once = "Besluten är klara men underskrifterna kan inte begäras", str(frozen_text(session, standing).id)
        task(session, now, standing, SLOTS_MISSING, title, once=once).detail = " ".join(r.message for r in absent)
        return standing
    bind_and_request(session, actor, now, standing, Event.approve)
    return standing


def undecided(session: Session, standing: Standing) -> list[DecisionStep]:
    """The required steps that are not approved yet."""
    return [s for s in steps_of(session, standing.agreement.id) if s.kind in REQUIRED and s.outcome is not Outcome.approved]


def ask(session: Session, now: datetime, standing: Standing, place: SignatureSlot, frozen: FrozenText) -> None:
    """Write to the person whose turn it is; once for each person in the place."""
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
    path = f"/overenskommelser/{standing.agreement.id}/beslut"
    write(session, now, standing, contact, LetterName.sign_request, facts, key=_request_key(place), link_path=path)


def release(session: Session, now: datetime, standing: Standing, place: SignatureSlot) -> None:
    """Tell the person in the place that somebody else signs, if they have been asked; call it before the place changes."""
    query = select(Message.state).where(col(Message.slot_key) == _request_key(place))
    asked = session.exec(query).first()
    if place.requested_at is None or asked not in (message.State.sent, message.State.delivered):
        return
    assignment = session.get_one(ContactAssignment, place.assignment_id)
    contact = Contact(assignment, session.get_one(Person, assignment.person_id))
    party = standing.party(place.party_id)
    facts = {"part": party.organisation.name, "motpart": counterpart(standing, party)}
    key = f"{LetterName.signatory_replaced}:{place.id}:v{place.version}"
    write(session, now, standing, contact, LetterName.signatory_replaced, facts, key=key)


def _request_key(place: SignatureSlot) -> str:
    """Who comes back to a place they had left is asked anew: a place counts a version for each person in it."""
    return f"{LetterName.sign_request}:{place.id}:v{place.version}"


def unverified(session: Session, place: SignatureSlot) -> bool:
    """Whether a signed paper for the place waits to be compared with the text."""
    query = select(Signature.id).where(
        col(Signature.slot_id) == place.id, col(Signature.verified_at).is_(None), col(Signature.rejected_reason) == ""
    )
    return session.exec(query).first() is not None
