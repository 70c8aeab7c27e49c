"""Who speaks for an organisation today: assignments that are in force, with their people."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from service.store.tables import ContactAssignment, Organisation, Person
from states.parties import CONTACT, STRATEGIST, Role


@dataclass(slots=True)
class Contact:
    """An assignment with its person."""

    assignment: ContactAssignment
    person: Person


def in_force(today: date) -> ColumnElement[bool]:
    """The condition that an assignment counts on a day."""
    begun = or_(col(ContactAssignment.valid_from).is_(None), col(ContactAssignment.valid_from) <= today)
    return and_(begun, not_over(today))


def not_over(today: date) -> ColumnElement[bool]:
    """The condition that an assignment counts on a day or is yet to begin."""
    open_ended = or_(col(ContactAssignment.valid_to).is_(None), col(ContactAssignment.valid_to) >= today)
    return and_(open_ended, col(ContactAssignment.blocked).is_(False))


def contacts(session: Session, organisation: UUID, programme: UUID | None, today: date, roles: Iterable[Role]) -> list[Contact]:
    """Everybody with one of these roles for the organisation, main contacts first, then in the order they were added."""
    query = (
        select(ContactAssignment, Person)
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .where(
            col(ContactAssignment.organisation_id) == organisation,
            col(ContactAssignment.role).in_(list(roles)),
            or_(col(ContactAssignment.programme_id).is_(None), col(ContactAssignment.programme_id) == programme),
            in_force(today),
        )
        .order_by(col(ContactAssignment.id))
    )
    found = [Contact(a, p) for a, p in session.exec(query)]
    return sorted(found, key=lambda c: c.assignment.role is Role.deputy)


def main_contacts(session: Session, organisation: Organisation, programme: UUID, today: date) -> list[Contact]:
    """Whom to write to: a region's strategists; of another party its main contacts, or its deputies where there is none."""
    if organisation.case_prefix:
        return contacts(session, organisation.id, programme, today, STRATEGIST)
    found = contacts(session, organisation.id, programme, today, CONTACT)
    return [c for c in found if c.assignment.role is Role.main] or found
