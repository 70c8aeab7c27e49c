"""The outbox as a list: messages by where they stand, a page at a time, the newest first."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.store.tables import Message
from states.message import State

PAGE = 50


def listed(session: Session, within: ColumnElement[bool], states: Sequence[State], before: UUID | None) -> list[Message]:
    """Up to a page of messages in these states, written before the one named; one more tells that there are older ones."""
    query = select(Message).where(within, col(Message.state).in_(states)).order_by(col(Message.id).desc()).limit(PAGE + 1)
    return list(session.exec(query if before is None else query.where(col(Message.id) < before)).all())


def counts(session: Session, within: ColumnElement[bool]) -> dict[State, int]:
    """How many messages stand in each state."""
    query = columns(col(Message.state), func.count()).where(within).group_by(col(Message.state))
    return dict(session.execute(query).tuples().all())
