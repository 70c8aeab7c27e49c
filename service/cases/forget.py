"""The nightly clean-up: what let people in once and never will again, and counts and answers whose time is over.

Every time here is real time. A link that is merely too old stays a while, because its page offers a new one in its place.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Delete
from sqlmodel import Session, col, delete, or_

from service.cases import throttle
from service.cases.sessions import LONGEST_IDLE
from service.store.tables import Code, IdempotencyKey, Link, SignIn

ANSWERS_KEPT = timedelta(hours=24)
LINKS_KEPT = timedelta(days=90)
CODES_KEPT = timedelta(days=1)
"""Longer than a code can be tried or a confirmed one be used."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows of each kind were dropped."""

    sessions: int = 0
    links: int = 0
    codes: int = 0
    answers: int = 0


def forget_old(session: Session, real_now: datetime) -> Forgotten:
    """Drop what is of no use to anybody any more; twice, late or never does no harm."""
    throttle.forget_old(session, real_now)
    over = or_(
        col(SignIn.expires_at) <= real_now, col(SignIn.ended_at).is_not(None), col(SignIn.seen_at) <= real_now - LONGEST_IDLE
    )
    return Forgotten(
        sessions=_drop(session, delete(SignIn).where(over)),
        links=_drop(session, delete(Link).where(col(Link.expires_at) <= real_now - LINKS_KEPT)),
        codes=_drop(session, delete(Code).where(col(Code.expires_at) <= real_now - CODES_KEPT)),
        answers=_drop(session, delete(IdempotencyKey).where(col(IdempotencyKey.at) <= real_now - ANSWERS_KEPT)),
    )


def _drop(session: Session, old: Delete) -> int:
    return int(session.connection().execute(old).rowcount)
