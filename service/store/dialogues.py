"""Dialogues side by side: a region's series and rounds with who has answered, and what became of every point and promise."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, func
from sqlalchemy import select as columns
from sqlmodel import Session, col, or_, select

from service.store.contacts import in_force
from service.store.dialogue import area_titles, invitations_of, invited, linked
from service.store.tables import (
    ActionItem,
    Agreement,
    AgreementParty,
    Clause,
    ConsultationAnswer,
    ContactAssignment,
    DialogueRound,
    DialogueSeries,
    Finding,
    FindingArea,
    Invitation,
    Meeting,
    Organisation,
    Person,
    RoundComment,
)
from states.access import Operation, Relation, may
from states.calendar import civil
from states.dialogue import Coverage, Kind, MeetingStatus, State
from states.errors import NotFound
from states.parties import STRATEGIST, Actor, OrganisationKind


@dataclass(frozen=True, slots=True)
class Listed:
    """One round among the others; a consultation has no day but its last one for answers."""

    round: DialogueRound
    series: DialogueSeries | None
    meetings: tuple[Meeting, ...]
    invited: int
    answered: int

    @property
    def day(self) -> date | None:
        kept = [m for m in self.meetings if m.state is not MeetingStatus.cancelled] or self.meetings
        return civil(kept[0].starts_at) if kept else self.round.rsvp_due

    @property
    def year(self) -> int:
        return (self.day or civil(self.round.created_at)).year


@dataclass(frozen=True, slots=True)
class Led:
    """Where a point led: one area of the catalogue and the clauses of agreements that came from it."""

    area: UUID
    title: str
    clauses: tuple[tuple[UUID, str], ...]
    """Agreement and other party."""


@dataclass(frozen=True, slots=True)
class Became:
    """A point somebody made, and what became of it."""

    listed: Listed
    finding: Finding
    organisation: str
    led: tuple[Led, ...]


@dataclass(frozen=True, slots=True)
class Promised:
    """What somebody promised, who and when."""

    listed: Listed
    action: ActionItem
    owner: str


def seen(session: Session, actor: Actor, round_id: UUID) -> tuple[DialogueRound, bool]:
    """A round to read, and whether as the region's; the invited see it once they have been asked. NotFound for all others."""
    row = session.get(DialogueRound, round_id)
    if row is None:
        raise NotFound
    if of_region(actor, row):
        return row, True
    if row.state is not State.draft and invitations_of(session, actor, row.id):
        return row, False
    raise NotFound


def rounds_seen(session: Session, actor: Actor) -> Any:
    """The query of every round that a person may read."""
    asked = [one.round_id for one in invitations_of(session, actor)]
    sent = col(DialogueRound.id).in_(asked) & (col(DialogueRound.state) != State.draft)
    return select(DialogueRound).where(sent | _own(actor))


def meetings_seen(session: Session, actor: Actor) -> Any:
    """The query of every meeting that a person may read: their region's, and those they are invited to."""
    asked = [one.meeting_id for one in invitations_of(session, actor) if one.meeting_id]
    joined = select(Meeting).join(DialogueRound, col(DialogueRound.id) == col(Meeting.round_id))
    return joined.where(col(Meeting.id).in_(asked) | _own(actor))


def _own(actor: Actor) -> ColumnElement[bool]:
    """That a round is one of the person's region, where they may look at those."""
    if not may(Operation.view_dialogue, actor.role, Relation.region):
        return false()
    own = col(DialogueRound.region_id) == actor.organisation
    return own if actor.programme is None else own & (col(DialogueRound.programme_id) == actor.programme)


def of_region(actor: Actor, row: DialogueRound) -> bool:
    """Whether the person may look at a round as one of their own region's."""
    own = row.region_id == actor.organisation and actor.programme in (None, row.programme_id)
    return own and may(Operation.view_dialogue, actor.role, Relation.region)


def series_of(session: Session, actor: Actor) -> list[DialogueSeries]:
    """The series of the person's region that go on."""
    query = select(DialogueSeries).where(
        col(DialogueSeries.region_id) == actor.organisation, col(DialogueSeries.ended_on).is_(None)
    )
    return list(session.exec(query.order_by(col(DialogueSeries.name))).all())


def rounds_of(session: Session, actor: Actor) -> list[Listed]:
    """Every round of the person's region, the next ones first."""
    return listed(session, list(session.exec(select(DialogueRound).where(_own(actor))).all()))


