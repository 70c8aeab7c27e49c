"""Kontakter: who answers and signs for each party, missing contacts first; adding, handing over, ending and shutting out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.cases.contacts import NewContact, assign, block, end, hand_over
from service.pages.matrix import alphabetical
from service.pages.rendering import Paths, date_short, render, see_other
from service.pages.steps import Field, Step, carry_out, day, step_page
from service.store import people
from service.store.contacts import Contact
from service.store.tables import Organisation
from service.web import Typed, Visit, Visiting, permit
from states.access import Operation, Relation, may
from states.calendar import civil
from states.errors import FieldError, Invalid, NotFound
from states.labels import label
from states.parties import CONTACT, OrganisationKind, Role
from states.said import _

router = APIRouter(include_in_schema=False)

_ROLES = (
    (Role.main.value, _("Kontaktperson"), _("Svarar för kommunen och får alla mejl.")),
    (Role.deputy.value, _("Ersättare för kontaktpersonen"), _("Kan svara, och får mejlen när kontaktpersonen saknas.")),
    (Role.signatory.value, _("Undertecknare"), _("Får en egen länk när det är dags att skriva under.")),
    (Role.registrar.value, _("Registrator"), _("Anger diarienummer och får den undertecknade filen.")),
    (Role.reader.value, _("Läsare"), _("Kan läsa allt men inte svara.")),
)
_SAID = {
    "tillagd": _("Personen är tillagd."),
    "bytt": _("Bytet av kontaktperson är sparat."),
    "avslutat": _("Uppdraget är avslutat. Länkarna fungerar inte längre."),
    "sparrad": _("Personen är spärrad. Länkar och inloggningar slutade fungera direkt."),
    "oppnad": _("Spärren är hävd. Personen behöver en ny länk."),
}


@dataclass(frozen=True, slots=True)
class Group:
    """An organisation on the page: its people as lines, and whether somebody to answer is missing."""

    id: UUID
    name: str
    lacks: bool
    negotiates: bool
    people: tuple[dict[str, object], ...]


@router.get("/kontakter", name="contacts")
@permit(Operation.view_contacts)
def listed(request: Request, visit: Visit) -> Response:
    paths = Paths(request)
    if not visit.actor.staff:
        return see_other(request, paths("own_contacts"))
    everybody = request.query_params.get("visa") == "alla"
    with visit.read() as session:
        found = people.speakers(session, visit.actor, civil(visit.now), everybody=everybody)
    own = visit.actor.role is Role.administrator
    groups = [_group(one, paths, visit, staff=own) for one in found]
    return render(
        request,
        "contacts/contacts.html",
        groups=sorted(groups, key=lambda g: (not (g.lacks and g.negotiates), not g.lacks, alphabetical(g.name))),
        lacking=sum(g.lacks and g.negotiates for g in groups),
        views=[
            (_("Parter"), paths("contacts"), not everybody),
            (_("Alla kommuner"), f"{paths('contacts')}?visa=alla", everybody),
        ],
        may_edit=may(Operation.edit_contacts, visit.actor.role, Relation.region),
        where=visit.organisation,
        said=_SAID.get(request.query_params.get("klart", ""), ""),
        key=visit.new_key(),
    )


@router.get("/kontakter/ny/{organisation_id:uuid}", name="new_contact")
@permit(Operation.edit_contacts)
def ask_whom(request: Request, visit: Visit, organisation_id: UUID) -> Response:
    return step_page(request, visit, _addition(request, visit, organisation_id))


@router.post("/kontakter/ny/{organisation_id:uuid}")
@permit(Operation.edit_contacts)
def add(request: Request, visit: Visit, organisation_id: UUID, typed: Typed) -> Response:
    def work(session: Session) -> None:
        assign(session, visit.actor, visit.now, organisation_id, visit.actor.programme, _new(typed, _role(typed)))

    return _carry_out(request, visit, typed, _addition(request, visit, organisation_id), work, "tillagd")


@router.get("/kontakter/{assignment_id:uuid}/byte", name="contact_handover")
@permit(Operation.edit_contacts)
def ask_for_successor(request: Request, visit: Visit, assignment_id: UUID) -> Response:
    return step_page(request, visit, _handover(request, visit, assignment_id))


@router.post("/kontakter/{assignment_id:uuid}/byte")
@permit(Operation.edit_contacts)
def change(request: Request, visit: Visit, assignment_id: UUID, typed: Typed) -> Response:
    contact = _contact(visit, assignment_id)[0]

    def work(session: Session) -> None:
        hand_over(session, visit.actor, visit.now, assignment_id, _new(typed, contact.assignment.role))

    return _carry_out(request, visit, typed, _handover(request, visit, assignment_id), work, "bytt")


@router.get("/kontakter/{assignment_id:uuid}/avslut", name="contact_ending")
@permit(Operation.edit_contacts)
def ask_to_end(request: Request, visit: Visit, assignment_id: UUID) -> Response:
    return step_page(request, visit, _ending(request, visit, assignment_id))


@router.post("/kontakter/{assignment_id:uuid}/avslut")
@permit(Operation.edit_contacts)
def finish(request: Request, visit: Visit, assignment_id: UUID, typed: Typed) -> Response:
    def work(session: Session) -> None:
        end(session, visit.actor, visit.now, assignment_id, visit.version(typed))

    return _carry_out(request, visit, typed, _ending(request, visit, assignment_id), work, "avslutat")


@router.post("/kontakter/{assignment_id:uuid}/sparr", name="contact_block")
@permit(Operation.edit_contacts)
def shut(request: Request, visit: Visit, assignment_id: UUID, typed: Typed) -> Response:
    """Shut a person out at once, or let them in again."""
    blocked = typed.get("blocked") == "1"
    with visit.write() as session:
        block(session, visit.actor, visit.now, assignment_id, blocked=blocked)
    return see_other(request, f"{Paths(request)('contacts')}?klart={'sparrad' if blocked else 'oppnad'}")


def _group(one: people.Speakers, paths: Paths, visit: Visiting, *, staff: bool) -> Group:
    """The region's own staff is changed by an administrator only; signatories by anybody who may edit contacts."""
    own = one.organisation.kind is OrganisationKind.region
    lines = tuple(_line(paths, visit, c, editable=not own or staff or c.assignment.role is Role.signatory) for c in one.contacts)
    return Group(one.organisation.id, one.organisation.name, one.lacks_contact, one.negotiates, lines)


