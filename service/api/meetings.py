"""Meetings of a dialogue: time and agenda, invitations and answers, attendance, and the calendar file."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session, col

from service.api.contract import Body, IfMatch, Shown, Small, once, tagged
from service.api.listing import After, Asked, Page
from service.api.route import Route
from service.cases import dialogue as cases
from service.cases import dialogue_hold, dialogue_reply
from service.cases.dialogue_calendar import calendar_file
from service.store.dialogue import Invited, agenda_of, invitations_of, invited
from service.store.dialogues import meetings_seen, seen
from service.store.tables import Invitation, Meeting
from service.web import Visit, Visiting, permit
from states import dialogue as rule
from states.access import Operation
from states.errors import FieldError, Invalid, NotFound

router = APIRouter(tags=["dialogues"], route_class=Route)


class Point(Shown):
    title: str
    minutes: int
    leader: str
    output: str


class PointBody(Body):
    title: str
    minutes: Small
    leader: str = ""
    output: str = ""


class AgendaBody(Body):
    """The minutes of the points add up to the meeting before it is sent out."""

    points: list[PointBody]


class MeetingShown(Shown):
    id: UUID
    round_id: UUID
    starts_at: datetime
    ends_at: datetime
    place: str
    remote: bool
    capacity: int | None
    state: rule.MeetingStatus
    ics_uid: str
    sequence: int
    agenda: list[Point]
    version: int


class MeetingBody(Body):
    """When and where, with a zone in both times; `capacity` counts the seats in the room."""

    starts_at: datetime
    ends_at: datetime
    place: str = ""
    remote: bool = False
    capacity: Small | None = None

    def plan(self) -> cases.MeetingPlan:
        return cases.MeetingPlan(
            moment_of(self.starts_at), moment_of(self.ends_at), self.place, remote=self.remote, capacity=self.capacity
        )


class NewMeeting(MeetingBody):
    round: UUID


class InvitationShown(Shown):
    id: UUID
    meeting_id: UUID | None
    organisation_id: UUID
    assignment_id: UUID
    reply: rule.Reply | None
    substitute_name: str
    waiting: bool
    version: int


class ReplyBody(Body):
    """A substitute, with name and address, comes in the place of the invited person and gets a link of their own."""

    reply: rule.Reply
    substitute_name: str = ""
    substitute_email: str = ""


class Came(Body):
    invitation: UUID
    substitute: str = ""
    remote: bool = False


class AttendanceBody(Body):
    """Everybody who came; who did not follows from it."""

    present: list[Came]


class AttendanceShown(Shown):
    """By invitation; `coverage` counts organisations, as in "28 av 33"."""

    present: list[UUID]
    absent: list[UUID]
    coverage: str
    version: int


def moment_of(said: datetime) -> datetime:
    """A moment with a zone, in UTC; Invalid without one."""
    if said.tzinfo is None or not 1900 < said.year < 2999:
        raise Invalid(FieldError("starts_at", "no-zone", "Ange tiden med tidszon, till exempel 2027-04-14T09:30:00+02:00."))
    return said.astimezone(UTC)


@router.get("/meetings")
@permit(Operation.view_dialogue)
def list_meetings(
    visit: Visit,
    cut: Asked,
    round: UUID | None = None,
    after: After = None,
) -> Page[MeetingShown]:
    """The meetings of the caller's region, for everybody else those they are invited to; of one round or all."""
    with visit.read() as session:
        query = meetings_seen(session, visit.actor)
        query = query.where(col(Meeting.round_id) == round) if round else query
        return cut.growing(session, query, col(Meeting.id), lambda row: _shown(session, row), after=after)


@router.post("/meetings", response_model=MeetingShown, status_code=201)
@permit(Operation.edit_dialogue)
def add_meeting(visit: Visit, body: NewMeeting) -> Response:
    """Another meeting of a draft."""

    def act(session: Session) -> Response:
        row = cases.add_meeting(session, visit.actor, visit.now, body.round, body.plan())
        return _tagged(visit, session, row, 201)

    return once(visit, body, act, required=False)


@router.get("/meetings/{meeting_id}", response_model=MeetingShown)
@permit(Operation.view_dialogue)
def get_meeting(visit: Visit, meeting_id: UUID) -> Response:
    with visit.read() as session:
        return _tagged(visit, session, _meeting(session, visit, meeting_id)[0])


@router.patch("/meetings/{meeting_id}", response_model=MeetingShown)
@permit(Operation.edit_dialogue)
def change_meeting(visit: Visit, meeting_id: UUID, body: MeetingBody, version: IfMatch) -> Response:
    """Another time or place of a draft; one that people know of is rescheduled at its round."""
    with visit.write() as session:
        row = cases.change_meeting(session, visit.actor, visit.now, meeting_id, body.plan(), version)
        return _tagged(visit, session, row)


