"""Accounts of the region's own people: made from the command line, with a password (argon2id) and codes from an app (TOTP)."""

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlmodel import Session, col, select, update

from service.cases.contacts import NewContact, assign
from service.store import history
from service.store.tables import ContactAssignment, Credential, Organisation, Person
from states.errors import FieldError, Invalid, NotFound
from states.parties import FLOW, STAFF, OrganisationKind, Role
from states.tokens import new_secret

SHORTEST_PASSWORD = 15
LONGEST_PASSWORD = 256

STEP_SECONDS = 30
CLOCKS_APART = 1
"""How many steps an app's clock may be before or behind ours."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's least for argon2id: about 25 ms, so that a sign-in does not hold up SQLite's other writers."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the person needs once: the secret to type into the app, and the same as the address of a QR code."""

    person: UUID
    secret: str
    uri: str


def add_user(
    session: Session,
    keys: tuple[bytes, ...],
    now: datetime,
    real_now: datetime,
    *,
    name: str,
    email: str,
    role: Role,
    organisation: UUID,
    password: str,
) -> Enrolled:
    """Give a person an account at the region; Invalid when the password is too short or the role has none."""
    region = session.get(Organisation, organisation)
    if role not in STAFF or region is None or region.kind is not OrganisationKind.region:
        raise Invalid(FieldError("role", "unknown-role", "Bara regionens egna har lösenord. Lägg in andra som kontakter."))
    _check_new(password)
    row = assign(session, FLOW, now, organisation, None, NewContact(name, email, role))
    return set_password(session, keys, now, real_now, row.person_id, password)


def set_password(
    session: Session, keys: tuple[bytes, ...], now: datetime, real_now: datetime, person_id: UUID, password: str
) -> Enrolled:
    """A new password and a new app secret; every session, link and code of the person's accounts ends."""
    _check_new(password)
    person = session.get(Person, person_id)
    mine = select(ContactAssignment).where(col(ContactAssignment.person_id) == person_id, col(ContactAssignment.role).in_(STAFF))
    assignments = session.exec(mine.order_by(col(ContactAssignment.id))).all()
    if person is None or not assignments:
        raise NotFound
    for each in assignments:
        each.epoch, each.version = each.epoch + 1, each.version + 1
        session.add(each)
    secret = pyotp.random_base32()
    row = session.get(Credential, person_id) or Credential(
        person_id=person_id, password_hash="", totp_secret="", changed_at=real_now
    )
    row.password_hash, row.totp_secret = _hasher.hash(password), _box(keys).encrypt(secret.encode()).decode()
    row.totp_last_step, row.changed_at = 0, real_now
    session.add(row)
    session.flush()
    history.append(session, FLOW, now, "set_password", person=str(person_id))
    return Enrolled(person_id, secret, _uri(secret, person.email))


def _uri(secret: str, email: str) -> str:
    return pyotp.TOTP(secret, name=email, issuer="Överens").provisioning_uri()


def check_password(stored: str, typed: str) -> bool:
    """Whether a password is right; without a stored one it takes as long and is wrong."""
    try:
        return _hasher.verify(stored or _nobodys(), typed[:LONGEST_PASSWORD]) and bool(stored) and len(typed) <= LONGEST_PASSWORD
    except (VerifyMismatchError, InvalidHashError):
        return False


def use_totp(session: Session, keys: tuple[bytes, ...], real_now: datetime, credential: Credential | None, typed: str) -> bool:
    """Whether a code from the app is right and of a step not used before; the step is then used up."""
    secret = _opened(keys, credential.totp_secret) if credential else pyotp.random_base32()
    digits = "".join(typed.split())
    step = _step(secret, real_now, digits)
    if credential is None or step is None:
        return False
    used = session.exec(
        update(Credential)
        .where(col(Credential.person_id) == credential.person_id, col(Credential.totp_last_step) < step)
        .values(totp_last_step=step)
    )
    return used.rowcount == 1


def _step(secret: str, real_now: datetime, digits: str) -> int | None:
    """The step a code belongs to; every candidate is compared, so that the time says nothing."""
    current, clock = int(real_now.timestamp()) // STEP_SECONDS, pyotp.TOTP(secret)
    near = range(current - CLOCKS_APART, current + CLOCKS_APART + 1)
    right = [step for step in near if hmac.compare_digest(clock.generate_otp(step).encode(), digits.encode())]
    return right[-1] if right else None


def _check_new(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid(FieldError("password", "too-short", f"Välj ett lösenord med minst {SHORTEST_PASSWORD} tecken."))
    if len(password) > LONGEST_PASSWORD:
        raise Invalid(FieldError("password", "too-long", f"Lösenordet får ha högst {LONGEST_PASSWORD} tecken."))


@cache
def _nobodys() -> str:
    """A hash that no password fits, for addresses we do not know."""
    return _hasher.hash(new_secret())


def _box(keys: tuple[bytes, ...]) -> MultiFernet:
    """What encrypts app secrets: a key of its own, derived from each live key."""
    derived = (base64.urlsafe_b64encode(hmac.digest(key, b"totp", "sha256")) for key in keys)
    return MultiFernet([Fernet(key) for key in derived])


def _opened(keys: tuple[bytes, ...], encrypted: str) -> str:
    """The app secret; one that no live key opens fits no code."""
    try:
        return _box(keys).decrypt(encrypted.encode()).decode()
    except InvalidToken:
        return pyotp.random_base32()
