"""Holding the meetings of a round: who came is written down, who did not follows from it, and so does the coverage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, delete

from service.cases.dialogue import meeting_for
from service.cases.dialogue_steps import note, step
from service.cases.wording import line
from service.store.dialogue import Invited, groups, invited, meetings_of, round_for
from service.store.tables import Attendance, DialogueRound, Meeting
from states import dialogue as rule
from states.access import Operation
from states.calendar import civil
from states.dialogue import Event, Kind, MeetingEvent, MeetingStatus, State
from states.errors import Blocked, FieldError, Invalid, NotAllowed, Reason
from states.parties import FLOW, Actor
from states.said import _


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who came: the invited person, or the named colleague in their place."""

    invitation: UUID
    substitute: str = ""
    remote: bool = False


@dataclass(slots=True)
class Turnout:
    """Who came and who did not, and how much of each group was there."""

    present: list[Invited]
    absent: list[Invited]
    coverage: dict[rule.Group, rule.Coverage]

    @property
    def total(self) -> rule.Coverage:
        return rule.total(self.coverage.values())


def note_attendance(
    session: Session, actor: Actor, now: datetime, meeting_id: UUID, present: Sequence[Present], version: int | None = None
) -> Meeting:
    """Write down who came to a meeting that has begun; it is held by that, and can be corrected until the notes are out."""
    meeting, row = meeting_for(session, actor, meeting_id, version)
    close_answers(session, now, row, meeting)
    if row.state not in (State.rsvp_closed, State.held) or meeting.state is MeetingStatus.cancelled:
        raise NotAllowed(Event.hold, row.state)
    if meeting.starts_at > now:
        raise Blocked(Reason("not-begun", _("Mötet har inte börjat än.")))
    known = {one.row.id for one in invited(session, row.id, meeting.id)}
    if any(one.invitation not in known for one in present):
        raise Invalid(FieldError("present", "not-invited", "Bara den som är inbjuden kan prickas av. Bjud in först."))
    session.exec(delete(Attendance).where(col(Attendance.invitation_id).in_(list(known))))
    for one in {p.invitation: p for p in present}.values():
        session.add(
            Attendance(
                invitation_id=one.invitation, substitute=line(one.substitute, "substitute"), remote=one.remote, noted_at=now
            )
        )
    if meeting.state is MeetingStatus.scheduled:
        rule.advance_meeting(meeting, MeetingEvent.hold)
    meeting.version += 1
    session.add(meeting)
    note(session, actor, now, row, "dialogue_attendance", meeting=str(meeting.id), count=len(present))
    return meeting


def hold(session: Session, actor: Actor, now: datetime, round_id: UUID, version: int | None = None) -> DialogueRound:
    """The round has been held: each of its meetings is over or cancelled, one at least took place."""
    row = round_for(session, actor, Operation.edit_dialogue, round_id, version)
    rule.RULEBOOK.find(Event.hold, row.state)
    statuses = {m.state for m in meetings_of(session, row.id)}
    if MeetingStatus.scheduled in statuses:
        raise Blocked(Reason("meeting-left", _("Ett möte är inte genomfört än. Skriv in närvaron, eller ställ in det.")))
    if MeetingStatus.held not in statuses and row.kind is not Kind.consultation:
        raise Blocked(Reason("none-held", _("Inget möte har genomförts.")))
    step(session, actor, now, row, Event.hold)
    return row


def close_answers(session: Session, now: datetime, row: DialogueRound, meeting: Meeting) -> None:
    """What the hourly flow does, when the meeting is already there before it."""
    if row.state is State.invited and meeting.starts_at <= now:
        step(session, FLOW, now, row, Event.close_rsvp)


def turnout(session: Session, meeting: Meeting) -> Turnout:
    """Who came to a meeting and who did not (invariant 25), by the assignments of that day."""
    day, guests = civil(meeting.starts_at), invited(session, meeting.round_id, meeting.id)
    seen = [one.guest(day) for one in guests]
    gone = rule.absent(seen)
    return Turnout(
        present=[one for one in guests if one.attendance],
        absent=[one for one in guests if one.row.id in gone],
        coverage=rule.coverage(seen, groups(session, [one.organisation for one in guests], day)),
    )
