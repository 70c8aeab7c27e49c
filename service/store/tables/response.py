"""A party's pending answers, seen by its own side only until they are sent as one batch."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from service.store.columns import Instant, Row, choice, new_id, partial_index


class AnswerKind(StrEnum):
    """What an answer does when it is sent."""

    accept = "accept"
    counter = "counter"
    exclude = "exclude"
    propose_again = "propose_again"
    add = "add"


class Response(Row, table=True):
    """One batch of a party's answers; a party has at most one that is not sent."""

    __table_args__ = (partial_index("uq_response_open", "party_id", where="sent_at IS NULL", unique=True),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreement.id", index=True)
    party_id: UUID = Field(foreign_key="agreement_party.id")
    created_at: datetime = Field(sa_type=Instant)
    sent_at: datetime | None = Field(default=None, sa_type=Instant)
    sent_by_id: UUID | None = Field(default=None, foreign_key="contact_assignment.id")
    recalled_at: datetime | None = Field(default=None, sa_type=Instant)
    version: int = 1


class Answer(Row, table=True):
    """One draft answer; `base_version_id` is the head it answers, `version` its own optimistic lock.

    `finished` is false while the text has only saved itself: nobody has said that it may be sent.
    """

    __table_args__ = (UniqueConstraint("response_id", "clause_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    response_id: UUID = Field(foreign_key="response.id")
    clause_id: UUID | None = Field(default=None, foreign_key="clause.id")
    base_version_id: UUID | None = Field(default=None, foreign_key="clause_version.id")
    kind: AnswerKind = Field(sa_type=choice(AnswerKind))
    title: str = ""
    fields: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    reason: str = ""
    author_id: UUID | None = Field(default=None, foreign_key="contact_assignment.id")
    saved_at: datetime = Field(sa_type=Instant)
    finished: bool = True
    version: int = 1
