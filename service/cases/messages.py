"""The outbox as a strategist keeps it: holding a message back, letting it go, sending one that failed again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import Session, col, select

from service.store import dialogue, history, outbox
from service.store.standing import scope
from service.store.tables import Agreement, AgreementParty, ContactAssignment, DialogueRound, Message, RoundMessage
from states.access import Operation, Relation, require
from states.errors import NotFound, Stale
from states.parties import Actor


def within(actor: Actor) -> ColumnElement[bool]:
    """Which messages a person of the region can know of: about its agreements or rounds, to its own people or its parties'."""
    about = exists().where(col(Agreement.id) == col(Message.agreement_id), scope(actor))
    round_ = exists().where(
        col(RoundMessage.message_id) == col(Message.id),
        col(DialogueRound.id) == col(RoundMessage.round_id),
        dialogue.scope(actor),
    )
    own = col(ContactAssignment.organisation_id) == actor.organisation
    party = exists().where(
        col(AgreementParty.organisation_id) == col(ContactAssignment.organisation_id),
        col(Agreement.id) == col(AgreementParty.agreement_id),
        scope(actor),
    )
    to = exists().where(col(ContactAssignment.id) == col(Message.assignment_id), or_(own, party))
    return or_(about, round_, col(Message.agreement_id).is_(None) & to)


def message_for(session: Session, actor: Actor, operation: Operation, message_id: UUID) -> Message:
    """A message of the person's region; NotFound for anybody else's."""
    require(operation, actor.role, Relation.region)
    message = session.exec(select(Message).where(col(Message.id) == message_id, within(actor))).first()
    if message is None:
        raise NotFound
    return message


def keep(session: Session, actor: Actor, now: datetime, message_id: UUID, *, held: bool, version: int | None = None) -> Message:
    """Hold a queued message back, or let a held one go at its time."""
    message = _changing(session, actor, message_id, version)
    (outbox.hold if held else outbox.release)(session, message)
    _note(session, actor, now, message, "hold_message" if held else "release_message")
    return message


def send_again(
    session: Session, actor: Actor, now: datetime, real_now: datetime, message_id: UUID, *, version: int | None = None
) -> Message:
    """Try a message that failed or bounced once more: the same mail under the same number."""
    message = _changing(session, actor, message_id, version)
    outbox.resend(session, message, real_now)
    _note(session, actor, now, message, "resend_message")
    return message


def _changing(session: Session, actor: Actor, message_id: UUID, version: int | None) -> Message:
    message = message_for(session, actor, Operation.edit_messages, message_id)
    session.refresh(message, with_for_update=True)
    if version is not None and message.version != version:
        raise Stale
    return message


def _note(session: Session, actor: Actor, now: datetime, message: Message, kind: str) -> None:
    history.append(session, actor, now, kind, agreement=message.agreement_id, message=str(message.id), purpose=message.purpose)
