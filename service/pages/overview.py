"""The overview: every programme of the region, and the matrix municipality × area of one, also as CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from service.cases.programmes import programme_for
from service.pages.language import language_of
from service.pages.matrix import Filters, MatrixRow, as_csv, counted, due_words, filters_of, matrix, state_words
from service.pages.rendering import Paths, render
from service.store.overview import Area, areas, lines, programmes
from service.store.tables import Programme
from service.web import Visit, Visiting, permit
from states.access import Operation, Relation, may
from states.agreement import State
from states.calendar import civil
from states.said import _

router = APIRouter(include_in_schema=False)

_SAID = {
    "planen": _("Planen är skapad."),
    "omradet": _("Området är tillagt."),
    "texten": _("Den nya texten är sparad. Överenskommelser som redan finns är inte ändrade."),
    "utkasten": _("Utkasten är skapade. Inget är skickat ännu."),
    "forslagen": _("Förslagen är skickade."),
}


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the matrix page shows; `rows` are those that the filters leave."""

    programme: Programme
    areas: Sequence[Area]
    rows: Sequence[MatrixRow]
    all: Sequence[MatrixRow]
    filters: Filters

    @property
    def drafts(self) -> int:
        return sum(row.line.agreement.state is State.draft for row in self.all)


@router.get("/program", name="programmes")
@permit(Operation.view_programme)
def listed(request: Request, visit: Visit) -> HTMLResponse:
    with visit.read() as session:
        found = programmes(session, visit.actor)
    return render(
        request, "overview/programmes.html", found=found, may_edit=_may(visit, Operation.edit_programme), where=visit.organisation
    )


@router.get("/program/{programme_id:uuid}", name="programme")
@permit(Operation.view_programme)
def show(request: Request, visit: Visit, programme_id: UUID) -> HTMLResponse:
    overview = _overview(visit, programme_id, filters_of(request.query_params))
    return render(
        request,
        "overview/matrix.html",
        o=overview,
        counts=counted(overview.all),
        themes=[(theme["id"], theme["name"]) for theme in overview.programme.themes],
        states=[(value, words) for value, words in state_words() if any(r.line.agreement.state == value for r in overview.all)],
        due_words=due_words,
        typed=request.query_params,
        csv_path=_csv_path(request, programme_id),
        may_edit=_may(visit, Operation.edit_programme),
        may_create=_may(visit, Operation.create_agreements),
        said=_SAID.get(request.query_params.get("klart", ""), ""),
    )


@router.get("/program/{programme_id:uuid}/matris.csv", name="matrix_file")
@permit(Operation.view_programme)
def download(request: Request, visit: Visit, programme_id: UUID) -> Response:
    overview = _overview(visit, programme_id, filters_of(request.query_params))
    body = "\ufeff" + as_csv(overview.rows, overview.areas, language_of(request))  # the mark makes spreadsheets read it as UTF-8
    headers = {"Content-Disposition": f'attachment; filename="{overview.programme.slug}.csv"', "Cache-Control": "no-store"}
    return Response(body.encode(), media_type="text/csv; charset=utf-8", headers=headers)


def _overview(visit: Visiting, programme_id: UUID, filters: Filters) -> Overview:
    today = civil(visit.now)
    with visit.read() as session:
        programme = programme_for(session, visit.actor, Operation.view_programme, programme_id)
        shown = [a for a in areas(session, programme_id) if filters.theme in ("", a.theme)]
        rows = matrix(lines(session, visit.actor, programme_id, today), shown, today)
    return Overview(programme, shown, [row for row in rows if filters.keep(row, today)], rows, filters)


def _csv_path(request: Request, programme_id: UUID) -> str:
    query = urlencode([(name, value) for name, value in request.query_params.items() if value and name != "klart"])
    return Paths(request)("matrix_file", programme_id=programme_id) + (f"?{query}" if query else "")


def _may(visit: Visiting, operation: Operation) -> bool:
    return may(operation, visit.actor.role, Relation.region)
