"""Codes by mail: one is sent, the newest is compared, every try counts, and the code itself stands in no row."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from service.post.letters import Letter, LetterName
from service.store import outbox
from service.store.tables import Code, ContactAssignment, Person
from states.errors import FieldError, Invalid
from states.tokens import code_matches, fingerprint

CODE_LIVES = timedelta(minutes=10)
MOST_TRIES = 5
_WRONG_CODE = "Koden stämmer inte. Kontrollera den eller be om en ny."


def send_code(
    session: Session,
    now: datetime,
    real_now: datetime,
    assignment: ContactAssignment,
    purpose: str,
    subject: UUID | None,
    browser: str,
    name: LetterName,
    letter: Letter,
) -> None:
    """Mail a fresh code for one purpose, to be tried in this browser only."""
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
        subject=letter.subject,
        body=letter.body,
        recipient=person.email,
        recipient_name=person.name,
        assignment=assignment,
        not_before=real_now,
    )
    row.message_id = message.id if message else None
    session.add(row)
    session.flush()


def newest_code(
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


def code_holds(session: Session, keys: tuple[bytes, ...], row: Code, typed: str) -> bool:
    """Compare a typed code with the one that was sent; the try is counted whatever comes of it."""
    row.tries += 1
    session.add(row)
    assignment = session.get_one(ContactAssignment, row.assignment_id)
    return assignment.epoch == row.epoch and code_matches(keys, typed, str(row.message_id), str(assignment.id), row.epoch)


def wrong_code() -> Invalid:
    """What a person reads whose code did not hold."""
    return Invalid(FieldError("code", "wrong-code", _WRONG_CODE))
