"""The outbox: messages and tasks written in the transaction that makes them true; one key makes one, however often asked for."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from service.store import history
from service.store.columns import new_id
from service.store.tables import ContactAssignment, Message, Task
from states import message as rule
from states.errors import NotAllowed

MAIL_DOMAIN = "overens.invalid"
"""The right side of a Message-ID: fixed, so that no row depends on a setting; RFC 2606 keeps the name free of owners."""


def queue(
    session: Session,
    now: datetime,
    *,
    key: str,
    purpose: str,
    subject: str,
    body: str,
    recipient: str,
    recipient_name: str = "",
    assignment: ContactAssignment | None = None,
    agreement_id: UUID | None = None,
    response_id: UUID | None = None,
    link_path: str | None = None,
    document_id: UUID | None = None,
    urgent: bool = True,
    not_before: datetime | None = None,
    real_now: datetime | None = None,
) -> Message | None:
    """Write one message, or None when its key has one already; it is not tried before `not_before` (real time)."""
    if session.exec(select(Message.id).where(col(Message.slot_key) == key)).first():
        return None
    message_id = new_id()
    message = Message(
        id=message_id,
        slot_key=key,
        purpose=purpose,
        agreement_id=agreement_id,
        response_id=response_id,
        assignment_id=assignment.id if assignment else None,
        recipient_name=recipient_name,
        recipient=recipient,
        subject=subject,
        body=body,
        link_path=link_path,
        epoch=assignment.epoch if assignment else 0,
        document_id=document_id,
        message_id=f"<{message_id.hex}@{MAIL_DOMAIN}>",
        written_at=now,
        head=history.newest(session),
        urgent=urgent,
        next_try_at=not_before or real_now or now,
    )
    session.add(message)
    session.flush()
    return message


def suppress(session: Session, message: Message, reason: str) -> None:
    """Stop a message that is still queued; its row stays and says why."""
    rule.advance(message, rule.Event.suppress)
    message.reason, message.leased_until = reason, None
    _changed(session, message)


def hold(session: Session, message: Message) -> None:
    """Keep a queued message back until it is released."""
    _keep(session, message, held=True)


def release(session: Session, message: Message) -> None:
    """Let a held message go at its time."""
    _keep(session, message, held=False)


def resend(session: Session, message: Message, real_now: datetime) -> None:
    """Try a message that failed or bounced again from the start: the same mail, under the same Message-ID."""
    rule.advance(message, rule.Event.resend)
    message.next_try_at, message.attempts, message.reason = real_now, 0, ""
    _changed(session, message)


def task(
    session: Session,
    now: datetime,
    *,
    key: str,
    kind: str,
    organisation_id: UUID,
    title: str,
    detail: str = "",
    agreement_id: UUID | None = None,
    subject_id: UUID | None = None,
    not_before: date | None = None,
) -> Task:
    """Something an organisation's people must do; the same key gives the task there is, open or done."""
    found = session.exec(select(Task).where(col(Task.key) == key)).first()
    if found is not None:
        return found
    made = Task(
        key=key,
        kind=kind,
        organisation_id=organisation_id,
        title=title,
        detail=detail,
        agreement_id=agreement_id,
        subject_id=subject_id,
        not_before=not_before,
        created_at=now,
    )
    session.add(made)
    session.flush()
    return made


def take_turn(session: Session, work: str) -> None:
    """Wait until no other transaction does the same kind of work; on SQLite there is one writer at a time anyway."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:work))"), {"work": work})


def _keep(session: Session, message: Message, *, held: bool) -> None:
    if message.state is not rule.State.queued:
        raise NotAllowed("hold" if held else "release", message.state)
    message.held = held
    _changed(session, message)


def _changed(session: Session, message: Message) -> None:
    message.version += 1
    session.add(message)
    session.flush()