@router.put("/meetings/{meeting_id}/agenda", response_model=MeetingShown)
@permit(Operation.edit_dialogue)
def put_agenda(visit: Visit, meeting_id: UUID, body: AgendaBody, version: IfMatch) -> Response:
    """Replace the agenda until the meeting is held."""
    agenda = [rule.Item(one.title, one.minutes, one.leader, one.output) for one in body.points]
    with visit.write() as session:
        cases.set_agenda(session, visit.actor, visit.now, meeting_id, agenda, version)
        return _tagged(visit, session, session.get_one(Meeting, meeting_id))


@router.get("/meetings/{meeting_id}/calendar", response_class=Response)
@permit(Operation.view_dialogue)
def get_calendar(visit: Visit, meeting_id: UUID) -> Response:
    """The calendar file (text/calendar): REQUEST while it stands, CANCEL when it is off; always the same UID."""
    with visit.read() as session:
        file = calendar_file(session, visit.actor, visit.now, meeting_id)
    return Response(file.data, media_type=file.media_type)


@router.get("/meetings/{meeting_id}/invitations")
@permit(Operation.view_dialogue)
def list_invitations(visit: Visit, meeting_id: UUID, cut: Asked) -> Page[InvitationShown]:
    """Who is invited and what they answered; the invited see their own."""
    with visit.read() as session:
        meeting, region = _meeting(session, visit, meeting_id)
        own = {one.id for one in invitations_of(session, visit.actor, meeting.round_id)}
        guests: list[Invited] = [g for g in invited(session, meeting.round_id, meeting.id) if region or g.row.id in own]
        return cut.whole([InvitationShown.model_validate(g.row) for g in guests])


@router.patch("/invitations/{invitation_id}", response_model=InvitationShown)
@permit(Operation.reply_dialogue)
def reply(visit: Visit, invitation_id: UUID, body: ReplyBody, version: IfMatch) -> Response:
    """Answer an invitation of one's own; the region writes down what it was told."""
    answer = dialogue_reply.Answer(body.reply, body.substitute_name, body.substitute_email)
    with visit.write() as session:
        row: Invitation = dialogue_reply.reply(session, visit.actor, visit.now, invitation_id, answer, version)
        return tagged(visit.request, InvitationShown.model_validate(row), row.version)


@router.get("/meetings/{meeting_id}/attendance", response_model=AttendanceShown)
@permit(Operation.view_dialogue)
def get_attendance(visit: Visit, meeting_id: UUID) -> Response:
    """Who came and who did not; for the region."""
    with visit.read() as session:
        meeting, region = _meeting(session, visit, meeting_id)
        if not region:
            raise NotFound
        return _attendance(visit, session, meeting)


@router.put("/meetings/{meeting_id}/attendance", response_model=AttendanceShown)
@permit(Operation.edit_dialogue)
def put_attendance(visit: Visit, meeting_id: UUID, body: AttendanceBody, version: IfMatch) -> Response:
    """Write down who came; the meeting is held by that."""
    present = [dialogue_hold.Present(one.invitation, one.substitute, one.remote) for one in body.present]
    with visit.write() as session:
        meeting = dialogue_hold.note_attendance(session, visit.actor, visit.now, meeting_id, present, version)
        return _attendance(visit, session, meeting)


def _meeting(session: Session, visit: Visiting, meeting_id: UUID) -> tuple[Meeting, bool]:
    found = session.get(Meeting, meeting_id)
    if found is None:
        raise NotFound
    row, region = seen(session, visit.actor, found.round_id)
    if not region and found.id not in {one.meeting_id for one in invitations_of(session, visit.actor, row.id)}:
        raise NotFound
    return found, region


def _attendance(visit: Visiting, session: Session, meeting: Meeting) -> Response:
    there = dialogue_hold.turnout(session, meeting)
    said = AttendanceShown(
        present=[g.row.id for g in there.present],
        absent=[g.row.id for g in there.absent],
        coverage=str(there.total),
        version=meeting.version,
    )
    return tagged(visit.request, said, meeting.version)


def _shown(session: Session, row: Meeting) -> MeetingShown:
    facts = row.model_dump(include=set(MeetingShown.model_fields))
    return MeetingShown(**facts, agenda=[Point.model_validate(item) for item in agenda_of(session, row.id)])


def _tagged(visit: Visiting, session: Session, row: Meeting, status: int = 200) -> Response:
    return tagged(visit.request, _shown(session, row), row.version, status)
