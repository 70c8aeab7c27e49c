"""The municipality's own page: what is wanted of it, by when, and asking for another day."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.cases.dates import propose_date
from service.pages.case_view import Case, cases
from service.pages.negotiation import back_to, link, load, said
from service.pages.negotiation_view import Negotiation
from service.pages.rendering import NavLink, Paths, date_long, render
from service.pages.steps import Field, Step, carry_out, day, step_page
from service.store.negotiation import colleagues
from service.web import Typed, Visit, permit
from states.access import Operation
from states.agreement import Event, State
from states.calendar import civil
from states.errors import NotAllowed
from states.said import _, joined, ngettext

router = APIRouter()

_MINUTES_AN_AREA = 3
"""What reading and answering one area takes, rounded up to five minutes for all of them [e]."""


@router.get("/min-kommun", name="municipality")
@permit(Operation.view_agreement)
def home(request: Request, visit: Visit) -> Response:
    with visit.read() as session:
        found = cases(session, visit.actor, visit.now)
        people = colleagues(session, visit.actor, civil(visit.now))
        organisation = visit.organisation
    return render(
        request,
        "municipality/home.html",
        organisation=organisation,
        cases=[_card(request, n) for n in found],
        tasks=[task for n in found for task in _tasks(request, n)],
        colleagues=len(people),
        contacts_path=link(request, "own_contacts"),
        said=said(request),
        key=visit.new_key(),
    )


@router.get("/min-kommun/{agreement_id}/nytt-datum", name="date_requests")
@permit(Operation.propose_date)
def ask_for_day(request: Request, visit: Visit, agreement_id: UUID) -> Response:
    return step_page(request, visit, _date_step(request, load(visit, agreement_id)))


@router.post("/min-kommun/{agreement_id}/nytt-datum")
@permit(Operation.propose_date)
def propose_day(request: Request, visit: Visit, agreement_id: UUID, typed: Typed) -> Response:
    step = _date_step(request, load(visit, agreement_id))

    def work(session: Session) -> None:
        propose_date(session, visit.actor, visit.now, agreement_id, day(typed, "day"), typed.get("reason", ""))

    return carry_out(request, visit, step, typed, work, back_to(Paths(request), agreement_id, "datumforslag"))


def _date_step(request: Request, n: Negotiation) -> Step:
    if n.agreement.state is not State.negotiating:
        raise NotAllowed("propose_date", n.agreement.state)
    paths = Paths(request)
    rests = _("Påminnelserna vilar tills regionen har svarat på ert förslag.")
    now = _("Svarsdagen är nu {day}.", day=date_long(n.agreement.due)) if n.agreement.due else ""
    return Step(
        heading=_("Föreslå ett nytt datum"),
        where=n.own.organisation.name,
        back=paths("agreement", agreement_id=n.agreement.id),
        action=paths("date_requests", agreement_id=n.agreement.id),
        button=_("Skicka förslaget"),
        intro=joined(" ", filter(None, (now, rests))),
        fields=(
            Field("day", _("Vilken dag kan ni svara senast?"), hint=_("Till exempel 2027-10-15"), kind="date", width="date"),
            Field("reason", _("Varför behöver ni mer tid?"), rows=3, optional=True, hint=_("Till exempel när nämnden möts.")),
        ),
    )


def _tasks(request: Request, n: Case) -> list[dict[str, object]]:
    """What the municipality is to do about one agreement, each with its day and about how long it takes."""
    paths = Paths(request)
    here = paths("agreement", agreement_id=n.agreement.id)
    by = [_("Senast {day}", day=date_long(n.agreement.due))] if n.agreement.due else []
    found: list[dict[str, object]] = []
    if n.agreement.state is State.negotiating and n.left:
        found.append(
            _task(
                ngettext("Svara på ett område", "Svara på {count} områden", n.left),
                here,
                [*by, _minutes(n.left)],
                "late" if n.late else "act",
                n.label,
            )
        )
    if n.agreement.state is State.negotiating and n.ready:
        title = ngettext("Granska och skicka ert svar", "Granska och skicka era {count} svar", n.ready)
        found.append(
            _task(
                title, paths("response", agreement_id=n.agreement.id), [*by, _("ungefär fem minuter")], "act", _("Inte skickat")
            )
        )
    if n.agreement.state in (State.agreed, State.deciding, State.signing):
        path = link(request, "decision", agreement_id=n.agreement.id) or here
        found.append(_task(_NEXT[n.agreement.state], path, [_("ungefär tio minuter")], n.tone, n.label))
    if not n.own.row.case_number and Operation.set_case_number in n.operations and n.agreement.state not in _ENDED:
        path = paths("case_number", agreement_id=n.agreement.id)
        found.append(_task(_("Skriv ert diarienummer"), path, [_("ungefär en minut")], "note", _("Innan underskrift")))
    return found


_NEXT = {
    State.agreed: _("Ange vem som beslutar och vem som skriver under"),
    State.deciding: _("Följ beslutet i er nämnd"),
    State.signing: _("Skriv under"),
}
_ENDED = frozenset(State) - {State.negotiating, *_NEXT}


def _task(title: str, href: str, meta: list[str], tone: str, label: str) -> dict[str, object]:
    return {"title": title, "href": href, "meta": meta, "tone": tone, "label": label}


def _minutes(areas: int) -> str:
    minutes = -(-areas * _MINUTES_AN_AREA // 5) * 5
    return _SPELLED.get(minutes) or ngettext("ungefär en minut", "ungefär {count} minuter", minutes)


_SPELLED = {5: _("ungefär fem minuter"), 10: _("ungefär tio minuter")}


def _card(request: Request, n: Case) -> dict[str, object]:
    may_ask = Operation.propose_date in n.operations and n.agreement.state is State.negotiating and n.request is None
    possible = (
        ("agreement", _("Läs och svara") if n.counts["own"] else _("Läs överenskommelsen"), True),
        ("documents", _("Hämta som Word"), True),
        ("decision", _("Beslut och underskrift"), n.agreement.state in _NEXT or n.agreement.state is State.signed),
        ("date_requests", _("Föreslå ett nytt datum"), may_ask),
        ("declination", _("Tacka nej"), Operation.decline in n.operations and Event.decline in n.events),
    )
    links = [NavLink(words, link(request, name, agreement_id=n.agreement.id)) for name, words, open_ in possible if open_]
    return {
        "n": n,
        "links": [item for item in links if item.href],
        "numbers": [f"{p.organisation.name}: {p.row.case_number}" for p in n.standing.parties if p.row.case_number],
        "may_resume": Operation.resume in n.operations and Event.resume in n.events,
    }
