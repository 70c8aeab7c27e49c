"""Dialogues: series and rounds, sent out, held, summed up and closed, with the points and actions that came of them."""

from datetime import date, datetime
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session, col, select

from service.api.contract import Body, Day, IfMatch, Shown, made, once, tagged
from service.api.listing import After, Asked, Page
from service.api.meetings import MeetingBody, moment_of
from service.api.route import Route
from service.cases import dialogue as cases
from service.cases import dialogue_findings as findings
from service.cases import dialogue_hold, dialogue_invite, dialogue_notes, dialogue_time
from service.store.dialogue import actions_of, findings_of, linked
from service.store.dialogues import comments_of, of_region, rounds_seen, seen
from service.store.tables import ActionItem, ConsultationAnswer, DialogueRound, DialogueSeries, Finding, RoundComment
from service.web import Visit, Visiting, permit
from states import dialogue as rule
from states import rhythm
from states.access import Operation
from states.errors import NotFound
from states.parties import OrganisationKind, Role

router = APIRouter(tags=["dialogues"], route_class=Route)


class SeriesShown(Shown):
    id: UUID
    programme_id: UUID | None
    name: str
    kind: rule.Kind
    groups: list[str]
    every: rhythm.Every | None
    week: int
    weekday: int
    month: int | None


class SeriesBody(Body):
    """With `every` a rhythm proposes dates, such as the third (week) Thursday (weekday 3) of November (month 11)."""

    name: str
    kind: rule.Kind
    programme: UUID | None = None
    groups: list[str] = []
    every: rhythm.Every | None = None
    week: int = 1
    weekday: int = 3
    month: int | None = None


class RoundShown(Shown):
    id: UUID
    series_id: UUID | None
    programme_id: UUID | None
    number: int | None
    kind: rule.Kind
    title: str
    questions: list[str]
    sector: str
    state: rule.State
    rsvp_due: date | None
    notes: str
    comments_until: date | None
    ended_reason: str
    version: int


class RoundBody(Body):
    """A consultation has no meetings. The agenda belongs to the first meeting and is written at /meetings/{id}/agenda."""

    title: str
    kind: rule.Kind = rule.Kind.dialogue
    questions: list[str] = []
    sector: str = ""
    rsvp_due: Day | None = None
    meetings: list[MeetingBody] = []
    series: UUID | None = None
    programme: UUID | None = None


class RoundChange(Body):
    """What is left out stays as it is; only of a draft."""

    title: str | None = None
    questions: list[str] | None = None
    sector: str | None = None
    rsvp_due: Day | None = None


class Dispatch(Body):
    """Whom to ask: people with these roles for these organisations, narrowed to kinds and to a part of their title."""

    organisations: list[UUID]
    roles: list[Role] = [Role.main]
    kinds: list[OrganisationKind] = list(OrganisationKind)
    title: str = ""
    meeting: UUID | None = None


class Dispatched(Shown):
    """The round after it, and the new invitations."""

    round: RoundShown
    invitations: list[UUID]


class Rescheduling(Body):
    """Another time for one meeting; everybody is asked anew."""

    meeting: UUID
    starts_at: datetime
    ends_at: datetime
    rsvp_due: Day
    reason: str
    place: str | None = None


class ReasonBody(Body):
    reason: str


class Summary(Body):
    notes: str


class FindingShown(Shown):
    id: UUID
    round_id: UUID
    organisation_id: UUID | None
    answer_id: UUID | None
    kind: rule.FindingKind
    text: str
    areas: list[UUID]
    set_aside_reason: str
    version: int


class FindingBody(Body):
    kind: rule.FindingKind
    text: str
    organisation: UUID | None = None
    answer: UUID | None = None
    areas: list[UUID] = []


class FindingChange(Body):
    """Either the areas it is behind, or why it is set aside."""

    areas: list[UUID] = []
    set_aside_reason: str = ""


class ActionShown(Shown):
    id: UUID
    round_id: UUID
    text: str
    owner_id: UUID | None
    due: date | None
    done_at: datetime | None
    outcome: str
    version: int


class ActionBody(Body):
    text: str
    owner: UUID | None = None
    due: Day | None = None


class ActionChange(Body):
    """`done` says that it has been done, by the region or its owner; else owner and date are set as they stand here."""

    owner: UUID | None = None
    due: Day | None = None
    done: bool = False
    outcome: str = ""


