"""Coming in: passwords with codes from an app for the region's own people, personal links and mailed codes for everybody else.

Every time here is real time, never the demonstration's clock; `today` is the civil date that assignments are judged by.
Whatever counts a try returns instead of raising, so that the count is committed although the person is turned away.
"""

import hashlib
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from hmac import digest
from uuid import UUID

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from cryptography.fernet import Fernet, MultiFernet
from sqlmodel import Session, col, or_, select, update

from service.post.letters import LetterName, render
from service.store import history, outbox
from service.store.contacts import contacts, in_force
from service.store.tables import (
    Agreement,
    AgreementParty,
    Code,
    ContactAssignment,
    Credential,
    Link,
    Organisation,
    Person,
    SignIn,
    Throttle,
)
from states.calendar import civil
from states.errors import Blocked, FieldError, Invalid, NotFound, Reason
from states.parties import CONTACT, FLOW, SIGNATORY, STAFF, STRATEGIST, Actor, Role
from states.tokens import code_matches, fingerprint, link_token, new_secret

CODE_LIVES = timedelta(minutes=10)
CONFIRMED_LIVES = timedelta(minutes=5)
MOST_TRIES = 5
LINK_LIVES = timedelta(minutes=30)
PASSWORD_MIN = 15
IDLE = {True: timedelta(hours=8), False: timedelta(days=7)}
LONGEST = {True: timedelta(hours=24), False: timedelta(days=30)}
"""How long a session lives without use, and at all: the region's own people (True), everybody else (False)."""

_WINDOW = timedelta(minutes=15)
_PER_ADDRESS, _PER_IP = 10, 60
_SEEN_EVERY = timedelta(minutes=1)
_WRONG_CODE = "Koden stämmer inte. Kontrollera den eller be om en ny."


class LinkState(StrEnum):
    """What a personal link is good for."""

    usable = "usable"
    used = "used"
    expired = "expired"
    dead = "dead"


@dataclass(frozen=True, slots=True)
class LinkView:
    """Whom a link is for, as its page shows before anything is opened."""

    state: LinkState
    name: str = ""
    organisation: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session: the secret for the browser's cookie, where to go, and until when."""

    cookie: str
    path: str
    expires_at: datetime


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
    email = email.strip().lower()
    allowed = _counted(session, f"password:{email}", _PER_ADDRESS, real_now) & _counted(
        session, f"password-ip:{ip}", _PER_IP, real_now
    )
    found = session.exec(
        select(Credential, ContactAssignment)
        .join(Person, col(Person.id) == col(Credential.person_id))
        .join(ContactAssignment, col(ContactAssignment.person_id) == col(Person.id))
        .where(col(Person.email) == email, col(ContactAssignment.role).in_(STAFF), in_force(today))
        .order_by(col(ContactAssignment.id))
    ).first()
    credential = found[0] if found else None
    right = _password_holds(credential.password_hash if credential else _nobody(), password)
    if not (right and found and credential and allowed and _totp_holds(keys, credential, totp, real_now)):
        return None
    session.add(credential)
    return _open(session, found[1], real_now, "/", browser)


def look_at_link(session: Session, real_now: datetime, today: date, token: str) -> LinkView:
    """Whom a link is for and whether it can be opened; changes nothing, however often mail scanners come."""
    row = session.get(Link, fingerprint(token))
    if row is None:
        return LinkView(LinkState.dead)
    assignment = _valid(session, row.assignment_id, row.epoch, today)
    if assignment is None:
        return LinkView(LinkState.dead)
    if row.used_at is not None or row.expires_at <= real_now:
        return LinkView(LinkState.used if row.used_at else LinkState.expired)
    person = session.get_one(Person, assignment.person_id)
    organisation = session.get_one(Organisation, assignment.organisation_id)
    return LinkView(LinkState.usable, person.name, organisation.name, masked(person.email))


