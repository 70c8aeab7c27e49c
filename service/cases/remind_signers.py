"""Reminding the missing: the strategist asks those who have not signed once more, at most once a day each."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from service.cases.mail import counterpart, write
from service.cases.opening import slots_of
from service.cases.steps import note
from service.post.letters import LetterName
from service.store.contacts import Contact
from service.store.standing import load
from service.store.tables import ContactAssignment, Person
from states.access import Operation
from states.agreement import RULEBOOK, Event
from states.calendar import civil
from states.errors import Blocked, Reason
from states.parties import Actor
from states.slot import State


def remind_signers(session: Session, actor: Actor, now: datetime, agreement_id: UUID) -> tuple[str, ...]:
    """Write again to everybody whose signature is asked for and missing; returns their names."""
    standing = load(session, actor, Operation.open_signing, agreement_id)
    RULEBOOK.find(Event.sign, standing.agreement.state)
    asked = [s for s in slots_of(session, agreement_id) if s.state is State.requested and s.assignment_id is not None]
    if not asked:
        raise Blocked(Reason("nobody-missing", "Ingen underskrift väntar just nu."))
    names = []
    for place in asked:
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
