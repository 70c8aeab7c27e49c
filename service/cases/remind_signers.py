"""Reminding the missing: the strategist asks those who have not signed once more, at most once a day each."""

from datetime import datetime, time
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases.mail import counterpart, write
from service.cases.opening import slots_of
from service.cases.reminder_letters import REMINDERS
from service.cases.steps import note
from service.post.letters import LetterName
from service.store.contacts import Contact
from service.store.standing import load
from service.store.tables import ContactAssignment, Message, Person
from states.access import Operation
from states.agreement import RULEBOOK, Event
from states.calendar import at, civil
from states.errors import Blocked, Reason
from states.parties import Actor
from states.slot import State


def remind_signers(session: Session, actor: Actor, now: datetime, agreement_id: UUID) -> tuple[str, ...]:
    """Write again to everybody whose signature is asked for and missing; returns their names. One reminder a day is enough."""
    standing = load(session, actor, Operation.open_signing, agreement_id)
    RULEBOOK.find(Event.sign, standing.agreement.state)
    asked = [s for s in slots_of(session, agreement_id) if s.state is State.requested and s.assignment_id is not None]
    if not asked:
        raise Blocked(Reason("nobody-missing", "Ingen underskrift väntar just nu."))
    reminded = _reminded_today(session, now, agreement_id)
    names = []
    for place in (place for place in asked if place.assignment_id not in reminded):
        assignment = session.get_one(ContactAssignment, place.assignment_id)
        person = session.get_one(Person, assignment.person_id)
        party = standing.party(place.party_id)
        facts = {"part": party.organisation.name, "motpart": counterpart(standing, party), "titel": place.title}
        key = f"reminder_signature:{place.id}:by-hand:{assignment.id}:{civil(now)}"
        path = f"/overenskommelser/{agreement_id}/beslut"
        write(session, now, standing, Contact(assignment, person), LetterName.reminder_signature, facts, key=key, link_path=path)
        names.append(person.name)
    note(session, actor, now, standing, "remind_signers", titles=[place.title for place in asked])
    return tuple(names)


def _reminded_today(session: Session, now: datetime, agreement_id: UUID) -> set[UUID | None]:
    """Who has been reminded in the agreement today, by the sweep or by hand."""
    query = select(Message.assignment_id).where(
        col(Message.agreement_id) == agreement_id,
        col(Message.purpose).in_([name.value for name in REMINDERS]),
        col(Message.written_at) >= at(civil(now), time()),
    )
    return set(session.exec(query).all())
