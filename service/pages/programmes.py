"""Programmes and their catalogue: adding a plan from a file or a form, adding and rewording its areas."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from service.cases.plan_file import read_plan
from service.cases.programmes import AreaPlan, ProgrammePlan, add_area, create_programme, programme_for, reword_area
from service.pages.rendering import Paths, render, see_other
from service.store.dialogues import behind, led_by
from service.store.overview import area_text, areas
from service.web import Form, Typed, Visit, Visiting, permit
from states.access import Operation, Relation, may
from states.errors import FieldError, Invalid, NotFound, Stale
from states.facts import FIELD_CODES
from states.labels import label
from states.said import _

router = APIRouter(include_in_schema=False)

FIELDS = (
    ("w", _("Vad vi vill")),
    ("g", _("Mål")),
    ("r", _("Regionen gör")),
    ("k", _("Kommunen gör")),
    ("f", _("Så följer vi upp")),
)


@router.get("/program/nytt", name="new_programme")
@permit(Operation.edit_programme)
def ask_for_plan(request: Request, visit: Visit) -> HTMLResponse:
    return _plan_page(request, visit, {})


@router.post("/program/nytt")
@permit(Operation.edit_programme)
def create(request: Request, visit: Visit, typed: Typed) -> Response:
    """Add a plan from the file that was uploaded or pasted, or from the form when there is none."""
    try:
        plan = _plan(typed)
        with visit.write() as session:
            programme = create_programme(session, visit.actor, visit.now, plan)
            path = Paths(request)("programme", programme_id=programme.id)
    except Invalid as refused:
        return _plan_page(request, visit, typed, refused.fields)
    return see_other(request, f"{path}?klart=planen")


@router.get("/program/{programme_id:uuid}/omraden", name="areas")
@permit(Operation.view_programme)
def catalogue(request: Request, visit: Visit, programme_id: UUID) -> HTMLResponse:
    return _areas_page(request, visit, programme_id, {})


@router.post("/program/{programme_id:uuid}/omraden", name="new_area")
@permit(Operation.edit_programme)
def add(request: Request, visit: Visit, programme_id: UUID, typed: Typed) -> Response:
    try:
        with visit.write() as session:
            programme = programme_for(session, visit.actor, Operation.edit_programme, programme_id)
            add_area(session, visit.actor, visit.now, programme, _area(typed))
    except Invalid as refused:
        return _areas_page(request, visit, programme_id, typed, refused.fields)
    return see_other(request, f"{Paths(request)('areas', programme_id=programme_id)}?klart=omradet")


@router.get("/omraden/{area_id:uuid}", name="area")
@permit(Operation.view_programme)
def show_area(request: Request, visit: Visit, area_id: UUID) -> HTMLResponse:
    return _area_page(request, visit, area_id, {})


@router.post("/omraden/{area_id:uuid}")
@permit(Operation.edit_programme)
def reword(request: Request, visit: Visit, area_id: UUID, typed: Typed) -> Response:
    """Give the area a new text in the catalogue; what has been sent already stays."""
    try:
        with visit.write() as session:
            version = visit.version(typed) or 0
            reword_area(session, visit.actor, visit.now, area_id, typed.get("t", ""), _fields(typed), version)
    except Invalid as refused:
        return _area_page(request, visit, area_id, typed, refused.fields)
    except Stale:
        return _area_page(request, visit, area_id, typed, stale=True)
    return see_other(request, f"{Paths(request)('area', area_id=area_id)}?klart=texten")


def _plan_page(request: Request, visit: Visiting, typed: Mapping[str, str], errors: Sequence[FieldError] = ()) -> HTMLResponse:
    values = {name: typed.get(name, "") for name in ("name", "slug", "period_from", "period_to", "due", "firm", "yaml")}
    return render(
        request,
        "programmes/new.html",
        status=422 if errors else 200,
        values=values,
        where=visit.organisation,
        errors=errors,
        key=visit.new_key(),
    )


def _plan(typed: Form) -> ProgrammePlan:
    """The plan as a file says it, or as the form does; every fault of a file is said at its one field."""
    upload = typed.file("file")
    text = _decoded(upload.data) if upload else typed.get("yaml", "")
    if text.strip():
        try:
            return read_plan(text)
        except Invalid as refused:
            field = "file" if upload else "yaml"
            raise Invalid(*(replace(error, field=field) for error in refused.fields)) from None
    return _plan_of_form(typed)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(FieldError("file", "not-utf-8", _("Filen går inte att läsa. Spara den som text i UTF-8."))) from None


def _plan_of_form(typed: Mapping[str, str]) -> ProgrammePlan:
    errors: list[FieldError] = []
    for name, message in (("name", _("Skriv vad planen heter, eller välj en fil.")), ("slug", _("Skriv ett kort namn."))):
        if not typed.get(name, "").strip():
            errors.append(FieldError(name, "missing", message))
    first, last = (_day(typed, name, errors) for name in ("period_from", "period_to"))
    due = _day(typed, "due", errors) if typed.get("due", "").strip() else None
    if errors or first is None or last is None:
        raise Invalid(*errors)
    return ProgrammePlan(typed["slug"], typed["name"], first, last, due, typed.get("firm") == "1")


def _day(typed: Mapping[str, str], name: str, errors: list[FieldError]) -> date | None:
    try:
        return date.fromisoformat(typed.get(name, "").strip())
    except ValueError:
        errors.append(FieldError(name, "not-a-date", _("Skriv datumet som år, månad och dag, till exempel 2027-09-30.")))
        return None


def _areas_page(
    request: Request, visit: Visiting, programme_id: UUID, typed: Mapping[str, str], errors: Sequence[FieldError] = ()
) -> HTMLResponse:
    with visit.read() as session:
        programme = programme_for(session, visit.actor, Operation.view_programme, programme_id)
        found = areas(session, programme_id)
    themes = [(theme["id"], theme["name"]) for theme in programme.themes]
    values = {name: typed.get(name, "") for name in ("number", "theme", "t", *FIELD_CODES)}
    return render(
        request,
        "programmes/areas.html",
        status=422 if errors else 200,
        programme=programme,
        areas=found,
        themes=themes,
        theme_names=dict(themes),
        values={**values, "number": values["number"] or str(max((a.number for a in found), default=0) + 1)},
        fields=FIELDS,
        may_edit=may(Operation.edit_programme, visit.actor.role, Relation.region),
        errors=errors,
        said=_("Området är tillagt.") if request.query_params.get("klart") == "omradet" else "",
        key=visit.new_key(),
    )


def _area(typed: Mapping[str, str]) -> AreaPlan:
    number = typed.get("number", "").strip()
    if not (number.isascii() and number.isdigit() and 0 < int(number) < 1000):
        raise Invalid(FieldError("number", "not-a-number", _("Skriv områdets nummer, till exempel 3.")))
    return AreaPlan(int(number), typed.get("t", ""), _fields(typed), typed.get("theme", ""))


def _fields(typed: Mapping[str, str]) -> dict[str, str]:
    return {code: typed.get(code, "") for code in FIELD_CODES}


def _area_page(
    request: Request,
    visit: Visiting,
    area_id: UUID,
    typed: Mapping[str, str],
    errors: Sequence[FieldError] = (),
    *,
    stale: bool = False,
) -> HTMLResponse:
    with visit.read() as session:
        found = area_text(session, area_id)
        if found is None:
            raise NotFound
        area, text = found
        programme = programme_for(session, visit.actor, Operation.view_programme, area.programme_id)
        findings, led = behind(session, area_id), led_by(session, area_id)
    values = {"t": text.title, **{code: text.fields.get(code, "") for code in FIELD_CODES}}
    return render(
        request,
        "programmes/area.html",
        status=412 if stale else 422 if errors else 200,
        area=area,
        text=values,
        programme=programme,
        findings=[(f, row, whose, label(f.kind)) for f, row, whose in findings],
        agreements=led.clauses,
        values={code: typed.get(code, "") for code in values} if typed else values,
        fields=FIELDS,
        stale=stale,
        typed=bool(typed),
        may_edit=may(Operation.edit_programme, visit.actor.role, Relation.region),
        errors=errors,
        said=_("Den nya texten är sparad.") if request.query_params.get("klart") == "texten" else "",
        key=visit.new_key(),
    )
