"""Coming in: passwords with codes from an app for the region's own people, personal links and mailed codes for everybody else.

Every time here is real time, never the demonstration's clock; `today` is the civil date that assignments are judged by.
Whatever counts a try returns instead of raising, so that the count is committed although the person is turned away;
TooMany needs no such care: it undoes only its own count.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, select, update

from service.cases import throttle
from service.cases.accounts import check_password, use_totp
from service.cases.codes import MOST_TRIES, code_holds, newest_code, send_code
from service.cases.sessions import Opened, has_password, open_session, valid
from service.post.letters import LetterName, render
from service.store import history
from service.store.contacts import in_force
from service.store.tables import (
    Agreement,
    AgreementParty,
    ContactAssignment,
    Credential,
    Link,
    Organisation,
    Person,
)
from states.calendar import civil
from states.parties import FLOW, STAFF, Role
from states.tokens import fingerprint, new_secret

LINK_LIVES = timedelta(hours=24)
BY_HAND = "direkt-"
"""How a link made by hand begins. Only such a link opens a session for the region's own people; what comes by mail never does."""


_PER_ADDRESS, _PER_IP = 10, 60


class LinkState(StrEnum):
    """What a personal link is good for."""

    usable = "usable"
    used = "used"
    expired = "expired"
    dead = "dead"
    password = "password"  # noqa: S105 (says how to come in instead)


@dataclass(frozen=True, slots=True)
class LinkView:
    """Whom a link is for, as its page shows before anything is opened."""

    state: LinkState
    name: str = ""
    organisation: str = ""
    email: str = ""
    path: str = "/"
    assignment: UUID | None = None


def password_sign_in(
    session: Session,
    keys: tuple[bytes, ...],
    real_now: datetime,
    today: date,
    email: str,
    password: str,
    totp: str,
    ip: str,
    browser: str,
) -> Opened | None:
    """A session for one of the region's own people, or None: the same answer and work for every kind of wrong."""
    email = _address(email)
    throttle.attempt(session, real_now, "password-ip", ip, _PER_IP)
    throttle.attempt(session, real_now, "password", email, _PER_ADDRESS)
    found = session.exec(
        select(Credential, ContactAssignment)
        .join(Person, col(Person.id) == col(Credential.person_id))
        .join(ContactAssignment, col(ContactAssignment.person_id) == col(Person.id))
        .where(col(Person.email) == email, col(ContactAssignment.role).in_(STAFF), in_force(today))
        .order_by(col(ContactAssignment.id))
    ).first()
    credential, assignment = found or (None, None)
    right = check_password(credential.password_hash if credential else "", password)
    holds = use_totp(session, keys, real_now, credential if right else None, totp)
    return open_session(session, assignment, real_now, "/", browser) if holds and assignment else None


def look_at_link(session: Session, real_now: datetime, today: date, token: str) -> LinkView:
    """Whom a link is for and whether it can be opened; changes nothing, however often mail scanners come."""
    row = session.get(Link, fingerprint(token))
    assignment = valid(session, row.assignment_id, row.epoch, today) if row else None
    if row is None or assignment is None:
        return LinkView(LinkState.dead)
    person = session.get_one(Person, assignment.person_id)
    organisation = session.get_one(Organisation, assignment.organisation_id)
    state = _link_state(row, assignment, organisation, real_now, token)
    return LinkView(state, person.name, organisation.name, masked(person.email), row.path, assignment.id)


def _link_state(
    row: Link, assignment: ContactAssignment, organisation: Organisation, real_now: datetime, token: str
) -> LinkState:
    if has_password(assignment, organisation) and not token.startswith(BY_HAND):
        return LinkState.password
    if row.used_at is not None:
        return LinkState.used
    return LinkState.usable if row.expires_at > real_now else LinkState.expired