class CommentBody(Body):
    text: str


class CommentShown(Shown):
    id: UUID
    text: str
    at: datetime


class AnswerBody(Body):
    text: str
    case_number: str = ""


class AnswerShown(Shown):
    id: UUID
    organisation_id: UUID
    seq: int
    text: str
    file_name: str
    case_number: str
    at: datetime


@router.get("/dialogue-series")
@permit(Operation.view_dialogue)
def list_series(visit: Visit, cut: Asked, after: After = None) -> Page[SeriesShown]:
    """The series of the caller's region; nobody else has any."""
    query = select(DialogueSeries).where(col(DialogueSeries.region_id) == visit.actor.organisation)
    with visit.read() as session:
        return cut.growing(session, query, col(DialogueSeries.id), SeriesShown.model_validate, after=after)


@router.post("/dialogue-series", response_model=SeriesShown, status_code=201)
@permit(Operation.edit_dialogue)
def begin_series(visit: Visit, body: SeriesBody) -> Response:
    """Dialogues that come back."""

    def act(session: Session) -> Response:
        pace = rhythm.Rhythm(body.every, body.week, body.weekday, body.month) if body.every else None
        row = cases.create_series(
            session, visit.actor, visit.now, body.name, body.kind, programme=body.programme, groups=body.groups, rhythm=pace
        )
        return made(SeriesShown.model_validate(row), 201)

    return once(visit, body, act, required=False)


@router.get("/dialogue-rounds")
@permit(Operation.view_dialogue)
def list_rounds(visit: Visit, cut: Asked, state: rule.State | None = None, after: After = None) -> Page[RoundShown]:
    """The rounds of the caller's region; for everybody else those that they are invited to."""
    with visit.read() as session:
        query = rounds_seen(session, visit.actor)
        query = query.where(col(DialogueRound.state) == state) if state else query
        return cut.growing(session, query, col(DialogueRound.id), RoundShown.model_validate, after=after)


@router.post("/dialogue-rounds", response_model=RoundShown, status_code=201)
@permit(Operation.edit_dialogue)
def plan_round(visit: Visit, body: RoundBody) -> Response:
    """A draft; nobody is told of it."""
    plan = cases.RoundPlan(
        title=body.title,
        kind=body.kind,
        questions=body.questions,
        sector=body.sector,
        rsvp_due=body.rsvp_due,
        meetings=[one.plan() for one in body.meetings],
        series=body.series,
    )

    def act(session: Session) -> Response:
        row = cases.create_round(session, visit.actor, visit.now, plan, programme=body.programme)
        return _tagged(visit, row, 201)

    return once(visit, body, act, required=False)


@router.get("/dialogue-rounds/{round_id}", response_model=RoundShown)
@permit(Operation.view_dialogue)
def get_round(visit: Visit, round_id: UUID) -> Response:
    with visit.read() as session:
        return _tagged(visit, seen(session, visit.actor, round_id)[0])


@router.patch("/dialogue-rounds/{round_id}", response_model=RoundShown)
@permit(Operation.edit_dialogue)
def change_round(visit: Visit, round_id: UUID, body: RoundChange, version: IfMatch) -> Response:
    """Change a draft."""
    with visit.write() as session:
        row, _region = seen(session, visit.actor, round_id)
        said = body.model_dump(exclude_unset=True)
        stands = {name: said.get(name, getattr(row, name)) for name in RoundChange.model_fields}
        return _tagged(visit, cases.change_round(session, visit.actor, visit.now, round_id, version=version, **stands))


@router.post("/dialogue-rounds/{round_id}/dispatch", response_model=Dispatched)
@permit(Operation.edit_dialogue)
def dispatch(visit: Visit, round_id: UUID, body: Dispatch, version: IfMatch) -> Response:
    """Invite everybody who is chosen, with a mail and a calendar file each; 409 names what is missing."""
    choice = dialogue_invite.Choice(body.organisations, frozenset(body.roles), frozenset(body.kinds), body.title)

    def act(session: Session) -> Response:
        rows = dialogue_invite.invite(session, visit.actor, visit.now, round_id, choice, version, meeting_id=body.meeting)
        row = session.get_one(DialogueRound, round_id)
        said = Dispatched(round=RoundShown.model_validate(row), invitations=[one.id for one in rows])
        return tagged(visit.request, said, row.version)

    return once(visit, body, act)


