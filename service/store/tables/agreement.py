"""An agreement with its parties, clauses, text versions and stances; versions and stances are facts and never change."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from service.store.columns import Instant, Row, choice, new_id, partial_index
from states.agreement import LIVE, State
from states.clause import StanceKind

_LIVE = "state IN ({})".format(", ".join(f"'{s.value}'" for s in LIVE))


class Agreement(Row, table=True):
    """One agreement; `state` is stored and checked against the facts, `party_key` names its set of parties (invariant 9).

    `proposed_at` and `ended_as` are the facts behind draft, declined and withdrawn; `version` is the optimistic lock.
    `policy` holds what differs from the reminders of its programme.
    """

    __table_args__ = (
        partial_index("uq_agreement_live", "programme_id", "party_key", where=_LIVE, unique=True),
        partial_index("ix_agreement_due", "due", where="state = 'negotiating'"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    programme_id: UUID = Field(foreign_key="programme.id", index=True)
    region_id: UUID = Field(foreign_key="organisation.id")
    party_key: str
    title: str
    period_from: date
    period_to: date
    state: State = Field(default=State.draft, sa_type=choice(State))
    due: date | None = None
    due_firm: bool = False
    due_round: int = 1
    policy: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    pause: str | None = Field(default=None, max_length=24)
    ended_as: State | None = Field(default=None, sa_type=choice(State, "ended_as"))
    ended_reason: str = ""
    created_at: datetime = Field(sa_type=Instant)
    proposed_at: datetime | None = Field(default=None, sa_type=Instant)
    waiting_since: datetime | None = Field(default=None, sa_type=Instant)
    reopened_at: datetime | None = Field(default=None, sa_type=Instant)
    version: int = 1


class AgreementParty(Row, table=True):
    """A party of an agreement, in the order it stands in the text, with its own case number."""

    __table_args__ = (UniqueConstraint("agreement_id", "organisation_id"), UniqueConstraint("agreement_id", "position"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreement.id")
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    position: int
    case_number: str = ""
    opened_at: datetime | None = Field(default=None, sa_type=Instant)
    answered_at: datetime | None = Field(default=None, sa_type=Instant)


class Clause(Row, table=True):
    """One area in one agreement: from the catalogue, or a party's own (no area)."""

    __table_args__ = (UniqueConstraint("agreement_id", "position"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreement.id")
    area_id: UUID | None = Field(default=None, foreign_key="cooperation_area.id", index=True)
    origin_party_id: UUID = Field(foreign_key="agreement_party.id")
    position: int
    area_withdrawn: bool = False


class ClauseVersion(Row, table=True):
    """A sent text of a clause; `party_id` speaks, `author_id` wrote, `recorded_by_id` entered it for them if another did."""

    __table_args__ = (UniqueConstraint("clause_id", "seq"), CheckConstraint("base_seq < seq", name="base_before"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    clause_id: UUID = Field(foreign_key="clause.id")
    seq: int
    base_seq: int = 0
    title: str
    fields: dict[str, str] = Field(sa_type=JSON)
    reason: str = ""
    party_id: UUID = Field(foreign_key="agreement_party.id")
    author_id: UUID | None = Field(default=None, foreign_key="contact_assignment.id")
    recorded_by_id: UUID | None = Field(default=None, foreign_key="contact_assignment.id")
    response_id: UUID | None = Field(default=None, foreign_key="response.id")
    sha256: str
    at: datetime = Field(sa_type=Instant)


class Stance(Row, table=True):
    """What a party said of one version; `seq` is the order in which it was said there, whatever the clocks were."""

    __table_args__ = (
        Index("ix_stance_version_party", "version_id", "party_id"),
        Index("uq_stance_version_seq", "version_id", "seq", unique=True),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    version_id: UUID = Field(foreign_key="clause_version.id")
    seq: int
    party_id: UUID = Field(foreign_key="agreement_party.id")
    kind: StanceKind = Field(sa_type=choice(StanceKind))
    note: str = ""
    recorded_by_id: UUID | None = Field(default=None, foreign_key="contact_assignment.id")
    response_id: UUID | None = Field(default=None, foreign_key="response.id")
    at: datetime = Field(sa_type=Instant)


class DateRequest(Row, table=True):
    """A party asks for another last day; reminders rest until the region has answered."""

    __table_args__ = (Index("ix_date_request_agreement", "agreement_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreement.id")
    party_id: UUID = Field(foreign_key="agreement_party.id")
    day: date
    reason: str = ""
    at: datetime = Field(sa_type=Instant)
    answered_at: datetime | None = Field(default=None, sa_type=Instant)
    granted: bool | None = None
