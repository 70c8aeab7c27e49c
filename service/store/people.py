"""Who answers and signs for every organisation that a region has to do with."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.store.contacts import Contact
from service.store.standing import scope
from service.store.tables import Agreement, AgreementParty, ContactAssignment, Organisation, Person
from states.agreement import PROPOSED, State
from states.parties import CONTACT, Actor, OrganisationKind, Role

_ORDER = (Role.strategist, Role.main, Role.deputy, Role.signatory, Role.registrar, Role.administrator, Role.reader)


@dataclass(frozen=True, slots=True)
class Speakers:
    """An organisation with its people, ended ones left out; `negotiates` when an agreement of theirs is under way."""

    organisation: Organisation
    contacts: tuple[Contact, ...]
    negotiates: bool

    @property
    def lacks_contact(self) -> bool:
        """Nobody can answer for them; a region's own strategists answer for it."""
        return self.organisation.kind is not OrganisationKind.region and not any(
            c.assignment.role in CONTACT and not c.assignment.blocked for c in self.contacts
        )


def speakers(session: Session, actor: Actor, today: date, *, everybody: bool = False) -> list[Speakers]:
    """The region itself and the parties of its agreements, or every municipality too."""
    under_way = _parties(session, actor)
    wanted = [*under_way, actor.organisation]
    mine = col(Organisation.id).in_(wanted)
    condition = mine | (col(Organisation.kind) == OrganisationKind.municipality) if everybody else mine
    organisations = session.exec(select(Organisation).where(condition).order_by(col(Organisation.name))).all()
    people = _people(session, [o.id for o in organisations], today)
    return [Speakers(o, tuple(people.get(o.id, ())), under_way.get(o.id, False)) for o in organisations]


def contact(session: Session, assignment_id: UUID) -> tuple[Contact, Organisation] | None:
    """One assignment with its person and organisation."""
    query = (
        select(ContactAssignment, Person, Organisation)
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .join(Organisation, col(Organisation.id) == col(ContactAssignment.organisation_id))
        .where(col(ContactAssignment.id) == assignment_id)
    )
    found = session.exec(query).first()
    return (Contact(found[0], found[1]), found[2]) if found else None


def _parties(session: Session, actor: Actor) -> dict[UUID, bool]:
    """The parties of the region's agreements: whether something of theirs is under way."""
    query = (
        columns(col(AgreementParty.organisation_id), col(Agreement.state))
        .join(Agreement, col(Agreement.id) == col(AgreementParty.agreement_id))
        .where(scope(actor))
    )
    found: dict[UUID, bool] = {}
    for organisation, state in session.execute(query):
        found[organisation] = found.get(organisation, False) or state in (State.draft, *PROPOSED)
    return found


def _people(session: Session, organisations: list[UUID], today: date) -> dict[UUID, list[Contact]]:
    query = (
        select(ContactAssignment, Person)
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .where(
            col(ContactAssignment.organisation_id).in_(organisations),
            or_(col(ContactAssignment.valid_to).is_(None), col(ContactAssignment.valid_to) >= today),
        )
        .order_by(col(ContactAssignment.id))
    )
    found: dict[UUID, list[Contact]] = defaultdict(list)
    for assignment, person in session.exec(query):
        found[assignment.organisation_id].append(Contact(assignment, person))
    for contacts in found.values():
        contacts.sort(key=lambda c: _ORDER.index(c.assignment.role) if c.assignment.role in _ORDER else len(_ORDER))
    return found
