"""A round of dialogue as its use cases and pages read it: meetings in order, their agendas, invitations with their people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, true
from sqlmodel import Session, col, or_, select

from service.store.columns import new_id
from service.store.outbox import MAIL_DOMAIN
from service.store.tables import (
    ActionItem,
    AgendaItem,
    Agreement,
    AreaVersion,
    Attendance,
    Clause,
    ContactAssignment,
    CooperationArea,
    DialogueRound,
    Finding,
    FindingArea,
    Invitation,
    Meeting,
    Organisation,
    Person,
    PopulationFigure,
    Substitution,
)
from states import dialogue as rule
from states.access import Operation, Relation, may, require
from states.errors import NotFound, Stale
from states.parties import Actor, Role


@dataclass(slots=True)
class Invited:
    """An invitation with whom it went to and, once the meeting was held, whether somebody came."""

    row: Invitation
    assignment: ContactAssignment
    person: Person
    organisation: Organisation
    attendance: Attendance | None

    def guest(self, day: date) -> rule.Guest:
        """As the rules of absence see it: on the meeting's day."""
        came = self.attendance is not None
        substituted = self.attendance is not None and bool(self.attendance.substitute)
        return rule.Guest(
            self.row.id, self.organisation.id, valid_on(self.assignment, day), came and not substituted, substituted
        )

    def seat(self) -> rule.Seat:
        return rule.Seat(self.row.id, self.row.reply, self.row.replied_at)


@dataclass(frozen=True, slots=True)
class Traced:
    """One step of the way from a point somebody made to a clause of an agreement; no clause yet where the area has none."""

    finding: Finding
    area: CooperationArea
    clause: Clause | None
    agreement: Agreement | None


def valid_on(assignment: ContactAssignment, day: date) -> bool:
    """Whether an assignment counted on a day."""
    begun = assignment.valid_from is None or assignment.valid_from <= day
    return begun and (assignment.valid_to is None or day <= assignment.valid_to)


def scope(actor: Actor) -> ColumnElement[bool]:
    """Which rounds a person of the region can know of."""
    if actor.role is Role.flow:
        return true()
    ours = col(DialogueRound.region_id) == actor.organisation
    return ours if actor.programme is None else and_(ours, col(DialogueRound.programme_id) == actor.programme)


def round_for(session: Session, actor: Actor, operation: Operation, round_id: UUID, version: int | None = None) -> DialogueRound:
    """A round of the person's region, held until the commit; NotFound for anybody else's, Stale when it has moved on."""
    row = session.get(DialogueRound, round_id, with_for_update=True, populate_existing=True)
    if row is None or not (actor.role is Role.flow or row.region_id == actor.organisation):
        raise NotFound
    if actor.programme not in (None, row.programme_id):
        raise NotFound
    require(operation, actor.role, Relation.region)
    if version is not None and row.version != version:
        raise Stale
    return row


def invitation_for(session: Session, actor: Actor, operation: Operation, invitation_id: UUID) -> tuple[DialogueRound, Invitation]:
    """An invitation of one's own, or of any of the region's rounds for its strategists; the round is held until the commit.

    The round is what replies queue on, so that two cannot take the last seat.
    """
    found = session.get(Invitation, invitation_id)
    if found is None:
        raise NotFound
    row = session.get_one(DialogueRound, found.round_id, with_for_update=True, populate_existing=True)
    session.refresh(found)
    if found.assignment_id == actor.assignment:
        require(operation, actor.role, Relation.own)
    elif actor.role is Role.flow or row.region_id == actor.organisation:
        require(operation, actor.role, Relation.region)
    else:
        raise NotFound
    return row, found


def invitation_seen(session: Session, actor: Actor, invitation_id: UUID) -> tuple[DialogueRound, Invitation]:
    """The same to look at, without holding anything."""
    found = session.get(Invitation, invitation_id)
    if found is None:
        raise NotFound
    row = session.get_one(DialogueRound, found.round_id)
    own = found.assignment_id == actor.assignment
    strategists = row.region_id == actor.organisation and actor.programme in (None, row.programme_id)
    if not own and not (strategists and may(Operation.reply_dialogue, actor.role, Relation.region)):
        raise NotFound
    return row, found


def invitations_of(session: Session, actor: Actor, round_id: UUID | None = None) -> list[Invitation]:
    """Those that went to the person, or that they come to in a colleague's place; of one round or of all that were sent."""
    if actor.assignment is None:
        return []
    instead = select(Substitution.invitation_id).where(col(Substitution.assignment_id) == actor.assignment)
    query = select(Invitation).where(or_(col(Invitation.assignment_id) == actor.assignment, col(Invitation.id).in_(instead)))
    if round_id is not None:
        query = query.where(col(Invitation.round_id) == round_id)
    return list(session.exec(query.order_by(col(Invitation.id))).all())


