"""The hash-chained history: the chain holds commitments only, names and payloads lie beside it and can be erased."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index
from sqlmodel import Field

from service.store.columns import Instant, Row


class Event(Row, table=True):
    """One link of the chain; `body` is the exact text that was hashed. Triggers refuse UPDATE and DELETE."""

    __table_args__ = (Index("ix_event_agreement", "agreement_id", "seq"),)

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=Instant)
    agreement_id: UUID | None = Field(default=None)
    kind: str = Field(max_length=40)
    body: str
    previous: str = Field(max_length=64)
    hash: str = Field(unique=True, max_length=64)


class EventPayload(Row, table=True):
    """What happened in full, and who did it; its salted hash is in the chain."""

    seq: int = Field(primary_key=True, foreign_key="event.seq", sa_column_kwargs={"autoincrement": False})
    salt: str
    actor_name: str
    actor_id: UUID | None = None
    payload: dict[str, Any] = Field(sa_type=JSON)


class ChainHead(Row, table=True):
    """The newest link; its one row is what writers queue on."""

    id: int = Field(default=1, primary_key=True)
    seq: int = 0
    hash: str = "0" * 64
    at: datetime | None = Field(default=None, sa_type=Instant)
