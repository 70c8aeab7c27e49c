"""Summaries by mail, and the right to be spared them: what waits on one person alone still comes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from service.cases.sign_in import masked
from service.post.letters import LetterName
from service.store import history
from service.store.tables import ContactAssignment, Message, Person
from states.errors import NotFound
from states.parties import Actor
from states.tokens import unsubscribed

DIGESTS = (LetterName.reminder_several, LetterName.problem_digest)
"""Letters that gather what could be read elsewhere; no request to one person is among them."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom an address to unsubscribe is for, and whether they get summaries."""

    email: str
    gets: bool


def reader(session: Session, keys: tuple[bytes, ...], token: str) -> Reader:
    """Look only; NotFound for an address that we never wrote."""
    person = session.get_one(Person, _assignment(session, keys, token).person_id)
    return Reader(masked(person.email), person.digests_off_at is None)


def unsubscribe(session: Session, keys: tuple[bytes, ...], real_now: datetime, token: str) -> None:
    """Spare the reader of that mail all summaries; the address works for as long as the key does, and twice does no harm."""
    assignment = _assignment(session, keys, token)
    person = session.get_one(Person, assignment.person_id)
    actor = Actor(assignment.id, person.id, assignment.organisation_id, assignment.role, person.name)
    _choose(session, actor, person, real_now, wanted=False)


def choose(session: Session, actor: Actor, real_now: datetime, *, wanted: bool) -> None:
    """The person's own choice on their page."""
    _choose(session, actor, session.get_one(Person, actor.person), real_now, wanted=wanted)


def gets_digests(session: Session, actor: Actor) -> bool:
    """What the person has chosen; everybody gets them until they say no."""
    return session.get_one(Person, actor.person).digests_off_at is None


def _choose(session: Session, actor: Actor, person: Person, real_now: datetime, *, wanted: bool) -> None:
    if wanted == (person.digests_off_at is None):
        return
    person.digests_off_at = None if wanted else real_now
    session.add(person)
    history.append(session, actor, real_now, "start_digests" if wanted else "stop_digests")


def _assignment(session: Session, keys: tuple[bytes, ...], token: str) -> ContactAssignment:
    named = unsubscribed(keys, token)
    message = session.get(Message, UUID(named)) if named else None
    if message is None or message.assignment_id is None:
        raise NotFound
    return session.get_one(ContactAssignment, message.assignment_id)
