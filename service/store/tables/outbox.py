"""What goes out: messages with a place for link and code, reminders by slot key, and tasks for people."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from service.store.columns import Instant, Row, choice, new_id, partial_index
from states import incoming
from states.message import State


class Message(Row, table=True):
    """One mail: written once with its Message-ID and Date; only the fields of delivery change. No secret stands in it.

    `head` is the newest hash of the history when it was written: every mailbox is a witness.
    """

    __table_args__ = (
        partial_index("ix_message_due", "next_try_at", where="state = 'queued'"),
        Index("ix_message_agreement", "agreement_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    slot_key: str = Field(unique=True)
    purpose: str = Field(max_length=40)
    agreement_id: UUID | None = Field(default=None, foreign_key="agreement.id")
    response_id: UUID | None = Field(default=None, foreign_key="response.id")
    assignment_id: UUID | None = Field(default=None, foreign_key="contact_assignment.id", index=True)
    recipient_name: str = ""
    recipient: str
    subject: str
    body: str
    link_path: str | None = None
    epoch: int = 0
    document_id: UUID | None = Field(default=None, foreign_key="document.id")
    message_id: str = Field(unique=True)
    written_at: datetime = Field(sa_type=Instant)
    head: str = Field(default="", max_length=64)
    urgent: bool = False
    state: State = Field(default=State.queued, sa_type=choice(State))
    held: bool = False
    next_try_at: datetime = Field(sa_type=Instant)
    leased_until: datetime | None = Field(default=None, sa_type=Instant)
    attempts: int = 0
    sent_at: datetime | None = Field(default=None, sa_type=Instant)
    reason: str = ""
    version: int = 1


class LetterText(Row, table=True):
    """A letter in a region's own words; without a row it is ours."""

    __table_args__ = (UniqueConstraint("region_id", "name"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    region_id: UUID = Field(foreign_key="organisation.id")
    name: str = Field(max_length=40)
    subject: str
    body: str
    changed_at: datetime = Field(sa_type=Instant)
    version: int = 1


class Reminder(Row, table=True):
    """What became of one reminder slot: queued with its message, or why it was not. The key is unique: nothing goes out twice."""

    __table_args__ = (Index("ix_reminder_subject", "subject_id"), Index("ix_reminder_message", "message_id"))

    key: str = Field(primary_key=True)
    purpose: str = Field(max_length=24)
    subject_id: UUID
    agreement_id: UUID | None = Field(default=None, foreign_key="agreement.id")
    assignment_id: UUID | None = Field(default=None, foreign_key="contact_assignment.id")
    round: int
    number: int
    outcome: str = Field(max_length=24)
    planned_on: date | None = None
    at: datetime = Field(sa_type=Instant)
    message_id: UUID | None = Field(default=None, foreign_key="message.id")


class Task(Row, table=True):
    """Something a person must do; the key is unique, so one cause makes one task."""

    __table_args__ = (partial_index("ix_task_open", "organisation_id", where="done_at IS NULL"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    key: str = Field(unique=True)
    kind: str = Field(max_length=40)
    organisation_id: UUID = Field(foreign_key="organisation.id")
    agreement_id: UUID | None = Field(default=None, foreign_key="agreement.id")
    subject_id: UUID | None = None
    title: str
    detail: str = ""
    not_before: date | None = None
    created_at: datetime = Field(sa_type=Instant)
    done_at: datetime | None = Field(default=None, sa_type=Instant)
    done_by_id: UUID | None = Field(default=None, foreign_key="contact_assignment.id")
    note: str = ""
    version: int = 1


class ReceivedMail(Row, table=True):
    """A mail that came in: filed on an agreement, or set aside; its Message-ID is unique, so reading again adds nothing.

    `region_id` is whose people may see it, None when that cannot be told.
    """

    __table_args__ = (Index("ix_received_sender", "sender", "received_at"), Index("ix_received_agreement", "agreement_id"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    message_id: str = Field(unique=True)
    sender: str
    subject: str
    text: str = ""
    received_at: datetime = Field(sa_type=Instant)
    state: incoming.State = Field(sa_type=choice(incoming.State))
    reason: incoming.Reason | None = Field(default=None, sa_type=choice(incoming.Reason))
    answers_id: UUID | None = Field(default=None, foreign_key="message.id")
    agreement_id: UUID | None = Field(default=None, foreign_key="agreement.id")
    region_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    assignment_id: UUID | None = Field(default=None, foreign_key="contact_assignment.id")
    version: int = 1


class ReceivedFile(Row, table=True):
    """A file that came with a mail; its bytes lie in the files by their SHA-256."""

    __table_args__ = (UniqueConstraint("mail_id", "position"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    mail_id: UUID = Field(foreign_key="received_mail.id")
    position: int
    name: str
    media_type: str = Field(max_length=255)
    sha256: str = Field(max_length=64)
