"""Planning dialogues: a series with its rhythm, and a draft round with meetings, questions and agenda."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, delete, select

from service.cases.dialogue_steps import note, within
from service.cases.programmes import programme_for
from service.cases.wording import line, reason
from service.store import history
from service.store.dialogue import meetings_of, new_uid, round_for
from service.store.tables import AgendaItem, DialogueRound, DialogueSeries, Meeting
from states import dialogue as rule
from states.access import Operation, Relation, require
from states.errors import FieldError, Invalid, NotAllowed, NotFound, Stale
from states.parties import Actor, Role
from states.rhythm import Rhythm


@dataclass(frozen=True, slots=True)
class MeetingPlan:
    """When and where, both instants aware; `capacity` counts the seats in the room."""

    starts_at: datetime
    ends_at: datetime
    place: str = ""
    remote: bool = False
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """A round as it is typed: what it is called, what it asks, and when answers are wanted."""

    title: str
    kind: rule.Kind = rule.Kind.dialogue
    questions: Sequence[str] = ()
    sector: str = ""
    rsvp_due: date | None = None
    meetings: Sequence[MeetingPlan] = ()
    agenda: Sequence[rule.Item] = ()
    series: UUID | None = None


def create_series(
    session: Session,
    actor: Actor,
    now: datetime,
    name: str,
    kind: rule.Kind,
    *,
    programme: UUID | None = None,
    groups: Sequence[str] = (),
    rhythm: Rhythm | None = None,
) -> DialogueSeries:
    """Dialogues that come back, with the rhythm that proposes their dates if there is one."""
    region = _region(session, actor, programme)
    row = DialogueSeries(
        region_id=region,
        programme_id=programme,
        name=line(name, "name", missing="Skriv vad dialogen heter."),
        kind=kind,
        groups=[line(g, "groups") for g in groups],
    )
    if rhythm is not None:
        row.every, row.week, row.weekday, row.month = rhythm.every, rhythm.week, rhythm.weekday, rhythm.month
    session.add(row)
    session.flush()
    history.append(session, actor, now, "dialogue_series", series=str(row.id), name=row.name)
    return row


def rhythm_of(series: DialogueSeries) -> Rhythm | None:
    """The rhythm of a series as the rules know it; None when dates are only set by hand."""
    return Rhythm(series.every, series.week, series.weekday, series.month) if series.every else None


def create_round(
    session: Session, actor: Actor, now: datetime, plan: RoundPlan, *, programme: UUID | None = None
) -> DialogueRound:
    """A draft with its meetings; the agenda is the first meeting's. Nobody is told of it before the invitation."""
    region = _region(session, actor, programme)
    series = _series(session, region, plan.series)
    row = DialogueRound(
        region_id=region,
        programme_id=programme or (series.programme_id if series else None),
        series_id=series.id if series else None,
        number=_next_number(session, series) if series else None,
        kind=plan.kind,
        title=_title(plan.title),
        questions=_questions(plan.questions),
        sector=line(plan.sector, "sector"),
        rsvp_due=plan.rsvp_due,
        created_at=now,
        version=0,
    )
    session.add(row)
    session.flush()
    for meeting in plan.meetings:
        session.add(_meeting(row, meeting))
    session.flush()
    if plan.agenda:
        _write_agenda(session, meetings_of(session, row.id)[0].id, plan.agenda)
    note(session, actor, now, row, "dialogue_create")
    return row


def add_meeting(
    session: Session, actor: Actor, now: datetime, round_id: UUID, plan: MeetingPlan, version: int | None = None
) -> Meeting:
    """Another meeting of a draft."""
    row = round_for(session, actor, Operation.edit_dialogue, round_id, version)
    within(row, "add_meeting", rule.State.draft)
    meeting = _meeting(row, plan)
    session.add(meeting)
    note(session, actor, now, row, "dialogue_change")
    return meeting


def change_round(
    session: Session,
    actor: Actor,
    now: datetime,
    round_id: UUID,
    *,
    title: str,
    questions: Sequence[str],
    rsvp_due: date | None,
    sector: str = "",
    version: int | None = None,
) -> DialogueRound:
    """What the round is called, asks and concerns, and when answers are wanted, while it is a draft."""
    row = round_for(session, actor, Operation.edit_dialogue, round_id, version)
    within(row, "change_round", rule.State.draft)
    row.title, row.questions, row.sector = _title(title), _questions(questions), line(sector, "sector")
    row.rsvp_due = rsvp_due
    note(session, actor, now, row, "dialogue_change")
    return row


