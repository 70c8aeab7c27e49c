"""The mails that came in, as a strategist keeps them: reading one and its files, and filing by hand what was set aside."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases.documents import File
from service.cases.mail import task_about_done
from service.cases.receive import READ
from service.store import history
from service.store.files import Files
from service.store.received import places, within
from service.store.standing import Standing, relation, view
from service.store.tables import ReceivedFile, ReceivedMail
from states.access import Operation, Relation, require
from states.errors import FieldError, Invalid, NotAllowed, NotFound, Stale
from states.incoming import State
from states.parties import Actor
from states.said import _

ANY_KIND = "application/octet-stream"
"""What a stranger calls a file is not believed: it is handed out as bytes under its name."""


def agreement_for(session: Session, actor: Actor, agreement_id: UUID) -> Standing:
    """An agreement whose mails the person may read."""
    standing = view(session, actor, agreement_id)
    require(Operation.view_messages, actor.role, relation(actor, standing.agreement))
    return standing


def mail_for(session: Session, actor: Actor, operation: Operation, mail_id: UUID) -> ReceivedMail:
    """A mail of the person's region; NotFound for anybody else's."""
    require(operation, actor.role, Relation.region)
    mail = session.exec(select(ReceivedMail).where(col(ReceivedMail.id) == mail_id, within(actor))).first()
    if mail is None:
        raise NotFound
    return mail


def file_for(session: Session, files: Files, actor: Actor, mail_id: UUID, file_id: UUID) -> File:
    """A file that came with a mail the person may read."""
    mail = mail_for(session, actor, Operation.view_messages, mail_id)
    row = session.get(ReceivedFile, file_id)
    if row is None or row.mail_id != mail.id:
        raise NotFound
    return File(row.name, ANY_KIND, files.get(row.sha256))


def may_be_filed(mail: ReceivedMail) -> bool:
    """Whether it was set aside with its text."""
    return mail.state is State.set_aside and mail.reason in READ


def file_by_hand(session: Session, actor: Actor, now: datetime, mail_id: UUID, said: str, version: int | None) -> ReceivedMail:
    """Put a mail that was set aside on the agreement it is about, `said` as it was chosen; the reason stays to be read."""
    mail = mail_for(session, actor, Operation.edit_messages, mail_id)
    session.refresh(mail, with_for_update=True)
    chosen = next((id_ for id_, *_names in places(session, actor) if str(id_) == said), None)
    if chosen is None:
        raise Invalid(FieldError("agreement", "missing", _("Välj vilken överenskommelse mejlet hör till.")))
    if version is not None and mail.version != version:
        raise Stale
    if not may_be_filed(mail):
        raise NotAllowed("file_mail", mail.state)
    mail.state, mail.agreement_id, mail.version = State.filed, chosen, mail.version + 1
    session.add(mail)
    history.append(session, actor, now, "file_mail", agreement=chosen, mail=str(mail.id))
    task_about_done(session, actor, now, mail.id)
    return mail
