"""Organisations, the people who speak for them, and the boards that decide for them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from service.store.columns import Instant, Row, choice, new_id
from states.parties import OrganisationKind, Role


class Organisation(Row, table=True):
    """A region, municipality or other party; the official name is stored, never derived."""

    __table_args__ = (Index("uq_organisation_municipality_code", "municipality_code", unique=True),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: OrganisationKind = Field(sa_type=choice(OrganisationKind))
    name: str
    short_name: str
    municipality_code: str | None = Field(default=None, max_length=4)
    org_no: str = ""
    registry_email: str = ""
    case_prefix: str = ""
    valid_from: date | None = None
    valid_to: date | None = None


class Person(Row, table=True):
    """A person; all access and all mail hang on their assignments."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str
    email: str = Field(index=True)
    phone: str = ""
    digests_off_at: datetime | None = Field(default=None, sa_type=Instant)


class ContactAssignment(Row, table=True):
    """A person's role for an organisation, in one programme or all; raising `epoch` kills every link, code and session."""

    __table_args__ = (Index("ix_assignment_organisation_role", "organisation_id", "role"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    organisation_id: UUID = Field(foreign_key="organisation.id")
    programme_id: UUID | None = Field(default=None, foreign_key="programme.id")
    role: Role = Field(sa_type=choice(Role))
    title: str = ""
    authority: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    blocked: bool = False
    bounced: bool = False
    confirmed_on: date | None = None
    epoch: int = 1
    version: int = 1


class Body(Row, table=True):
    """A board or committee of an organisation."""

    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation_id: UUID = Field(foreign_key="organisation.id")
    name: str


class BodyMeeting(Row, table=True):
    """A meeting of a board with the last day for its papers; these dates never roll."""

    __table_args__ = (UniqueConstraint("body_id", "day"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    body_id: UUID = Field(foreign_key="body.id")
    day: date
    papers_due: date


class CaseCounter(Row, table=True):
    """The last case number given out by an organisation in a year; numbers are never reused."""

    organisation_id: UUID = Field(foreign_key="organisation.id", primary_key=True)
    year: int = Field(primary_key=True)
    last: int = 0