def meetings_of(session: Session, round_id: UUID) -> list[Meeting]:
    """Every meeting of a round, the first one first."""
    query = select(Meeting).where(col(Meeting.round_id) == round_id).order_by(col(Meeting.starts_at), col(Meeting.id))
    return list(session.exec(query).all())


def agenda_of(session: Session, meeting_id: UUID) -> list[AgendaItem]:
    query = select(AgendaItem).where(col(AgendaItem.meeting_id) == meeting_id).order_by(col(AgendaItem.position))
    return list(session.exec(query).all())


def items(agenda: Iterable[AgendaItem]) -> list[rule.Item]:
    """An agenda as the rules count it."""
    return [rule.Item(row.title, row.minutes, row.leader, row.output) for row in agenda]


def invited(session: Session, round_id: UUID, meeting_id: UUID | None = None) -> list[Invited]:
    """Everybody invited to a round, or of it to one meeting, by organisation and name."""
    query = (
        select(Invitation, ContactAssignment, Person, Organisation)
        .join(ContactAssignment, col(ContactAssignment.id) == col(Invitation.assignment_id))
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .join(Organisation, col(Organisation.id) == col(Invitation.organisation_id))
        .where(col(Invitation.round_id) == round_id)
        .order_by(col(Organisation.name), col(Person.name), col(Invitation.id))
    )
    if meeting_id is not None:
        query = query.where(col(Invitation.meeting_id) == meeting_id)
    came = select(Attendance).join(Invitation, col(Invitation.id) == col(Attendance.invitation_id))
    noted = {one.invitation_id: one for one in session.exec(came.where(col(Invitation.round_id) == round_id))}
    return [Invited(row, who, person, whose, noted.get(row.id)) for row, who, person, whose in session.exec(query)]


def groups(session: Session, organisations: Sequence[Organisation], day: date) -> dict[UUID, rule.Group]:
    """The group each organisation is counted in: its kind, and of municipalities the size class on that day."""
    ids = [o.id for o in organisations]
    query = (
        select(PopulationFigure)
        .where(col(PopulationFigure.organisation_id).in_(ids), col(PopulationFigure.day) <= day)
        .order_by(col(PopulationFigure.day))
    )
    people = {figure.organisation_id: figure.people for figure in session.exec(query)}
    return {o.id: rule.Group(o.kind, rule.size_class(o.kind, people.get(o.id))) for o in organisations}


def findings_of(session: Session, round_id: UUID) -> list[Finding]:
    return list(session.exec(select(Finding).where(col(Finding.round_id) == round_id).order_by(col(Finding.id))).all())


def actions_of(session: Session, round_id: UUID) -> list[ActionItem]:
    return list(session.exec(select(ActionItem).where(col(ActionItem.round_id) == round_id).order_by(col(ActionItem.id))).all())


def linked(session: Session, findings: Sequence[Finding]) -> dict[UUID, list[UUID]]:
    """The areas each finding is behind."""
    found: dict[UUID, list[UUID]] = {f.id: [] for f in findings}
    for link in session.exec(select(FindingArea).where(col(FindingArea.finding_id).in_(list(found)))):
        found[link.finding_id].append(link.area_id)
    return found


def trace(session: Session, *, finding: UUID | None = None, area: UUID | None = None, clause: UUID | None = None) -> list[Traced]:
    """Finding → area → clause, read from any of its ends."""
    query = (
        select(Finding, CooperationArea, Clause, Agreement)
        .join(FindingArea, col(FindingArea.finding_id) == col(Finding.id))
        .join(CooperationArea, col(CooperationArea.id) == col(FindingArea.area_id))
        .outerjoin(Clause, col(Clause.area_id) == col(CooperationArea.id))
        .outerjoin(Agreement, col(Agreement.id) == col(Clause.agreement_id))
        .order_by(col(Finding.id), col(CooperationArea.number), col(Clause.id))
    )
    for column, wanted in ((Finding.id, finding), (CooperationArea.id, area), (Clause.id, clause)):
        if wanted is not None:
            query = query.where(col(column) == wanted)
    return [Traced(*row) for row in session.exec(query)]


def area_titles(session: Session, areas: Iterable[UUID]) -> dict[UUID, str]:
    """The newest title of each area."""
    query = select(AreaVersion).where(col(AreaVersion.area_id).in_(list(areas))).order_by(col(AreaVersion.seq))
    return {version.area_id: version.title for version in session.exec(query)}


def new_uid() -> str:
    """What calendars know a meeting by, for ever."""
    return f"{new_id().hex}@{MAIL_DOMAIN}"
