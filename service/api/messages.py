"""Utkorg: messages with why they wait or failed, the reminders to come, and those that never went out."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlmodel import Session, col, select

from service.api.contract import Shown, made, once
from service.api.listing import After, Asked, Page
from service.api.route import Route
from service.cases.forecast import Planned, plan
from service.cases.messages import keep, message_for, send_again, within
from service.store.mailbox import skipped
from service.store.tables import Message, Reminder
from service.web import Visit, permit
from states.access import Operation
from states.message import State
from states.reminders import SKIP_WORDS, Purpose, SkipReason, Status

router = APIRouter(tags=["messages"], route_class=Route)

Days = Annotated[int, Query(ge=1, le=366, description="How many days to look ahead")]
Key = Annotated[str | None, Query(max_length=200, description="The last key seen; `next` has it")]


class MessageShown(Shown):
    """A message; its link and code are never shown."""

    id: UUID
    purpose: str
    agreement_id: UUID | None
    recipient_name: str
    subject: str
    state: State
    held: bool
    written_at: datetime
    next_try_at: datetime
    sent_at: datetime | None
    attempts: int
    reason: str
    version: int


class PlannedShown(Shown):
    """A reminder to come, or not to: `status` is due or future, or skipped; `why` says in words what moves or stops it."""

    on: date
    agreement: UUID | None
    purpose: Purpose
    number: int
    organisation: str
    assignment: UUID | None
    recipient: str
    status: Status
    why: list[str]


class SkipShown(Shown):
    """A reminder that did not go out; `reason` is stable, `why` is for people."""

    key: str
    agreement: UUID | None
    purpose: Purpose
    number: int
    assignment: UUID | None
    planned_on: date | None
    at: datetime
    reason: SkipReason
    why: str


@router.get("/messages")
@permit(Operation.view_messages)
def list_messages(
    visit: Visit, cut: Asked, state: State | None = None, agreement: UUID | None = None, after: After = None
) -> Page[MessageShown]:
    """Messages about the region's agreements and to its own and its parties' people, newest first."""
    query = select(Message).where(within(visit.actor))
    query = query.where(col(Message.state) == state) if state else query
    query = query.where(col(Message.agreement_id) == agreement) if agreement else query
    with visit.read() as session:
        return cut.growing(session, query, col(Message.id), MessageShown.model_validate, after=after, newest_first=True)


@router.get("/messages/{message_id}")
@permit(Operation.view_messages)
def get_message(visit: Visit, message_id: UUID) -> MessageShown:
    with visit.read() as session:
        return MessageShown.model_validate(message_for(session, visit.actor, Operation.view_messages, message_id))


@router.post("/messages/{message_id}/resending", response_model=MessageShown)
@permit(Operation.edit_messages)
def resend(visit: Visit, message_id: UUID) -> Response:
    """Try again now; 409 when it has been sent."""

    def act(session: Session) -> Response:
        return made(MessageShown.model_validate(send_again(session, visit.actor, visit.now, visit.real_now, message_id)))

    return once(visit, None, act)


@router.put("/messages/{message_id}/hold")
@permit(Operation.edit_messages)
def hold(visit: Visit, message_id: UUID) -> MessageShown:
    """Keep a queued message back; holding it twice is the same."""
    return _kept(visit, message_id, held=True)


@router.delete("/messages/{message_id}/hold")
@permit(Operation.edit_messages)
def release(visit: Visit, message_id: UUID) -> MessageShown:
    return _kept(visit, message_id, held=False)


@router.get("/reminders/plan")
@permit(Operation.view_messages)
def reminders_to_come(visit: Visit, cut: Asked, days: Days = 7) -> Page[PlannedShown]:
    """What the coming days bring if nobody answers and nothing changes: what, to whom, when, and why or why not."""
    with visit.read() as session:
        return cut.whole([_planned(one) for one in plan(session, visit.now, days, visit.actor.organisation)])


@router.get("/reminders/skips")
@permit(Operation.view_messages)
def reminders_not_sent(visit: Visit, cut: Asked, agreement: UUID | None = None, after: Key = None) -> Page[SkipShown]:
    """Every reminder that did not go out, with its reason; none is left out silently."""
    query = skipped(visit.actor)
    query = query.where(col(Reminder.agreement_id) == agreement) if agreement else query
    with visit.read() as session:
        return cut.growing(session, query, col(Reminder.key), _skip, after=after)


def _kept(visit: Visit, message_id: UUID, *, held: bool) -> MessageShown:
    with visit.write() as session:
        return MessageShown.model_validate(keep(session, visit.actor, visit.now, message_id, held=held))


def _planned(one: Planned) -> PlannedShown:
    return PlannedShown(
        on=one.on,
        agreement=one.agreement_id,
        purpose=one.purpose,
        number=one.number,
        organisation=one.organisation,
        assignment=one.assignment_id,
        recipient=one.recipient,
        status=one.status,
        why=list(one.why),
    )


def _skip(row: Reminder) -> SkipShown:
    reason = SkipReason(row.outcome)
    return SkipShown(
        key=row.key,
        agreement=row.agreement_id,
        purpose=Purpose(row.purpose),
        number=row.number,
        assignment=row.assignment_id,
        planned_on=row.planned_on,
        at=row.at,
        reason=reason,
        why=SKIP_WORDS[reason],
    )
