"""The page of an agreement: whose turn it is, every text with its differences, and what can be answered."""

from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.routing import NoMatchFound

from service.pages.comparison import Look, compare
from service.pages.negotiation_view import Negotiation, negotiation
from service.pages.rendering import NavLink, Paths, render
from service.store.dialogues import behind_clause
from service.store.negotiation import Text
from service.web import Visit, permit
from states.access import Operation, Relation, may
from states.agreement import Event
from states.errors import NotFound
from states.said import _, joined

router = APIRouter()

REMEMBERED = "vy"
"""The cookie that keeps the chosen look of differences."""

_SAID = {
    "accept": _("Sparat, inte skickat: ni godtar texten."),
    "counter": _("Sparat, inte skickat: er nya text."),
    "exclude": _("Sparat, inte skickat: ni vill ta bort området."),
    "propose_again": _("Sparat, inte skickat: ni föreslår området igen."),
    "add": _("Sparat, inte skickat: ert nya område."),
    "borttaget": _("Svaret är borttaget."),
    "skickat": _("Svaret är skickat."),
    "angrat": _("Sändningen är ångrad. Svaren är utkast igen."),
    "oppnat": _("Området är öppnat igen, och den andra parten har fått din text."),
    "tillbaka": _("Förslaget är tillbakataget."),
    "forslag": _("Förslaget är skickat."),
    "svarsdag": _("Svarsdagen är ändrad."),
    "datum": _("Datumet är besvarat, och parten har fått besked."),
    "diarienummer": _("Diarienumret är sparat."),
    "ater": _("Förhandlingen är återupptagen."),
    "aterkallat": _("Förslaget är tillbakadraget."),
    "datumforslag": _("Ert förslag till nytt datum är skickat. Påminnelserna vilar tills regionen har svarat."),
    "bekraftat": _("Tack! Uppdraget är bekräftat."),
    "inbjuden": _("Kollegan har fått sitt uppdrag."),
    "bytt": _("Bytet av kontaktperson är sparat."),
    "avslutat": _("Uppdraget är avslutat."),
    "nej": _("Ni har tackat nej. Ni kan ändra er när som helst."),
}
"""What is said after a change, by the short word in the address."""


def said(request: Request) -> str:
    return _SAID.get(request.query_params.get("klart", ""), "")


def back_to(paths: Paths, agreement_id: UUID, done: str, *, focus: int = 0) -> str:
    """The address of the agreement's page after a change; `focus` is the number of the area to read next."""
    query = urlencode({"klart": done} | ({"nasta": str(focus)} if focus else {}))
    return f"{paths('agreement', agreement_id=agreement_id)}?{query}" + (f"#o{focus}" if focus else "")


def look_of(request: Request) -> Look:
    """The look that was asked for, else the one chosen last."""
    asked = request.query_params.get("vy") or request.cookies.get(REMEMBERED) or Look.inline
    return Look(asked) if asked in set(Look) else Look.inline


def load(visit: Visit, agreement_id: UUID) -> Negotiation:
    """What the page shows, in a transaction of its own."""
    with visit.read() as session:
        return negotiation(session, visit.actor, visit.now, visit.real_now, agreement_id)


@router.get("/overenskommelser/{agreement_id}", name="agreement")
@permit(Operation.view_agreement)
def show(request: Request, visit: Visit, agreement_id: UUID) -> HTMLResponse:
    return agreement_page(request, visit, load(visit, agreement_id))


def agreement_page(
    request: Request, visit: Visit, n: Negotiation, *, status: int = 200, warning: str = "", focus: UUID | None = None
) -> HTMLResponse:
    """The page of an agreement; a `warning` says why something was not taken, `focus` is the area to look at."""
    only_waiting, look = request.query_params.get("visa") == "vantar", look_of(request)
    shown = [c for c in n.clauses if c.waits or (c.outdated and c.draft)] if only_waiting else list(n.clauses)
    following = request.query_params.get("nasta")
    answer = render(
        request,
        "negotiation/agreement.html",
        status=status,
        n=n,
        links=_links(request, n, only_waiting),
        look=look,
        only_waiting=only_waiting,
        shown=shown,
        focus=focus or next((c.id for c in n.clauses if str(c.number) == following), None),
        warning=warning,
        said=said(request),
        key=visit.new_key(),
    )
    remember(request, answer)
    return answer


def remember(request: Request, answer: HTMLResponse) -> None:
    """Keep the look for the next page, when one was chosen."""
    if request.query_params.get("vy") in set(Look):
        answer.set_cookie(REMEMBERED, look_of(request).value, max_age=365 * 86_400, httponly=True, samesite="lax", path="/")


