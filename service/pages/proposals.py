"""Many agreements at once: drafts for the chosen municipalities, and sending them, each with a preview of what is left out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from service.cases.programmes import create_agreements, programme_for
from service.cases.propose import missing, send_proposal
from service.pages.matrix import alphabetical
from service.pages.rendering import Paths, render, see_other
from service.store.overview import areas, lines, offerable
from service.store.standing import load_many
from service.web import Typed, Visit, Visiting, permit
from states.access import Operation
from states.agreement import State
from states.calendar import civil
from states.errors import Blocked, FieldError, Invalid, Reason
from states.said import _

router = APIRouter(include_in_schema=False)

COUNTIES = {
    "01": "Stockholms län", "03": "Uppsala län", "04": "Södermanlands län", "05": "Östergötlands län", "06": "Jönköpings län",
    "07": "Kronobergs län", "08": "Kalmar län", "09": "Gotlands län", "10": "Blekinge län", "12": "Skåne län",
    "13": "Hallands län", "14": "Västra Götalands län", "17": "Värmlands län", "18": "Örebro län", "19": "Västmanlands län",
    "20": "Dalarnas län", "21": "Gävleborgs län", "22": "Västernorrlands län", "23": "Jämtlands län",
    "24": "Västerbottens län", "25": "Norrbottens län",
}  # fmt: skip
"""Counties by the first two digits of a municipality code (SCB)."""

_NONE = Invalid(FieldError("kommun", "missing", _("Välj minst en kommun.")))


@dataclass(frozen=True, slots=True)
class Offer:
    """A municipality that may get an agreement, and why not when it may not."""

    id: UUID
    name: str
    county: str
    taken: bool
    answered: bool

    @property
    def why_not(self) -> str:
        return _("har redan en överenskommelse i planen") if self.taken else ""


@dataclass(frozen=True, slots=True)
class Ready:
    """A draft that can be sent, or what it lacks."""

    id: UUID
    name: str
    reasons: tuple[Reason, ...]


@router.get("/program/{programme_id:uuid}/kommuner", name="proposals")
@permit(Operation.create_agreements)
def choose(request: Request, visit: Visit, programme_id: UUID) -> HTMLResponse:
    """The list to choose from; with `granska` in the query what the choice would come to."""
    if "granska" not in request.query_params:
        return _choice(request, visit, programme_id)
    query = request.query_params
    offers = _offers(visit, programme_id)
    chosen = _chosen(offers, set(query.getlist("lan")), set(query.getlist("kommun")))
    if not chosen:
        return _choice(request, visit, programme_id, _NONE.fields)
    return _preview(request, visit, programme_id, chosen)


@router.post("/program/{programme_id:uuid}/kommuner", name="new_agreements")
@permit(Operation.create_agreements)
def create(request: Request, visit: Visit, programme_id: UUID, typed: Typed) -> Response:
    wanted = set(typed.many("kommun"))
    chosen = [o for o in _offers(visit, programme_id) if str(o.id) in wanted]
    if not chosen:
        return _choice(request, visit, programme_id, _NONE.fields)
    try:
        with visit.write() as session:
            create_agreements(session, visit.actor, visit.now, programme_id, [o.id for o in chosen])
    except Blocked as refused:
        return _preview(request, visit, programme_id, chosen, refused.reasons)
    return see_other(request, f"{Paths(request)('programme', programme_id=programme_id)}?klart=utkasten")


@router.get("/program/{programme_id:uuid}/utskick", name="dispatch")
@permit(Operation.send_proposal)
def review(request: Request, visit: Visit, programme_id: UUID) -> HTMLResponse:
    return _dispatch(request, visit, programme_id)


@router.post("/program/{programme_id:uuid}/utskick")
@permit(Operation.send_proposal)
def send(request: Request, visit: Visit, programme_id: UUID, typed: Typed) -> Response:
    """Send every chosen draft, all or none."""
    wanted = set(typed.many("utkast"))
    chosen = [d for d in _drafts(visit, programme_id) if str(d.id) in wanted]
    if not chosen:
        return _dispatch(request, visit, programme_id, [FieldError("utkast", "missing", _("Välj minst ett förslag."))])
    try:
        with visit.write() as session:
            for draft in chosen:
                send_proposal(session, visit.actor, visit.now, draft.id)
    except Blocked as refused:
        errors = [FieldError("utkast", reason.code, reason.message) for reason in refused.reasons]
        return _dispatch(request, visit, programme_id, errors)
    return see_other(request, f"{Paths(request)('programme', programme_id=programme_id)}?klart=forslagen")


def _offers(visit: Visiting, programme_id: UUID) -> list[Offer]:
    with visit.read() as session:
        programme = programme_for(session, visit.actor, Operation.create_agreements, programme_id)
        found = offerable(session, programme, civil(visit.now))
    made = [Offer(o.id, o.name, (o.municipality_code or "")[:2], taken, answered) for o, taken, answered in found]
    return sorted(made, key=lambda offer: alphabetical(offer.name))


def _chosen(offers: Sequence[Offer], counties: set[str], ids: set[str]) -> list[Offer]:
    return [o for o in offers if o.county in counties or str(o.id) in ids]


def _choice(request: Request, visit: Visiting, programme_id: UUID, errors: Sequence[FieldError] = ()) -> HTMLResponse:
    offers = _offers(visit, programme_id)
    free = [o for o in offers if not o.taken]
    with visit.read() as session:
        programme = programme_for(session, visit.actor, Operation.create_agreements, programme_id)
    counties = Counter(o.county for o in free)
    return render(
        request,
        "programmes/proposals.html",
        status=422 if errors else 200,
        programme=programme,
        free=[(str(o.id), o.name, "" if o.answered else _("Kontakt saknas")) for o in free],
        taken=[o for o in offers if o.taken],
        counties=[
            (code, _("Alla i {county} ({count})", county=COUNTIES.get(code, code), count=count))
            for code, count in sorted(counties.items())
            if code
        ],
        errors=errors,
    )


def _preview(
    request: Request, visit: Visiting, programme_id: UUID, chosen: Sequence[Offer], reasons: Sequence[Reason] = ()
) -> HTMLResponse:
    with visit.read() as session:
        programme = programme_for(session, visit.actor, Operation.create_agreements, programme_id)
        count = len(areas(session, programme_id))
    return render(
        request,
        "programmes/preview.html",
        status=409 if reasons else 200,
        programme=programme,
        made=[o for o in chosen if not o.taken],
        skipped=[o for o in chosen if o.taken],
        count=count,
        reasons=reasons,
        key=visit.new_key(),
    )


def _drafts(visit: Visiting, programme_id: UUID) -> list[Ready]:
    with visit.read() as session:
        programme_for(session, visit.actor, Operation.send_proposal, programme_id)
        found = [
            line for line in lines(session, visit.actor, programme_id, civil(visit.now)) if line.agreement.state is State.draft
        ]
        standings = load_many(session, [line.agreement.id for line in found])
        drafts = [
            Ready(line.agreement.id, line.party.organisation.name, missing(session, visit.now, standings[line.agreement.id]))
            for line in found
        ]
    return sorted(drafts, key=lambda draft: alphabetical(draft.name))


def _dispatch(request: Request, visit: Visiting, programme_id: UUID, errors: Sequence[FieldError] = ()) -> HTMLResponse:
    drafts = _drafts(visit, programme_id)
    with visit.read() as session:
        programme = programme_for(session, visit.actor, Operation.send_proposal, programme_id)
    ready = [(str(d.id), d.name) for d in drafts if not d.reasons]
    return render(
        request,
        "programmes/dispatch.html",
        status=422 if errors else 200,
        programme=programme,
        ready=ready,
        lacking=[d for d in drafts if d.reasons],
        errors=errors,
        key=visit.new_key(),
    )
