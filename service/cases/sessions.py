"""Sessions: 256 random bits in a cookie, their hash in a row; ended by hand, by time, or by a new epoch of the assignment.

Every time here is real time, never the demonstration's clock; `today` is the civil date that assignments are judged by.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select, update

from service.store.contacts import in_force
from service.store.tables import ContactAssignment, Organisation, Person, SignIn
from states.parties import STAFF, Actor, OrganisationKind
from states.tokens import fingerprint, new_secret

IDLE = {True: timedelta(hours=8), False: timedelta(days=7)}
LONGEST = {True: timedelta(hours=24), False: timedelta(days=30)}
"""How long a session lives without use, and at all: the region's own people (True), everybody else (False)."""

LONGEST_IDLE = max(IDLE.values())
"""After this nobody's unused session lives."""

_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session: the secret for the browser's cookie, where to go, and until when."""

    cookie: str
    path: str
    expires_at: datetime


def actor_for(session: Session, real_now: datetime, today: date, cookie: str) -> tuple[Actor, str] | None:
    """The person behind a cookie with their organisation's name; None when the session or its assignment has ended."""
    row = session.exec(select(SignIn).where(col(SignIn.cookie_sha256) == fingerprint(cookie))).first()
    if row is None or row.ended_at is not None or row.expires_at <= real_now:
        return None
    assignment = valid(session, row.assignment_id, row.epoch, today)
    if assignment is None:
        return None
    organisation = session.get_one(Organisation, assignment.organisation_id)
    if row.seen_at + IDLE[has_password(assignment, organisation)] <= real_now:
        return None
    person = session.get_one(Person, assignment.person_id)
    actor = Actor(
        assignment.id,
        person.id,
        organisation.id,
        assignment.role,
        person.name,
        programme=assignment.programme_id,
        session=row.id,
        kind=organisation.kind,
    )
    return actor, organisation.name


def seen(session: Session, actor: Actor, real_now: datetime) -> bool:
    """Note that a session is in use, at most once a minute; True when a row was changed."""
    stale = update(SignIn).where(col(SignIn.id) == actor.session, col(SignIn.seen_at) < real_now - _SEEN_EVERY)
    return bool(session.connection().execute(stale.values(seen_at=real_now)).rowcount)


def still_there(session: Session, actor: Actor) -> bool:
    """Whether the session lives in this very transaction: a block or a handover may have come between."""
    query = (
        select(SignIn.id)
        .join(ContactAssignment, col(ContactAssignment.id) == col(SignIn.assignment_id))
        .where(
            col(SignIn.id) == actor.session,
            col(SignIn.ended_at).is_(None),
            col(SignIn.epoch) == col(ContactAssignment.epoch),
            col(ContactAssignment.blocked).is_(False),
        )
    )
    return session.exec(query).first() is not None


def needs_seen(session: Session, actor: Actor, real_now: datetime) -> bool:
    """Whether `seen` has something to write; asked first, so that reading a page seldom takes the writer's turn."""
    row = session.get(SignIn, actor.session) if actor.session else None
    return row is not None and row.seen_at < real_now - _SEEN_EVERY


def my_sessions(session: Session, actor: Actor, real_now: datetime) -> list[SignIn]:
    """The person's live sessions, newest first."""
    epoch = select(ContactAssignment.epoch).where(col(ContactAssignment.id) == actor.assignment).scalar_subquery()
    query = select(SignIn).where(
        col(SignIn.assignment_id) == actor.assignment,
        col(SignIn.epoch) == epoch,
        col(SignIn.ended_at).is_(None),
        col(SignIn.expires_at) > real_now,
    )
    return list(session.exec(query.order_by(col(SignIn.id).desc())).all())


def end_session(session: Session, actor: Actor, real_now: datetime) -> None:
    """Sign out of this browser."""
    session.connection().execute(update(SignIn).where(col(SignIn.id) == actor.session).values(ended_at=real_now))


def end_other_sessions(session: Session, actor: Actor, real_now: datetime) -> None:
    """Sign out everywhere else."""
    others = update(SignIn).where(
        col(SignIn.assignment_id) == actor.assignment, col(SignIn.id) != actor.session, col(SignIn.ended_at).is_(None)
    )
    session.connection().execute(others.values(ended_at=real_now))


def valid(session: Session, assignment_id: UUID, epoch: int, today: date) -> ContactAssignment | None:
    query = select(ContactAssignment).where(col(ContactAssignment.id) == assignment_id, in_force(today))
    row = session.exec(query).first()
    return row if row is not None and row.epoch == epoch else None


def open_session(session: Session, assignment: ContactAssignment, real_now: datetime, path: str, browser: str) -> Opened:
    """A fresh session for the assignment; `path` is where the person wanted to go."""
    organisation = session.get_one(Organisation, assignment.organisation_id)
    cookie, expires = new_secret(), real_now + LONGEST[has_password(assignment, organisation)]
    session.add(
        SignIn(
            cookie_sha256=fingerprint(cookie),
            assignment_id=assignment.id,
            epoch=assignment.epoch,
            created_at=real_now,
            seen_at=real_now,
            expires_at=expires,
            browser=browser[:120],
        )
    )
    session.flush()
    return Opened(cookie, path, expires)


def has_password(assignment: ContactAssignment, organisation: Organisation) -> bool:
    """Whether this is one of the region's own people; a municipality's registrar comes by link and code like its contacts."""
    return assignment.role in STAFF and organisation.kind is OrganisationKind.region
