"""Programmes: the plan period with its areas, and a draft agreement for each chosen municipality."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases.wording import line, sha256, wording
from service.store import history
from service.store.tables import (
    Agreement,
    AgreementParty,
    AreaVersion,
    CaseCounter,
    Clause,
    ClauseVersion,
    CooperationArea,
    Organisation,
    Programme,
)
from states.access import Operation, Relation, require
from states.agreement import LIVE
from states.calendar import civil
from states.errors import Blocked, FieldError, Invalid, NotFound, Reason, Stale
from states.parties import Actor, OrganisationKind, Role
from states.said import _

_SLUG = re.compile("[a-z0-9]+(-[a-z0-9]+)*")
"""A short name goes into addresses, file names and headers as it is."""


@dataclass(frozen=True, slots=True)
class AreaPlan:
    """An area as the region proposes it: number, theme id, title, the five fields by code."""

    number: int
    title: str
    fields: Mapping[str, str]
    theme: str = ""


@dataclass(frozen=True, slots=True)
class ProgrammePlan:
    """A programme as it is read from a file or a form; shapes as in the table Programme."""

    slug: str
    name: str
    period_from: date
    period_to: date
    due: date | None = None
    due_firm: bool = False
    themes: Sequence[Mapping[str, str]] = ()
    quiet_periods: Sequence[Mapping[str, str]] = ()
    policy: Mapping[str, Any] = field(default_factory=dict)
    template: Mapping[str, Any] = field(default_factory=dict)
    areas: Sequence[AreaPlan] = ()


@dataclass(frozen=True, slots=True)
class Created:
    """What became of each chosen municipality: the new agreements, and a reason for each that got none."""

    agreements: tuple[UUID, ...]
    skipped: tuple[Reason, ...]


def programme_for(session: Session, actor: Actor, operation: Operation, programme_id: UUID) -> Programme:
    """A programme of the person's region; NotFound for anybody else's."""
    programme = session.get(Programme, programme_id)
    mine = programme is not None and (actor.role is Role.flow or programme.region_id == actor.organisation)
    if programme is None or not mine or actor.programme not in (None, programme_id):
        raise NotFound
    require(operation, actor.role, Relation.region)
    return programme


def create_programme(
    session: Session, actor: Actor, now: datetime, plan: ProgrammePlan, *, region: UUID | None = None
) -> Programme:
    """Add a programme with its areas; `region` only matters when the command line asks."""
    require(Operation.edit_programme, actor.role, Relation.region)
    owner = session.get(Organisation, actor.organisation or region)
    if owner is None or owner.kind is not OrganisationKind.region:
        raise NotFound
    programme = _planned(owner, now, plan)
    _check_plan(session, programme)
    session.add(programme)
    session.flush()
    for area in plan.areas:
        add_area(session, actor, now, programme, area)
    history.append(
        session, actor, now, "create_programme", programme=str(programme.id), name=programme.name, areas=len(plan.areas)
    )
    return programme


def add_area(session: Session, actor: Actor, now: datetime, programme: Programme, plan: AreaPlan) -> CooperationArea:
    """Add an area to the catalogue with its first text; agreements that exist already are not touched."""
    require(Operation.edit_programme, actor.role, Relation.region)
    title, fields = wording(plan.title, dict(plan.fields))
    taken = select(CooperationArea.id).where(CooperationArea.programme_id == programme.id, CooperationArea.number == plan.number)
    if session.exec(taken).first():
        raise Invalid(
            FieldError("number", "number-taken", _("Det finns redan ett område med nummer {number}.", number=plan.number))
        )
    area = CooperationArea(programme_id=programme.id, number=plan.number, theme=plan.theme)
    session.add(area)
    session.flush()
    session.add(AreaVersion(area_id=area.id, seq=1, title=title, fields=fields, at=now))
    history.append(session, actor, now, "add_area", area=str(area.id), title=title)
    return area


def reword_area(
    session: Session, actor: Actor, now: datetime, area_id: UUID, title: str, fields: dict[str, str], version: int
) -> None:
    """Give a catalogue area a new text: it is what later agreements start from; existing ones show it as a hint."""
    area = session.get(CooperationArea, area_id, with_for_update=True)
    if area is None:
        raise NotFound
    programme_for(session, actor, Operation.edit_programme, area.programme_id)
    if area.version != version:
        raise Stale
    title, fields = wording(title, fields)
    area.version += 1
    session.add(AreaVersion(area_id=area.id, seq=area.version, title=title, fields=fields, at=now))
    history.append(session, actor, now, "reword_area", area=str(area.id), version=area.version, title=title)


def create_agreements(
    session: Session,
    actor: Actor,
    now: datetime,
    programme_id: UUID,
    municipalities: Sequence[UUID],
    *,
    due: date | None = None,
    due_firm: bool | None = None,
) -> Created:
    """Make a draft agreement with every area of the catalogue for each chosen organisation; nothing is mailed."""
    programme = programme_for(session, actor, Operation.create_agreements, programme_id)
    texts = _newest_texts(session, programme_id)
    if not texts:
        raise Blocked(Reason("no-clause", "Planen har inga områden ännu. Lägg till minst ett."))
    created, skipped = [], []
    for organisation_id in dict.fromkeys(municipalities):
        organisation = session.get(Organisation, organisation_id)
        if organisation is None or organisation.kind is OrganisationKind.region:
            raise NotFound
        if _has_live(session, programme, organisation):
            skipped.append(
                Reason("live-agreement-exists", _("{party} har redan en överenskommelse i planen.", party=organisation.name))
            )
            continue
        created.append(_create(session, actor, now, programme, organisation, texts, due, due_firm).id)
    return Created(tuple(created), tuple(skipped))


def next_case_number(session: Session, organisation: Organisation, now: datetime) -> str:
    """The organisation's next own case number, from a locked counter that never gives a number twice."""
    year = civil(now).year
    counter = session.get(CaseCounter, (organisation.id, year), with_for_update=True)
    if counter is None:
        counter = CaseCounter(organisation_id=organisation.id, year=year, last=100)
    counter.last += 1
    session.add(counter)
    session.flush()
    return f"{organisation.case_prefix}{year % 100:02}-{counter.last:04}"


