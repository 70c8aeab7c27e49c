"""Responses: one party's draft answers, sent together as one batch, taken back while nobody has acted."""

import hashlib
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response as Answered
from sqlmodel import Session, col, select

from service.api.contract import Body, IfMatchHash, Shown, once, tagged
from service.api.listing import After, Asked, Page
from service.api.route import Route
from service.cases import drafting, respond, taking_back
from service.cases.respond import Draft
from service.store.standing import Standing, load, view
from service.store.tables import Answer, Response
from service.store.tables.response import AnswerKind
from service.web import Visit, Visiting, permit
from states.access import Operation
from states.errors import NotFound, Stale

router = APIRouter(tags=["responses"], route_class=Route)


class OwnArea(Body):
    title: str
    fields: dict[str, str]
    reason: str = ""


class AnswerBody(Body):
    """`version` is the text that is answered; title and fields only with counter, propose_again, and add for an own area."""

    answer: AnswerKind
    version: UUID | None = None
    title: str = ""
    fields: dict[str, str] = {}
    reason: str = ""


class AnswerShown(Shown):
    id: UUID
    clause_id: UUID | None
    base_version_id: UUID | None
    kind: AnswerKind
    title: str
    fields: dict[str, str]
    reason: str
    saved_at: datetime
    finished: bool
    version: int


class ResponseShown(Shown):
    id: UUID
    agreement_id: UUID
    party_id: UUID
    sent_at: datetime | None
    recalled_at: datetime | None
    version: int
    answers: list[AnswerShown]


@router.get("/agreements/{agreement_id}/responses")
@permit(Operation.answer)
def list_responses(visit: Visit, agreement_id: UUID, cut: Asked, after: After = None) -> Page[ResponseShown]:
    """The own side's responses, newest first."""
    with visit.read() as session:
        party = view(session, visit.actor, agreement_id).party_of(visit.actor)
        query = select(Response).where(col(Response.party_id) == party.id)
        return cut.growing(session, query, col(Response.id), lambda row: _shown(session, row), after=after, newest_first=True)


@router.post("/agreements/{agreement_id}/responses", response_model=ResponseShown, status_code=201)
@permit(Operation.answer)
def begin(visit: Visit, agreement_id: UUID) -> Answered:
    """The own side's response that is not sent yet, begun when there is none; its ETag is what answers are saved with."""

    def act(session: Session) -> Answered:
        row = drafting.begin(session, visit.actor, visit.now, agreement_id)
        return _answered(visit, session, row, 201)

    return once(visit, None, act, required=False)


@router.post("/agreements/{agreement_id}/clauses", response_model=ResponseShown, status_code=201)
@permit(Operation.answer)
def add_area(visit: Visit, agreement_id: UUID, body: OwnArea) -> Answered:
    """Draft an area of one's own; it becomes a clause when the response is sent."""

    def act(session: Session) -> Answered:
        draft = Draft(AnswerKind.add, title=body.title, fields=body.fields, reason=body.reason)
        row = respond.save_answer(session, visit.actor, visit.now, agreement_id, draft)
        return _answered(visit, session, session.get_one(Response, row.response_id), 201)

    return once(visit, body, act, required=False)


@router.get("/responses/{response_id}", response_model=ResponseShown)
@permit(Operation.answer)
def get_response(visit: Visit, response_id: UUID) -> Answered:
    with visit.read() as session:
        return _answered(visit, session, _own(session, visit, response_id))


@router.delete("/responses/{response_id}", status_code=204)
@permit(Operation.answer)
def discard(visit: Visit, response_id: UUID, seen: IfMatchHash) -> None:
    """Throw every draft answer away."""
    with visit.write() as session:
        row, _ = _seen(session, visit, response_id, seen)
        drafting.discard(session, visit.actor, row.agreement_id, row.id)


@router.put("/responses/{response_id}/answers/{answer_id}", response_model=ResponseShown)
@permit(Operation.answer)
def put_answer(visit: Visit, response_id: UUID, answer_id: UUID, body: AnswerBody, seen: IfMatchHash) -> Answered:
    """Save one answer as a draft of the own side. `answer_id` is the clause's id, or for an own area its draft answer's."""
    draft = Draft(body.answer, None, body.version, body.title, body.fields, body.reason)
    with visit.write() as session:
        row, standing = _seen(session, visit, response_id, seen, answer_id, draft)
        clause = answer_id if answer_id in standing.rows else None
        if clause is None and body.answer is not AnswerKind.add:
            raise NotFound
        draft, own = replace(draft, clause=clause), None if clause else answer_id
        respond.save_answer(session, visit.actor, visit.now, row.agreement_id, draft, answer=own)
        return _answered(visit, session, row)


