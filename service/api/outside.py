"""What goes out and what happened: messages, events, the published agreements."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlmodel import Session, col, select

from service.api.contract import Page, Shown
from service.store import history, outbox
from service.store.standing import scope, view
from service.store.tables import Agreement, Document, Event, EventPayload, Message, Publication
from service.web import Visit, Visiting, permit
from states.access import Operation
from states.errors import NotFound
from states.message import State

router = APIRouter(tags=["outside"])


class MessageShown(Shown):
    """A message; its link and code are never shown."""

    id: UUID
    purpose: str
    agreement_id: UUID | None
    recipient_name: str
    subject: str
    state: State
    held: bool
    written_at: datetime
    next_try_at: datetime
    sent_at: datetime | None
    attempts: int
    reason: str
    version: int


class EventShown(Shown):
    seq: int
    at: datetime
    agreement: UUID | None
    kind: str
    actor: str
    payload: dict[str, Any]
    hash: str


class Events(Page):
    items: list[EventShown]


class Verification(Shown):
    """`ok`, or the number of the first entry that fails and why."""

    ok: bool
    seq: int | None = None
    why: str = ""


class PublicationShown(Shown):
    slug: str
    title: str
    published_at: datetime
    file_sha256: str


@router.get("/messages")
@permit(Operation.view_messages)
def list_messages(
    visit: Visit, state: State | None = None, agreement: UUID | None = None, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> list[MessageShown]:
    """Messages about the region's agreements, newest first."""
    query = select(Message).join(Agreement, col(Agreement.id) == col(Message.agreement_id)).where(scope(visit.actor))
    query = query.where(col(Message.state) == state) if state else query
    query = query.where(col(Message.agreement_id) == agreement) if agreement else query
    with visit.read() as session:
        return [MessageShown.model_validate(m) for m in session.exec(query.order_by(col(Message.id).desc()).limit(limit))]


@router.get("/messages/{message_id}")
@permit(Operation.view_messages)
def get_message(visit: Visit, message_id: UUID) -> MessageShown:
    with visit.read() as session:
        return MessageShown.model_validate(_message(session, visit, message_id))


@router.post("/messages/{message_id}/resending")
@permit(Operation.edit_messages)
def resend(visit: Visit, message_id: UUID) -> MessageShown:
    with visit.write() as session:
        row = _message(session, visit, message_id)
        outbox.resend(session, row, visit.real_now)
        return MessageShown.model_validate(row)


@router.put("/messages/{message_id}/hold")
@permit(Operation.edit_messages)
def hold(visit: Visit, message_id: UUID) -> MessageShown:
    with visit.write() as session:
        row = _message(session, visit, message_id)
        outbox.hold(session, row)
        return MessageShown.model_validate(row)


@router.delete("/messages/{message_id}/hold")
@permit(Operation.edit_messages)
def release(visit: Visit, message_id: UUID) -> MessageShown:
    with visit.write() as session:
        row = _message(session, visit, message_id)
        outbox.release(session, row)
        return MessageShown.model_validate(row)


@router.get("/events")
@permit(Operation.view_log)
def list_events(
    visit: Visit,
    agreement: UUID | None = None,
    kind: Annotated[str | None, Query(pattern="^[a-z_.-]{1,60}$")] = None,
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Events:
    """The history in order, of the region's agreements and of nothing in particular."""
    mine = select(Agreement.id).where(scope(visit.actor))
    query = (
        select(Event, EventPayload)
        .outerjoin(EventPayload, col(EventPayload.seq) == col(Event.seq))
        .where(col(Event.seq) > after, col(Event.agreement_id).in_(mine))
    )
    query = query.where(col(Event.agreement_id) == agreement) if agreement else query
    query = query.where(col(Event.kind) == kind) if kind else query
    with visit.read() as session:
        rows = session.exec(query.order_by(col(Event.seq)).limit(limit + 1)).all()
    items = [_event(event, payload) for event, payload in rows[:limit]]
    more = visit.request.url.include_query_params(after=items[-1].seq) if len(rows) > limit else None
    return Events(items=items, next=f"{more.path}?{more.query}" if more else None)


@router.get("/agreements/{agreement_id}/events")
@permit(Operation.view_log)
def agreement_events(visit: Visit, agreement_id: UUID) -> list[EventShown]:
    with visit.read() as session:
        view(session, visit.actor, agreement_id)
        query = (
            select(Event, EventPayload)
            .outerjoin(EventPayload, col(EventPayload.seq) == col(Event.seq))
            .where(col(Event.agreement_id) == agreement_id)
            .order_by(col(Event.seq))
        )
        return [_event(event, payload) for event, payload in session.exec(query)]


@router.get("/events/verification")
@permit(Operation.view_log)
def verification(visit: Visit) -> Verification:
    """Recompute the whole chain."""
    with visit.read() as session:
        broken = history.verify(session)
    return Verification(ok=broken is None, seq=broken.seq if broken else None, why=broken.why if broken else "")


@router.get("/publications")
@permit(Operation.public)
def publications(visit: Visit) -> list[PublicationShown]:
    """What anybody may read: the published agreements with the hash of their signed file."""
    query = (
        select(Publication, Agreement, Document)
        .join(Agreement, col(Agreement.id) == col(Publication.agreement_id))
        .join(Document, col(Document.id) == col(Publication.document_id))
        .where(col(Publication.unpublished_at).is_(None))
        .order_by(col(Publication.published_at))
    )
    with visit.read() as session:
        return [
            PublicationShown(slug=p.slug, title=a.title, published_at=p.published_at, file_sha256=d.file_sha256)
            for p, a, d in session.exec(query)
        ]


def _message(session: Session, visit: Visiting, message_id: UUID) -> Message:
    query = (
        select(Message)
        .join(Agreement, col(Agreement.id) == col(Message.agreement_id))
        .where(col(Message.id) == message_id, scope(visit.actor))
    )
    row = session.exec(query).first()
    if row is None:
        raise NotFound
    return row


def _event(event: Event, payload: EventPayload | None) -> EventShown:
    return EventShown(
        seq=event.seq,
        at=event.at,
        agreement=event.agreement_id,
        kind=event.kind,
        actor=payload.actor_name if payload else "",
        payload=payload.payload if payload else {},
        hash=event.hash,
    )