def change_meeting(
    session: Session, actor: Actor, now: datetime, meeting_id: UUID, plan: MeetingPlan, version: int | None = None
) -> Meeting:
    """Another time, place or number of seats while the round is a draft and nobody has heard of it."""
    meeting, row = meeting_for(session, actor, meeting_id, version)
    within(row, "change_meeting", rule.State.draft)
    checked = _meeting(row, plan)
    for name in ("starts_at", "ends_at", "place", "remote", "capacity"):
        setattr(meeting, name, getattr(checked, name))
    meeting.version += 1
    session.add(meeting)
    note(session, actor, now, row, "dialogue_change")
    return meeting


def set_agenda(
    session: Session, actor: Actor, now: datetime, meeting_id: UUID, agenda: Sequence[rule.Item], version: int | None = None
) -> DialogueRound:
    """Replace a meeting's agenda until it is held; a draft's may be any length, one that was sent must add up."""
    meeting, row = meeting_for(session, actor, meeting_id, version)
    within(row, "set_agenda", rule.State.draft, *rule.OPEN)
    if row.state is not rule.State.draft and (wrong := rule.missing_in_agenda(meeting.starts_at, meeting.ends_at, agenda)):
        raise Invalid(*(FieldError("agenda", r.code, r.message) for r in wrong))
    _write_agenda(session, meeting.id, agenda)
    meeting.version += 1
    session.add(meeting)
    note(session, actor, now, row, "dialogue_change")
    return row


def meeting_for(session: Session, actor: Actor, meeting_id: UUID, version: int | None = None) -> tuple[Meeting, DialogueRound]:
    """A meeting of the person's region with its round, to be changed; Stale when the meeting has moved on."""
    found = session.get(Meeting, meeting_id)
    if found is None:
        raise NotFound
    row = round_for(session, actor, Operation.edit_dialogue, found.round_id)
    session.refresh(found)
    if version is not None and found.version != version:
        raise Stale
    return found, row


def checked_times(starts_at: datetime, ends_at: datetime) -> tuple[datetime, datetime]:
    """A meeting ends after it begins, within a day."""
    if not 0 < rule.minutes(starts_at, ends_at) <= 24 * 60:
        raise Invalid(FieldError("ends_at", "order", "Mötet måste sluta efter att det har börjat, och inom ett dygn."))
    return starts_at.astimezone(UTC), ends_at.astimezone(UTC)


def _title(typed: str) -> str:
    return line(typed, "title", missing="Skriv vad dialogen heter.")


def _questions(typed: Sequence[str]) -> list[str]:
    return [line(q, "questions", limit=500) for q in typed if q.strip()]


def _meeting(row: DialogueRound, plan: MeetingPlan) -> Meeting:
    if row.kind is rule.Kind.consultation:
        raise NotAllowed("add_meeting", row.kind)
    starts_at, ends_at = checked_times(plan.starts_at, plan.ends_at)
    if plan.capacity is not None and plan.capacity < 1:
        raise Invalid(FieldError("capacity", "number", "Ange minst en plats, eller lämna fältet tomt."))
    return Meeting(
        round_id=row.id,
        starts_at=starts_at,
        ends_at=ends_at,
        place=line(plan.place, "place"),
        remote=plan.remote,
        capacity=plan.capacity,
        ics_uid=new_uid(),
    )


def _write_agenda(session: Session, meeting_id: UUID, agenda: Sequence[rule.Item]) -> None:
    session.exec(delete(AgendaItem).where(col(AgendaItem.meeting_id) == meeting_id))
    for position, item in enumerate(agenda, start=1):
        if item.minutes < 1:
            raise Invalid(FieldError("agenda", "minutes", "Varje punkt tar minst en minut."))
        session.add(
            AgendaItem(
                meeting_id=meeting_id,
                position=position,
                title=line(item.title, "agenda", missing="Skriv vad punkten handlar om."),
                minutes=item.minutes,
                leader=line(item.leader, "agenda"),
                output=reason(item.output, field="agenda"),
            )
        )
    session.flush()


def _region(session: Session, actor: Actor, programme: UUID | None) -> UUID:
    """Whose dialogue it becomes: the programme's region, else the person's own."""
    if programme is not None:
        return programme_for(session, actor, Operation.edit_dialogue, programme).region_id
    require(Operation.edit_dialogue, actor.role, Relation.region)
    if actor.organisation is None or actor.role is Role.flow or actor.programme is not None:
        raise NotFound
    return actor.organisation


def _series(session: Session, region: UUID, series_id: UUID | None) -> DialogueSeries | None:
    if series_id is None:
        return None
    found = session.get(DialogueSeries, series_id, with_for_update=True)
    if found is None or found.region_id != region:
        raise NotFound
    return found


def _next_number(session: Session, series: DialogueSeries) -> int:
    last = session.exec(select(func.max(DialogueRound.number)).where(col(DialogueRound.series_id) == series.id)).one()
    return (last or 0) + 1
