"""The pages about the site itself: the accessibility statement with its form, what Överens is, and help."""

from collections.abc import Mapping
from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from service.cases.report_flaw import report_flaw
from service.pages.public import show
from service.pages.rendering import Paths, see_other
from service.web import Typed, Visit, permit
from states.access import Operation
from states.errors import Invalid
from states.said import _

router = APIRouter(include_in_schema=False)

REVIEWED = date(2026, 11, 22)
"""When the statement was last gone through; a test fails when that is more than a year ago."""

FLAWS: tuple[tuple[str, date, str], ...] = (
    (
        _("Uppladdade underskrifter på papper är bilder som en skärmläsare inte kan läsa."),
        REVIEWED,
        _("Samma text finns alltid som webbsida och Word-fil."),
    ),
    (_("Webbplatsen finns bara på svenska."), REVIEWED, _("Fråga regionen om du behöver hjälp på ett annat språk.")),
    (
        _("Webbplatsen är inte provad tillsammans med personer med funktionsnedsättning."),
        REVIEWED,
        _("Berätta för oss om något inte fungerar."),
    ),
)
"""Known flaws: what, since when we know, what to do instead."""


@router.get("/tillganglighet", name="accessibility")
@permit(Operation.public)
def accessibility(request: Request, visit: Visit) -> HTMLResponse:
    return _statement(request, visit, {})


@router.post("/tillganglighet", name="accessibility_report")
@permit(Operation.public)
def report(request: Request, visit: Visit, typed: Typed) -> Response:
    """Take a report of a flaw from anybody."""
    try:
        with visit.write() as session:
            what, where, email = (typed.get(name, "") for name in ("what", "where", "email"))
            receipt = report_flaw(session, visit.now, what, where, email)
    except Invalid as refused:
        return _statement(request, visit, typed, refused)
    return see_other(request, Paths(request)("accessibility_receipt", receipt=receipt))


@router.get("/tillganglighet/tack/{receipt}", name="accessibility_receipt")
@permit(Operation.public)
def receipt(request: Request, receipt: str) -> HTMLResponse:
    """Thanks, with the number to refer to; nothing is looked up."""
    number = receipt if len(receipt) == 8 and receipt.isalnum() and receipt.isascii() else ""
    return show(request, "public/receipt.html", cache="no-store", receipt=number)


@router.get("/om", name="about")
@permit(Operation.public)
def about(request: Request) -> HTMLResponse:
    return show(request, "public/about.html")


@router.get("/hjalp", name="help")
@permit(Operation.public)
def help_(request: Request) -> HTMLResponse:
    return show(request, "public/help.html")


def _statement(request: Request, visit: Visit, typed: Mapping[str, str], refused: Invalid | None = None) -> HTMLResponse:
    return show(
        request,
        "public/accessibility.html",
        status=422 if refused else 200,
        cache="no-store",
        reviewed=REVIEWED,
        flaws=FLAWS,
        typed={name: typed.get(name, "") for name in ("what", "where", "email")},
        errors=refused.fields if refused else (),
        key=visit.new_key(),
    )