@router.post("/dialogue-rounds/{round_id}/rescheduling", response_model=RoundShown)
@permit(Operation.edit_dialogue)
def reschedule(visit: Visit, round_id: UUID, body: Rescheduling, version: IfMatch) -> Response:
    """Move one meeting. If-Match is the meeting's version."""
    new = dialogue_time.NewTime(moment_of(body.starts_at), moment_of(body.ends_at), body.rsvp_due, body.reason, body.place)

    def act(session: Session) -> Response:
        row = dialogue_time.reschedule(session, visit.actor, visit.now, body.meeting, new, version)
        if row.id != round_id:
            raise NotFound
        return _tagged(visit, row)

    return once(visit, body, act)


@router.post("/dialogue-rounds/{round_id}/cancellation", response_model=RoundShown)
@permit(Operation.edit_dialogue)
def cancel(visit: Visit, round_id: UUID, body: ReasonBody, version: IfMatch) -> Response:
    """Call it off before it is held; the meetings leave the calendars of all who were invited."""

    def act(session: Session) -> Response:
        return _tagged(visit, dialogue_time.cancel(session, visit.actor, visit.now, round_id, body.reason, version))

    return once(visit, body, act)


@router.post("/dialogue-rounds/{round_id}/holding", response_model=RoundShown)
@permit(Operation.edit_dialogue)
def hold(visit: Visit, round_id: UUID, version: IfMatch) -> Response:
    """It has been held: every meeting has its attendance or is cancelled."""

    def act(session: Session) -> Response:
        return _tagged(visit, dialogue_hold.hold(session, visit.actor, visit.now, round_id, version))

    return once(visit, None, act, required=False)


@router.post("/dialogue-rounds/{round_id}/summary", response_model=RoundShown)
@permit(Operation.edit_dialogue)
def summarise(visit: Visit, round_id: UUID, body: Summary, version: IfMatch) -> Response:
    """Send the notes to all who were invited, as mail and Word; two weeks for comments."""

    def act(session: Session) -> Response:
        row = dialogue_notes.summarise(session, visit.files, visit.actor, visit.now, round_id, body.notes, version)
        return _tagged(visit, row)

    return once(visit, body, act)


@router.post("/dialogue-rounds/{round_id}/closure", response_model=RoundShown)
@permit(Operation.edit_dialogue)
def close(visit: Visit, round_id: UUID, version: IfMatch) -> Response:
    """409 with `comments-open`, `action-without-owner`, `action-without-date`, `finding-loose` while something is left."""

    def act(session: Session) -> Response:
        return _tagged(visit, dialogue_notes.close(session, visit.actor, visit.now, round_id, version))

    return once(visit, None, act, required=False)


@router.get("/dialogue-rounds/{round_id}/findings")
@permit(Operation.view_dialogue)
def list_findings(visit: Visit, round_id: UUID, cut: Asked) -> Page[FindingShown]:
    """For the invited once the notes are out."""
    with visit.read() as session:
        _outcome_seen(session, visit, round_id)
        return cut.whole(_findings(session, findings_of(session, round_id)))


@router.post("/dialogue-rounds/{round_id}/findings", response_model=FindingShown, status_code=201)
@permit(Operation.edit_dialogue)
def note_finding(visit: Visit, round_id: UUID, body: FindingBody) -> Response:
    """Write down a point somebody made."""

    def act(session: Session) -> Response:
        row = findings.note_finding(
            session,
            visit.actor,
            visit.now,
            round_id,
            body.kind,
            body.text,
            organisation=body.organisation,
            answer=body.answer,
            areas=body.areas,
        )
        return tagged(visit.request, _findings(session, [row])[0], row.version, 201)

    return once(visit, body, act, required=False)


@router.patch("/findings/{finding_id}", response_model=FindingShown)
@permit(Operation.edit_dialogue)
def settle_finding(visit: Visit, finding_id: UUID, body: FindingChange, version: IfMatch) -> Response:
    """Link it to areas, or set it aside with a reason."""
    with visit.write() as session:
        if body.set_aside_reason:
            row = findings.set_aside(session, visit.actor, visit.now, finding_id, body.set_aside_reason, version)
        else:
            row = findings.link_finding(session, visit.actor, visit.now, finding_id, body.areas, version)
        return tagged(visit.request, _findings(session, [row])[0], row.version)


