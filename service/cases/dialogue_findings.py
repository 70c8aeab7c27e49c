"""What came of a round: points linked to areas or set aside, actions with an owner and a date, answers in writing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, delete, select

from service.cases.dialogue_steps import note, within
from service.cases.wording import line, long_text, reason
from service.store.dialogue import invitation_for, round_for, valid_on
from service.store.tables import (
    ActionItem,
    ConsultationAnswer,
    ContactAssignment,
    CooperationArea,
    DialogueRound,
    Finding,
    FindingArea,
    Organisation,
)
from states.access import Operation, Relation, require
from states.calendar import civil
from states.dialogue import NOTED, FindingKind, Kind, State
from states.errors import AlreadyDone, FieldError, Invalid, NotAllowed, NotFound, Stale
from states.parties import STRATEGIST, Actor

_HEARD = (State.rsvp_closed, *NOTED)
"""From the meeting (or the first written answer) on, until the round is closed."""
ANSWER_MAX = 20_000
_ANSWERING = (State.invited, State.rsvp_closed)


@dataclass(frozen=True, slots=True)
class Received:
    """A written answer: text, or a file that is kept already (its name, media type and hash)."""

    text: str = ""
    file_name: str = ""
    media_type: str = ""
    file_sha256: str = ""
    case_number: str = ""


def note_finding(
    session: Session,
    actor: Actor,
    now: datetime,
    round_id: UUID,
    kind: FindingKind,
    text: str,
    *,
    organisation: UUID | None = None,
    answer: UUID | None = None,
    areas: Sequence[UUID] = (),
) -> Finding:
    """Write down a point; of a written answer it is that organisation's."""
    row = round_for(session, actor, Operation.edit_dialogue, round_id)
    within(row, "note_finding", *_HEARD, *((State.invited,) if row.kind is Kind.consultation else ()))
    if answer is not None:
        given = session.get(ConsultationAnswer, answer)
        if given is None or given.round_id != row.id:
            raise NotFound
        organisation = given.organisation_id
    if organisation is not None and session.get(Organisation, organisation) is None:
        raise NotFound
    finding = Finding(
        round_id=row.id,
        organisation_id=organisation,
        answer_id=answer,
        kind=kind,
        text=reason(text, field="text", missing="Skriv vad som kom fram."),
        at=now,
    )
    session.add(finding)
    note(session, actor, now, row, "dialogue_finding", finding=str(finding.id))
    _link(session, row, finding, areas)
    return finding


def link_finding(
    session: Session, actor: Actor, now: datetime, finding_id: UUID, areas: Sequence[UUID], version: int | None = None
) -> Finding:
    """Say which areas a point is behind; it is set aside no longer."""
    finding, row = _finding(session, actor, finding_id, version)
    if not areas:
        raise Invalid(FieldError("areas", "missing", "Välj minst ett område, eller lägg inspelet åt sidan med ett skäl."))
    _link(session, row, finding, areas)
    finding.set_aside_reason, finding.version = "", finding.version + 1
    session.add(finding)
    note(session, actor, now, row, "dialogue_link", finding=str(finding.id), areas=sorted(map(str, areas)))
    return finding


def set_aside(session: Session, actor: Actor, now: datetime, finding_id: UUID, why: str, version: int | None = None) -> Finding:
    """Leave a point without consequence, and say why."""
    finding, row = _finding(session, actor, finding_id, version)
    finding.set_aside_reason = reason(why, missing="Skriv varför inspelet läggs åt sidan.")
    finding.version += 1
    session.exec(delete(FindingArea).where(col(FindingArea.finding_id) == finding.id))
    session.add(finding)
    note(session, actor, now, row, "dialogue_set_aside", finding=str(finding.id), reason=finding.set_aside_reason)
    return finding


def note_action(
    session: Session,
    actor: Actor,
    now: datetime,
    round_id: UUID,
    text: str,
    *,
    owner: UUID | None = None,
    due: date | None = None,
) -> ActionItem:
    """Write down what somebody shall do; owner and date can follow, but must be there before the round is closed."""
    row = round_for(session, actor, Operation.edit_dialogue, round_id)
    within(row, "note_action", *_HEARD)
    action = ActionItem(round_id=row.id, text=reason(text, field="text", missing="Skriv vad som ska göras."))
    session.add(action)
    return _promise(session, actor, now, row, action, owner, due)