@router.delete("/responses/{response_id}/answers/{answer_id}", response_model=ResponseShown)
@permit(Operation.answer)
def delete_answer(visit: Visit, response_id: UUID, answer_id: UUID, seen: IfMatchHash) -> Answered:
    """Throw one draft answer away, named by its clause or by its own id."""
    with visit.write() as session:
        row, _ = _seen(session, visit, response_id, seen)
        found = _answer(session, row, answer_id)
        if found is None:
            raise NotFound
        respond.drop_answer(session, visit.actor, row.agreement_id, found.id)
        return _answered(visit, session, row)


@router.post("/responses/{response_id}/sending", response_model=ResponseShown, status_code=201)
@permit(Operation.send_response)
def send(visit: Visit, response_id: UUID, seen: IfMatchHash) -> Answered:
    """Send every finished answer as one batch; an unfinished one waits. 412 with both texts when a head has moved."""

    def act(session: Session) -> Answered:
        row = _own(session, visit, response_id)
        if row.sent_at is None:
            row, _ = _seen(session, visit, response_id, seen)
        sent = respond.send_response(session, visit.actor, visit.now, row.agreement_id, row.id, real_now=visit.real_now)
        return _answered(visit, session, sent, 201)

    return once(visit, None, act)


@router.post("/responses/{response_id}/retraction", response_model=ResponseShown)
@permit(Operation.send_response)
def retract(visit: Visit, response_id: UUID) -> Answered:
    """Undo a sending within a minute; the answers are drafts again."""

    def act(session: Session) -> Answered:
        row = _own(session, visit, response_id)
        restored = taking_back.recall_response(session, visit.actor, visit.now, row.agreement_id, row.id, real_now=visit.real_now)
        return _answered(visit, session, restored)

    return once(visit, None, act)


def _own(session: Session, visit: Visiting, response_id: UUID) -> Response:
    """A response of the caller's own side; anybody else's is a 404."""
    row = session.get(Response, response_id)
    if row is None or view(session, visit.actor, row.agreement_id).party_of(visit.actor).id != row.party_id:
        raise NotFound
    return row


def _seen(
    session: Session,
    visit: Visiting,
    response_id: UUID,
    tag: str,
    answer_id: UUID | None = None,
    draft: Draft | None = None,
) -> tuple[Response, Standing]:
    """The response to change, its agreement locked; Stale with the texts that clash when it is not as the caller saw it."""
    row = _own(session, visit, response_id)
    standing = load(session, visit.actor, Operation.answer, row.agreement_id)
    session.refresh(row)
    if _state(session, standing, row) == tag:
        return row, standing
    conflicts = list(drafting.moved(session, standing, row))
    saved = _answer(session, row, answer_id) if answer_id is not None else None
    if saved is not None and draft is not None and str(row.version) != tag.partition("-")[0]:
        conflicts.append(drafting.overtaken(session, saved, replace(draft, clause=saved.clause_id)))
    raise Stale(*conflicts)


def _answer(session: Session, response: Response, answer_id: UUID) -> Answer | None:
    return next((a for a in respond.answers_of(session, response) if answer_id in (a.clause_id, a.id)), None)


def _state(session: Session, standing: Standing, row: Response) -> str:
    """What the ETag says: the version of the answers, and the texts they answer as they stand now."""
    under = sorted(f"{clause}{head}" for clause, head in drafting.heads(session, standing, row).items())
    return f"{row.version}-{hashlib.sha256(''.join(under).encode()).hexdigest()[:16]}"


def _shown(session: Session, row: Response) -> ResponseShown:
    return ResponseShown(
        id=row.id,
        agreement_id=row.agreement_id,
        party_id=row.party_id,
        sent_at=row.sent_at,
        recalled_at=row.recalled_at,
        version=row.version,
        answers=[AnswerShown.model_validate(a) for a in respond.answers_of(session, row)],
    )


def _answered(visit: Visiting, session: Session, row: Response, status: int = 200) -> Answered:
    session.flush()
    state = _state(session, view(session, visit.actor, row.agreement_id), row)
    return tagged(visit.request, _shown(session, row), state, status)
