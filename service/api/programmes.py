"""Programmes: plan periods, their areas, the matrix, and making draft agreements."""

from collections import Counter
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, UploadFile
from fastapi.responses import JSONResponse, Response
from sqlmodel import Session, col, select

from service.api.contract import Body, Day, IfMatch, Shown, Small, once, tagged
from service.api.listing import After, Asked, Page
from service.api.route import Route
from service.cases import programmes as cases
from service.cases.plan_file import read_plan
from service.store.standing import Standing, load_many
from service.store.tables import Agreement, AreaVersion, CooperationArea, Programme
from service.web import Visit, Visiting, permit
from states import agreement as rule
from states import clause
from states.access import Operation
from states.errors import FieldError, Invalid, NotFound

router = APIRouter(tags=["programmes"], route_class=Route)


class ProgrammeShown(Shown):
    id: UUID
    slug: str
    name: str
    period_from: date
    period_to: date
    due: date | None
    due_firm: bool
    themes: list[dict[str, str]]
    quiet_periods: list[dict[str, str]]
    version: int


class AreaBody(Body):
    """An area: fields by code w (vill), g (mål), r (regionen gör), k (kommunen gör), f (följs upp)."""

    number: Small
    title: str
    fields: dict[str, str]
    theme: str = ""


class ProgrammeBody(Body):
    slug: str
    name: str
    period_from: Day
    period_to: Day
    due: Day | None = None
    due_firm: bool = False
    themes: list[dict[str, str]] = []
    quiet_periods: list[dict[str, str]] = []
    areas: list[AreaBody] = []


class PlanFile(Body):
    text: str


class AreaShown(Shown):
    id: UUID
    number: int
    theme: str
    title: str
    fields: dict[str, str]
    version: int


class AreaText(Body):
    title: str
    fields: dict[str, str]


class Proposals(Body):
    municipalities: list[UUID]
    due: Day | None = None
    due_firm: bool | None = None


class Skipped(Shown):
    code: str
    message: str


class Made(Shown):
    """The new draft agreements, and why the others got none."""

    created: list[UUID]
    skipped: list[Skipped]


class MatrixCell(Shown):
    area: UUID
    state: clause.State
    versions: int
    waiting_on: list[str]


class MatrixRow(Shown):
    agreement: UUID
    party: str
    state: rule.State
    due: date | None
    own_areas: int
    counts: dict[str, int]
    cells: list[MatrixCell]


@router.get("/programmes")
@permit(Operation.view_programme)
def list_programmes(visit: Visit, cut: Asked, after: After = None) -> Page[ProgrammeShown]:
    query = select(Programme).where(col(Programme.region_id) == visit.actor.organisation)
    with visit.read() as session:
        return cut.growing(session, query, col(Programme.id), ProgrammeShown.model_validate, after=after)


@router.post("/programmes", response_model=ProgrammeShown, status_code=201)
@permit(Operation.edit_programme)
def create_programme(visit: Visit, body: ProgrammeBody) -> Response:
    """Add a programme with its areas."""
    said = body.model_dump(exclude={"areas"})
    plan = cases.ProgrammePlan(**said, areas=[cases.AreaPlan(**a.model_dump()) for a in body.areas])

    def act(session: Session) -> Response:
        row = cases.create_programme(session, visit.actor, visit.now, plan)
        return tagged(visit.request, ProgrammeShown.model_validate(row), row.version, 201)

    return once(visit, body, act, required=False)


@router.post("/programmes/plan-files", response_model=ProgrammeShown, status_code=201)
@permit(Operation.edit_programme)
def read_plan_file(visit: Visit, plan: Annotated[UploadFile, File()]) -> Response:
    """Add a programme from a plan file (YAML, as `service/examples/dalarna.yaml`): its areas, texts around them and reminders."""
    try:
        text = plan.file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(FieldError("plan", "not-text", "Filen är inte text i UTF-8.")) from None
    said = read_plan(text)

    def act(session: Session) -> Response:
        row = cases.create_programme(session, visit.actor, visit.now, said)
        return tagged(visit.request, ProgrammeShown.model_validate(row), row.version, 201)

    return once(visit, PlanFile(text=text), act, required=False)


@router.get("/programmes/{programme_id}", response_model=ProgrammeShown)
@permit(Operation.view_programme)
def get_programme(visit: Visit, programme_id: UUID) -> Response:
    with visit.read() as session:
        row = cases.programme_for(session, visit.actor, Operation.view_programme, programme_id)
        return tagged(visit.request, ProgrammeShown.model_validate(row), row.version)


