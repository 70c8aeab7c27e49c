"""Who signs for a party: the places in order, naming a new signatory without leaving the page, another person in a place."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service.cases import contacts
from service.cases.signatories import SlotPlan, name_another, plan_slots
from service.pages.rendering import Paths, see_other
from service.pages.signing import Refusal, back_to, filled, form_page, load, taking, uuids
from service.pages.signing_view import Place, Signing, signatories
from service.pages.steps import day
from service.store.contacts import Contact
from service.store.standing import Party
from service.web import Form, Typed, Visit, permit
from states import slot
from states.access import Operation
from states.errors import FieldError, Invalid, NotYours
from states.parties import Role
from states.said import _

router = APIRouter(include_in_schema=False)

_SPARE = 1
"""Empty places offered beside those that are filled."""

_NOBODY = ("", _("Ingen vald"))
_NAMES = ("assignment", "title", "authority", "position", "mandate")


@router.get("/overenskommelser/{agreement_id}/underskriftsplatser/{party_id}", name="slots")
@permit(Operation.plan_signing)
def ask_who_signs(request: Request, visit: Visit, agreement_id: UUID, party_id: UUID) -> Response:
    return _form(request, visit, load(visit, agreement_id), party_id, {})


@router.post("/overenskommelser/{agreement_id}/underskriftsplatser/{party_id}", name="signing_plan")
@permit(Operation.plan_signing)
def plan(request: Request, visit: Visit, agreement_id: UUID, party_id: UUID, typed: Typed) -> Response:
    s = load(visit, agreement_id)
    with taking(lambda refused: _form(request, visit, s, party_id, typed, refused)) as done:
        planned = [p for n in range(1, _typed_places(typed) + 1) if (p := _planned(typed, n))]
        if not planned:
            raise Invalid(FieldError("assignment_1", "missing", _("Välj minst en som skriver under.")))
        with visit.write() as session:
            plan_slots(session, visit.actor, visit.now, agreement_id, party_id, planned, visit.version(typed))
    return done.answer or see_other(request, back_to(request, agreement_id, "undertecknare"))


@router.post("/overenskommelser/{agreement_id}/undertecknare/{party_id}", name="signatories")
@permit(Operation.plan_signing)
def add(request: Request, visit: Visit, agreement_id: UUID, party_id: UUID, typed: Typed) -> Response:
    """A new signatory for the party, then back to choose them."""
    s = load(visit, agreement_id)
    party = _party(s, party_id)
    with taking(lambda refused: _form(request, visit, s, party_id, typed, refused)) as done, visit.write() as session:
        programme = s.standing.agreement.programme_id
        contacts.assign(session, visit.actor, visit.now, party.organisation.id, programme, _signatory(typed))
    return done.answer or see_other(request, Paths(request)("slots", agreement_id=agreement_id, party_id=party_id))


@router.get("/overenskommelser/{agreement_id}/underskrifter/{slot_id}/byte", name="signatory_change")
@permit(Operation.plan_signing)
def ask_who_instead(request: Request, visit: Visit, agreement_id: UUID, slot_id: UUID) -> Response:
    return _change_form(request, visit, load(visit, agreement_id), slot_id, {})


@router.post("/overenskommelser/{agreement_id}/underskrifter/{slot_id}/byte")
@permit(Operation.plan_signing)
def change_signatory(request: Request, visit: Visit, agreement_id: UUID, slot_id: UUID, typed: Typed) -> Response:
    """Somebody else signs in a place that is not signed yet."""
    s = load(visit, agreement_id)
    with taking(lambda refused: _change_form(request, visit, s, slot_id, typed, refused)) as done, visit.write() as session:
        name_another(session, visit.actor, visit.now, s.place(slot_id).row.id, _signatory(typed), visit.version(typed))
    return done.answer or see_other(request, back_to(request, agreement_id, "bytt"))


def _change_form(
    request: Request, visit: Visit, s: Signing, slot_id: UUID, typed: Mapping[str, str], refused: Refusal | None = None
) -> Response:
    """Whoever may not act for the place's party hears nothing of it."""
    place = s.place(slot_id)
    _party(s, place.row.party_id)
    return form_page(
        request,
        visit,
        "replace",
        s,
        _("Byt undertecknare"),
        Paths(request)("signatory_change", agreement_id=s.agreement_id, slot_id=slot_id),
        refused,
        place=place,
        consequences=_when_changed(place),
        typed=filled(typed, "name", "email", "title", "authority"),
    )


