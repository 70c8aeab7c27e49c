"""One decision on a page of its own: what follows from it, the few fields it needs, and what hinders it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from service.pages.rendering import render, see_other
from service.web import Visit
from states.errors import Blocked, FieldError, Invalid, Reason, Stale
from states.said import _


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a step: kind is an input type, or `choice` (radio) or `check` (one box)."""

    name: str
    label: str
    value: str = ""
    hint: str = ""
    kind: str = "text"
    rows: int = 0
    optional: bool = False
    width: str = ""
    autocomplete: str = ""
    options: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """Everything step.html shows; without a button it only says what hinders."""

    heading: str
    where: str
    back: str
    action: str
    button: str
    back_label: str = _("Till överenskommelsen")
    version: int = 0
    intro: str = ""
    consequences: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    reasons: Sequence[Reason] = ()
    danger: bool = False
    typed: bool = False
    extra_action: str = ""
    extra_button: str = ""

    def again(self, typed: Mapping[str, str]) -> "Step":
        """The same step with what was typed."""
        fields = tuple(replace(f, value=typed.get(f.name, "")) for f in self.fields)
        return replace(self, fields=fields, typed=bool(fields))


def step_page(
    request: Request, visit: Visit, step: Step, *, status: int = 200, errors: Sequence[FieldError] = ()
) -> HTMLResponse:
    return render(request, "negotiation/step.html", status=status, step=step, errors=errors, key=visit.new_key())


def carry_out(
    request: Request, visit: Visit, step: Step, typed: Mapping[str, str], work: Callable[[Session], object], leads_to: str
) -> Response:
    """Do the work in one transaction and go where it leads, or show the step again with why not."""
    try:
        with visit.write() as session:
            work(session)
    except (Invalid, Blocked, Stale) as refused:
        return refused_step(request, visit, step, typed, refused)
    return see_other(request, leads_to)


def refused_step(
    request: Request, visit: Visit, step: Step, typed: Mapping[str, str], refused: Invalid | Blocked | Stale
) -> HTMLResponse:
    """The step again with everything typed: 422 with the fields to mend, 412 or 409 with what hinders.

    What is wrong with something the step does not ask for hinders too: no message points at a field that is not there.
    """
    again = step.again(typed)
    if isinstance(refused, Invalid):
        shown = {field.name for field in step.fields}
        beside = [Reason(error.code, error.message) for error in refused.fields if error.field not in shown]
        errors = [error for error in refused.fields if error.field in shown]
        return step_page(request, visit, replace(again, reasons=[*step.reasons, *beside]), status=422, errors=errors)
    if isinstance(refused, Stale):
        return step_page(request, visit, replace(again, reasons=[Reason(refused.code, refused.message)]), status=412)
    return step_page(request, visit, replace(again, reasons=refused.reasons), status=409)


def day(typed: Mapping[str, str], name: str) -> date:
    """A date as a date field sends it, or an error that says how to write it."""
    try:
        return date.fromisoformat(typed.get(name, "").strip())
    except ValueError:
        raise Invalid(
            FieldError(name, "not-a-date", _("Skriv datumet som år, månad och dag, till exempel 2027-09-30."))
        ) from None