def _line(paths: Paths, visit: Visiting, contact: Contact, *, editable: bool) -> dict[str, object]:
    row, today = contact.assignment, civil(visit.now)
    dates = [
        _("Från {day}", day=date_short(row.valid_from)) if row.valid_from and row.valid_from > today else "",
        _("Till {day}", day=date_short(row.valid_to)) if row.valid_to else "",
    ]
    tone, said = ("late", _("Spärrad")) if row.blocked else ("late", _("Mejlet kom inte fram")) if row.bounced else ("", "")
    facts = (label(row.role), row.title, row.authority, contact.person.email, contact.person.phone, *dates)
    return {
        "id": row.id,
        "title": contact.person.name,
        "meta": [fact for fact in facts if fact],
        "tone": tone,
        "label": said,
        "blocked": row.blocked,
        "hand_over": paths("contact_handover", assignment_id=row.id) if editable and row.role in CONTACT else "",
        "end": paths("contact_ending", assignment_id=row.id) if editable and row.id != visit.actor.assignment else "",
    }


def _carry_out(
    request: Request, visit: Visiting, typed: Mapping[str, str], step: Step, work: Callable[[Session], None], done: str
) -> Response:
    contacts = f"{Paths(request)('contacts')}?klart={done}&visa=alla"
    return carry_out(request, visit, step, typed, work, contacts)  # somebody new may speak for no party yet


def _contact(visit: Visiting, assignment_id: UUID) -> tuple[Contact, Organisation]:
    """An assignment that the person may see; the use case judges what they may change."""
    with visit.read() as session:
        found = people.contact(session, assignment_id)
    if found is None:
        raise NotFound
    _within(visit, found[1])
    return found


def _organisation(visit: Visiting, organisation_id: UUID) -> Organisation:
    with visit.read() as session:
        found = session.get(Organisation, organisation_id)
    if found is None:
        raise NotFound
    _within(visit, found)
    return found


def _within(visit: Visiting, organisation: Organisation) -> None:
    """The region's people see every party but no other region; a party's people use their own page."""
    if not visit.actor.staff:
        raise NotFound
    if organisation.kind is OrganisationKind.region and organisation.id != visit.actor.organisation:
        raise NotFound


