"""A party without a contact: its agreements rest until somebody speaks for it again, from that person's first day on."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from babel.dates import format_date
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from service.cases.mail import NO_CONTACT, task_done, tell, write
from service.cases.steps import note
from service.post.letters import LetterName
from service.store.contacts import Contact, in_force, main_contacts
from service.store.standing import Party, Standing, load_many
from service.store.tables import Agreement, AgreementParty, ContactAssignment, Organisation, Person, Task
from states.agreement import PROPOSED
from states.calendar import civil
from states.parties import CONTACT, Actor
from states.said import _

LOOKS_BACK = timedelta(days=30)
"""How long after a first day its welcome is made up for, when nothing swept in between."""


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
        announce(session, now, organisation, standing)
        paused.append(agreement.id)
    return tuple(paused)


def welcome(session: Session, actor: Actor, now: datetime, organisation: Organisation, row: ContactAssignment) -> None:
    """On a contact's first day: lift the pause and mail a link to what is under way; before it the tasks name the day."""
    begun = row.valid_from is None or row.valid_from <= civil(now)
    for standing in _live_standings(session, organisation):
        if row.programme_id not in (None, standing.agreement.programme_id):
            continue
        if begun:
            _welcome_to(session, actor, now, standing, organisation, row)
        else:
            announce(session, now, organisation, standing)


def begin(session: Session, actor: Actor, now: datetime, agreement_ids: Sequence[UUID]) -> None:
    """Welcome the contacts whose first day has come since they were named; twice is once."""
    today = civil(now)
    query = (
        select(ContactAssignment, Agreement)
        .join(AgreementParty, col(AgreementParty.organisation_id) == col(ContactAssignment.organisation_id))
        .join(Agreement, col(Agreement.id) == col(AgreementParty.agreement_id))
        .where(
            col(Agreement.id).in_(agreement_ids),
            col(Agreement.state).in_(PROPOSED),
            or_(
                col(ContactAssignment.programme_id).is_(None), col(ContactAssignment.programme_id) == col(Agreement.programme_id)
            ),
            col(ContactAssignment.role).in_(CONTACT),
            col(ContactAssignment.valid_from) > today - LOOKS_BACK,
            in_force(today),
        )
    )
    for row, agreement in session.exec(query).all():
        if row.valid_from and agreement.proposed_at and civil(agreement.proposed_at) < row.valid_from:
            organisation = session.get_one(Organisation, row.organisation_id)
            _welcome_to(session, actor, now, load_many(session, [agreement.id])[agreement.id], organisation, row)


def announce(session: Session, now: datetime, organisation: Organisation, standing: Standing) -> None:
    """Whoever is to find a new contact reads that one is coming, and from when."""
    coming = _coming(session, organisation, standing.agreement.programme_id, civil(now))
    if coming is None or coming.assignment.valid_from is None:
        return
    day = format_date(coming.assignment.valid_from, "d MMMM y", "sv")
    waiting = select(Task).where(
        col(Task.agreement_id) == standing.agreement.id, col(Task.kind) == NO_CONTACT, col(Task.done_at).is_(None)
    )
    for row in session.exec(waiting):
        row.detail, row.version = _("Ny kontakt från {day}: {person}.", day=day, person=coming.person.name), row.version + 1
        session.add(row)


def _coming(session: Session, organisation: Organisation, programme: UUID, today: date) -> Contact | None:
    """The next contact whose first day is yet to come."""
    query = (
        select(ContactAssignment, Person)
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .where(
            col(ContactAssignment.organisation_id) == organisation.id,
            col(ContactAssignment.role).in_(CONTACT),
            _within(programme),
            col(ContactAssignment.valid_from) > today,
            col(ContactAssignment.blocked).is_(False),
        )
        .order_by(col(ContactAssignment.valid_from), col(ContactAssignment.id))
    )
    found = session.exec(query).first()
    return Contact(*found) if found else None


def _within(programme: UUID | ColumnElement[UUID]) -> ColumnElement[bool]:
    """Assignments for every programme, or for this one."""
    return or_(col(ContactAssignment.programme_id).is_(None), col(ContactAssignment.programme_id) == programme)


def _live_standings(session: Session, organisation: Organisation) -> list[Standing]:
    query = (
        select(Agreement.id)
        .join(AgreementParty, col(AgreementParty.agreement_id) == col(Agreement.id))
        .where(col(AgreementParty.organisation_id) == organisation.id, col(Agreement.state).in_(PROPOSED))
    )
    return list(load_many(session, session.exec(query).all()).values())


def _welcome_to(
    session: Session, actor: Actor, now: datetime, standing: Standing, organisation: Organisation, row: ContactAssignment
) -> None:
    agreement = standing.agreement
    if not any(_vacant(session, p, agreement.programme_id, civil(now)) for p in standing.parties):
        task_done(session, actor, now, standing, NO_CONTACT)
        if agreement.pause == NO_CONTACT:
            agreement.pause = None
            note(session, actor, now, standing, "unpause", party=organisation.name)
    facts = {
        "kommun": organisation.name,
        "region": standing.region.organisation.name,
        "period": f"{agreement.period_from.year}–{agreement.period_to.year}",
    }
    contact = Contact(row, session.get_one(Person, row.person_id))
    write(session, now, standing, contact, LetterName.contact_changed, facts, key=f"contact_changed:{agreement.id}:{row.id}")


def _vacant(session: Session, party: Party, programme: UUID, today: date) -> bool:
    """The region's own strategists are nobody's to wait for."""
    return not party.is_region and not main_contacts(session, party.organisation, programme, today)
