"""Answering an area: accept, reword, leave out, propose again or add one; every answer is a draft until the response is sent."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service.cases.respond import Draft, drop_answer, save_answer
from service.pages.autosave import autosaved
from service.pages.clashes import clash_of
from service.pages.comparison import CODES, compare
from service.pages.negotiation import agreement_page, back_to, load
from service.pages.negotiation_view import Negotiation
from service.pages.rendering import Paths, render, see_other
from service.pages.wording_form import WordingForm, answer_form, area_form
from service.store.tables.response import AnswerKind
from service.web import Typed, Visit, permit
from states.access import Operation
from states.errors import Blocked, FieldError, Invalid, NotAllowed, Stale
from states.said import _

router = APIRouter()

_FORMS = (AnswerKind.counter, AnswerKind.propose_again, AnswerKind.exclude)


@router.get("/overenskommelser/{agreement_id}/omraden/{clause_id}/svar", name="answer")
@permit(Operation.answer)
def write(request: Request, visit: Visit, agreement_id: UUID, clause_id: UUID, svar: str = "counter") -> Response:
    n = load(visit, agreement_id)
    return form_page(request, visit, _answer_form(request, n, clause_id, svar))


@router.post("/overenskommelser/{agreement_id}/omraden/{clause_id}/svar")
@permit(Operation.answer)
def save(request: Request, visit: Visit, agreement_id: UUID, clause_id: UUID, typed: Typed) -> Response:
    """Save the answer as a draft and go on to the next area that waits; `edit` only opens the form with what was typed."""
    n = load(visit, agreement_id)
    kind = _kind(typed)
    if kind in _FORMS and typed.get("edit"):
        return form_page(request, visit, _answer_form(request, n, clause_id, kind).again(typed))
    draft = Draft(kind, clause_id, number(typed, "base"), *worded(typed), typed.get("reason", ""))
    if typed.get("autosave"):
        return autosaved(request, visit, agreement_id, draft, None, _version(typed))
    try:
        with visit.write() as session:
            save_answer(session, visit.actor, visit.now, agreement_id, draft, answer_version=_version(typed))
    except Stale as stale:
        return _overtaken(request, visit, agreement_id, clause_id, typed, stale)
    except (Invalid, Blocked) as refused:
        if kind not in _FORMS:
            raise
        return refused_form(request, visit, _answer_form(request, n, clause_id, kind), typed, refused)
    following = _next_waiting(load(visit, agreement_id), n.clause(clause_id).number)
    return see_other(request, back_to(Paths(request), agreement_id, kind, focus=following))


@router.get("/overenskommelser/{agreement_id}/omraden", name="clauses")
@permit(Operation.answer)
def write_area(request: Request, visit: Visit, agreement_id: UUID, utkast: str = "") -> Response:
    return form_page(request, visit, _area_form(request, load(visit, agreement_id), utkast))


@router.post("/overenskommelser/{agreement_id}/omraden")
@permit(Operation.answer)
def save_area(request: Request, visit: Visit, agreement_id: UUID, typed: Typed) -> Response:
    """Save an own area as a draft."""
    n = load(visit, agreement_id)
    form = _area_form(request, n, typed.get("draft", ""))
    if typed.get("edit"):
        return form_page(request, visit, form.again(typed))
    draft = Draft(AnswerKind.add, None, None, *worded(typed), typed.get("reason", ""))
    if typed.get("autosave"):
        own = number(typed, "draft")
        return autosaved(request, visit, agreement_id, draft, own, _version(typed) if own else None)
    try:
        with visit.write() as session:
            save_answer(
                session,
                visit.actor,
                visit.now,
                agreement_id,
                draft,
                answer=number(typed, "draft"),
                answer_version=_version(typed) if typed.get("draft") else None,
            )
    except Stale as stale:
        return conflict_page(request, visit, agreement_id, stale, typed)
    except (Invalid, Blocked) as refused:
        return refused_form(request, visit, form, typed, refused)
    return see_other(request, back_to(Paths(request), agreement_id, "add"))


@router.post("/overenskommelser/{agreement_id}/utkast/{answer_id}/borttagning", name="answer_removal")
@permit(Operation.answer)
def remove(request: Request, visit: Visit, agreement_id: UUID, answer_id: UUID) -> Response:
    with visit.write() as session:
        drop_answer(session, visit.actor, agreement_id, answer_id)
    return see_other(request, back_to(Paths(request), agreement_id, "borttaget"))


def form_page(request: Request, visit: Visit, form: WordingForm, *, status: int = 200, errors: object = ()) -> Response:
    """The form to write a text or a reason."""
    return render(request, "negotiation/wording.html", status=status, form=form, errors=errors, key=visit.new_key())


def refused_form(
    request: Request, visit: Visit, form: WordingForm, typed: Mapping[str, str], refused: Invalid | Blocked
) -> Response:
    """The form again with everything typed: 422 with the fields to mend, or 409 with the reasons."""
    if isinstance(refused, Invalid):
        return form_page(request, visit, form.again(typed), status=422, errors=refused.fields)
    return form_page(request, visit, form.again(typed, *(r.message for r in refused.reasons)), status=409)


def conflict_page(
    request: Request, visit: Visit, agreement_id: UUID, stale: Stale, typed: Mapping[str, str], *, action: str = ""
) -> Response:
    """412: every clashing area with base, theirs and yours."""
    n, paths = load(visit, agreement_id), Paths(request)
    with visit.read() as session:
        clashes = [clash_of(session, paths, n, c, typed, action=action) for c in stale.conflicts]
    return render(
        request,
        "negotiation/conflict.html",
        status=412,
        agreement_id=agreement_id,
        where=n.municipality.organisation.name,
        message=clashes[0].message if len(clashes) == 1 else stale.message,
        clashes=clashes,
        key=visit.new_key(),
    )


def worded(typed: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The title and the five fields as they were typed."""
    return typed.get("t", ""), {code: typed.get(code, "") for code in CODES if code != "t"}


