"""What waits on the region's own people: date requests, scans to verify, answers to review, signings that stand still."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.store.overview import Answerer, answerers
from service.store.standing import Standing, load_many, scope
from service.store.tables import (
    Agreement,
    AgreementParty,
    DateRequest,
    DecisionStep,
    Message,
    Organisation,
    Signature,
    SignatureSlot,
    Task,
)
from states import decision, message, slot
from states.agreement import State
from states.calendar import civil
from states.parties import Actor

STANDS_STILL = timedelta(days=14)
"""After how long a signature that was asked for is worth a question."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A party asks for another last day."""

    id: UUID
    agreement_id: UUID
    party: str
    day: date
    due: date | None
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Scan:
    """A signed paper that a second person must compare with the text."""

    agreement_id: UUID
    party: str
    title: str
    at: datetime
    by: UUID


@dataclass(frozen=True, slots=True)
class Still:
    """A signature that has been asked for and not been given."""

    agreement_id: UUID
    party: str
    title: str
    asked: datetime


@dataclass(frozen=True, slots=True)
class Coming:
    """The next thing that happens by itself: a board meets, or a last day to answer comes."""

    day: date
    party: str
    meeting: bool


def open_task(actor: Actor, now: datetime) -> ColumnElement[bool]:
    """A task of the person's region that is not put off to a later day."""
    begun = or_(col(Task.not_before).is_(None), col(Task.not_before) <= civil(now))
    return and_(col(Task.organisation_id) == actor.organisation, col(Task.done_at).is_(None), begun)


def date_asked(actor: Actor) -> ColumnElement[bool]:
    """A date request that nobody has answered; with its agreement."""
    return and_(scope(actor), col(DateRequest.answered_at).is_(None))


def to_verify(actor: Actor) -> ColumnElement[bool]:
    """A paper that nobody has verified or turned down; with its slot and agreement."""
    return and_(
        scope(actor),
        col(Agreement.state) == State.signing,
        col(Signature.method) == slot.Method.paper,
        col(Signature.verified_at).is_(None),
        col(Signature.rejected_reason) == "",
        col(SignatureSlot.state) == slot.State.requested,
    )


def stands_still(actor: Actor, now: datetime) -> ColumnElement[bool]:
    """A slot that was asked for too long ago and has no paper under way; with its agreement."""
    paper = columns(col(Signature.slot_id)).where(col(Signature.rejected_reason) == "")
    return and_(
        scope(actor),
        col(Agreement.state) == State.signing,
        col(SignatureSlot.state) == slot.State.requested,
        col(SignatureSlot.requested_at) <= now - STANDS_STILL,
        col(SignatureSlot.id).not_in(paper),
    )


def date_requests(session: Session, actor: Actor) -> list[Asked]:
    """The date requests that wait for the region, oldest first."""
    query = (
        columns(
            col(DateRequest.id),
            col(Agreement.id),
            col(Organisation.name),
            col(DateRequest.day),
            col(Agreement.due),
            col(DateRequest.reason),
            col(DateRequest.at),
        )
        .join(Agreement, col(Agreement.id) == col(DateRequest.agreement_id))
        .join(AgreementParty, col(AgreementParty.id) == col(DateRequest.party_id))
        .join(Organisation, col(Organisation.id) == col(AgreementParty.organisation_id))
        .where(date_asked(actor))
        .order_by(col(DateRequest.at))
    )
    return [Asked(*row) for row in session.execute(query)]


def scans(session: Session, actor: Actor) -> list[Scan]:
    """The papers that nobody has verified or turned down, oldest first."""
    query = (
        columns(col(Agreement.id), col(Organisation.name), col(SignatureSlot.title), col(Signature.at), col(Signature.by_id))
        .join(SignatureSlot, col(SignatureSlot.id) == col(Signature.slot_id))
        .join(Agreement, col(Agreement.id) == col(SignatureSlot.agreement_id))
        .join(AgreementParty, col(AgreementParty.id) == col(SignatureSlot.party_id))
        .join(Organisation, col(Organisation.id) == col(AgreementParty.organisation_id))
        .where(to_verify(actor))
        .order_by(col(Signature.at))
    )
    return [Scan(*row) for row in session.execute(query)]