def _planned(owner: Organisation, now: datetime, plan: ProgrammePlan) -> Programme:
    return Programme(
        region_id=owner.id,
        slug=line(plan.slug, "slug", missing="Ange ett kort namn för adressen."),
        name=line(plan.name, "name", missing="Ange vad planen heter."),
        period_from=plan.period_from,
        period_to=plan.period_to,
        due=plan.due,
        due_firm=plan.due_firm,
        themes=[dict(t) for t in plan.themes],
        quiet_periods=[dict(q) for q in plan.quiet_periods],
        policy=dict(plan.policy),
        template=dict(plan.template),
        created_at=now,
    )


def _check_plan(session: Session, plan: Programme) -> None:
    errors = []
    if not _SLUG.fullmatch(plan.slug):
        errors.append(FieldError("slug", "not-a-slug", "Skriv små bokstäver a–z, siffror och bindestreck, som dalarna-2027."))
    if plan.period_to < plan.period_from:
        errors.append(FieldError("period_to", "before-start", "Perioden slutar före den börjar."))
    if session.exec(select(Programme.id).where(Programme.slug == plan.slug)).first():
        errors.append(FieldError("slug", "slug-taken", "Det finns redan en plan med det korta namnet."))
    if errors:
        raise Invalid(*errors)


def _newest_texts(session: Session, programme_id: UUID) -> list[tuple[CooperationArea, AreaVersion]]:
    query = (
        select(CooperationArea, AreaVersion)
        .join(
            AreaVersion,
            (col(AreaVersion.area_id) == col(CooperationArea.id)) & (col(AreaVersion.seq) == col(CooperationArea.version)),
        )
        .where(col(CooperationArea.programme_id) == programme_id)
        .order_by(col(CooperationArea.number))
    )
    return list(session.exec(query).all())


def _party_key(organisations: Sequence[UUID]) -> str:
    return ",".join(sorted(str(o) for o in organisations))


def _has_live(session: Session, programme: Programme, organisation: Organisation) -> bool:
    key = _party_key((programme.region_id, organisation.id))
    query = select(Agreement.id).where(
        Agreement.programme_id == programme.id, Agreement.party_key == key, col(Agreement.state).in_(LIVE)
    )
    return session.exec(query).first() is not None


def _create(
    session: Session,
    actor: Actor,
    now: datetime,
    programme: Programme,
    organisation: Organisation,
    texts: Sequence[tuple[CooperationArea, AreaVersion]],
    due: date | None,
    due_firm: bool | None,
) -> Agreement:
    region = session.get_one(Organisation, programme.region_id)
    agreement = Agreement(
        programme_id=programme.id,
        region_id=region.id,
        party_key=_party_key((region.id, organisation.id)),
        title=_title(programme),
        period_from=programme.period_from,
        period_to=programme.period_to,
        due=due or programme.due,
        due_firm=programme.due_firm if due_firm is None else due_firm,
        created_at=now,
    )
    session.add(agreement)
    session.flush()
    own = _add_parties(session, now, agreement, region, organisation)
    for position, (area, text) in enumerate(texts, 1):
        _add_clause(session, actor, now, agreement, own, position, area, text)
    history.append(session, actor, now, "create", agreement=agreement.id, version=1, party=organisation.name, clauses=len(texts))
    return agreement


def _add_parties(
    session: Session, now: datetime, agreement: Agreement, region: Organisation, other: Organisation
) -> AgreementParty:
    """Both parties, the region first with its case number; returns the region's."""
    number = next_case_number(session, region, now)
    own = AgreementParty(agreement_id=agreement.id, organisation_id=region.id, position=1, case_number=number)
    session.add_all([own, AgreementParty(agreement_id=agreement.id, organisation_id=other.id, position=2)])
    session.flush()
    return own


def _add_clause(
    session: Session,
    actor: Actor,
    now: datetime,
    agreement: Agreement,
    own: AgreementParty,
    position: int,
    area: CooperationArea,
    text: AreaVersion,
) -> None:
    clause = Clause(agreement_id=agreement.id, area_id=area.id, origin_party_id=own.id, position=position)
    session.add(clause)
    session.flush()
    session.add(
        ClauseVersion(
            clause_id=clause.id,
            seq=1,
            title=text.title,
            fields=text.fields,
            party_id=own.id,
            author_id=actor.assignment,
            sha256=sha256(text.title, text.fields),
            at=now,
        )
    )


def _title(programme: Programme) -> str:
    period = f"{programme.period_from.year}–{programme.period_to.year}"
    return str(programme.template.get("title") or "Överenskommelse om samverkan {{ period }}").replace("{{ period }}", period)