@router.get("/programmes/{programme_id}/areas")
@permit(Operation.view_programme)
def list_areas(visit: Visit, programme_id: UUID, cut: Asked) -> Page[AreaShown]:
    with visit.read() as session:
        cases.programme_for(session, visit.actor, Operation.view_programme, programme_id)
        return cut.whole(_areas(session, programme_id))


@router.post("/programmes/{programme_id}/areas", response_model=AreaShown, status_code=201)
@permit(Operation.edit_programme)
def add_area(visit: Visit, programme_id: UUID, body: AreaBody) -> Response:
    """Add an area to the catalogue; existing agreements are not touched."""

    def act(session: Session) -> Response:
        programme = cases.programme_for(session, visit.actor, Operation.edit_programme, programme_id)
        row = cases.add_area(session, visit.actor, visit.now, programme, cases.AreaPlan(**body.model_dump()))
        return _area_answer(visit, session, row.id)

    return once(visit, body, act, required=False)


@router.post("/areas/{area_id}/versions", response_model=AreaShown, status_code=201)
@permit(Operation.edit_programme)
def reword_area(visit: Visit, area_id: UUID, body: AreaText, version: IfMatch) -> Response:
    """A new text of a catalogue area; existing agreements are not touched. If-Match is the area's `version`."""

    def act(session: Session) -> Response:
        cases.reword_area(session, visit.actor, visit.now, area_id, body.title, body.fields, version)
        return _area_answer(visit, session, area_id)

    return once(visit, body, act, required=False)


@router.post("/programmes/{programme_id}/proposals", response_model=Made, status_code=201)
@permit(Operation.create_agreements)
def create_agreements(visit: Visit, programme_id: UUID, body: Proposals) -> Response:
    """Make a draft agreement for each chosen organisation; nothing is mailed before `/agreements/{id}/proposal`."""

    def act(session: Session) -> Response:
        made = cases.create_agreements(
            session, visit.actor, visit.now, programme_id, body.municipalities, due=body.due, due_firm=body.due_firm
        )
        skipped = [Skipped(code=r.code, message=r.message) for r in made.skipped]
        return JSONResponse(Made(created=list(made.agreements), skipped=skipped).model_dump(mode="json"), 201)

    return once(visit, body, act)


@router.get("/programmes/{programme_id}/matrix")
@permit(Operation.view_programme)
def matrix(visit: Visit, programme_id: UUID, cut: Asked) -> Page[MatrixRow]:
    """Every agreement by area: states and whose turn, without texts."""
    with visit.read() as session:
        cases.programme_for(session, visit.actor, Operation.view_programme, programme_id)
        query = select(Agreement.id).where(col(Agreement.programme_id) == programme_id)
        ids = session.exec(query.order_by(col(Agreement.id))).all()
        part = cut.whole(ids)
        rows = load_many(session, part.items)
        return Page(items=[_row(rows[each]) for each in part.items], next=part.next, count=part.count)


def _row(standing: Standing) -> MatrixRow:
    states = {c.id: standing.state_of(c) for c in standing.clauses}
    kinds = {p.id: p.organisation.kind.value for p in standing.parties}
    return MatrixRow(
        agreement=standing.agreement.id,
        party=" och ".join(p.organisation.name for p in standing.others(standing.region)),
        state=standing.agreement.state,
        due=standing.agreement.due,
        own_areas=sum(1 for row in standing.rows.values() if row.area_id is None),
        counts=Counter(s.value for s in states.values()),
        cells=[
            MatrixCell(
                area=area,
                state=states[c.id],
                versions=len(c.versions),
                waiting_on=sorted(kinds[p] for p in standing.clause_waits_on(c)),
            )
            for c in standing.clauses
            if (area := standing.rows[c.id].area_id) is not None
        ],
    )


def _area_answer(visit: Visiting, session: Session, area_id: UUID) -> Response:
    session.flush()
    area = _area(session, area_id)
    return tagged(visit.request, area, area.version, 201)


def _areas(session: Session, programme_id: UUID) -> list[AreaShown]:
    ids = session.exec(
        select(CooperationArea.id).where(col(CooperationArea.programme_id) == programme_id).order_by(col(CooperationArea.number))
    )
    return [_area(session, area_id) for area_id in ids.all()]


def _area(session: Session, area_id: UUID) -> AreaShown:
    row = session.get(CooperationArea, area_id)
    text = session.exec(
        select(AreaVersion).where(col(AreaVersion.area_id) == area_id).order_by(col(AreaVersion.seq).desc())
    ).first()
    if row is None or text is None:
        raise NotFound
    return AreaShown(id=row.id, number=row.number, theme=row.theme, title=text.title, fields=text.fields, version=row.version)
