"""What happened and what is there for all to see: events, the published agreements."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlmodel import col, select
from sqlmodel.sql.expression import Select

from service.api.contract import Shown
from service.api.listing import After, Asked, Page
from service.api.route import Route
from service.store import history
from service.store.standing import scope, view
from service.store.tables import Agreement, Document, Event, EventPayload, Publication
from service.web import Visit, permit
from states.access import Operation

router = APIRouter(tags=["outside"], route_class=Route)


class EventShown(Shown):
    seq: int
    at: datetime
    agreement: UUID | None
    kind: str
    actor: str
    payload: dict[str, Any]
    hash: str


class Verification(Shown):
    """`ok`, or the number of the first entry that fails and why."""

    ok: bool
    seq: int | None = None
    why: str = ""


class PublicationShown(Shown):
    id: UUID
    slug: str
    title: str
    published_at: datetime
    page: str
    file: str
    file_sha256: str


Seq = Annotated[int | None, Query(ge=0, lt=2**63, description="The last number seen; `next` has it")]


@router.get("/events")
@permit(Operation.view_log)
def list_events(
    visit: Visit,
    cut: Asked,
    agreement: UUID | None = None,
    kind: Annotated[str | None, Query(pattern="^[a-z_.-]{1,60}$")] = None,
    after: Seq = None,
) -> Page[EventShown]:
    """The history of the region's agreements in order."""
    query = _events().where(col(Event.agreement_id).in_(select(Agreement.id).where(scope(visit.actor))))
    query = query.where(col(Event.agreement_id) == agreement) if agreement else query
    query = query.where(col(Event.kind) == kind) if kind else query
    with visit.read() as session:
        return cut.growing(session, query, col(Event.seq), lambda row: _event(*row), after=after)


@router.get("/agreements/{agreement_id}/events")
@permit(Operation.view_log)
def agreement_events(visit: Visit, agreement_id: UUID, cut: Asked, after: Seq = None) -> Page[EventShown]:
    with visit.read() as session:
        view(session, visit.actor, agreement_id)
        query = _events().where(col(Event.agreement_id) == agreement_id)
        return cut.growing(session, query, col(Event.seq), lambda row: _event(*row), after=after)


@router.get("/events/verification")
@permit(Operation.view_log)
def verification(visit: Visit) -> Verification:
    """Recompute the whole chain."""
    with visit.read() as session:
        broken = history.verify(session)
    return Verification(ok=broken is None, seq=broken.seq if broken else None, why=broken.why if broken else "")


@router.get("/publications")
@permit(Operation.public)
def publications(visit: Visit, cut: Asked, after: After = None) -> Page[PublicationShown]:
    """What anybody may read: the published agreements with the hash of their signed file."""
    query = (
        select(Publication, Agreement, Document)
        .join(Agreement, col(Agreement.id) == col(Publication.agreement_id))
        .join(Document, col(Document.id) == col(Publication.document_id))
        .where(col(Publication.unpublished_at).is_(None))
    )
    with visit.read() as session:
        return cut.growing(session, query, col(Publication.id), lambda row: _published(*row), after=after)


def _published(row: Publication, agreement: Agreement, file: Document) -> PublicationShown:
    return PublicationShown(
        id=row.id,
        slug=row.slug,
        title=agreement.title,
        published_at=row.published_at,
        page=f"/publikt/{row.slug}",
        file=f"/publikt/{row.slug}/fil",
        file_sha256=file.file_sha256,
    )


def _events() -> Select[Any, Any]:
    return select(Event, EventPayload).outerjoin(EventPayload, col(EventPayload.seq) == col(Event.seq))


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
