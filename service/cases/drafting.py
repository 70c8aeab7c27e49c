"""A response before it is sent: begun, thrown away, and what has moved under its answers since they were written."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from service.cases.respond import Draft, answers_of, open_response
from service.cases.texts import conflict
from service.store.standing import Standing, load
from service.store.tables import Answer, ClauseVersion, Response
from states.access import Operation
from states.agreement import RULEBOOK, Event
from states.errors import Conflict, NotAllowed, NotFound
from states.parties import Actor


def begin(session: Session, actor: Actor, now: datetime, agreement_id: UUID) -> Response:
    """The own side's response that is not sent yet; a new one when there is none."""
    standing = load(session, actor, Operation.answer, agreement_id)
    if not RULEBOOK.allows(Event.send_response, standing.agreement.state):
        raise NotAllowed(Event.send_response, standing.agreement.state)
    party = standing.party_of(actor)
    response = open_response(session, party)
    if response is None:
        response = Response(agreement_id=agreement_id, party_id=party.id, created_at=now)
        session.add(response)
        session.flush()
    return response


def discard(session: Session, actor: Actor, agreement_id: UUID, response_id: UUID) -> None:
    """Throw away every draft answer and the response with them; NotFound when it is not the own side's or already sent."""
    standing = load(session, actor, Operation.answer, agreement_id)
    response = open_response(session, standing.party_of(actor))
    if response is None or response.id != response_id:
        raise NotFound
    for row in answers_of(session, response):
        session.delete(row)
    session.flush()
    session.delete(response)


def heads(session: Session, standing: Standing, response: Response) -> dict[UUID, UUID]:
    """The texts that stand now where a response that is not sent has answers, by clause."""
    if response.sent_at is not None:
        return {}
    answered = [row.clause_id for row in answers_of(session, response) if row.clause_id is not None]
    return {clause: standing.clause(clause).head.id for clause in answered}


def moved(session: Session, standing: Standing, response: Response) -> tuple[Conflict, ...]:
    """Both texts wherever the other side has sent a new one since the draft was written."""
    now_at = heads(session, standing, response)
    return tuple(
        conflict(session, standing.clause(row.clause_id), row.base_version_id, row.title, row.fields)
        for row in answers_of(session, response)
        if row.clause_id in now_at and row.base_version_id != now_at[row.clause_id]
    )


def overtaken(session: Session, saved: Answer, draft: Draft) -> Conflict:
    """What a colleague has saved and what was typed here, over the text that both started from."""
    base = session.get(ClauseVersion, draft.base) if draft.base else None
    return Conflict(
        clause=str(draft.clause or ""),
        base={"t": base.title, **base.fields} if base else {},
        theirs={"t": saved.title, **saved.fields},
        yours={"t": draft.title, **draft.fields},
    )