@router.get("/dialogue-rounds/{round_id}/actions")
@permit(Operation.view_dialogue)
def list_actions(visit: Visit, round_id: UUID, cut: Asked) -> Page[ActionShown]:
    """For the invited once the notes are out."""
    with visit.read() as session:
        _outcome_seen(session, visit, round_id)
        return cut.whole([ActionShown.model_validate(one) for one in actions_of(session, round_id)])


@router.post("/dialogue-rounds/{round_id}/actions", response_model=ActionShown, status_code=201)
@permit(Operation.edit_dialogue)
def note_action(visit: Visit, round_id: UUID, body: ActionBody) -> Response:
    """Write down what somebody shall do."""

    def act(session: Session) -> Response:
        row = findings.note_action(session, visit.actor, visit.now, round_id, body.text, owner=body.owner, due=body.due)
        return _action(visit, row, 201)

    return once(visit, body, act, required=False)


@router.patch("/actions/{action_id}", response_model=ActionShown)
@permit(Operation.reply_dialogue)
def change_action(visit: Visit, action_id: UUID, body: ActionChange, version: IfMatch) -> Response:
    """Another owner or date, or that it has been done."""
    with visit.write() as session:
        if body.done:
            row = findings.finish_action(session, visit.actor, visit.now, action_id, body.outcome, version)
        else:
            row = findings.change_action(
                session, visit.actor, visit.now, action_id, owner=body.owner, due=body.due, version=version
            )
        return _action(visit, row)


@router.get("/dialogue-rounds/{round_id}/comments")
@permit(Operation.view_dialogue)
def list_comments(visit: Visit, round_id: UUID, cut: Asked) -> Page[CommentShown]:
    """What was said about the notes; the invited see their own."""
    with visit.read() as session:
        _row, region = seen(session, visit.actor, round_id)
        said = [one for one, *_who in comments_of(session, round_id)]
        own = [one for one in said if region or one.assignment_id == visit.actor.assignment]
        return cut.whole([CommentShown.model_validate(one) for one in own])


@router.post("/dialogue-rounds/{round_id}/comments", response_model=CommentShown, status_code=201)
@permit(Operation.reply_dialogue)
def comment(visit: Visit, round_id: UUID, body: CommentBody) -> Response:
    """What an invited person has to say about the notes."""

    def act(session: Session) -> Response:
        said: RoundComment = dialogue_notes.comment(session, visit.actor, visit.now, round_id, body.text)
        return made(CommentShown.model_validate(said), 201)

    return once(visit, body, act, required=False)


@router.post("/invitations/{invitation_id}/answers", response_model=AnswerShown, status_code=201)
@permit(Operation.reply_dialogue)
def answer_in_writing(visit: Visit, invitation_id: UUID, body: AnswerBody) -> Response:
    """An organisation's answer to a consultation; a file is left on the page."""

    def act(session: Session) -> Response:
        given = findings.Received(body.text, case_number=body.case_number)
        row: ConsultationAnswer = findings.receive_answer(session, visit.actor, visit.now, invitation_id, given)
        return made(AnswerShown.model_validate(row), 201)

    return once(visit, body, act, required=False)


def _outcome_seen(session: Session, visit: Visiting, round_id: UUID) -> None:
    row, region = seen(session, visit.actor, round_id)
    if not region and row.state not in (rule.State.summarised, rule.State.closed):
        raise NotFound


def _findings(session: Session, rows: list[Finding]) -> list[FindingShown]:
    areas = linked(session, rows)
    return [FindingShown(**one.model_dump(include=set(FindingShown.model_fields)), areas=areas[one.id]) for one in rows]


def _action(visit: Visiting, row: ActionItem, status: int = 200) -> Response:
    return tagged(visit.request, ActionShown.model_validate(row), row.version, status)


def _tagged(visit: Visiting, row: DialogueRound, status: int = 200) -> Response:
    said = RoundShown.model_validate(row)
    if not of_region(visit.actor, row) and row.state not in (rule.State.summarised, rule.State.closed):
        said.notes = ""
    return tagged(visit.request, said, row.version, status)
