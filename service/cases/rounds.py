"""The rounds one step further: all that is due now, whoever asks and however often; a late or doubled run is harmless."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from service.cases.dialogue import rhythm_of
from service.cases.dialogue_notes import missing
from service.cases.dialogue_steps import note, step
from service.store import outbox
from service.store.dialogue import actions_of, agenda_of, items, meetings_of, new_uid
from service.store.tables import AgendaItem, DialogueRound, DialogueSeries, Meeting, Task
from states import dialogue as rule
from states import rhythm
from states.calendar import TZ, at, civil
from states.dialogue import Event, Kind, MeetingStatus, State
from states.parties import FLOW

NOTES_WANTED, NOT_CLOSABLE, DRAFT_PROPOSED = "dialogue_notes", "dialogue_not_closable", "dialogue_draft"


@dataclass(slots=True)
class Stepped:
    """What one run came to, in numbers."""

    closed_rsvp: int = 0
    tasks: int = 0
    closed: int = 0
    proposed: int = 0


def step_rounds(session: Session, now: datetime) -> Stepped:
    """Every round that is not over, one step further.

    1. After the last day the answers are closed. 2. When the last meeting is over, a task asks for attendance and notes.
    3. When the time for comments is over the round is closed, or a task says what is missing. 4. A series whose latest round has
    been held gets a draft on its next date. Who has not answered is reminded with all others who owe something.
    """
    outbox.take_turn(session, "rounds")
    done = Stepped()
    for row in _going_on(session):
        if row.state is State.invited:
            _close_rsvp(session, now, row, done)
        if row.state in (State.rsvp_closed, State.held):
            _ask_for_notes(session, now, row, done)
        elif row.state is State.summarised:
            _close(session, now, row, done)
    for series in session.exec(select(DialogueSeries).where(col(DialogueSeries.ended_on).is_(None))):
        _propose(session, now, series, done)
    session.flush()
    return done


def _going_on(session: Session) -> Sequence[DialogueRound]:
    query = (
        select(DialogueRound)
        .where(col(DialogueRound.state).in_([*rule.OPEN, *rule.NOTED]))
        .order_by(col(DialogueRound.id))
        .with_for_update()
    )
    return session.exec(query).all()


def _close_rsvp(session: Session, now: datetime, row: DialogueRound, done: Stepped) -> None:
    if row.rsvp_due is not None and row.rsvp_due < civil(now):
        step(session, FLOW, now, row, Event.close_rsvp)
        done.closed_rsvp += 1


def _ask_for_notes(session: Session, now: datetime, row: DialogueRound, done: Stepped) -> None:
    """When no meeting is left to come, or the consultation's answers are in."""
    meetings = [m for m in meetings_of(session, row.id) if m.state is not MeetingStatus.cancelled]
    if any(m.ends_at > now for m in meetings):
        return
    consulted = row.kind is Kind.consultation
    title = f"Sammanfatta svaren: {row.title}" if consulted else f"Skriv anteckningar: {row.title}"
    noted = "inspel och åtgärder" if consulted else "närvaro, inspel och åtgärder"
    _task(session, now, row, NOTES_WANTED, title, f"Skriv in {noted}, och skicka sedan ut anteckningarna.", done)


def _close(session: Session, now: datetime, row: DialogueRound, done: Stepped) -> None:
    if row.comments_until is None or civil(now) <= row.comments_until:
        return
    if reasons := missing(session, now, row):
        words = " ".join(r.message for r in reasons)
        _task(session, now, row, NOT_CLOSABLE, f"Dialogen kan inte avslutas: {row.title}", words, done)
        return
    step(session, FLOW, now, row, Event.close)
    done.closed += 1


def _task(session: Session, now: datetime, row: DialogueRound, kind: str, title: str, detail: str, done: Stepped) -> None:
    name = f"{kind}:{row.id}"
    if session.exec(select(Task.id).where(col(Task.key) == name)).first():
        return
    outbox.task(session, now, key=name, kind=kind, organisation_id=row.region_id, title=title, detail=detail, subject_id=row.id)
    done.tasks += 1


def _propose(session: Session, now: datetime, series: DialogueSeries, done: Stepped) -> None:
    """A draft of the next round; one at a time, and only where the latest has been held or called off."""
    pace = rhythm_of(series)
    query = select(DialogueRound).where(col(DialogueRound.series_id) == series.id).order_by(col(DialogueRound.number).desc())
    latest = session.exec(query).first()
    if pace is None or latest is None or latest.state in (State.draft, *rule.OPEN):
        return
    made = _draft(session, now, series, latest, pace)
    _task(session, now, made, DRAFT_PROPOSED, f"Nästa möte är föreslaget: {made.title}", "Dagen är bara ett förslag.", done)
    done.proposed += 1


def _draft(session: Session, now: datetime, series: DialogueSeries, latest: DialogueRound, pace: rhythm.Rhythm) -> DialogueRound:
    """The latest round once more, under the name of the series, on the next date of the rhythm, and its actions first."""
    made = DialogueRound(
        region_id=series.region_id,
        programme_id=series.programme_id,
        series_id=series.id,
        number=(latest.number or 0) + 1,
        kind=latest.kind,
        title=series.name,
        questions=list(latest.questions),
        sector=latest.sector,
        created_at=now,
        version=0,
    )
    session.add(made)
    session.flush()
    for before in meetings_of(session, latest.id)[-1:]:
        _same_again(session, now, latest, made, before, pace)
    note(session, FLOW, now, made, "dialogue_create")
    return made


def _same_again(
    session: Session, now: datetime, latest: DialogueRound, made: DialogueRound, before: Meeting, pace: rhythm.Rhythm
) -> None:
    """The same hours at the same place; whoever plans it changes what shall be different."""
    day = rhythm.proposed(pace, max(civil(before.starts_at), civil(now)))
    starts_at = at(day, before.starts_at.astimezone(TZ).time())
    meeting = Meeting(
        round_id=made.id,
        starts_at=starts_at,
        ends_at=starts_at + (before.ends_at - before.starts_at),
        place=before.place,
        remote=before.remote,
        capacity=before.capacity,
        ics_uid=new_uid(),
    )
    session.add(meeting)
    session.flush()
    promises = [rule.Promise(a.text, a.owner_id, a.due, done=a.done_at is not None) for a in actions_of(session, latest.id)]
    for position, item in enumerate(rule.opening_with(items(agenda_of(session, before.id)), promises), start=1):
        session.add(
            AgendaItem(
                meeting_id=meeting.id,
                position=position,
                title=item.title,
                minutes=item.minutes,
                leader=item.leader,
                output=item.output,
            )
        )