def number(typed: Mapping[str, str], name: str) -> UUID | None:
    """An id from a hidden field; nonsense is none, so that what was typed meets the text that stands now and is not lost."""
    try:
        return UUID(typed[name]) if typed.get(name) else None
    except ValueError:
        return None


def _overtaken(
    request: Request, visit: Visit, agreement_id: UUID, clause_id: UUID, typed: Mapping[str, str], stale: Stale
) -> Response:
    """Somebody was first: a typed text meets theirs; an answer without one is asked for anew, beside the new text."""
    if any(c.yours.get("t") for c in stale.conflicts):
        return conflict_page(request, visit, agreement_id, stale, typed)
    n, kind = load(visit, agreement_id), _kind(typed)
    if kind is AnswerKind.accept:
        return agreement_page(request, visit, n, status=412, warning=stale.message, focus=clause_id)
    clause = n.clause(clause_id)
    form = _answer_form(request, n, clause_id, kind)
    newest = compare(clause.base.wording if clause.base else None, clause.head.wording)
    return form_page(request, visit, form.again(typed, stale.message, comparison=newest), status=412)


def _answer_form(request: Request, n: Negotiation, clause_id: UUID, kind: str) -> WordingForm:
    clause = n.clause(clause_id)
    if kind not in _FORMS or not n.can(clause, kind):
        raise NotAllowed(kind, clause.state)
    where = n.municipality.organisation.name
    return answer_form(Paths(request), n.agreement.id, where, clause, AnswerKind(kind))


def _area_form(request: Request, n: Negotiation, draft: str) -> WordingForm:
    if not n.may_add:
        raise NotAllowed(AnswerKind.add, n.agreement.state)
    row = next((a for a in n.new_areas if str(a.id) == draft), None)
    return area_form(Paths(request), n.agreement.id, n.municipality.organisation.name, row)


def _kind(typed: Mapping[str, str]) -> AnswerKind:
    kind = typed.get("kind", "")
    if kind not in set(AnswerKind) or kind == AnswerKind.add:
        raise Invalid(FieldError("kind", "unknown-answer", _("Välj hur ni svarar på området.")))
    return AnswerKind(kind)


def _version(typed: Mapping[str, str]) -> int:
    value = typed.get("draft_version", "0")
    return int(value) if value.isascii() and value.isdigit() else 0


def _next_waiting(n: Negotiation, after: int) -> int:
    """The number of the next area that waits for the own side, going round; 0 when none does."""
    waiting = [c.number for c in n.clauses if c.waits]
    return next((i for i in waiting if i > after), waiting[0] if waiting else 0)
