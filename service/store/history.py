"""The history: every change of state is one link of a hash chain, written in the transaction that makes the change.

A link is SHA-256 over the previous hash, a newline and canonical JSON {seq, time, case, version, kind, actor, payload, document};
`payload` is SHA-256 over salt and payload, so the chain says nothing about people and can be published.
"""

import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from service.store.tables import ChainHead, Event, EventPayload
from states.parties import Actor


@dataclass(frozen=True, slots=True)
class Break:
    """Where the chain fails first: the entry's number and what is wrong with it."""

    seq: int
    why: str


def append(
    session: Session,
    actor: Actor,
    now: datetime,
    kind: str,
    *,
    agreement: UUID | None = None,
    version: int = 0,
    document: str = "",
    **payload: Any,
) -> Event:
    """Add one link; if the clock went back, the history keeps the later time."""
    head = _locked_head(session)
    at = max(now.astimezone(UTC), head.at) if head.at else now.astimezone(UTC)
    seq, salt = head.seq + 1, secrets.token_hex(16)
    body = _canonical(
        {
            "seq": seq,
            "time": at.isoformat(timespec="microseconds"),
            "case": str(agreement) if agreement else None,
            "version": version,
            "kind": kind,
            "actor": str(actor.assignment) if actor.assignment else actor.role.value,
            "payload": _sha256(salt + _canonical(payload)),
            "document": document,
        }
    )
    event = Event(
        seq=seq, at=at, agreement_id=agreement, kind=kind, body=body, previous=head.hash, hash=_sha256(f"{head.hash}\n{body}")
    )
    session.add(event)
    session.flush()
    session.add(
        EventPayload(
            seq=seq, salt=salt, actor_name=actor.name, actor_id=actor.assignment, payload=json.loads(_canonical(payload))
        )
    )
    head.seq, head.hash, head.at = seq, event.hash, at
    session.add(head)
    return event


def newest(session: Session) -> str:
    """The hash of the newest link (64 zeros before the first)."""
    head = session.get(ChainHead, 1)
    return head.hash if head else "0" * 64


def verify(session: Session, *, chunk: int = 5_000) -> Break | None:
    """Recompute the whole chain and every payload's commitment; None when all agree, else the first break."""
    previous, last = "0" * 64, 0
    for event, payload in _entries(session, chunk):
        if event.seq != last + 1:
            return Break(last + 1, "saknas")
        if event.previous != previous or event.hash != _sha256(f"{previous}\n{event.body}"):
            return Break(event.seq, "stämmer inte med kedjan")
        if fault := _payload_fault(event, payload):
            return Break(event.seq, fault)
        previous, last = event.hash, event.seq
    head = session.get(ChainHead, 1)
    if head and (head.seq, head.hash) != (last, previous):
        return Break(last + 1, "kedjans slut saknas")
    return None


def _payload_fault(event: Event, payload: EventPayload | None) -> str | None:
    body = json.loads(event.body)
    if (body["seq"], body["kind"], body["case"]) != (
        event.seq,
        event.kind,
        str(event.agreement_id) if event.agreement_id else None,
    ):
        return "raden är ändrad"
    if payload is not None and body["payload"] != _sha256(payload.salt + _canonical(payload.payload)):
        return "innehållet är ändrat"
    return None


def _entries(session: Session, chunk: int) -> Iterator[tuple[Event, EventPayload | None]]:
    after = 0
    while True:
        rows = session.exec(
            select(Event, EventPayload)
            .outerjoin(EventPayload, col(EventPayload.seq) == col(Event.seq))
            .where(col(Event.seq) > after)
            .order_by(col(Event.seq))
            .limit(chunk)
        ).all()
        yield from rows
        if len(rows) < chunk:
            return
        after = rows[-1][0].seq
        session.expunge_all()


def _locked_head(session: Session) -> ChainHead:
    """The newest link, held until the commit: writers queue on this one row."""
    session.flush()
    session.exec(update(ChainHead).where(col(ChainHead.id) == 1).values(seq=ChainHead.seq))
    return session.exec(select(ChainHead).where(ChainHead.id == 1).execution_options(populate_existing=True)).one()


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
