"""Limits on tries, counted in the database so that they survive a restart; a lock never lasts longer than one window."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Integer, bindparam, text
from sqlmodel import Session, col, delete

from service.store.columns import Instant
from service.store.tables import Throttle
from states.errors import TooMany

WINDOW = timedelta(minutes=15)


_SQL = (
    "INSERT INTO throttle (key, count, resets_at) VALUES (:key, 1, :resets) ON CONFLICT (key) DO UPDATE SET"
    " count = CASE WHEN throttle.resets_at <= :now THEN 1 ELSE throttle.count + 1 END,"
    " resets_at = CASE WHEN throttle.resets_at <= :now THEN :resets ELSE throttle.resets_at END"
    " RETURNING count, resets_at"
)
_COUNT = (
    text(_SQL)
    .bindparams(bindparam("now", type_=Instant()), bindparam("resets", type_=Instant()))
    .columns(count=Integer(), resets_at=Instant())
)


def attempt(session: Session, real_now: datetime, kind: str, value: str, most: int) -> None:
    """Count one try of a kind; TooMany, with the seconds until the window ends, when there is no room left in it.

    The row is held until the commit, so parallel tries are counted one by one. A refusal undoes its own count only.
    """
    values = {"key": _key(kind, value), "now": real_now, "resets": real_now + WINDOW}
    count, resets = session.connection().execute(_COUNT, values).one()
    if count > most:
        raise TooMany(max(1, round((resets - real_now).total_seconds())))


def forget_old(session: Session, real_now: datetime) -> None:
    """Drop the counts whose window has ended."""
    session.exec(delete(Throttle).where(col(Throttle.resets_at) <= real_now))


def _key(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}\0{value}".encode()).hexdigest()
