"""Clauses: their texts with versions and stances, opening one again, taking one's own text back."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session, col, select

from service.api.agreements import AgreementShown, answer
from service.api.contract import Body, IfMatch, Shown, once, tagged
from service.api.listing import Asked, Page
from service.api.route import Route
from service.cases import reopen as reopening
from service.cases import taking_back
from service.store.standing import Standing, view
from service.store.tables import Clause, ClauseVersion, Stance
from service.web import Visit, Visiting, permit
from states.access import Operation
from states.clause import Negotiated, StanceKind, State
from states.errors import NotFound

router = APIRouter(tags=["clauses"], route_class=Route)


class VersionShown(Shown):
    id: UUID
    seq: int
    base_seq: int
    title: str
    fields: dict[str, str]
    reason: str
    party_id: UUID
    at: datetime


class StanceShown(Shown):
    id: UUID
    version_id: UUID
    party_id: UUID
    kind: StanceKind
    note: str
    at: datetime


class ClauseShown(Shown):
    """A clause with its head; `state` and `waiting_on` are derived."""

    id: UUID
    agreement: UUID
    area: UUID | None
    position: int
    origin_party: UUID
    state: State
    waiting_on: list[UUID]
    head: VersionShown


class Wording(Body):
    """A text: `base` is the version it was written from; fields by code w, g, r, k, f."""

    base: UUID
    title: str
    fields: dict[str, str]
    reason: str = ""


@router.get("/agreements/{agreement_id}/clauses")
@permit(Operation.view_agreement)
def list_clauses(visit: Visit, agreement_id: UUID, cut: Asked) -> Page[ClauseShown]:
    with visit.read() as session:
        standing = view(session, visit.actor, agreement_id)
        return cut.whole([_clause(session, standing, c) for c in standing.clauses])


@router.get("/clauses/{clause_id}", response_model=ClauseShown)
@permit(Operation.view_agreement)
def get_clause(visit: Visit, clause_id: UUID) -> Response:
    with visit.read() as session:
        standing, clause = _found(session, visit, clause_id)
        return tagged(visit.request, _clause(session, standing, clause), standing.agreement.version)


@router.get("/clauses/{clause_id}/versions")
@permit(Operation.view_agreement)
def list_versions(visit: Visit, clause_id: UUID, cut: Asked) -> Page[VersionShown]:
    with visit.read() as session:
        _found(session, visit, clause_id)
        query = select(ClauseVersion).where(col(ClauseVersion.clause_id) == clause_id).order_by(col(ClauseVersion.seq))
        return cut.whole([VersionShown.model_validate(v) for v in session.exec(query)])


@router.get("/clauses/{clause_id}/stances")
@permit(Operation.view_agreement)
def list_stances(visit: Visit, clause_id: UUID, cut: Asked) -> Page[StanceShown]:
    with visit.read() as session:
        _, clause = _found(session, visit, clause_id)
        query = (
            select(Stance)
            .join(ClauseVersion, col(ClauseVersion.id) == col(Stance.version_id))
            .where(col(ClauseVersion.clause_id) == clause.id)
            .order_by(col(ClauseVersion.seq), col(Stance.seq))
        )
        return cut.whole([StanceShown.model_validate(s) for s in session.exec(query)])


@router.post("/clauses/{clause_id}/reopening", response_model=AgreementShown)
@permit(Operation.reopen)
def reopen(visit: Visit, clause_id: UUID, body: Wording, version: IfMatch) -> Response:
    """Open an agreed clause again with a new text and a reason; signatures become void but stay on file."""

    def act(session: Session) -> Response:
        standing, _ = _found(session, visit, clause_id)
        return answer(
            visit,
            session,
            reopening.reopen(
                session,
                visit.actor,
                visit.now,
                standing.agreement.id,
                clause_id,
                body.base,
                body.title,
                body.fields,
                body.reason,
                version,
            ),
        )

    return once(visit, body, act)


@router.post("/clauses/{clause_id}/retraction", response_model=AgreementShown)
@permit(Operation.retract)
def retract(visit: Visit, clause_id: UUID, version: IfMatch) -> Response:
    """Take the own side's latest text back while nobody has answered it."""

    def act(session: Session) -> Response:
        standing, _ = _found(session, visit, clause_id)
        taking_back.retract(session, visit.actor, visit.now, standing.agreement.id, clause_id, version)
        return answer(visit, session, view(session, visit.actor, standing.agreement.id))

    return once(visit, None, act)


def _found(session: Session, visit: Visiting, clause_id: UUID) -> tuple[Standing, Negotiated]:
    row = session.get(Clause, clause_id)
    if row is None:
        raise NotFound
    standing = view(session, visit.actor, row.agreement_id)
    return standing, standing.clause(clause_id)


def _clause(session: Session, standing: Standing, clause: Negotiated) -> ClauseShown:
    row = standing.rows[clause.id]
    return ClauseShown(
        id=row.id,
        agreement=row.agreement_id,
        area=row.area_id,
        position=row.position,
        origin_party=row.origin_party_id,
        state=standing.state_of(clause),
        waiting_on=sorted(standing.clause_waits_on(clause)),
        head=VersionShown.model_validate(session.get_one(ClauseVersion, clause.head.id)),
    )
