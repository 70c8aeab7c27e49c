"""Contacts: who speaks for a party, from when to when; ending one kills every link, code and session in the same transaction."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases.mail import NO_CONTACT, task_done, tell, write
from service.cases.steps import note
from service.cases.wording import line
from service.post.letters import LetterName
from service.store import history
from service.store.contacts import Contact, main_contacts
from service.store.standing import Standing, load_many
from service.store.tables import Agreement, AgreementParty, ContactAssignment, Organisation, Person
from states.access import Operation, Relation, require
from states.agreement import PROPOSED
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
    """Give a person a role for an organisation; a pause for a missing contact ends when a contact is there again."""
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
    session.add(row)
    session.flush()
    history.append(session, actor, now, "assign", assignment=str(row.id), organisation=organisation.name, role=row.role.value)
    if row.role in CONTACT:
        _welcome(session, actor, now, organisation, row)
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
    session.add(row)
    session.flush()
    history.append(
        session, actor, now, "end_contact", assignment=str(row.id), organisation=organisation.name, role=row.role.value
    )
    return pause_without_contact(session, actor, now, organisation) if row.role in CONTACT else ()


def hand_over(session: Session, actor: Actor, now: datetime, assignment_id: UUID, successor: NewContact) -> ContactAssignment:
    """Change the contact person in one step: the old one's links die, the new one gets the case with all its drafts."""
    old = _assignment(session, actor, assignment_id, None)
    new = assign(session, actor, now, old.organisation_id, old.programme_id, successor)
    end(session, actor, now, old.id)
    return new


def block(session: Session, actor: Actor, now: datetime, assignment_id: UUID, *, blocked: bool) -> ContactAssignment:
    """Shut a person out at once, or let them in again with new links."""
    row = _assignment(session, actor, assignment_id, None)
    row.blocked, row.epoch, row.version = blocked, row.epoch + 1, row.version + 1
    session.add(row)
    session.flush()
    history.append(session, actor, now, "block_contact" if blocked else "unblock_contact", assignment=str(row.id))
    return row


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


def _live_standings(session: Session, organisation: Organisation) -> list[Standing]:
    query = (
        select(Agreement.id)
        .join(AgreementParty, col(AgreementParty.agreement_id) == col(Agreement.id))
        .where(col(AgreementParty.organisation_id) == organisation.id, col(Agreement.state).in_(PROPOSED))
    )
    return list(load_many(session, session.exec(query).all()).values())


def pause_without_contact(session: Session, actor: Actor, now: datetime, organisation: Organisation) -> tuple[UUID, ...]:
    """Pause what an organisation without a contact is party to; the sweep calls it too, for assignments that simply ran out."""
    paused = []
    for standing in _live_standings(session, organisation):
        agreement = standing.agreement
        if agreement.pause == NO_CONTACT or main_contacts(session, organisation, agreement.programme_id, civil(now)):
            continue
        agreement.pause = NO_CONTACT
        note(session, actor, now, standing, "pause", reason=NO_CONTACT, party=organisation.name)
        party = next(p for p in standing.parties if p.organisation.id == organisation.id)
        tell(session, now, standing, party, LetterName.contact_missing, once=f"no-contact:{civil(now)}")
        paused.append(agreement.id)
    return tuple(paused)


def _welcome(session: Session, actor: Actor, now: datetime, organisation: Organisation, row: ContactAssignment) -> None:
    """Lift the pause and give the new contact a link to what is under way."""
    contact = Contact(row, session.get_one(Person, row.person_id))
    for standing in _live_standings(session, organisation):
        agreement = standing.agreement
        if row.programme_id not in (None, agreement.programme_id):
            continue
        task_done(session, actor, now, standing, NO_CONTACT)
        if agreement.pause == NO_CONTACT:
            agreement.pause = None
            note(session, actor, now, standing, "unpause", party=organisation.name)
        facts = {
            "kommun": organisation.name,
            "region": standing.region.organisation.name,
            "period": f"{agreement.period_from.year}–{agreement.period_to.year}",
        }
        write(session, now, standing, contact, LetterName.contact_changed, facts, key=f"contact_changed:{agreement.id}:{row.id}")
