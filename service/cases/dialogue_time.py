"""Another time for a meeting, or none: calendars follow by the same UID and a sequence that is one higher."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from service.cases.dialogue import checked_times, meeting_for
from service.cases.dialogue_guest import let_go
from service.cases.dialogue_mail import key, post
from service.cases.dialogue_steps import note, step
from service.cases.wording import line, reason
from service.post.calendar import Method
from service.post.letters import LetterName
from service.store.dialogue import agenda_of, invited, items, meetings_of, round_for
from service.store.tables import DialogueRound, Meeting
from states import dialogue as rule
from states.access import Operation
from states.calendar import civil
from states.dialogue import Event, MeetingEvent, MeetingStatus, State
from states.errors import Blocked, FieldError, Invalid, NotAllowed, Reason
from states.parties import Actor
from states.said import _


@dataclass(frozen=True, slots=True)
class NewTime:
    """When the meeting is instead, by when people shall answer, and why; no place means the same place."""

    starts_at: datetime
    ends_at: datetime
    rsvp_due: date
    reason: str
    place: str | None = None


def reschedule(
    session: Session, actor: Actor, now: datetime, meeting_id: UUID, new: NewTime, version: int | None = None
) -> DialogueRound:
    """Move a meeting: all are asked anew, because a yes to another day is none, and their calendars move it."""
    meeting, row = meeting_for(session, actor, meeting_id, version)
    if row.state not in rule.OPEN or meeting.state is not MeetingStatus.scheduled:
        raise NotAllowed(Event.reschedule, row.state)
    why = reason(new.reason, missing="Skriv varför tiden ändras.")
    starts_at, ends_at = checked_times(new.starts_at, new.ends_at)
    _possible(session, now, meeting, starts_at, ends_at, new.rsvp_due)
    _let_substitutes_go(session, now, row, meeting)
    meeting.starts_at, meeting.ends_at = starts_at, ends_at
    meeting.place = meeting.place if new.place is None else line(new.place, "place")
    meeting.sequence, meeting.version = meeting.sequence + 1, meeting.version + 1
    rule.advance_meeting(meeting, MeetingEvent.reschedule)
    row.rsvp_due, row.rsvp_round = new.rsvp_due, row.rsvp_round + 1
    session.add(meeting)
    step(session, actor, now, row, Event.reschedule, meeting=str(meeting.id), day=str(civil(starts_at)), reason=why)
    letters = post(session, now, row, meeting)
    for one in invited(session, row.id, meeting.id):
        let_go(session, actor, now, one.row)
        one.row.reply, one.row.replied_at, one.row.waiting, one.row.asked_at = None, None, False, now
        one.row.substitute_name, one.row.substitute_email = "", ""
        one.row.version += 1
        session.add(one.row)
        occasion = key(LetterName.dialogue_rescheduled, one.row.id, meeting.sequence)
        letters.tell(LetterName.dialogue_rescheduled, one, occasion, Method.request, motivering=why)
    session.flush()
    return row


def cancel_meeting(
    session: Session, actor: Actor, now: datetime, meeting_id: UUID, why: str, version: int | None = None
) -> DialogueRound:
    """Cancel one meeting of a round; with its last one the round is cancelled too."""
    meeting, row = meeting_for(session, actor, meeting_id, version)
    if row.state not in rule.OPEN:
        raise NotAllowed(Event.cancel, row.state)
    why = reason(why, missing="Skriv varför mötet ställs in.")
    _cancelled(session, now, row, meeting, why)
    left = [m for m in meetings_of(session, row.id) if m.state is not MeetingStatus.cancelled]
    if left:
        note(session, actor, now, row, "dialogue_cancel_meeting", meeting=str(meeting.id), reason=why)
        return row
    row.ended_reason = why
    step(session, actor, now, row, Event.cancel, reason=why)
    return row


def cancel(session: Session, actor: Actor, now: datetime, round_id: UUID, why: str, version: int | None = None) -> DialogueRound:
    """Cancel the round before it is held: every meeting leaves the calendars. A draft has nobody to tell."""
    row = round_for(session, actor, Operation.edit_dialogue, round_id, version)
    rule.RULEBOOK.find(Event.cancel, row.state)
    row.ended_reason = reason(why, missing="Skriv varför dialogen ställs in.")
    told = row.state is not State.draft
    for meeting in meetings_of(session, row.id):
        if meeting.state is MeetingStatus.scheduled:
            _cancelled(session, now, row, meeting, row.ended_reason, told=told)
    if told and not meetings_of(session, row.id):
        letters, name = post(session, now, row), LetterName.consultation_cancelled
        for one in invited(session, row.id):
            letters.tell(name, one, key(name, one.row.id), motivering=row.ended_reason)
    step(session, actor, now, row, Event.cancel, reason=row.ended_reason)
    return row


def _cancelled(session: Session, now: datetime, row: DialogueRound, meeting: Meeting, why: str, *, told: bool = True) -> None:
    rule.advance_meeting(meeting, MeetingEvent.cancel)
    meeting.sequence, meeting.version = meeting.sequence + 1, meeting.version + 1
    session.add(meeting)
    session.flush()
    if not told:
        return
    letters, name = post(session, now, row, meeting), LetterName.dialogue_cancelled
    for one in invited(session, row.id, meeting.id):
        letters.tell(name, one, key(name, one.row.id), Method.cancel, motivering=why)
        if one.row.substitute_email:
            letters.tell_substitute(name, one, key(name, one.row.id, "substitute"), Method.cancel, motivering=why)


def _let_substitutes_go(session: Session, now: datetime, row: DialogueRound, meeting: Meeting) -> None:
    """Colleagues who would have come on the old day get it out of their calendars."""
    meeting.sequence += 1
    letters, name = post(session, now, row, meeting), LetterName.dialogue_substitute_off
    for one in invited(session, row.id, meeting.id):
        if one.row.substitute_email:
            letters.tell_substitute(name, one, key(name, one.row.id, one.row.version), Method.cancel)
    meeting.sequence -= 1


def _possible(session: Session, now: datetime, meeting: Meeting, starts_at: datetime, ends_at: datetime, rsvp_due: date) -> None:
    if starts_at <= now:
        raise Invalid(FieldError("starts_at", "past", "Välj en tid som inte har passerat."))
    if not civil(now) <= rsvp_due <= civil(starts_at):
        raise Invalid(FieldError("rsvp_due", "order", "Välj en svarsdag mellan i dag och mötet."))
    if meeting.starts_at == starts_at and meeting.ends_at == ends_at:
        raise Blocked(Reason("same-time", _("Mötet är redan på den tiden.")))
    if reasons := rule.missing_in_agenda(starts_at, ends_at, items(agenda_of(session, meeting.id))):
        raise Blocked(*reasons)
