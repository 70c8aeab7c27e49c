"""Steps with a whole agreement: send or withdraw the proposal, the last day, date requests, case numbers, resuming."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.cases.case_number import set_case_number
from service.cases.dates import answer_date, change_due
from service.cases.finish import resume, withdraw
from service.cases.propose import send_proposal
from service.pages.negotiation import agreement_page, back_to, load
from service.pages.negotiation_view import Negotiation
from service.pages.rendering import Paths, see_other
from service.pages.steps import Field, Step, carry_out, day, step_page
from service.store.standing import load as load_standing
from service.web import Typed, Visit, permit
from states.access import Operation
from states.agreement import State
from states.errors import Blocked, Invalid, Stale
from states.said import _, listed, ngettext

router = APIRouter()


@router.get("/overenskommelser/{agreement_id}/forslag", name="proposal")
@permit(Operation.send_proposal)
def ask_to_send(request: Request, visit: Visit, agreement_id: UUID) -> Response:
    return step_page(request, visit, _proposal(request, load(visit, agreement_id)))


@router.post("/overenskommelser/{agreement_id}/forslag")
@permit(Operation.send_proposal)
def propose(request: Request, visit: Visit, agreement_id: UUID, typed: Typed) -> Response:
    def work(session: Session) -> None:
        due = day(typed, "due")
        send_proposal(
            session, visit.actor, visit.now, agreement_id, visit.version(typed), due=due, due_firm=typed.get("firm") == "yes"
        )

    return _carry_out(request, visit, agreement_id, typed, _proposal, work, "forslag")


@router.get("/overenskommelser/{agreement_id}/aterkallelse", name="withdrawal")
@permit(Operation.withdraw)
def ask_to_withdraw(request: Request, visit: Visit, agreement_id: UUID) -> Response:
    return step_page(request, visit, _withdrawal(request, load(visit, agreement_id)))


@router.post("/overenskommelser/{agreement_id}/aterkallelse")
@permit(Operation.withdraw)
def take_proposal_back(request: Request, visit: Visit, agreement_id: UUID, typed: Typed) -> Response:
    def work(session: Session) -> None:
        withdraw(session, visit.actor, visit.now, agreement_id, typed.get("reason", ""), visit.version(typed))

    return _carry_out(request, visit, agreement_id, typed, _withdrawal, work, "aterkallat")


@router.get("/overenskommelser/{agreement_id}/svarsdag", name="due")
@permit(Operation.answer_date)
def ask_for_due(request: Request, visit: Visit, agreement_id: UUID) -> Response:
    return step_page(request, visit, _due(request, load(visit, agreement_id)))


@router.post("/overenskommelser/{agreement_id}/svarsdag")
@permit(Operation.answer_date)
def set_due(request: Request, visit: Visit, agreement_id: UUID, typed: Typed) -> Response:
    def work(session: Session) -> None:
        firm = typed.get("firm") == "yes"
        change_due(session, visit.actor, visit.now, agreement_id, day(typed, "due"), firm=firm, version=visit.version(typed))

    return _carry_out(request, visit, agreement_id, typed, _due, work, "svarsdag")


@router.post("/overenskommelser/{agreement_id}/datumforslag/{request_id}", name="date_answer")
@permit(Operation.answer_date)
def answer_request(request: Request, visit: Visit, agreement_id: UUID, request_id: UUID, typed: Typed) -> Response:
    """Grant the day another party asked for, or keep the one there is."""
    n = load(visit, agreement_id)
    if n.request is None or n.request.id != request_id:
        return agreement_page(request, visit, n, status=409, warning=_("Någon har redan svarat på datumförslaget."))
    with visit.write() as session:
        answer_date(session, visit.actor, visit.now, request_id, granted=typed.get("answer") == "yes")
    return see_other(request, back_to(Paths(request), agreement_id, "datum"))


@router.get("/overenskommelser/{agreement_id}/diarienummer", name="case_number")
@permit(Operation.set_case_number)
def ask_for_case_number(request: Request, visit: Visit, agreement_id: UUID) -> Response:
    return step_page(request, visit, _case_number(request, load(visit, agreement_id)))


@router.post("/overenskommelser/{agreement_id}/diarienummer")
@permit(Operation.set_case_number)
def save_case_number(request: Request, visit: Visit, agreement_id: UUID, typed: Typed) -> Response:
    """Set the numbers that were changed; a party sees and sets its own only."""

    def work(session: Session) -> None:
        standing = load_standing(session, visit.actor, Operation.set_case_number, agreement_id, version=visit.version(typed))
        for party in standing.parties:
            written = typed.get(f"case_number_{party.row.position}")
            if written is not None and written.strip() != party.row.case_number:
                with _named(f"case_number_{party.row.position}"):
                    set_case_number(session, visit.actor, visit.now, standing, party.id, written)

    return _carry_out(request, visit, agreement_id, typed, _case_number, work, "diarienummer")


@router.post("/overenskommelser/{agreement_id}/ateroppnande", name="resumption")
@permit(Operation.resume)
def take_up(request: Request, visit: Visit, agreement_id: UUID, typed: Typed) -> Response:
    try:
        with visit.write() as session:
            resume(session, visit.actor, visit.now, agreement_id, visit.version(typed))
    except (Blocked, Stale) as refused:
        status = 409 if isinstance(refused, Blocked) else 412
        return agreement_page(request, visit, load(visit, agreement_id), status=status, warning=refused.message)
    return see_other(request, back_to(Paths(request), agreement_id, "ater"))


def _carry_out(
    request: Request,
    visit: Visit,
    agreement_id: UUID,
    typed: Mapping[str, str],
    step: Callable[[Request, Negotiation], Step],
    work: Callable[[Session], None],
    done: str,
) -> Response:
    """Do the work in one transaction and go back to the agreement, or show the step again with why not."""
    shown = step(request, load(visit, agreement_id))
    return carry_out(request, visit, shown, typed, work, back_to(Paths(request), agreement_id, done))


@contextmanager
def _named(field: str) -> Iterator[None]:
    """Errors of the one field of a case under the name it has on this page."""
    try:
        yield
    except Invalid as refused:
        raise Invalid(*(replace(f, field=field) for f in refused.fields)) from None


def _step(request: Request, n: Negotiation, name: str, heading: str, button: str, **rest: object) -> Step:
    paths = Paths(request)
    return Step(
        heading=heading,
        where=n.municipality.organisation.name,
        back=paths("agreement", agreement_id=n.agreement.id),
        action=paths(name, agreement_id=n.agreement.id),
        button=button,
        version=n.agreement.version,
        **rest,  # type: ignore[arg-type]
    )


def _due_fields(n: Negotiation) -> tuple[Field, ...]:
    return (
        Field(
            "due", _("Sista dag att svara"), str(n.agreement.due or ""), _("Till exempel 2027-09-30"), kind="date", width="date"
        ),
        Field(
            "firm",
            _("Hur fast är dagen?"),
            "yes" if n.agreement.due_firm else "no",
            kind="choice",
            options=(
                ("no", _("Önskad dag"), _("Kommunen kan föreslå ett annat datum. Påminnelser går ut före dagen.")),
                ("yes", _("Fast dag"), _("Påminnelser går ut både före och efter dagen.")),
            ),
        ),
    )


def _proposal(request: Request, n: Negotiation) -> Step:
    names = listed([p.organisation.name for p in n.counterparts])
    hindering = [r for r in n.missing if r.code not in ("no-due", "due-passed")]
    return _step(
        request,
        n,
        "proposal",
        _("Skicka förslaget"),
        "" if hindering else _("Skicka förslaget"),
        intro=ngettext(
            "Förslaget med ett område går till {names}.",
            "Förslaget med {count} områden går till {names}.",
            len(n.clauses),
            names=names,
        ),
        consequences=(
            _("Kontaktpersonen får ett mejl med en personlig länk."),
            _("Förslaget blir normalt allmän handling när det är skickat."),
            _("Påminnelser går ut enligt planens regler."),
        ),
        fields=_due_fields(n),
        reasons=hindering,
    )


def _withdrawal(request: Request, n: Negotiation) -> Step:
    told = (
        _("Alla parter får besked, med ert skäl.")
        if n.agreement.proposed_at
        else _("Ingen får något mejl: utkastet är inte skickat.")
    )
    return _step(
        request,
        n,
        "withdrawal",
        _("Dra tillbaka förslaget"),
        _("Dra tillbaka förslaget"),
        consequences=(told, _("Påminnelserna upphör."), _("Alla texter finns kvar, och ärendet kan tas upp igen.")),
        fields=(Field("reason", _("Varför dras förslaget tillbaka?"), rows=3),),
        danger=True,
    )


def _due(request: Request, n: Negotiation) -> Step:
    return _step(
        request,
        n,
        "due",
        _("Ändra svarsdag"),
        _("Spara svarsdagen"),
        intro=_("En dag som infaller på en helg eller i en tyst period flyttas till nästa vardag."),
        fields=_due_fields(n),
    )


_NUMBER_BESIDE = (_("Beslut eller underskrifter är redan begärda, så texten ändras inte. Numret visas här på webbplatsen."),)
_NUMBER_FOLLOWS = {
    State.agreed: (_("Texten låses om med numret i och får en ny kontrollkod. Alla parter får veta det."),),
    State.deciding: _NUMBER_BESIDE,
    State.signing: _NUMBER_BESIDE,
}


def _case_number(request: Request, n: Negotiation) -> Step:
    mine = n.standing.parties if n.own.is_region else (n.own,)
    return _step(
        request,
        n,
        "case_number",
        _("Diarienummer"),
        _("Spara"),
        consequences=_NUMBER_FOLLOWS.get(n.agreement.state, ()),
        fields=tuple(
            Field(
                f"case_number_{p.row.position}",
                _("Diarienummer hos {party}", party=p.organisation.name),
                p.row.case_number,
            )
            for p in mine
        ),
    )
