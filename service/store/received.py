"""Mails that came in, as lists: those of an agreement, those set aside, and the agreements one can be filed on."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import Session, col, select

from service.store.standing import scope
from service.store.tables import Agreement, AgreementParty, Organisation, Programme, ReceivedFile, ReceivedMail
from states.incoming import State
from states.parties import Actor

PAGE = 50


def within(actor: Actor) -> ColumnElement[bool]:
    """Which mails a person of the region can know of: its own, and of those on agreements the ones they may see."""
    seen = exists().where(col(Agreement.id) == col(ReceivedMail.agreement_id), scope(actor))
    return (col(ReceivedMail.region_id) == actor.organisation) & or_(col(ReceivedMail.agreement_id).is_(None), seen)


def listed(session: Session, actor: Actor, state: State, before: UUID | None = None) -> list[ReceivedMail]:
    """Up to a page of mails in this state that came before the one named, newest first; one more tells that there are older."""
    query = select(ReceivedMail).where(within(actor), col(ReceivedMail.state) == state).order_by(col(ReceivedMail.id).desc())
    return list(session.exec((query if before is None else query.where(col(ReceivedMail.id) < before)).limit(PAGE + 1)).all())


def filed_on(session: Session, agreement_id: UUID) -> list[ReceivedMail]:
    """The mails on an agreement, newest first."""
    query = select(ReceivedMail).where(col(ReceivedMail.agreement_id) == agreement_id, col(ReceivedMail.state) == State.filed)
    return list(session.exec(query.order_by(col(ReceivedMail.id).desc())).all())


def files_of(session: Session, mail_id: UUID) -> Sequence[ReceivedFile]:
    """The files that came with a mail, in its order."""
    query = select(ReceivedFile).where(col(ReceivedFile.mail_id) == mail_id).order_by(col(ReceivedFile.position))
    return session.exec(query).all()


def places(session: Session, actor: Actor) -> list[tuple[UUID, str, str]]:
    """The agreements a person may file a mail on: id, the other parties' names, the programme's name."""
    query = (
        select(Agreement.id, Organisation.name, Programme.name)
        .join(AgreementParty, col(AgreementParty.agreement_id) == col(Agreement.id))
        .join(Organisation, col(Organisation.id) == col(AgreementParty.organisation_id))
        .join(Programme, col(Programme.id) == col(Agreement.programme_id))
        .where(scope(actor), col(Agreement.region_id) == actor.organisation, col(Organisation.id) != col(Agreement.region_id))
        .order_by(col(Programme.name), col(Organisation.name), col(Agreement.id))
    )
    return list(session.exec(query).all())
