"""Organisations and contacts: who the parties are and who speaks for them."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlmodel import Session, col, or_, select

from service.api.contract import Body, Day, IfMatch, IfMatchHash, Shown, digest, made, once, tagged
from service.api.listing import After, Asked, Page
from service.api.route import Route
from service.cases import contacts as cases
from service.cases import organisations
from service.store.tables import ContactAssignment, Organisation, Person
from service.web import Visit, Visiting, permit
from states.access import Operation
from states.errors import NotFound, Stale
from states.parties import OrganisationKind, Role

router = APIRouter(tags=["people"], route_class=Route)

Code = Annotated[str | None, Query(pattern="^[0-9]{4}$")]


class OrganisationShown(Shown):
    id: UUID
    kind: OrganisationKind
    name: str
    short_name: str
    municipality_code: str | None
    org_no: str
    registry_email: str
    case_prefix: str


class OrganisationBody(Body):
    """An organisation as it is written in documents; a municipality needs its code, a region the prefix of its case numbers."""

    kind: OrganisationKind
    name: str
    short_name: str = ""
    municipality_code: str = ""
    org_no: str = ""
    registry_email: str = ""
    case_prefix: str = ""


class OrganisationChange(Body):
    """What is left out stays as it is."""

    name: str | None = None
    short_name: str | None = None
    municipality_code: str | None = None
    org_no: str | None = None
    registry_email: str | None = None
    case_prefix: str | None = None


class ContactShown(Shown):
    id: UUID
    organisation: UUID
    programme: UUID | None
    role: Role
    name: str
    email: str
    phone: str
    title: str
    authority: str
    valid_from: date | None
    valid_to: date | None
    bounced: bool
    version: int


class ContactBody(Body):
    name: str
    email: str
    role: Role
    phone: str = ""
    title: str = ""
    authority: str = ""
    valid_from: Day | None = None
    valid_to: Day | None = None

    def contact(self) -> cases.NewContact:
        return cases.NewContact(**self.model_dump(include=set(ContactBody.model_fields)))


class Assignment(ContactBody):
    organisation: UUID
    programme: UUID | None = None


class Effects(Shown):
    """What ending an assignment did: its links are dead, these agreements rest until there is a contact again."""

    paused: list[UUID]


@router.get("/organisations")
@permit(Operation.view_organisations)
def list_organisations(
    visit: Visit, cut: Asked, kind: OrganisationKind | None = None, code: Code = None, after: After = None
) -> Page[OrganisationShown]:
    """Regions, municipalities and other parties; `code` finds the municipality with this code."""
    query = select(Organisation).where(col(Organisation.kind) == kind) if kind else select(Organisation)
    query = query.where(col(Organisation.municipality_code) == code) if code else query
    with visit.read() as session:
        return cut.growing(session, query, col(Organisation.id), OrganisationShown.model_validate, after=after)


@router.post("/organisations", response_model=OrganisationShown, status_code=201)
@permit(Operation.edit_organisations)
def add_organisation(visit: Visit, body: OrganisationBody) -> Response:
    """Add a party; 409 `code-taken` or `name-taken` when there is one already."""
    new = organisations.NewOrganisation(**body.model_dump())

    def act(session: Session) -> Response:
        return _organisation(visit, organisations.add_organisation(session, visit.actor, visit.now, new), 201)

    return once(visit, body, act, required=False)


@router.get("/organisations/{organisation_id}", response_model=OrganisationShown)
@permit(Operation.view_organisations)
def get_organisation(visit: Visit, organisation_id: UUID) -> Response:
    with visit.read() as session:
        row = session.get(Organisation, organisation_id)
        if row is None:
            raise NotFound
        return _organisation(visit, row)


@router.patch("/organisations/{organisation_id}", response_model=OrganisationShown)
@permit(Operation.edit_organisations)
def change_organisation(visit: Visit, organisation_id: UUID, body: OrganisationChange, seen: IfMatchHash) -> Response:
    """Correct what stands about a party; texts that are agreed keep the name they were agreed under."""
    with visit.write() as session:
        row = session.get(Organisation, organisation_id, with_for_update=True)
        if row is None:
            raise NotFound
        stands = OrganisationShown.model_validate(row).model_dump(include=set(OrganisationBody.model_fields))
        said = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
        if seen != digest(OrganisationShown.model_validate(row)):
            raise Stale
        stands["municipality_code"] = stands["municipality_code"] or ""
        new = organisations.NewOrganisation(**{**stands, **said})
        organisations.change_organisation(session, visit.actor, visit.now, row, new)
        return _organisation(visit, row)


@router.get("/contacts")
@permit(Operation.view_contacts)
def list_contacts(visit: Visit, cut: Asked, organisation: UUID | None = None, after: After = None) -> Page[ContactShown]:
    """The contacts the caller may see: their own organisation's, for the region's staff those of all its parties."""
    query = select(ContactAssignment, Person).join(Person, col(Person.id) == col(ContactAssignment.person_id))
    if not visit.actor.staff:
        query = query.where(col(ContactAssignment.organisation_id) == visit.actor.organisation)
    else:
        others = select(Organisation.id).where(
            or_(col(Organisation.kind) != OrganisationKind.region, col(Organisation.id) == visit.actor.organisation)
        )
        query = query.where(col(ContactAssignment.organisation_id).in_(others))
    query = query.where(col(ContactAssignment.organisation_id) == organisation) if organisation else query
    with visit.read() as session:
        return cut.growing(session, query, col(ContactAssignment.id), lambda row: _shown(*row), after=after)


@router.post("/contacts", response_model=ContactShown, status_code=201)
@permit(Operation.edit_contacts)
def assign(visit: Visit, body: Assignment) -> Response:
    """Give a person a role for an organisation."""

    def act(session: Session) -> Response:
        row = cases.assign(session, visit.actor, visit.now, body.organisation, body.programme, body.contact())
        return made(_shown(row, session.get_one(Person, row.person_id)), 201)

    return once(visit, body, act)


@router.post("/contacts/{contact_id}/ending", response_model=Effects)
@permit(Operation.edit_contacts)
def end(visit: Visit, contact_id: UUID, version: IfMatch) -> Response:
    """End it today: links, codes and sessions die at once. If-Match is the `version` that the list shows."""

    def act(session: Session) -> Response:
        return made(Effects(paused=list(cases.end(session, visit.actor, visit.now, contact_id, version))))

    return once(visit, None, act, required=False)


@router.post("/contacts/{contact_id}/handover", response_model=ContactShown, status_code=201)
@permit(Operation.edit_contacts)
def hand_over(visit: Visit, contact_id: UUID, body: ContactBody) -> Response:
    """End it and give a successor the same role."""

    def act(session: Session) -> Response:
        row = cases.hand_over(session, visit.actor, visit.now, contact_id, body.contact())
        return made(_shown(row, session.get_one(Person, row.person_id)), 201)

    return once(visit, body, act)


def _organisation(visit: Visiting, row: Organisation, status: int = 200) -> Response:
    """An organisation has no version of its own: its ETag is the hash of what is shown."""
    said = OrganisationShown.model_validate(row)
    return tagged(visit.request, said, digest(said), status)


def _shown(row: ContactAssignment, person: Person) -> ContactShown:
    return ContactShown(
        id=row.id,
        organisation=row.organisation_id,
        programme=row.programme_id,
        role=row.role,
        name=person.name,
        email=person.email,
        phone=person.phone,
        title=row.title,
        authority=row.authority,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        bounced=row.bounced,
        version=row.version,
    )
