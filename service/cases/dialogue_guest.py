"""The colleague who comes in somebody's place: an assignment that opens one round, and ends when they come no longer."""

from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from service.store import history
from service.store.tables import ContactAssignment, DialogueRound, Invitation, Person, Substitution
from states.calendar import civil
from states.parties import Actor, Role

_READS_FOR = timedelta(days=180)
"""How long after the meeting a guest's link leads to its notes."""


def let_in(
    session: Session, actor: Actor, now: datetime, row: DialogueRound, invitation: Invitation, until: date
) -> ContactAssignment:
    """Give the named colleague a link of their own, or let them keep the one they have; `until` is the day of the meeting."""
    standing = guest_of(session, invitation)
    person = _person(session, invitation.substitute_name, invitation.substitute_email)
    if standing is not None and standing.person_id == person.id:
        return standing
    let_go(session, actor, now, invitation)
    guest = ContactAssignment(
        person_id=person.id,
        organisation_id=invitation.organisation_id,
        programme_id=row.programme_id,
        role=Role.guest,
        valid_to=until + _READS_FOR,
    )
    session.add(guest)
    session.flush()
    session.add(Substitution(invitation_id=invitation.id, assignment_id=guest.id))
    session.flush()
    history.append(session, actor, now, "dialogue_guest", round=str(row.id), title=row.title, assignment=str(guest.id))
    return guest


def let_go(session: Session, actor: Actor, now: datetime, invitation: Invitation) -> None:
    """The link, every code and session of the colleague who would have come die."""
    guest = guest_of(session, invitation)
    if guest is None:
        return
    session.delete(session.get_one(Substitution, invitation.id))
    guest.valid_to = civil(now) - timedelta(days=1)
    guest.epoch, guest.version = guest.epoch + 1, guest.version + 1
    session.add(guest)
    session.flush()
    history.append(session, actor, now, "dialogue_guest_off", assignment=str(guest.id))


def guest_of(session: Session, invitation: Invitation) -> ContactAssignment | None:
    """The assignment of whoever comes instead."""
    query = select(ContactAssignment).join(Substitution, col(Substitution.assignment_id) == col(ContactAssignment.id))
    return session.exec(query.where(col(Substitution.invitation_id) == invitation.id)).first()


def _person(session: Session, name: str, email: str) -> Person:
    """The person with that address, or a new one; a name that is typed differently does not change who they are."""
    found = session.exec(select(Person).where(col(Person.email) == email)).first()
    if found is None:
        found = Person(name=name, email=email)
        session.add(found)
        session.flush()
    return found