def to_review(session: Session, actor: Actor) -> list[Standing]:
    """The agreements that wait for an answer of the region, the longest wait first."""
    query = (
        select(Agreement.id)
        .where(scope(actor), col(Agreement.region_id) == actor.organisation, col(Agreement.state) == State.negotiating)
        .order_by(col(Agreement.waiting_since), col(Agreement.id))
    )
    ids = session.exec(query).all()
    found = load_many(session, ids)
    return [found[id_] for id_ in ids if found[id_].region.id in found[id_].waiting_on()]


def standing_still(session: Session, actor: Actor, now: datetime) -> list[Still]:
    """The signatures asked for more than two weeks ago, oldest first; a paper under way is not one of them."""
    query = (
        columns(col(Agreement.id), col(Organisation.name), col(SignatureSlot.title), col(SignatureSlot.requested_at))
        .join(Agreement, col(Agreement.id) == col(SignatureSlot.agreement_id))
        .join(AgreementParty, col(AgreementParty.id) == col(SignatureSlot.party_id))
        .join(Organisation, col(Organisation.id) == col(AgreementParty.organisation_id))
        .where(stands_still(actor, now))
        .order_by(col(SignatureSlot.requested_at))
    )
    return [Still(*row) for row in session.execute(query)]


def callee(session: Session, agreement: Agreement, today: date) -> Answerer | None:
    """Whom to ring about an agreement: who answers for the party that is not the region."""
    query = select(AgreementParty.organisation_id).where(
        col(AgreementParty.agreement_id) == agreement.id, col(AgreementParty.organisation_id) != agreement.region_id
    )
    found = answerers(session, agreement.programme_id, session.exec(query).all(), today)
    return next(iter(found.values()), None)


def coming(session: Session, actor: Actor, today: date) -> Coming | None:
    """The next board meeting or last day to answer, whichever comes first."""
    parties = (
        columns(col(Organisation.name), col(DecisionStep.meeting_on))
        .join(AgreementParty, col(AgreementParty.id) == col(DecisionStep.party_id))
        .join(Organisation, col(Organisation.id) == col(AgreementParty.organisation_id))
        .join(Agreement, col(Agreement.id) == col(DecisionStep.agreement_id))
        .where(
            scope(actor),
            col(DecisionStep.state).in_((decision.State.planned, decision.State.papers_sent)),
            col(DecisionStep.meeting_on) >= today,
        )
    )
    dues = (
        columns(col(Organisation.name), col(Agreement.due))
        .join(AgreementParty, col(AgreementParty.agreement_id) == col(Agreement.id))
        .join(Organisation, col(Organisation.id) == col(AgreementParty.organisation_id))
        .where(
            scope(actor),
            col(Agreement.state) == State.negotiating,
            col(Agreement.due) >= today,
            col(Organisation.id) != col(Agreement.region_id),
        )
    )
    meets = session.execute(parties.order_by(col(DecisionStep.meeting_on)).limit(1)).first()
    due = session.execute(dues.order_by(col(Agreement.due)).limit(1)).first()
    found = [Coming(row[1], row[0], meeting) for row, meeting in ((meets, True), (due, False)) if row]
    return min(found, key=lambda one: one.day, default=None)


def troubled(session: Session, actor: Actor) -> int:
    """How many messages could not be delivered and have not been sent again."""
    query = (
        columns(func.count())
        .select_from(Message)
        .outerjoin(Agreement, col(Agreement.id) == col(Message.agreement_id))
        .where(
            col(Message.state).in_((message.State.failed, message.State.bounced)),
            scope(actor) | col(Message.agreement_id).is_(None),
        )
    )
    return int(session.execute(query).scalar_one())
