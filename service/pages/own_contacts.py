"""A party's own contacts: who answers and signs, inviting a colleague, handing over, ending an assignment."""

from collections.abc import Callable, Mapping
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.cases.contacts import NewContact, assign, confirm, end, hand_over
from service.cases.owed import is_confirmed
from service.pages.contacts import WHEN, optional_day
from service.pages.negotiation import said
from service.pages.rendering import Paths, date_short, render, see_other
from service.pages.steps import Field, Step, carry_out, step_page
from service.store.contacts import Contact
from service.store.negotiation import colleagues, has_other_contact
from service.store.tables import ContactAssignment
from service.web import Typed, Visit, permit
from states.access import Operation
from states.calendar import civil
from states.errors import FieldError, Invalid, NotFound
from states.labels import label
from states.parties import CONTACT, Role
from states.reminders import new_boards
from states.said import _

router = APIRouter()

_ROLES = (
    (Role.deputy.value, _("Läsa och svara"), _("Kollegan kan svara, och vara ersättare för kontaktpersonen.")),
    (Role.reader.value, _("Bara läsa"), _("Kollegan kan läsa allt men inte svara.")),
    (Role.signatory.value, _("Skriva under"), _("Personen får en egen länk när det är dags att skriva under.")),
    (Role.registrar.value, _("Registrera"), _("Registratorn kan läsa, ange diarienummer och lämna in underskrivna papper.")),
)


@router.get("/min-kommun/kontakter", name="own_contacts")
@permit(Operation.view_contacts)
def people(request: Request, visit: Visit) -> Response:
    paths, found = Paths(request), _people(visit)
    return render(
        request,
        "municipality/contacts.html",
        organisation=visit.organisation,
        key=visit.new_key(),
        people=[_line(paths, contact, civil(visit.now)) for contact in found],
        said=said(request),
    )


@router.get("/min-kommun/kontakter/ny", name="own_colleagues")
@permit(Operation.edit_contacts)
def ask_whom_to_invite(request: Request, visit: Visit) -> Response:
    return step_page(request, visit, _invitation(request, visit))


@router.post("/min-kommun/kontakter/ny")
@permit(Operation.edit_contacts)
def invite(request: Request, visit: Visit, typed: Typed) -> Response:
    """Give a colleague a role of their own; a contact gets a personal link at once."""

    def work(session: Session) -> None:
        assert visit.actor.organisation is not None
        new = _new_contact(typed, _role(typed))
        assign(session, visit.actor, visit.now, visit.actor.organisation, visit.actor.programme, new)

    return _carry_out(request, visit, typed, _invitation(request, visit), work, "inbjuden")


@router.get("/min-kommun/kontakter/{assignment_id}/byte", name="own_handover")
@permit(Operation.edit_contacts)
def ask_for_successor(request: Request, visit: Visit, assignment_id: UUID) -> Response:
    return step_page(request, visit, _handover(request, visit, _person(visit, assignment_id)))


@router.post("/min-kommun/kontakter/{assignment_id}/byte", name="own_contact_change")
@permit(Operation.edit_contacts)
def change(request: Request, visit: Visit, assignment_id: UUID, typed: Typed) -> Response:
    """Change the contact person: the old one's links die, the new one gets the case with its drafts."""
    contact = _person(visit, assignment_id)

    def work(session: Session) -> None:
        hand_over(session, visit.actor, visit.now, assignment_id, _new_contact(typed, contact.assignment.role))

    step, stays = _handover(request, visit, contact), typed.get("valid_from", "").strip() > civil(visit.now).isoformat()
    return _carry_out(request, visit, typed, step, work, "bytt", mine=assignment_id == visit.actor.assignment and not stays)


@router.post("/min-kommun/kontakter/{assignment_id}/bekraftelse", name="own_confirmation")
@permit(Operation.edit_contacts)
def confirm_contact(request: Request, visit: Visit, assignment_id: UUID, _: Typed) -> Response:
    """Say that a contact is right, which is asked for after an election."""
    _person(visit, assignment_id)
    with visit.write() as session:
        confirm(session, visit.actor, visit.now, assignment_id)
    return see_other(request, f"{Paths(request)('own_contacts')}?klart=bekraftat")


@router.get("/min-kommun/kontakter/{assignment_id}/avslut", name="own_ending")
@permit(Operation.edit_contacts)
def ask_to_end(request: Request, visit: Visit, assignment_id: UUID) -> Response:
    return step_page(request, visit, _ending(request, visit, _person(visit, assignment_id)))


@router.post("/min-kommun/kontakter/{assignment_id}/avslut", name="own_contact_end")
@permit(Operation.edit_contacts)
def finish(request: Request, visit: Visit, assignment_id: UUID, typed: Typed) -> Response:
    step = _ending(request, visit, _person(visit, assignment_id))

    def work(session: Session) -> None:
        end(session, visit.actor, visit.now, assignment_id, visit.version(typed))

    return _carry_out(request, visit, typed, step, work, "avslutat", mine=assignment_id == visit.actor.assignment)


def _people(visit: Visit) -> list[Contact]:
    with visit.read() as session:
        return colleagues(session, visit.actor, civil(visit.now), coming=True)


