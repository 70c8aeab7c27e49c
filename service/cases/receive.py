"""A mail that came in: filed on the agreement it answers, or set aside with its reason. Nothing here is ever answered."""

from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from service.cases.deliver import bounce
from service.post.inbox import Letter
from service.store import outbox
from service.store.files import Files
from service.store.tables import Agreement, ContactAssignment, Message, Organisation, Person, ReceivedFile, ReceivedMail
from states import message as rule
from states.incoming import Reason, State, aside
from states.said import _

RECENT = timedelta(hours=1)
TASK = "mail_reply"


def receive(session: Session, files: Files, real_now: datetime, letter: Letter) -> ReceivedMail | None:
    """Keep one mail; None when its Message-ID is known, so that reading again adds nothing."""
    outbox.take_turn(session, "receive")
    if session.exec(select(ReceivedMail.id).where(col(ReceivedMail.message_id) == letter.message_id)).first():
        return None
    if letter.delivery is not None:
        return _report(session, real_now, letter)
    answered = _answered(session, letter.answers)
    reason = aside(letter.headers, own=_own(session, letter), recent=_recent(session, letter.sender, real_now))
    if reason is None and (answered is None or answered.agreement_id is None or not _known(session, answered, letter.sender)):
        reason = Reason.stranger
    if reason is not None or answered is None:
        return _kept(session, real_now, letter, reason)
    mail = _kept(session, real_now, letter, None, answered)
    _keep_files(session, files, mail, letter)
    _tell_strategist(session, real_now, mail)
    return mail


def _report(session: Session, real_now: datetime, letter: Letter) -> ReceivedMail:
    """A server's word about a mail of ours: only a final no marks the contact, and only for a mail that had left us."""
    assert letter.delivery is not None
    message = _answered(session, (letter.delivery.original_id,))
    if message is None:
        return _kept(session, real_now, letter, Reason.stranger)
    if letter.delivery.permanent and message.state is rule.State.sent:
        bounce(session, message, real_now, letter.delivery.status)
    return _kept(session, real_now, letter, Reason.bounce if letter.delivery.permanent else Reason.delayed, message)


def _answered(session: Session, ids: tuple[str, ...]) -> Message | None:
    """The nearest of our mails that these ids name."""
    found = session.exec(select(Message).where(col(Message.message_id).in_(ids[:50]))).all()
    return min(found, key=lambda m: ids.index(m.message_id), default=None)


def _known(session: Session, message: Message, sender: str) -> bool:
    """Whether the sender is the mail's recipient, or a person of the recipient's organisation."""
    if message.recipient.lower() == sender:
        return True
    organisation = select(ContactAssignment.organisation_id).where(col(ContactAssignment.id) == message.assignment_id)
    query = (
        select(Person.id)
        .join(ContactAssignment, col(ContactAssignment.person_id) == col(Person.id))
        .where(func.lower(Person.email) == sender, col(ContactAssignment.organisation_id).in_(organisation))
        .where(col(ContactAssignment.blocked).is_(False))
    )
    return session.exec(query).first() is not None


def _own(session: Session, letter: Letter) -> bool:
    return letter.message_id.endswith(f"@{outbox.MAIL_DOMAIN}>") or _answered(session, (letter.message_id,)) is not None


def _recent(session: Session, sender: str, real_now: datetime) -> int:
    query = select(func.count()).where(col(ReceivedMail.sender) == sender, col(ReceivedMail.received_at) > real_now - RECENT)
    return session.exec(query).one()


def _kept(
    session: Session, real_now: datetime, letter: Letter, reason: Reason | None, answers: Message | None = None
) -> ReceivedMail:
    assignment = session.get(ContactAssignment, answers.assignment_id) if answers and answers.assignment_id else None
    mail = ReceivedMail(
        message_id=letter.message_id,
        sender=letter.sender,
        subject=letter.subject,
        text="" if reason else letter.text.replace("\0", ""),
        received_at=real_now,
        state=State.set_aside if reason else State.filed,
        reason=reason,
        answers_id=answers.id if answers else None,
        agreement_id=answers.agreement_id if answers else None,
        organisation_id=assignment.organisation_id if assignment else None,
        assignment_id=assignment.id if assignment else None,
    )
    session.add(mail)
    session.flush()
    return mail


def _keep_files(session: Session, files: Files, mail: ReceivedMail, letter: Letter) -> None:
    for position, file in enumerate(letter.attachments):
        digest = files.put(file.data)
        session.add(
            ReceivedFile(mail_id=mail.id, position=position, name=file.name, media_type=file.media_type[:255], sha256=digest)
        )
    session.flush()


def _tell_strategist(session: Session, real_now: datetime, mail: ReceivedMail) -> None:
    sender = session.get_one(Organisation, mail.organisation_id).short_name if mail.organisation_id else mail.sender
    outbox.task(
        session,
        real_now,
        key=f"{TASK}:{mail.id}",
        kind=TASK,
        organisation_id=session.get_one(Agreement, mail.agreement_id).region_id,
        title=_("Svar per mejl från {name}").format(name=sender),
        detail=mail.subject,
        agreement_id=mail.agreement_id,
        subject_id=mail.id,
    )
