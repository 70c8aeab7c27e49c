"""The history as a list: events with who did them, filtered, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import Session, col, select

from service.store.standing import scope
from service.store.tables import Agreement, AgreementParty, ContactAssignment, Event, EventPayload, Organisation
from states.parties import Actor

PAGE = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One event with its payload, or without where that has been erased."""

    seq: int
    at: datetime
    kind: str
    agreement_id: UUID | None
    actor: str
    payload: dict[str, Any]
    hash: str


def entries(
    session: Session, actor: Actor, *, agreement: UUID | None = None, kind: str = "", before: int | None = None
) -> list[Entry]:
    """Up to a page of events, the newest first, and one more when there are older ones."""
    query = (
        select(Event, EventPayload)
        .outerjoin(EventPayload, col(EventPayload.seq) == col(Event.seq))
        .where(_within(actor))
        .order_by(col(Event.seq).desc())
        .limit(PAGE + 1)
    )
    if agreement is not None:
        query = query.where(col(Event.agreement_id) == agreement)
    if kind:
        query = query.where(col(Event.kind) == kind)
    if before is not None:
        query = query.where(col(Event.seq) < before)
    return [_entry(event, payload) for event, payload in session.exec(query)]


def parties(session: Session, actor: Actor) -> dict[UUID, str]:
    """The other party of each agreement of the region, to choose from."""
    query = (
        select(Agreement.id, Organisation.name)
        .join(AgreementParty, col(AgreementParty.agreement_id) == col(Agreement.id))
        .join(Organisation, col(Organisation.id) == col(AgreementParty.organisation_id))
        .where(scope(actor), col(Organisation.id) != col(Agreement.region_id))
    )
    return dict(list(session.exec(query)))


def _within(actor: Actor) -> ColumnElement[bool]:
    """What concerns the region's agreements, and what its people and its parties' people did besides."""
    about = exists().where(col(Agreement.id) == col(Event.agreement_id), scope(actor))
    party = exists().where(
        col(AgreementParty.organisation_id) == col(ContactAssignment.organisation_id),
        col(Agreement.id) == col(AgreementParty.agreement_id),
        scope(actor),
    )
    own = or_(col(ContactAssignment.organisation_id) == actor.organisation, party)
    by = exists().where(col(ContactAssignment.id) == col(EventPayload.actor_id), own)
    return or_(about, col(Event.agreement_id).is_(None) & by)


def _entry(event: Event, payload: EventPayload | None) -> Entry:
    return Entry(
        event.seq,
        event.at,
        event.kind,
        event.agreement_id,
        payload.actor_name if payload else "",
        payload.payload if payload else {},
        event.hash,
    )