def _person(visit: Visit, assignment_id: UUID) -> Contact:
    found = next((c for c in _people(visit) if c.assignment.id == assignment_id), None)
    if found is None:
        raise NotFound
    return found


def _line(paths: Paths, contact: Contact, today: date) -> dict[str, object]:
    row = contact.assignment
    dates = [
        _("Från {day}", day=date_short(row.valid_from)) if row.valid_from and row.valid_from > today else "",
        _("Till {day}", day=date_short(row.valid_to)) if row.valid_to else "",
    ]
    answers = row.role in CONTACT
    return {
        "title": contact.person.name,
        "meta": [item for item in (label(row.role), row.title, contact.person.email, contact.person.phone, *dates) if item],
        "tone": "late" if row.bounced else "",
        "label": _("Mejlet kom inte fram") if row.bounced else "",
        "confirm": paths("own_confirmation", assignment_id=row.id) if answers and _to_confirm(row, today) else "",
        "hand_over": paths("own_handover", assignment_id=row.id) if answers else "",
        "end": paths("own_ending", assignment_id=row.id),
    }


def _to_confirm(row: ContactAssignment, today: date) -> bool:
    asked = new_boards(today)
    return asked is not None and asked <= today and not is_confirmed(row, asked)


def _carry_out(
    request: Request,
    visit: Visit,
    typed: Mapping[str, str],
    step: Step,
    work: Callable[[Session], None],
    done: str,
    *,
    mine: bool = False,
) -> Response:
    """Do the work in one transaction; whoever ended their own assignment is signed out and goes to the start page."""
    return carry_out(request, visit, step, typed, work, "/" if mine else f"{Paths(request)('own_contacts')}?klart={done}")


def _new_contact(typed: Mapping[str, str], role: Role) -> NewContact:
    return NewContact(
        name=typed.get("name", ""),
        email=typed.get("email", ""),
        role=role,
        phone=typed.get("phone", ""),
        title=typed.get("title", ""),
        valid_from=optional_day(typed, "valid_from"),
        valid_to=optional_day(typed, "valid_to"),
    )


def _role(typed: Mapping[str, str]) -> Role:
    if typed.get("role") not in {value for value, *_ in _ROLES}:
        raise Invalid(FieldError("role", "missing", _("Välj vad kollegan ska kunna göra.")))
    return Role(typed["role"])


def _fields() -> tuple[Field, ...]:
    return (
        Field("name", _("Namn"), autocomplete="off"),
        Field("email", _("E-postadress"), kind="email", autocomplete="off", hint=_("Till exempel namn@kommun.se")),
        Field("phone", _("Telefon"), kind="tel", optional=True, autocomplete="off"),
        Field("title", _("Titel"), optional=True, autocomplete="off"),
    )


_FROM = Field(
    "valid_from",
    _("Första dag för den nya"),
    optional=True,
    kind="date",
    width="date",
    hint=_("Lämna tomt om bytet gäller nu."),
)


def _step(request: Request, visit: Visit, action: str, heading: str, button: str, **rest: object) -> Step:
    return Step(
        heading=heading,
        where=visit.organisation,
        back=Paths(request)("own_contacts"),
        back_label=_("Till era kontakter"),
        action=action,
        button=button,
        **rest,  # type: ignore[arg-type]
    )


def _invitation(request: Request, visit: Visit) -> Step:
    role = Field("role", _("Vad ska kollegan kunna göra?"), kind="choice", options=_ROLES)
    action = Paths(request)("own_colleagues")
    return _step(request, visit, action, _("Bjud in en kollega"), _("Bjud in"), fields=(*_fields(), role, *WHEN))


def _handover(request: Request, visit: Visit, contact: Contact) -> Step:
    action = Paths(request)("own_handover", assignment_id=contact.assignment.id)
    return _step(
        request,
        visit,
        action,
        _("Byt kontaktperson"),
        _("Byt kontaktperson"),
        intro=_("{person} lämnar uppdraget. Skriv vem som tar över.", person=contact.person.name),
        consequences=(
            _("Länkarna till {person} slutar fungera när den nya personen börjar.", person=contact.person.name),
            _("Den nya personen får ett mejl med en egen länk på sin första dag."),
            _("Utkast som inte är skickade finns kvar hos er."),
        ),
        fields=(*_fields(), _FROM),
    )


def _ending(request: Request, visit: Visit, contact: Contact) -> Step:
    action = Paths(request)("own_ending", assignment_id=contact.assignment.id)
    with visit.read() as session:
        others = colleagues(session, visit.actor, civil(visit.now))
    last = contact.assignment.role in CONTACT and not has_other_contact(others, contact.assignment.id)
    paused = (_("Ni har då ingen kontaktperson. Påminnelserna pausas och regionen får veta det."),) if last else ()
    return _step(
        request,
        visit,
        action,
        _("Avsluta uppdraget"),
        _("Avsluta uppdraget"),
        version=contact.assignment.version,
        intro=_("{person}, {role:lower}", person=contact.person.name, role=label(contact.assignment.role)),
        consequences=(_("Länkarna slutar fungera direkt."), _("Utkast som inte är skickade finns kvar hos er."), *paused),
        danger=True,
    )