@router.get("/overenskommelser/{agreement_id}/omraden/{clause_id}/versioner", name="comparison")
@permit(Operation.view_agreement)
def versions(request: Request, visit: Visit, agreement_id: UUID, clause_id: UUID, fran: int = 0, till: int = 0) -> HTMLResponse:
    n = load(visit, agreement_id)
    clause = n.clause(clause_id)
    by_number = {t.seq: t for t in clause.history}
    new = by_number.get(till or clause.head.seq)
    old = by_number.get(fran or max(1, (new.seq if new else 2) - 1))
    if new is None or old is None:
        raise NotFound
    with visit.read() as session:
        of_region = visit.actor.organisation == n.agreement.region_id
        sees = of_region and may(Operation.view_dialogue, visit.actor.role, Relation.region)
        findings = behind_clause(session, clause_id) if sees else []
    answer = render(
        request,
        "negotiation/comparison.html",
        findings=findings,
        n=n,
        c=clause,
        old=old,
        new=new,
        comparison=compare(old.wording, new.wording),
        look=look_of(request),
        events=[_event(n, t) for t in reversed(clause.history)],
    )
    remember(request, answer)
    return answer


def _event(n: Negotiation, text: Text) -> dict[str, object]:
    """One version in the list of all: who, when, why, and the hash it is stored under."""
    recorded = _("Skickat av {person}.", person=text.recorded_by) if text.recorded_by else ""
    return {
        "at": text.at,
        "who": ", ".join(filter(None, (text.author, n.standing.party(text.party).organisation.name))),
        "text": _("Version {number}", number=text.seq),
        "more": joined(" ", filter(None, (recorded, _("Skäl: {reason}", reason=text.reason) if text.reason else ""))),
        "code": text.sha256,
    }


def _links(request: Request, n: Negotiation, only_waiting: bool) -> dict[str, object]:
    paths = Paths(request)
    here = paths("agreement", agreement_id=n.agreement.id)
    others = n.counterparts
    return {
        "crumbs": _crumbs(request, n),
        "numbers": [f"{p.organisation.name}: {p.row.case_number}" for p in n.standing.parties if p.row.case_number],
        "decision": link(request, "decision", agreement_id=n.agreement.id),
        "region_only": not n.own.is_region and n.waits_on == (n.standing.region.organisation.name,),
        "other_name": _("regionen")
        if not n.own.is_region and len(others) == 1
        else (_("kommunen") if len(others) == 1 else _("andra")),
        "list": [
            {
                "number": c.number,
                "title": c.head.title,
                "href": f"#{c.anchor}" if not only_waiting or c.waits else f"{here}#{c.anchor}",
                "tone": c.tag[0],
                "label": c.tag[1],
            }
            for c in n.clauses
        ],
        "actions": _actions(request, n),
        "may_resume": bool({Event.resume, Event.redraft} & n.events) and Operation.resume in n.operations,
    }


def _crumbs(request: Request, n: Negotiation) -> list[NavLink]:
    if n.own.is_region:
        path = link(request, "programme", programme_id=n.agreement.programme_id)
        return [NavLink(_("Översikt"), path)] if path else []
    path = link(request, "municipality")
    return [NavLink(n.own.organisation.name, path)] if path else []


def _actions(request: Request, n: Negotiation) -> list[NavLink]:
    """What else can be done with the whole agreement, as the rulebook and the matrix allow."""
    possible = (
        ("documents", _("Hämta som Word"), Operation.view_agreement in n.operations),
        ("due", _("Ändra svarsdag"), Operation.answer_date in n.operations and n.agreement.state in ("draft", "negotiating")),
        ("date_requests", _("Föreslå ett nytt datum"), Operation.propose_date in n.operations and _may_ask(n)),
        ("agreement_reminders", _("Påminnelser för den här överenskommelsen"), Operation.edit_reminders in n.operations),
        ("agreement_mails", _("Inkomna mejl"), Operation.view_messages in n.operations),
        ("case_number", _("Ändra diarienummer"), Operation.set_case_number in n.operations),
        ("withdrawal", _("Dra tillbaka förslaget"), Operation.withdraw in n.operations and Event.withdraw in n.events),
        ("declination", _("Tacka nej"), Operation.decline in n.operations and Event.decline in n.events),
    )
    found = [NavLink(words, link(request, name, agreement_id=n.agreement.id)) for name, words, open_ in possible if open_]
    return [item for item in found if item.href]


def _may_ask(n: Negotiation) -> bool:
    return n.agreement.state == "negotiating" and n.request is None


def link(request: Request, name: str, **values: object) -> str:
    """The address of a page by its route name, or nothing in an installation without that page."""
    try:
        return Paths(request)(name, **values)
    except NoMatchFound:
        return ""