def open_link(session: Session, now: datetime, real_now: datetime, token: str, browser: str) -> Opened | None:
    """Spend a link in one statement and open a session; None when somebody was first, or it is dead or too old."""
    row = session.get(Link, fingerprint(token))
    assignment = _valid(session, row.assignment_id, row.epoch, civil(now)) if row else None
    if row is None or assignment is None:
        return None
    unspent = update(Link).where(
        col(Link.token_sha256) == row.token_sha256, col(Link.used_at).is_(None), col(Link.expires_at) > real_now
    )
    if session.connection().execute(unspent.values(used_at=real_now)).rowcount != 1:
        return None
    _mark_opened(session, assignment, row.path, now)
    return _open(session, assignment, real_now, row.path, browser)


def ask_for_code(session: Session, now: datetime, real_now: datetime, email: str, browser: str, ip: str) -> None:
    """Mail a code to a known address; nothing the asker sees tells whether it is known."""
    email = email.strip().lower()
    allowed = _counted(session, f"code:{email}", MOST_TRIES, real_now) & _counted(session, f"code-ip:{ip}", _PER_IP, real_now)
    assignment = _by_address(session, email, civil(now))
    if allowed and assignment is not None:
        letter = render(LetterName.sign_in_code, {})
        _send_code(
            session, now, real_now, assignment, "sign_in", None, browser, LetterName.sign_in_code, letter.subject, letter.body
        )


def sign_in_with_code(
    session: Session, keys: tuple[bytes, ...], now: datetime, real_now: datetime, typed: str, browser: str
) -> Opened | None:
    """A session for the right code in the same browser; None counts a try."""
    row = _newest_code(session, "sign_in", None, None, browser, real_now)
    if row is None or row.assignment_id is None or not _code_holds(session, keys, row, typed):
        return None
    assignment = _valid(session, row.assignment_id, row.epoch, civil(now))
    row.used_at = real_now
    session.add(row)
    return _open(session, assignment, real_now, "/", browser) if assignment else None


def ask_step_up(
    session: Session, actor: Actor, now: datetime, real_now: datetime, purpose: str, subject: UUID, browser: str
) -> None:
    """Mail a fresh code to the signed-in person before something that binds: purpose `sign` or `decline`, for one subject."""
    if not _counted(session, f"step-up:{actor.assignment}", 10, real_now):
        raise Blocked(Reason("too-many-codes", "Du har bett om många koder. Vänta en kvart och försök igen."))
    assignment = session.get(ContactAssignment, actor.assignment) if actor.assignment else None
    if assignment is None:
        raise NotFound
    what = {"sign": "skriva under", "decline": "tacka nej"}[purpose]
    letter = render(LetterName.step_up_code, {"vad": what, **_sender(session, assignment, civil(now))})
    _send_code(
        session, now, real_now, assignment, purpose, subject, browser, LetterName.step_up_code, letter.subject, letter.body
    )


def try_step_up(
    session: Session,
    keys: tuple[bytes, ...],
    actor: Actor,
    real_now: datetime,
    purpose: str,
    subject: UUID,
    typed: str,
    browser: str,
) -> bool:
    """Compare a typed code and count the try; a right one is confirmed for five minutes, for what it was asked for only."""
    row = _newest_code(session, purpose, subject, actor.assignment, browser, real_now)
    if row is None or not _code_holds(session, keys, row, typed):
        return False
    row.confirmed_at = real_now
    session.add(row)
    return True


def use_step_up(session: Session, actor: Actor, real_now: datetime, purpose: str, subject: UUID) -> None:
    """Use up the confirmed code in the transaction of what it allows; Invalid when there is none."""
    fresh = (
        update(Code)
        .where(
            col(Code.assignment_id) == actor.assignment,
            col(Code.purpose) == purpose,
            col(Code.subject_id) == subject,
            col(Code.used_at).is_(None),
            col(Code.confirmed_at) > real_now - CONFIRMED_LIVES,
        )
        .values(used_at=real_now)
    )
    if session.connection().execute(fresh).rowcount < 1:
        raise wrong_code()


def wrong_code() -> Invalid:
    """What a person reads whose code did not hold."""
    return Invalid(FieldError("code", "wrong-code", _WRONG_CODE))