def _role(typed: Mapping[str, str]) -> Role:
    if typed.get("role") not in {value for value, *_ in _ROLES}:
        raise Invalid(FieldError("role", "missing", _("Välj vad personen ska göra.")))
    return Role(typed["role"])


def _new(typed: Mapping[str, str], role: Role) -> NewContact:
    return NewContact(
        name=typed.get("name", ""),
        email=typed.get("email", ""),
        role=role,
        phone=typed.get("phone", ""),
        title=typed.get("title", ""),
        authority=typed.get("authority", ""),
        valid_from=optional_day(typed, "valid_from"),
        valid_to=optional_day(typed, "valid_to"),
    )


def optional_day(typed: Mapping[str, str], name: str) -> date | None:
    """A date that may be left empty."""
    return day(typed, name) if typed.get(name, "").strip() else None


def _fields(*, signs: bool = False) -> tuple[Field, ...]:
    authority = Field(
        "authority",
        _("Rätt att skriva under"),
        optional=True,
        hint=_("Till exempel delegationsordningen punkt 4.2. Bara för undertecknare."),
    )
    return (
        Field("name", _("Namn"), autocomplete="off"),
        Field("email", _("E-postadress"), kind="email", autocomplete="off", hint=_("Till exempel namn@kommun.se")),
        Field("phone", _("Telefon"), kind="tel", optional=True, autocomplete="off"),
        Field("title", _("Titel"), optional=True, autocomplete="off"),
        *((authority,) if signs else ()),
    )


WHEN = (
    Field("valid_from", _("Första dag"), optional=True, kind="date", width="date", hint=_("Lämna tomt om uppdraget börjar nu.")),
    Field(
        "valid_to",
        _("Sista dag"),
        optional=True,
        kind="date",
        width="date",
        hint=_("Lämna tomt om uppdraget gäller tills vidare."),
    ),
)


def _addition(request: Request, visit: Visiting, organisation_id: UUID) -> Step:
    organisation = _organisation(visit, organisation_id)
    own = organisation.kind is OrganisationKind.region
    options = tuple(r for r in _ROLES if r[0] == Role.signatory) if own else _ROLES
    return Step(
        heading=_("Lägg till en person"),
        where=organisation.name,
        back=Paths(request)("contacts"),
        back_label=_("Till kontakterna"),
        action=Paths(request)("new_contact", organisation_id=organisation_id),
        button=_("Lägg till"),
        intro=_("Personen får en roll för {party}.", party=organisation.name),
        fields=(*_fields(signs=True), Field("role", _("Vad ska personen göra?"), kind="choice", options=options), *WHEN),
    )


def _handover(request: Request, visit: Visiting, assignment_id: UUID) -> Step:
    contact, organisation = _contact(visit, assignment_id)
    return Step(
        heading=_("Byt kontaktperson"),
        where=organisation.name,
        back=Paths(request)("contacts"),
        back_label=_("Till kontakterna"),
        action=Paths(request)("contact_handover", assignment_id=assignment_id),
        button=_("Byt kontaktperson"),
        intro=_(
            "{person} lämnar uppdraget för {party}. Skriv vem som tar över.", person=contact.person.name, party=organisation.name
        ),
        consequences=(
            _("Länkarna till {person} slutar fungera när den nya personen börjar.", person=contact.person.name),
            _("Den nya personen får ett mejl med en egen länk på sin första dag."),
            _("Utkast som inte är skickade finns kvar hos kommunen."),
        ),
        fields=(*_fields(), WHEN[0]),
    )


def _ending(request: Request, visit: Visiting, assignment_id: UUID) -> Step:
    contact, organisation = _contact(visit, assignment_id)
    pauses = _("Om ingen annan svarar för dem pausas påminnelserna, och ett mejl går till deras officiella adress.")
    return Step(
        heading=_("Avsluta uppdraget"),
        where=organisation.name,
        back=Paths(request)("contacts"),
        back_label=_("Till kontakterna"),
        action=Paths(request)("contact_ending", assignment_id=assignment_id),
        button=_("Avsluta uppdraget"),
        version=contact.assignment.version,
        intro=_(
            "{person}, {role:lower} för {party}.",
            person=contact.person.name,
            role=label(contact.assignment.role),
            party=organisation.name,
        ),
        consequences=(
            _("Länkar och inloggningar slutar fungera direkt."),
            *((pauses,) if contact.assignment.role in CONTACT else ()),
        ),
        danger=True,
    )