def listed(session: Session, rows: list[DialogueRound]) -> list[Listed]:
    """Rounds with their meetings and how many were asked and have answered, by day."""
    ids = [row.id for row in rows]
    meetings: dict[UUID, list[Meeting]] = {one: [] for one in ids}
    for meeting in session.exec(select(Meeting).where(col(Meeting.round_id).in_(ids)).order_by(col(Meeting.starts_at))):
        meetings[meeting.round_id].append(meeting)
    theirs = select(DialogueSeries).where(col(DialogueSeries.id).in_([row.series_id for row in rows]))
    series = {one.id: one for one in session.exec(theirs)}
    asked = _counted(session, ids, replied=False)
    replied = _counted(session, ids, replied=True)
    written = _answers(session, ids)
    found = [
        Listed(
            row,
            series.get(row.series_id) if row.series_id else None,
            tuple(meetings[row.id]),
            asked.get(row.id, 0),
            (written if row.kind is Kind.consultation else replied).get(row.id, 0),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.day or date.max, one.round.id))


Written = tuple[ConsultationAnswer, Organisation]


def answers_of(session: Session, round_id: UUID, organisation: UUID | None = None) -> list[Written]:
    """What was answered in writing, by organisation and then in order; of one organisation or all."""
    query = (
        select(ConsultationAnswer, Organisation)
        .join(Organisation, col(Organisation.id) == col(ConsultationAnswer.organisation_id))
        .where(col(ConsultationAnswer.round_id) == round_id)
        .order_by(col(Organisation.name), col(ConsultationAnswer.seq))
    )
    if organisation is not None:
        query = query.where(col(ConsultationAnswer.organisation_id) == organisation)
    return list(session.exec(query).all())


def comments_of(session: Session, round_id: UUID) -> list[tuple[RoundComment, Person, Organisation]]:
    """What was said about the notes, in order."""
    query = (
        select(RoundComment, Person, Organisation)
        .join(ContactAssignment, col(ContactAssignment.id) == col(RoundComment.assignment_id))
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .join(Organisation, col(Organisation.id) == col(ContactAssignment.organisation_id))
        .where(col(RoundComment.round_id) == round_id)
        .order_by(col(RoundComment.at), col(RoundComment.id))
    )
    return list(session.exec(query).all())


def owners(session: Session, row: DialogueRound, today: date) -> list[tuple[UUID, str, str]]:
    """Who can answer for an action: the region's strategists and everybody who was invited; assignment, name, organisation."""
    asked = select(Invitation.assignment_id).where(col(Invitation.round_id) == row.id)
    own = (col(ContactAssignment.organisation_id) == row.region_id) & col(ContactAssignment.role).in_(STRATEGIST)
    query = (
        select(ContactAssignment.id, Person.name, Organisation.name)
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .join(Organisation, col(Organisation.id) == col(ContactAssignment.organisation_id))
        .where(or_(own, col(ContactAssignment.id).in_(asked)), in_force(today))
        .order_by(col(Organisation.name), col(Person.name), col(ContactAssignment.id))
    )
    return [(one, name, whose) for one, name, whose in session.exec(query)]


def guests_to_choose(session: Session, row: DialogueRound, today: date) -> tuple[list[Organisation], list[Organisation]]:
    """Whom a region can invite: first those it has to do with (agreements, earlier dialogues, itself), then everybody else.

    Nobody is offered who has nobody to ask, and no other region. Where the region knows nobody yet, all come first.
    """
    speakers = select(ContactAssignment.organisation_id).where(in_force(today))
    own = or_(col(Organisation.kind) != OrganisationKind.region, col(Organisation.id) == row.region_id)
    query = select(Organisation).where(own, col(Organisation.id).in_(speakers)).order_by(col(Organisation.name))
    every, known = list(session.exec(query).all()), _known(session, row.region_id)
    near = [one for one in every if one.id in known]
    if not near:
        return every, []
    near += [one for one in every if one.id == row.region_id]
    return near, [one for one in every if one not in near]


def _known(session: Session, region: UUID) -> set[UUID]:
    """The parties of a region's agreements and whom it has invited before."""
    parties = select(AgreementParty.organisation_id).join(Agreement, col(Agreement.id) == col(AgreementParty.agreement_id))
    guests = select(Invitation.organisation_id).join(DialogueRound, col(DialogueRound.id) == col(Invitation.round_id))
    theirs = session.exec(parties.where(col(Agreement.region_id) == region)).all()
    before = session.exec(guests.where(col(DialogueRound.region_id) == region)).all()
    return {*theirs, *before} - {region}


def own_actions(session: Session, actor: Actor) -> list[tuple[ActionItem, DialogueRound]]:
    """What the person has promised and not done yet."""
    query = (
        select(ActionItem, DialogueRound)
        .join(DialogueRound, col(DialogueRound.id) == col(ActionItem.round_id))
        .where(col(ActionItem.owner_id) == actor.assignment, col(ActionItem.done_at).is_(None))
        .order_by(col(ActionItem.due), col(ActionItem.id))
    )
    return list(session.exec(query).all()) if actor.assignment else []


def became(session: Session, rounds: Iterable[Listed]) -> list[Became]:
    """Every point of some rounds and what became of it."""
    by_id = {one.round.id: one for one in rounds}
    query = select(Finding).where(col(Finding.round_id).in_(list(by_id))).order_by(col(Finding.id))
    findings = list(session.exec(query).all())
    areas = linked(session, findings)
    led = _led(session, {area for those in areas.values() for area in those})
    names = written_by(session, findings)
    return [Became(by_id[f.round_id], f, names.get(f.organisation_id, ""), tuple(led[a] for a in areas[f.id])) for f in findings]