def actor_for(session: Session, real_now: datetime, today: date, cookie: str) -> tuple[Actor, str] | None:
    """The person behind a cookie with their organisation's name; None when the session or its assignment has ended."""
    row = session.exec(select(SignIn).where(col(SignIn.cookie_sha256) == fingerprint(cookie))).first()
    if row is None or row.ended_at is not None or row.expires_at <= real_now:
        return None
    assignment = _valid(session, row.assignment_id, row.epoch, today)
    if assignment is None or row.seen_at + IDLE[assignment.role in STAFF] <= real_now:
        return None
    person = session.get_one(Person, assignment.person_id)
    organisation = session.get_one(Organisation, assignment.organisation_id)
    actor = Actor(
        assignment.id, person.id, organisation.id, assignment.role, person.name, programme=assignment.programme_id, session=row.id
    )
    return actor, organisation.name


def seen(session: Session, actor: Actor, real_now: datetime) -> bool:
    """Note that a session is in use, at most once a minute; True when a row was changed."""
    stale = update(SignIn).where(col(SignIn.id) == actor.session, col(SignIn.seen_at) < real_now - _SEEN_EVERY)
    return bool(session.connection().execute(stale.values(seen_at=real_now)).rowcount)


def needs_seen(session: Session, actor: Actor, real_now: datetime) -> bool:
    """Whether `seen` has something to write; asked first, so that reading a page seldom takes the writer's turn."""
    row = session.get(SignIn, actor.session) if actor.session else None
    return row is not None and row.seen_at < real_now - _SEEN_EVERY


def my_sessions(session: Session, actor: Actor, real_now: datetime) -> list[SignIn]:
    """The person's live sessions, newest first."""
    query = select(SignIn).where(
        col(SignIn.assignment_id) == actor.assignment, col(SignIn.ended_at).is_(None), col(SignIn.expires_at) > real_now
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


def set_password(session: Session, keys: tuple[bytes, ...], real_now: datetime, person: Person, password: str) -> str:
    """Give one of the region's own people a password and a new app secret; returns the otpauth address to scan."""
    if len(password) < PASSWORD_MIN:
        raise Invalid(FieldError("password", "too-short", f"Lösenordet ska ha minst {PASSWORD_MIN} tecken. En mening går bra."))
    secret = pyotp.random_base32()
    row = session.get(Credential, person.id) or Credential(
        person_id=person.id, password_hash="", totp_secret="", changed_at=real_now
    )
    row.password_hash, row.totp_secret = PasswordHasher().hash(password), _box(keys).encrypt(secret.encode()).decode()
    row.totp_last_step, row.changed_at = 0, real_now
    session.add(row)
    return pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name="Överens")


def one_link(
    session: Session, keys: tuple[bytes, ...], now: datetime, real_now: datetime, assignment: ContactAssignment, path: str = "/"
) -> str:
    """One fresh sign-in token for the command line and the demonstration; that it was made stands in the history."""
    token = link_token(keys[0], new_secret(), str(assignment.id), assignment.epoch)
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


def _valid(session: Session, assignment_id: UUID, epoch: int, today: date) -> ContactAssignment | None:
    query = select(ContactAssignment).where(col(ContactAssignment.id) == assignment_id, in_force(today))
    row = session.exec(query).first()
    return row if row is not None and row.epoch == epoch else None


def _open(session: Session, assignment: ContactAssignment, real_now: datetime, path: str, browser: str) -> Opened:
    cookie, expires = new_secret(), real_now + LONGEST[assignment.role in STAFF]
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
    """Which of a person's assignments a mailed code opens: contacts and signatories have no password."""
    query = (
        select(ContactAssignment)
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .where(
            col(Person.email) == email,
            or_(col(ContactAssignment.role).not_in(STAFF), col(ContactAssignment.role) == Role.registrar),
            in_force(today),
        )
        .order_by(col(ContactAssignment.id))
    )
    found = session.exec(query).all()
    order = (*CONTACT, *SIGNATORY)
    return min(found, key=lambda a: (order.index(a.role) if a.role in order else len(order), a.id), default=None)