def _when_changed(place: Place) -> tuple[str, ...]:
    told = (
        _("Den nya personen får ett mejl med begäran om underskrift."),
        _("{name} kan inte längre skriva under. Har begäran gått i väg får personen veta det.", name=place.name),
    )
    later = (_("Den nya personen får begäran när det är dags att skriva under."),)
    return (*(told if place.row.state is slot.State.requested else later), _("Texten som ni är överens om ändras inte."))


def _form(
    request: Request, visit: Visit, s: Signing, party_id: UUID, typed: Mapping[str, str], refused: Refusal | None = None
) -> Response:
    party, paths = _party(s, party_id), Paths(request)
    with visit.read() as session:
        found = signatories(session, party, s.standing.agreement.programme_id, s.today)
    return form_page(
        request,
        visit,
        "slots",
        s,
        _("Vem skriver under för {party}?", party=party.organisation.name),
        paths("slots", agreement_id=s.agreement_id, party_id=party_id),
        refused,
        party=party,
        people=[_NOBODY, *((str(c.assignment.id), _described(c)) for c in found)],
        rows=_rows(s, party_id, found, typed),
        may_add=s.can(Operation.edit_contacts),
        add_action=paths("signatories", agreement_id=s.agreement_id, party_id=party_id),
        new=filled(typed, "name", "email", "title", "authority"),
    )


def _rows(s: Signing, party_id: UUID, found: list[Contact], typed: Mapping[str, str]) -> list[dict[str, str]]:
    """The places as they were typed, else as they are planned, else the only signatory there is; and one to spare."""
    if "assignment_1" in typed:
        return [{k: typed.get(f"{k}_{n}", "") for k in _NAMES} for n in range(1, _typed_places(typed) + 1)]
    rows = [
        {
            "assignment": str(p.row.assignment_id or ""),
            "title": p.row.title,
            "authority": p.row.authority,
            "position": str(p.row.position),
            "mandate": p.row.mandate_until.isoformat() if p.row.mandate_until else "",
        }
        for p in s.places
        if p.row.party_id == party_id
    ]
    if not rows and found:
        newest = found[-1].assignment
        mandate = newest.valid_to.isoformat() if newest.valid_to else ""
        known = {"title": newest.title, "authority": newest.authority, "position": "1", "mandate": mandate}
        rows = [{"assignment": str(newest.id), **known}]
    empty = {**dict.fromkeys(_NAMES, ""), "position": "1"}
    return [*rows, *(empty for _ in range(_SPARE))]


def _typed_places(typed: Mapping[str, str]) -> int:
    """How many places the form had; more than a score of them nobody needs."""
    return next((n for n in range(20) if f"assignment_{n + 1}" not in typed), 20)


def _planned(typed: Form, n: int) -> SlotPlan | None:
    """One place of the form, None when nobody is chosen in it."""
    chosen = typed.get(f"assignment_{n}", "")
    if not chosen:
        return None
    position = typed.get(f"position_{n}", "").strip() or "1"
    if not (position.isascii() and position.isdigit() and 0 < int(position[:4]) < 100):
        raise Invalid(FieldError(f"position_{n}", "not-a-number", _("Skriv ordningen som en siffra, till exempel 1.")))
    if not typed.get(f"title_{n}", "").strip():
        raise Invalid(FieldError(f"title_{n}", "missing", _("Ange titeln som ska stå under namnet.")))
    plan = SlotPlan(
        assignment=uuids([chosen], f"assignment_{n}")[0],
        title=typed.get(f"title_{n}", ""),
        authority=typed.get(f"authority_{n}", ""),
        position=int(position),
    )
    return replace(plan, mandate_until=day(typed, f"mandate_{n}")) if typed.get(f"mandate_{n}", "").strip() else plan


def _signatory(typed: Mapping[str, str]) -> contacts.NewContact:
    """The person as typed in the four fields."""
    name, email, title, authority = (typed.get(n, "") for n in ("name", "email", "title", "authority"))
    return contacts.NewContact(name=name, email=email, role=Role.signatory, title=title, authority=authority)


def _party(s: Signing, party_id: UUID) -> Party:
    party = s.standing.party(party_id)
    if party not in s.own:
        raise NotYours
    return party


def _described(contact: Contact) -> str:
    title = contact.assignment.title
    return f"{contact.person.name}, {title}" if title else contact.person.name