def promised(session: Session, rounds: Iterable[Listed]) -> list[Promised]:
    """Every action of some rounds."""
    by_id = {one.round.id: one for one in rounds}
    query = (
        columns(ActionItem, col(Organisation.name), col(ContactAssignment.title))
        .outerjoin(ContactAssignment, col(ContactAssignment.id) == col(ActionItem.owner_id))
        .outerjoin(Organisation, col(Organisation.id) == col(ContactAssignment.organisation_id))
        .where(col(ActionItem.round_id).in_(list(by_id)))
        .order_by(col(ActionItem.due), col(ActionItem.id))
    )
    return [
        Promised(by_id[action.round_id], action, ", ".join(filter(None, (title, name))))
        for action, name, title in session.execute(query)
    ]


def behind(session: Session, area: UUID) -> list[tuple[Finding, DialogueRound, str]]:
    """The points that are behind an area, with their round and whose they were."""
    query = (
        columns(Finding, DialogueRound, col(Organisation.name))
        .join(FindingArea, col(FindingArea.finding_id) == col(Finding.id))
        .join(DialogueRound, col(DialogueRound.id) == col(Finding.round_id))
        .outerjoin(Organisation, col(Organisation.id) == col(Finding.organisation_id))
        .where(col(FindingArea.area_id) == area)
        .order_by(col(Finding.id))
    )
    return [(finding, row, name or "") for finding, row, name in session.execute(query)]


def behind_clause(session: Session, clause: UUID) -> list[tuple[Finding, DialogueRound, str]]:
    """The same for a clause of an agreement; one of a party's own has no area, and so nothing behind it."""
    area = session.get_one(Clause, clause).area_id
    return behind(session, area) if area else []


def turnouts(session: Session, rounds: Iterable[Listed]) -> list[tuple[Listed, Coverage]]:
    """Of each round that was held, how many of the invited organisations had somebody at one of its meetings."""
    found = []
    for one in rounds:
        held = {m.id: civil(m.starts_at) for m in one.meetings if m.state is MeetingStatus.held}
        guests = [g for g in invited(session, one.round.id) if g.row.meeting_id in held] if held else []
        if guests:
            came = {g.organisation.id for g in guests if g.attendance}
            found.append((one, Coverage(len(came), len({g.organisation.id for g in guests}))))
    return found


def led_by(session: Session, area: UUID) -> Led:
    """The clauses of agreements that came from an area."""
    return _led(session, {area})[area]


def _counted(session: Session, ids: list[UUID], *, replied: bool) -> dict[UUID, int]:
    query = columns(col(Invitation.round_id), func.count()).where(col(Invitation.round_id).in_(ids))
    if replied:
        query = query.where(col(Invitation.reply).is_not(None))
    return _pairs(session.execute(query.group_by(col(Invitation.round_id))))


def _answers(session: Session, ids: list[UUID]) -> dict[UUID, int]:
    """How many organisations have answered each consultation."""
    theirs = func.count(col(ConsultationAnswer.organisation_id).distinct())
    query = columns(col(ConsultationAnswer.round_id), theirs).where(col(ConsultationAnswer.round_id).in_(ids))
    return _pairs(session.execute(query.group_by(col(ConsultationAnswer.round_id))))


def _pairs(found: Iterable[Any]) -> dict[UUID, int]:
    return {row[0]: row[1] for row in found}


def _led(session: Session, areas: set[UUID]) -> dict[UUID, Led]:
    clauses: dict[UUID, list[tuple[UUID, str]]] = {area: [] for area in areas}
    query = (
        select(Clause.area_id, Agreement.id, Organisation.short_name)
        .join(Agreement, col(Agreement.id) == col(Clause.agreement_id))
        .join(AgreementParty, col(AgreementParty.agreement_id) == col(Agreement.id))
        .join(Organisation, col(Organisation.id) == col(AgreementParty.organisation_id))
        .where(col(Clause.area_id).in_(areas), col(Organisation.id) != col(Agreement.region_id))
        .order_by(col(Organisation.short_name))
    )
    for area, agreement, name in session.exec(query):
        if area is not None:
            clauses[area].append((agreement, name))
    titles = area_titles(session, areas)
    return {area: Led(area, titles[area], tuple(clauses[area])) for area in areas}


def written_by(session: Session, findings: Iterable[Finding]) -> dict[UUID | None, str]:
    """The names of the organisations that some points came from."""
    return _names(session, [f.organisation_id for f in findings])


def _names(session: Session, ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    wanted = {one for one in ids if one}
    return {o.id: o.name for o in session.exec(select(Organisation).where(col(Organisation.id).in_(wanted)))}
