"""A programme: the plan period, its calendar and policy, and the areas the region offers."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from service.store.columns import Instant, Row, new_id


class Programme(Row, table=True):
    """One period of agreements of one region.

    `themes` [{id, name}], `quiet_periods` [{from, to, reason}], `policy` as states.reminders.Policy, `template` {title,
    sections [{heading, text, place: before|after}]} with named placeholders.
    """

    id: UUID = Field(default_factory=new_id, primary_key=True)
    region_id: UUID = Field(foreign_key="organisation.id", index=True)
    slug: str = Field(unique=True)
    name: str
    period_from: date
    period_to: date
    due: date | None = None
    due_firm: bool = False
    themes: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    quiet_periods: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    policy: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    template: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime = Field(sa_type=Instant)
    version: int = 1


class CooperationArea(Row, table=True):
    """An area of the region's catalogue; its texts are versions."""

    __table_args__ = (UniqueConstraint("programme_id", "number"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    programme_id: UUID = Field(foreign_key="programme.id")
    number: int
    theme: str = ""
    version: int = 1


class AreaVersion(Row, table=True):
    """One text of a catalogue area: title and the five fields by code."""

    __table_args__ = (UniqueConstraint("area_id", "seq"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    area_id: UUID = Field(foreign_key="cooperation_area.id")
    seq: int
    title: str
    fields: dict[str, str] = Field(sa_type=JSON)
    at: datetime = Field(sa_type=Instant)
