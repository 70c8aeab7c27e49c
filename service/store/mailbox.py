"""The outbox as a list: messages by where they stand, a page at a time, the newest first; reminders that were never written."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.store import dialogue
from service.store.standing import scope
from service.store.tables import Agreement, ContactAssignment, DialogueRound, Invitation, Message, Organisation, Person, Reminder
from states.message import State
from states.parties import Actor

PAGE = 50


def listed(session: Session, within: ColumnElement[bool], states: Sequence[State], before: UUID | None) -> list[Message]:
    """Up to a page of messages in these states, written before the one named; one more tells that there are older ones."""
    query = select(Message).where(within, col(Message.state).in_(states)).order_by(col(Message.id).desc()).limit(PAGE + 1)
    return list(session.exec(query if before is None else query.where(col(Message.id) < before)).all())


def counts(session: Session, within: ColumnElement[bool]) -> dict[State, int]:
    """How many messages stand in each state."""
    query = columns(col(Message.state), func.count()).where(within).group_by(col(Message.state))
    return dict(session.execute(query).tuples().all())


def unwritten(session: Session, actor: Actor) -> list[tuple[Reminder, str, str]]:
    """The newest reminders within the person's scope that never became a message: each with its organisation and its reader."""
    query = (
        select(Reminder, Organisation.name, Person.name)
        .outerjoin(Agreement, col(Agreement.id) == col(Reminder.agreement_id))
        .outerjoin(Invitation, col(Invitation.id) == col(Reminder.subject_id))
        .outerjoin(DialogueRound, col(DialogueRound.id) == col(Invitation.round_id))
        .outerjoin(ContactAssignment, col(ContactAssignment.id) == col(Reminder.assignment_id))
        .outerjoin(Organisation, col(Organisation.id) == col(ContactAssignment.organisation_id))
        .outerjoin(Person, col(Person.id) == col(ContactAssignment.person_id))
        .where(or_(scope(actor), dialogue.scope(actor)), col(Reminder.message_id).is_(None))
        .order_by(col(Reminder.at).desc(), col(Reminder.key))
        .limit(PAGE)
    )
    return [(row, organisation or "", name or "") for row, organisation, name in session.exec(query)]
