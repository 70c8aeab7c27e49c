"""What the overview of a programme shows: where each agreement stands, who answers, which board meets; narrow rows, no texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.store.contacts import in_force
from service.store.standing import Party, Standing, load_many, scope
from service.store.tables import (
    Agreement,
    AreaVersion,
    Body,
    BodyMeeting,
    Clause,
    ClauseVersion,
    ContactAssignment,
    CooperationArea,
    DecisionStep,
    Organisation,
    Person,
    Programme,
)
from states import decision
from states.agreement import LIVE
from states.parties import CONTACT, Actor, OrganisationKind, Role


@dataclass(frozen=True, slots=True)
class Area:
    """A catalogue area as a column: its newest title."""

    id: UUID
    number: int
    theme: str
    title: str
    version: int


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who answers for an organisation; `bounced` when mail does not reach them."""

    name: str
    email: str
    phone: str
    bounced: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One agreement: its facts, when each clause got its newest text, who answers, when the board meets next."""

    standing: Standing
    party: Party
    changed: dict[UUID, datetime]
    answerer: Answerer | None
    meets: date | None

    @property
    def agreement(self) -> Agreement:
        return self.standing.agreement


def programmes(session: Session, actor: Actor) -> list[tuple[Programme, int]]:
    """The programmes of the person's region with their number of agreements, the newest period first."""
    query = (
        columns(Programme, func.count(col(Agreement.id)))
        .outerjoin(Agreement, col(Agreement.programme_id) == col(Programme.id))
        .where(col(Programme.region_id) == actor.organisation)
        .group_by(col(Programme.id))
        .order_by(col(Programme.period_from).desc(), col(Programme.name))
    )
    if actor.programme is not None:
        query = query.where(col(Programme.id) == actor.programme)
    return [(programme, count) for programme, count in session.execute(query)]


def areas(session: Session, programme_id: UUID) -> list[Area]:
    """The catalogue of a programme by number, each with its newest title."""
    query = (
        columns(
            col(CooperationArea.id),
            col(CooperationArea.number),
            col(CooperationArea.theme),
            col(AreaVersion.title),
            col(AreaVersion.seq),
        )
        .join(AreaVersion, col(AreaVersion.area_id) == col(CooperationArea.id))
        .where(col(CooperationArea.programme_id) == programme_id, col(AreaVersion.seq) == col(CooperationArea.version))
        .order_by(col(CooperationArea.number))
    )
    return [Area(*row) for row in session.execute(query)]


def area_text(session: Session, area_id: UUID) -> tuple[CooperationArea, AreaVersion] | None:
    """A catalogue area with its newest text."""
    query = (
        select(CooperationArea, AreaVersion)
        .join(AreaVersion, col(AreaVersion.area_id) == col(CooperationArea.id))
        .where(col(CooperationArea.id) == area_id, col(AreaVersion.seq) == col(CooperationArea.version))
    )
    return session.exec(query).first()


def lines(session: Session, actor: Actor, programme_id: UUID, today: date) -> list[Line]:
    """One line per set of parties, the live agreement or else the newest, in a fixed number of queries."""
    query = select(Agreement.id, Agreement.party_key, Agreement.state).where(
        scope(actor), col(Agreement.programme_id) == programme_id
    )
    newest: dict[str, UUID] = {}
    for id_, key, _ in sorted(session.exec(query), key=lambda row: (row[2] in LIVE, row[0])):
        newest[key] = id_
    return _lines(session, programme_id, load_many(session, list(newest.values())), today)


def offerable(session: Session, programme: Programme, today: date) -> list[tuple[Organisation, bool, bool]]:
    """Every municipality: whether it has a live agreement in the programme already, and whether somebody answers for it."""
    query = select(Organisation).where(
        col(Organisation.kind) == OrganisationKind.municipality,
        or_(col(Organisation.valid_to).is_(None), col(Organisation.valid_to) >= today),
    )
    found = session.exec(query.order_by(col(Organisation.name))).all()
    taken = select(Agreement.party_key).where(col(Agreement.programme_id) == programme.id, col(Agreement.state).in_(LIVE))
    keys = ",".join(session.exec(taken))
    answered = answerers(session, programme.id, [o.id for o in found], today)
    return [(o, str(o.id) in keys, o.id in answered) for o in found]


def answerers(session: Session, programme_id: UUID, organisations: Sequence[UUID], today: date) -> dict[UUID, Answerer]:
    """The one to reach first per organisation: a main contact before a deputy, an address that works before one that does not."""
    query = (
        columns(
            col(ContactAssignment.organisation_id),
            col(ContactAssignment.role),
            col(ContactAssignment.bounced),
            col(Person.name),
            col(Person.email),
            col(Person.phone),
        )
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .where(
            col(ContactAssignment.organisation_id).in_(organisations),
            col(ContactAssignment.role).in_(CONTACT),
            or_(col(ContactAssignment.programme_id).is_(None), col(ContactAssignment.programme_id) == programme_id),
            in_force(today),
        )
        .order_by(col(ContactAssignment.id))
    )
    found: dict[UUID, Answerer] = {}
    for organisation, _, bounced, name, email, phone in sorted(
        session.execute(query), key=lambda row: (row[1] is Role.deputy, row[2])
    ):
        found.setdefault(organisation, Answerer(name, email, phone, bounced))
    return found


def _lines(session: Session, programme_id: UUID, standings: dict[UUID, Standing], today: date) -> list[Line]:
    parties = {id_: next((p for p in s.parties if p.id != s.region.id), s.region) for id_, s in standings.items()}
    organisations = [p.organisation.id for p in parties.values()]
    changed, meets = _changed(session, list(standings)), _meets(session, list(standings), organisations, today)
    answering = answerers(session, programme_id, organisations, today)
    return [
        Line(
            standing,
            parties[id_],
            changed,
            answering.get(parties[id_].organisation.id),
            meets.get(id_) or meets.get(parties[id_].organisation.id),
        )
        for id_, standing in standings.items()
    ]


def _changed(session: Session, agreements: Sequence[UUID]) -> dict[UUID, datetime]:
    """When each clause got its newest text."""
    query = (
        columns(col(ClauseVersion.clause_id), func.max(col(ClauseVersion.at)))
        .join(Clause, col(Clause.id) == col(ClauseVersion.clause_id))
        .where(col(Clause.agreement_id).in_(agreements))
        .group_by(col(ClauseVersion.clause_id))
    )
    return dict(session.execute(query).tuples().all())


def _meets(session: Session, agreements: Sequence[UUID], organisations: Sequence[UUID], today: date) -> dict[UUID, date]:
    """The planned meeting per agreement, and the next meeting of any board per organisation."""
    planned = columns(col(DecisionStep.agreement_id), func.min(col(DecisionStep.meeting_on))).where(
        col(DecisionStep.agreement_id).in_(agreements),
        col(DecisionStep.state).in_((decision.State.planned, decision.State.papers_sent)),
        col(DecisionStep.meeting_on) >= today,
    )
    boards = (
        columns(col(Body.organisation_id), func.min(col(BodyMeeting.day)))
        .join(BodyMeeting, col(BodyMeeting.body_id) == col(Body.id))
        .where(col(Body.organisation_id).in_(organisations), col(BodyMeeting.day) >= today)
    )
    found: dict[UUID, date] = {}
    for id_, day in session.execute(planned.group_by(col(DecisionStep.agreement_id))):
        found[id_] = day
    for id_, day in session.execute(boards.group_by(col(Body.organisation_id))):
        found[id_] = day
    return found
