"""Contacts: who speaks for a party, from when to when; ending one kills every link, code and session in the same transaction."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases.vacancy import pause_without_contact, welcome
from service.cases.wording import line
from service.store import history
from service.store.looks import look_again
from service.store.tables import ContactAssignment, Organisation, Person
from states.access import Operation, Relation, require
from states.calendar import civil
from states.errors import FieldError, Invalid, NotAllowed, NotFound, NotYours, Stale
from states.parties import CONTACT, Actor, OrganisationKind, Role

_ASSIGNABLE_BY_PARTY = CONTACT | {Role.signatory, Role.registrar, Role.reader}


@dataclass(frozen=True, slots=True)
class NewContact:
    """A person and what they are to do for the organisation."""

    name: str
    email: str
    role: Role
    phone: str = ""
    title: str = ""
    authority: str = ""
    valid_from: date | None = None
    valid_to: date | None = None


def assign(
    session: Session, actor: Actor, now: datetime, organisation_id: UUID, programme_id: UUID | None, contact: NewContact
) -> ContactAssignment:
    """Give a person a role for an organisation; a pause for a missing contact ends on the first day of a new one."""
    organisation = _organisation(session, actor, organisation_id)
    _check_role(actor, organisation, contact.role)
    _check_days(contact, civil(now))
    row = ContactAssignment(
        person_id=_person(session, contact).id,
        organisation_id=organisation.id,
        programme_id=programme_id,
        role=contact.role,
        title=line(contact.title, "title"),
        authority=line(contact.authority, "authority"),
        valid_from=contact.valid_from,
        valid_to=contact.valid_to,
    )
    _changed(session, actor, now, row, "assign", organisation=organisation.name, role=row.role.value)
    if row.role in CONTACT:
        welcome(session, actor, now, organisation, row)
    return row


def end(session: Session, actor: Actor, now: datetime, assignment_id: UUID, version: int | None = None) -> tuple[UUID, ...]:
    """End an assignment today: links, codes and sessions die, drafts stay with the party; returns the agreements paused by it."""
    row = _assignment(session, actor, assignment_id, version)
    organisation = session.get_one(Organisation, row.organisation_id)
    today = civil(now)
    if row.valid_to is not None and row.valid_to < today:
        raise NotAllowed("end_contact", "ended")
    row.valid_to = today - timedelta(days=1)
    row.epoch, row.version = row.epoch + 1, row.version + 1
    _changed(session, actor, now, row, "end_contact", organisation=organisation.name, role=row.role.value)
    return pause_without_contact(session, actor, now, organisation) if row.role in CONTACT else ()


def hand_over(session: Session, actor: Actor, now: datetime, assignment_id: UUID, successor: NewContact) -> ContactAssignment:
    """Change the contact person in one step: the new one gets the case with all its drafts, the old one's links die that day."""
    old = _assignment(session, actor, assignment_id, None)
    new = assign(session, actor, now, old.organisation_id, old.programme_id, successor)
    if new.valid_from is not None and new.valid_from > civil(now):
        _stay_until(session, actor, now, old, new.valid_from)
    else:
        end(session, actor, now, old.id)
    return new


def _stay_until(session: Session, actor: Actor, now: datetime, old: ContactAssignment, day: date) -> None:
    """The one before speaks for the party until the new one's first day, unless their own time is up sooner."""
    if old.valid_to is not None and old.valid_to < day:
        return
    old.valid_to, old.version = day - timedelta(days=1), old.version + 1
    _changed(session, actor, now, old, "end_contact", last_day=str(old.valid_to), role=old.role.value)


def confirm(session: Session, actor: Actor, now: datetime, assignment_id: UUID) -> ContactAssignment:
    """Say that an assignment is right: after an election nobody has to ask about it again."""
    row = _assignment(session, actor, assignment_id, None)
    row.confirmed_on, row.version = civil(now), row.version + 1
    _changed(session, actor, now, row, "confirm_contact")
    return row


def block(session: Session, actor: Actor, now: datetime, assignment_id: UUID, *, blocked: bool) -> ContactAssignment:
    """Shut a person out at once, or let them in again with new links."""
    row = _assignment(session, actor, assignment_id, None)
    row.blocked, row.epoch, row.version = blocked, row.epoch + 1, row.version + 1
    _changed(session, actor, now, row, "block_contact" if blocked else "unblock_contact")
    return row


def _changed(session: Session, actor: Actor, now: datetime, row: ContactAssignment, kind: str, **payload: Any) -> None:
    """What every change of an assignment brings: its history row, and a new look at whom the party's reminders go to."""
    session.add(row)
    session.flush()
    look_again(session, organisation=row.organisation_id)
    history.append(session, actor, now, kind, assignment=str(row.id), **payload)


def _organisation(session: Session, actor: Actor, organisation_id: UUID) -> Organisation:
    """An organisation whose contacts the person may change: their own, or any that has to do with their region."""
    organisation = session.get(Organisation, organisation_id)
    if organisation is None:
        raise NotFound
    if actor.role is Role.flow:
        return organisation
    own = session.get(Organisation, actor.organisation) if actor.organisation else None
    if own is not None and own.kind is OrganisationKind.region:
        require(Operation.edit_contacts, actor.role, Relation.region)
        if organisation.kind is OrganisationKind.region and organisation.id != own.id:
            raise NotFound
        return organisation
    if organisation_id != actor.organisation:
        raise NotFound
    require(Operation.edit_contacts, actor.role, Relation.party)
    return organisation


def _check_role(actor: Actor, organisation: Organisation, role: Role) -> None:
    """A party names its own people; the region's staff need an account, which an administrator or the command line makes."""
    staff = organisation.kind is OrganisationKind.region and role is not Role.signatory
    if staff and actor.role not in (Role.administrator, Role.flow):
        raise NotYours
    if not staff and role not in _ASSIGNABLE_BY_PARTY:
        raise Invalid(FieldError("role", "unknown-role", "Välj en av rollerna i listan."))


def _check_days(contact: NewContact, today: date) -> None:
    """An assignment that is over before it begins, or has ended already, is a slip of the pen."""
    if contact.valid_to is None:
        return
    if contact.valid_from is not None and contact.valid_to < contact.valid_from:
        raise Invalid(FieldError("valid_to", "before-start", "Sista dagen ligger före första dagen."))
    if contact.valid_to < today:
        raise Invalid(FieldError("valid_to", "past", "Sista dagen har redan passerat."))


def _person(session: Session, contact: NewContact) -> Person:
    """The person with that address, or a new one; a name that is typed differently does not change who they are."""
    email = line(contact.email, "email", missing="Skriv personens e-postadress.").lower()
    if "@" not in email or " " in email:
        raise Invalid(FieldError("email", "not-an-address", "Skriv en hel e-postadress, till exempel namn@kommun.se."))
    name = line(contact.name, "name", missing="Skriv personens namn.")
    person = session.exec(select(Person).where(col(Person.email) == email)).first()
    if person is None:
        person = Person(name=name, email=email, phone=line(contact.phone, "phone"))
        session.add(person)
        session.flush()
    return person


def _assignment(session: Session, actor: Actor, assignment_id: UUID, version: int | None) -> ContactAssignment:
    row = session.get(ContactAssignment, assignment_id, with_for_update=True)
    if row is None:
        raise NotFound
    _organisation(session, actor, row.organisation_id)
    if version is not None and row.version != version:
        raise Stale
    return row
