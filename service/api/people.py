"""Organisations and contacts: who the parties are and who speaks for them."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlmodel import col, or_, select

from service.api.contract import Body, Day, IfMatch, Page, Shown
from service.cases import contacts as cases
from service.store.tables import ContactAssignment, Organisation, Person
from service.web import Visit, permit
from states.access import Operation
from states.errors import NotFound
from states.parties import STAFF, OrganisationKind, Role

router = APIRouter(tags=["people"])


class OrganisationShown(Shown):
    id: UUID
    kind: OrganisationKind
    name: str
    short_name: str
    municipality_code: str | None
    org_no: str
    registry_email: str


class Organisations(Page):
    items: list[OrganisationShown]


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
    visit: Visit, kind: OrganisationKind | None = None, after: UUID | None = None, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> Organisations:
    query = select(Organisation).where(col(Organisation.kind) == kind) if kind else select(Organisation)
    query = query.where(col(Organisation.id) > after) if after else query
    with visit.read() as session:
        rows = session.exec(query.order_by(col(Organisation.id)).limit(limit + 1)).all()
    items = [OrganisationShown.model_validate(row) for row in rows[:limit]]
    more = visit.request.url.include_query_params(after=items[-1].id) if len(rows) > limit else None
    return Organisations(items=items, next=f"{more.path}?{more.query}" if more else None)


@router.get("/organisations/{organisation_id}")
@permit(Operation.view_organisations)
def get_organisation(visit: Visit, organisation_id: UUID) -> OrganisationShown:
    with visit.read() as session:
        row = session.get(Organisation, organisation_id)
    if row is None:
        raise NotFound
    return OrganisationShown.model_validate(row)


@router.get("/contacts")
@permit(Operation.view_contacts)
def list_contacts(visit: Visit, organisation: UUID | None = None) -> list[ContactShown]:
    """The contacts the caller may see: their own organisation's, for the region's staff those of all its parties."""
    query = select(ContactAssignment, Person).join(Person, col(Person.id) == col(ContactAssignment.person_id))
    if visit.actor.role not in STAFF:
        query = query.where(col(ContactAssignment.organisation_id) == visit.actor.organisation)
    else:
        others = select(Organisation.id).where(
            or_(col(Organisation.kind) != OrganisationKind.region, col(Organisation.id) == visit.actor.organisation)
        )
        query = query.where(col(ContactAssignment.organisation_id).in_(others))
    query = query.where(col(ContactAssignment.organisation_id) == organisation) if organisation else query
    with visit.read() as session:
        return [_shown(row, person) for row, person in session.exec(query.order_by(col(ContactAssignment.id)))]


@router.post("/contacts", status_code=201)
@permit(Operation.edit_contacts)
def assign(visit: Visit, body: Assignment) -> ContactShown:
    with visit.write() as session:
        row = cases.assign(session, visit.actor, visit.now, body.organisation, body.programme, body.contact())
        return _shown(row, session.get_one(Person, row.person_id))


@router.post("/contacts/{contact_id}/ending")
@permit(Operation.edit_contacts)
def end(visit: Visit, contact_id: UUID, version: IfMatch) -> Effects:
    with visit.write() as session:
        return Effects(paused=list(cases.end(session, visit.actor, visit.now, contact_id, version)))


@router.post("/contacts/{contact_id}/handover", status_code=201)
@permit(Operation.edit_contacts)
def hand_over(visit: Visit, contact_id: UUID, body: ContactBody) -> ContactShown:
    with visit.write() as session:
        row = cases.hand_over(session, visit.actor, visit.now, contact_id, body.contact())
        return _shown(row, session.get_one(Person, row.person_id))


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