def open_link(session: Session, now: datetime, real_now: datetime, token: str, browser: str) -> Opened | None:
    """Spend a link in one statement and open a session; None when somebody was first, or it is dead or too old."""
    row = session.get(Link, fingerprint(token))
    assignment = valid(session, row.assignment_id, row.epoch, civil(now)) if row else None
    if row is None or assignment is None:
        return None
    organisation = session.get_one(Organisation, assignment.organisation_id)
    if _link_state(row, assignment, organisation, real_now, token) is not LinkState.usable:
        return None
    unspent = update(Link).where(
        col(Link.token_sha256) == row.token_sha256, col(Link.used_at).is_(None), col(Link.expires_at) > real_now
    )
    if session.connection().execute(unspent.values(used_at=real_now)).rowcount != 1:
        return None
    _mark_opened(session, assignment, row.path, now)
    return open_session(session, assignment, real_now, row.path, browser)


def ask_for_code(session: Session, now: datetime, real_now: datetime, email: str, browser: str, ip: str) -> None:
    """Mail a code to a known address; nothing the asker sees tells whether it is known."""
    email = _address(email)
    throttle.attempt(session, real_now, "code-ip", ip, _PER_IP)
    throttle.attempt(session, real_now, "code", email, MOST_TRIES)
    assignment = _by_address(session, email, civil(now))
    if assignment is not None:
        letter = render(LetterName.sign_in_code, {})
        send_code(session, now, real_now, assignment, "sign_in", None, browser, LetterName.sign_in_code, letter)


def sign_in_with_code(
    session: Session, keys: tuple[bytes, ...], now: datetime, real_now: datetime, typed: str, browser: str
) -> Opened | None:
    """A session for the right code in the same browser; None counts a try."""
    row = newest_code(session, "sign_in", None, None, browser, real_now)
    if row is None or row.assignment_id is None or not code_holds(session, keys, row, typed):
        return None
    assignment = valid(session, row.assignment_id, row.epoch, civil(now))
    row.used_at = real_now
    session.add(row)
    return open_session(session, assignment, real_now, "/", browser) if assignment else None


def one_link(session: Session, now: datetime, real_now: datetime, assignment: ContactAssignment, path: str = "/") -> str:
    """One fresh sign-in token for the command line and the demonstration, for anybody; that it was made stands in the history."""
    token = BY_HAND + new_secret()
    session.add(
        Link(
            token_sha256=fingerprint(token),
            assignment_id=assignment.id,
            epoch=assignment.epoch,
            path=path,
            created_at=real_now,
            expires_at=real_now + LINK_LIVES,
        )
    )
    history.append(session, FLOW, now, "make_link", assignment=str(assignment.id))
    return token


def masked(email: str) -> str:
    """k…d@falun.example: enough to recognise the own address, too little to learn somebody else's."""
    name, _, domain = email.partition("@")
    return f"{name[:1]}…{name[-1:]}@{domain}"


def _mark_opened(session: Session, assignment: ContactAssignment, path: str, now: datetime) -> None:
    """The party has seen what it was sent, the first time one of its people opens a link to it."""
    named = re.match(r"/overenskommelser/([0-9a-f-]{36})(?:/|$)", path)
    if named is None:
        return
    first = update(AgreementParty).where(
        col(AgreementParty.agreement_id) == UUID(named[1]),
        col(AgreementParty.organisation_id) == assignment.organisation_id,
        col(AgreementParty.opened_at).is_(None),
        col(AgreementParty.agreement_id).in_(select(Agreement.id).where(col(Agreement.proposed_at).is_not(None))),
    )
    session.connection().execute(first.values(opened_at=now))


def _by_address(session: Session, email: str, today: date) -> ContactAssignment | None:
    """Which of a person's assignments a mailed code opens; never one of the region's own that has a password."""
    query = (
        select(ContactAssignment, Organisation)
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .join(Organisation, col(Organisation.id) == col(ContactAssignment.organisation_id))
        .where(col(Person.email) == email, in_force(today))
        .order_by(col(ContactAssignment.id))
    )
    found = [assignment for assignment, organisation in session.exec(query) if not has_password(assignment, organisation)]
    order = (Role.main, Role.deputy, Role.signatory)
    return min(found, key=lambda a: (order.index(a.role) if a.role in order else len(order), a.id), default=None)


def _address(email: str) -> str:
    """An address as it is stored; what cannot be one is nobody's."""
    address = email.strip().lower()
    return address if address.isprintable() and len(address) <= 254 else ""