def _send_code(
    session: Session,
    now: datetime,
    real_now: datetime,
    assignment: ContactAssignment,
    purpose: str,
    subject: UUID | None,
    browser: str,
    name: LetterName,
    heading: str,
    body: str,
) -> None:
    person = session.get_one(Person, assignment.person_id)
    row = Code(
        assignment_id=assignment.id,
        epoch=assignment.epoch,
        purpose=purpose,
        subject_id=subject,
        browser_sha256=fingerprint(browser),
        created_at=real_now,
        expires_at=real_now + CODE_LIVES,
    )
    message = outbox.queue(
        session,
        now,
        key=f"{name}:{row.id}",
        purpose=name.value,
        subject=heading,
        body=body,
        recipient=person.email,
        recipient_name=person.name,
        assignment=assignment,
        not_before=real_now,
    )
    row.message_id = message.id if message else None
    session.add(row)
    session.flush()


def _newest_code(
    session: Session, purpose: str, subject: UUID | None, assignment: UUID | None, browser: str, real_now: datetime
) -> Code | None:
    """The latest code asked for in this browser that can still be tried."""
    query = select(Code).where(
        col(Code.purpose) == purpose,
        col(Code.browser_sha256) == fingerprint(browser),
        col(Code.used_at).is_(None),
        col(Code.expires_at) > real_now,
        col(Code.tries) < MOST_TRIES,
    )
    if assignment is not None:
        query = query.where(col(Code.assignment_id) == assignment, col(Code.subject_id) == subject)
    return session.exec(query.order_by(col(Code.id).desc()).with_for_update()).first()


def _code_holds(session: Session, keys: tuple[bytes, ...], row: Code, typed: str) -> bool:
    row.tries += 1
    session.add(row)
    assignment = session.get_one(ContactAssignment, row.assignment_id)
    return assignment.epoch == row.epoch and code_matches(keys, typed, str(row.message_id), str(assignment.id), row.epoch)


def _counted(session: Session, what: str, limit: int, real_now: datetime) -> bool:
    """Count one try; False above the limit. A window ends after fifteen minutes, whatever is tried meanwhile."""
    key = hashlib.sha256(what.encode()).hexdigest()
    row = session.get(Throttle, key, with_for_update=True)
    if row is None or row.resets_at <= real_now:
        row = row or Throttle(key=key, resets_at=real_now)
        row.count, row.resets_at = 0, real_now + _WINDOW
    row.count += 1
    session.add(row)
    session.flush()
    return row.count <= limit


def _password_holds(hashed: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    """A hash nobody knows the password of: unknown addresses cost as much time as known ones."""
    return PasswordHasher().hash(new_secret())


def _totp_holds(keys: tuple[bytes, ...], credential: Credential, typed: str, real_now: datetime) -> bool:
    """Whether the app's code is right, one step of clock drift either way; each step opens once."""
    app = pyotp.TOTP(_box(keys).decrypt(credential.totp_secret.encode()).decode())
    step = int(real_now.timestamp()) // app.interval
    for candidate in (step - 1, step, step + 1):
        if candidate > credential.totp_last_step and pyotp.utils.strings_equal(
            typed.strip().replace(" ", ""), app.generate_otp(candidate)
        ):
            credential.totp_last_step = candidate
            return True
    return False


def _box(keys: tuple[bytes, ...]) -> MultiFernet:
    return MultiFernet([Fernet(urlsafe_b64encode(digest(key, b"totp", "sha256"))) for key in keys])


def _sender(session: Session, assignment: ContactAssignment, today: date) -> dict[str, str]:
    """Whom to call about a code nobody asked for: the strategist of a region this person's organisation deals with."""
    query = (
        select(Agreement.region_id)
        .join(AgreementParty, col(AgreementParty.agreement_id) == col(Agreement.id))
        .where(col(AgreementParty.organisation_id) == assignment.organisation_id)
    )
    region = session.exec(query).first()
    found = contacts(session, region, assignment.programme_id, today, STRATEGIST) if region else []
    if not found:
        return {"avsandare": "regionen", "telefon": ""}
    return {"avsandare": found[0].person.name, "telefon": found[0].person.phone or found[0].person.email}
