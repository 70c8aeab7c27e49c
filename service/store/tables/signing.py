"""What is decided and signed: the frozen text, its files, decision steps, slots, signatures, publication."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from service.store.columns import Instant, Row, choice, new_id, partial_index
from states import decision, slot


class FrozenText(Row, table=True):
    """The agreed text as canonical JSON under its control code; `obsolete_at` is set when a clause is opened again."""

    __table_args__ = (
        UniqueConstraint("agreement_id", "revision"),
        partial_index("uq_frozen_text_current", "agreement_id", where="obsolete_at IS NULL", unique=True),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreement.id")
    revision: int
    canonical: str
    control_code: str = Field(index=True, max_length=64)
    at: datetime = Field(sa_type=Instant)
    obsolete_at: datetime | None = Field(default=None, sa_type=Instant)


class Document(Row, table=True):
    """A stored file: what it is, of which frozen text, and its content address."""

    __table_args__ = (UniqueConstraint("agreement_id", "kind", "seq"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreement.id")
    frozen_id: UUID | None = Field(default=None, foreign_key="frozen_text.id")
    kind: str = Field(max_length=24)
    seq: int
    file_name: str
    media_type: str
    file_sha256: str = Field(index=True, max_length=64)
    size: int
    at: datetime = Field(sa_type=Instant)
    by_id: UUID | None = Field(default=None, foreign_key="contact_assignment.id")


class DecisionStep(Row, table=True):
    """How one party decides; bound to a frozen text once the decision is asked for. A new meeting is a new round of reminders."""

    __table_args__ = (partial_index("uq_decision_step_open", "party_id", where="state <> 'cancelled'", unique=True),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreement.id", index=True)
    party_id: UUID = Field(foreign_key="agreement_party.id")
    frozen_id: UUID | None = Field(default=None, foreign_key="frozen_text.id")
    kind: decision.Kind = Field(sa_type=choice(decision.Kind))
    body: str = ""
    meeting_on: date | None = None
    papers_due: date | None = None
    round: int = 1
    state: decision.State = Field(default=decision.State.planned, sa_type=choice(decision.State))
    outcome: decision.Outcome | None = Field(default=None, sa_type=choice(decision.Outcome))
    paragraph: str = ""
    decided_on: date | None = None
    reason: str = ""
    version: int = 1


class SignatureSlot(Row, table=True):
    """One signatory's place; slots with the same position are asked at the same time, lower positions first."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreement.id", index=True)
    party_id: UUID = Field(foreign_key="agreement_party.id")
    frozen_id: UUID | None = Field(default=None, foreign_key="frozen_text.id")
    position: int = 1
    title: str
    authority: str = ""
    mandate_until: date | None = None
    assignment_id: UUID | None = Field(default=None, foreign_key="contact_assignment.id", index=True)
    state: slot.State = Field(default=slot.State.pending, sa_type=choice(slot.State))
    requested_at: datetime | None = Field(default=None, sa_type=Instant)
    reason: str = ""
    version: int = 1


class Signature(Row, table=True):
    """A signature on a control code; on paper it counts once another person has verified the scan."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    slot_id: UUID = Field(foreign_key="signature_slot.id", index=True)
    frozen_id: UUID = Field(foreign_key="frozen_text.id")
    control_code: str = Field(max_length=64)
    method: slot.Method = Field(sa_type=choice(slot.Method))
    signed_on: date
    at: datetime = Field(sa_type=Instant)
    by_id: UUID = Field(foreign_key="contact_assignment.id")
    document_id: UUID | None = Field(default=None, foreign_key="document.id")
    verified_at: datetime | None = Field(default=None, sa_type=Instant)
    verified_by_id: UUID | None = Field(default=None, foreign_key="contact_assignment.id")
    rejected_reason: str = ""


class Publication(Row, table=True):
    """That a signed agreement lies on the public page, or why it was taken down."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreement.id", unique=True)
    document_id: UUID = Field(foreign_key="document.id")
    slug: str = Field(unique=True)
    published_at: datetime = Field(sa_type=Instant)
    unpublished_at: datetime | None = Field(default=None, sa_type=Instant)
    reason: str = ""