def change_action(
    session: Session,
    actor: Actor,
    now: datetime,
    action_id: UUID,
    *,
    owner: UUID | None,
    due: date | None,
    version: int | None = None,
) -> ActionItem:
    """Give an action another owner or date."""
    action, row = _action(session, actor, action_id, version)
    within(row, "change_action", *_HEARD)
    action.version += 1
    return _promise(session, actor, now, row, action, owner, due)


def finish_action(
    session: Session, actor: Actor, now: datetime, action_id: UUID, outcome: str = "", version: int | None = None
) -> ActionItem:
    """It has been done, and what came of it; said by the region or its owner, also after the round is closed."""
    action, row = _action(session, actor, action_id, version, owner_may=True)
    if action.done_at is not None:
        raise AlreadyDone
    action.done_at, action.outcome, action.version = now, reason(outcome, field="outcome"), action.version + 1
    session.add(action)
    note(session, actor, now, row, "dialogue_action_done", action=str(action.id), outcome=action.outcome)
    return action


def receive_answer(session: Session, actor: Actor, now: datetime, invitation_id: UUID, received: Received) -> ConsultationAnswer:
    """Keep what an organisation answers to a consultation; one after the last day still counts until the round is held."""
    row, invitation = invitation_for(session, actor, Operation.reply_dialogue, invitation_id)
    if row.kind is not Kind.consultation:
        raise NotAllowed("receive_answer", row.kind)
    within(row, "receive_answer", *(_ANSWERING if actor.role in STRATEGIST else (State.invited,)))
    text = received.text
    if text.strip() or not received.file_sha256:
        text = long_text(text, "text", ANSWER_MAX, missing="Skriv ert svar, eller lämna en fil.")
    before = select(ConsultationAnswer.id).where(
        col(ConsultationAnswer.round_id) == row.id, col(ConsultationAnswer.organisation_id) == invitation.organisation_id
    )
    answer = ConsultationAnswer(
        round_id=row.id,
        organisation_id=invitation.organisation_id,
        seq=len(session.exec(before).all()) + 1,
        text=text,
        file_name=received.file_name,
        media_type=received.media_type,
        file_sha256=received.file_sha256,
        case_number=line(received.case_number, "case_number"),
        at=now,
        by_id=actor.assignment,
    )
    session.add(answer)
    name = session.get_one(Organisation, invitation.organisation_id).name
    note(session, actor, now, row, "dialogue_answer", organisation=name, answer=str(answer.id), file=answer.file_sha256)
    return answer


def _finding(session: Session, actor: Actor, finding_id: UUID, version: int | None) -> tuple[Finding, DialogueRound]:
    found = session.get(Finding, finding_id)
    if found is None:
        raise NotFound
    row = round_for(session, actor, Operation.edit_dialogue, found.round_id)
    within(row, "change_finding", *_HEARD)
    session.refresh(found)
    if version is not None and found.version != version:
        raise Stale
    return found, row


def _action(
    session: Session, actor: Actor, action_id: UUID, version: int | None, *, owner_may: bool = False
) -> tuple[ActionItem, DialogueRound]:
    found = session.get(ActionItem, action_id)
    if found is None:
        raise NotFound
    if owner_may and actor.assignment is not None and found.owner_id == actor.assignment:
        require(Operation.reply_dialogue, actor.role, Relation.own)
        row = session.get_one(DialogueRound, found.round_id, with_for_update=True, populate_existing=True)
    else:
        row = round_for(session, actor, Operation.edit_dialogue, found.round_id)
    session.refresh(found)
    if version is not None and found.version != version:
        raise Stale
    return found, row


def _promise(
    session: Session, actor: Actor, now: datetime, row: DialogueRound, action: ActionItem, owner: UUID | None, due: date | None
) -> ActionItem:
    held_by = session.get(ContactAssignment, owner) if owner else None
    if owner and (held_by is None or not valid_on(held_by, civil(now))):
        raise Invalid(FieldError("owner", "unknown", "Välj en person som har ett uppdrag nu."))
    action.owner_id, action.due = owner, due
    session.add(action)
    note(session, actor, now, row, "dialogue_action", action=str(action.id), due=str(due))
    return action


def _link(session: Session, row: DialogueRound, finding: Finding, areas: Sequence[UUID]) -> None:
    session.exec(delete(FindingArea).where(col(FindingArea.finding_id) == finding.id))
    for area_id in dict.fromkeys(areas):
        area = session.get(CooperationArea, area_id)
        if area is None or area.programme_id != row.programme_id:
            raise Invalid(FieldError("areas", "unknown", "Välj områden ur samma plan."))
        session.add(FindingArea(finding_id=finding.id, area_id=area_id))
    session.flush()
