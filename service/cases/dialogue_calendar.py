"""The calendar file of a meeting, to be fetched: the same UID and sequence as in the mails, so that calendars know it again."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from service.cases.dialogue_mail import post
from service.cases.documents import File
from service.post.calendar import Method, write
from service.store.dialogue import invitations_of
from service.store.dialogues import seen
from service.store.tables import Meeting, Person
from states.dialogue import MeetingStatus
from states.errors import NotFound
from states.parties import Actor


def calendar_file(session: Session, actor: Actor, now: datetime, meeting_id: UUID) -> File:
    """The meeting for the person who asks: a request while it stands, a cancellation when it is off.

    The region has it for every meeting, the invited and whoever comes in their place for their own.
    """
    meeting = session.get(Meeting, meeting_id)
    if meeting is None or actor.person is None:
        raise NotFound
    row, of_region = seen(session, actor, meeting.round_id)
    if not of_region and meeting.id not in {i.meeting_id for i in invitations_of(session, actor, row.id)}:
        raise NotFound
    person = session.get_one(Person, actor.person)
    method = Method.cancel if meeting.state is MeetingStatus.cancelled else Method.request
    text = write(post(session, now, row, meeting).appointment((person.name, person.email)), method)
    return File(f"{row.title}.ics", "text/calendar; charset=utf-8", text.encode())
