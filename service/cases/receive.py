"""A mail that came in: filed on the agreement it answers, or set aside with its reason. Nothing here is ever answered."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from service.cases.deliver import bounce
from service.post.inbox import Letter
from service.post.letters import LINK, shown
from service.store import history, outbox
from service.store.files import Files
from service.store.regions import only_region, region_of, region_with
from service.store.tables import ContactAssignment, Message, Organisation, Person, ReceivedFile, ReceivedMail
from states import message as rule
from states.incoming import Reason, State, aside
from states.parties import FLOW
from states.said import _

RECENT = timedelta(hours=1)
TASK = "mail_reply"

READ = (None, Reason.unmatched, Reason.stranger, Reason.automatic)
"""Of these the text and the files are kept: somebody may want to read them. The others are our own words, or too many."""

_QUOTED_LINK = re.compile(r"https?://[^\s<>\"']+/(?:k|avanmal)/[\w-]{20,}")
"""What we mailed comes back quoted; a link that opens something must lie in no row."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What a mail is about as far as its references and its sender tell; `organisation` is None for a stranger."""

    answers: Message | None = None
    organisation: UUID | None = None
    assignment: UUID | None = None
    region: UUID | None = None


def receive(session: Session, files: Files, real_now: datetime, letter: Letter) -> ReceivedMail | None:
    """Keep one mail; None when its Message-ID is known, so that reading again adds nothing.

    1. A server's report about a mail of ours marks its contact when it is final.
    2. What a machine wrote, what we wrote ourselves and what comes too often is set aside, unread by anybody.
    3. A known person's answer to a mail about an agreement is filed there; any other mail of theirs is set aside with a task.
    4. What is left is a stranger's.
    """
    outbox.take_turn(session, "receive")
    if session.exec(select(ReceivedMail.id).where(col(ReceivedMail.message_id) == letter.message_id)).first():
        return None
    if letter.delivery is not None:
        return _report(session, real_now, letter)
    place = _place(session, letter)
    reason = aside(letter.headers, own=_own(session, letter), recent=_recent(session, letter.sender, real_now)) or _unfiled(place)
    mail = _kept(session, real_now, letter, reason, place)
    if reason in READ:
        _keep_files(session, files, mail, letter)
    if reason is None:
        history.append(session, FLOW, real_now, "receive_mail", agreement=mail.agreement_id, mail=str(mail.id))
    if reason in (None, Reason.unmatched):
        _tell_strategist(session, real_now, mail)
    return mail


def _report(session: Session, real_now: datetime, letter: Letter) -> ReceivedMail:
    """A server's word about a mail of ours: only a final no marks the contact, and only for a mail that had left us."""
    assert letter.delivery is not None
    message = _answered(session, (letter.delivery.original_id,))
    if message is None:
        return _kept(session, real_now, letter, Reason.stranger, _Place(region=only_region(session)))
    if letter.delivery.permanent and message.state is rule.State.sent:
        bounce(session, message, real_now, letter.delivery.status)
    reason = Reason.bounce if letter.delivery.permanent else Reason.delayed
    return _kept(session, real_now, letter, reason, _Place(message, region=region_of(session, message)))


def _place(session: Session, letter: Letter) -> _Place:
    """A mail of ours counts as answered when it went to the sender or to somebody of the sender's organisation."""
    speaks_for, answers = _speaks_for(session, letter.sender), _answered(session, letter.answers)
    region = region_of(session, answers) if answers else None
    reached = _went_to(session, answers) if answers else None
    if reached is not None and reached in speaks_for:
        return _Place(answers, reached, speaks_for[reached], region or only_region(session))
    organisation = next(iter(speaks_for), None)
    region = region or (region_with(session, organisation) if organisation else None) or only_region(session)
    return _Place(None, organisation, speaks_for[organisation] if organisation else None, region)


def _unfiled(place: _Place) -> Reason | None:
    if place.organisation is None:
        return Reason.stranger
    return None if place.answers and place.answers.agreement_id else Reason.unmatched


def _answered(session: Session, ids: Sequence[str]) -> Message | None:
    """The nearest of our mails that these ids name."""
    found = session.exec(select(Message).where(col(Message.message_id).in_(ids[:50]))).all()
    return min(found, key=lambda m: ids.index(m.message_id), default=None)


def _speaks_for(session: Session, address: str) -> dict[UUID, UUID | None]:
    """The organisations an address belongs to, the newest first, each with the assignment of its person; an office has none."""
    people = (
        select(ContactAssignment.organisation_id, ContactAssignment.id)
        .join(Person, col(Person.id) == col(ContactAssignment.person_id))
        .where(func.lower(Person.email) == address, col(ContactAssignment.blocked).is_(False))
        .order_by(col(ContactAssignment.id).desc())
    )
    found: dict[UUID, UUID | None] = {}
    for organisation, assignment in session.exec(people):
        found.setdefault(organisation, assignment)
    offices = session.exec(select(Organisation.id).where(func.lower(Organisation.registry_email) == address)) if address else ()
    return {**dict.fromkeys(offices), **found}


def _went_to(session: Session, message: Message) -> UUID | None:
    if message.assignment_id:
        return session.get_one(ContactAssignment, message.assignment_id).organisation_id
    office = select(Organisation.id).where(func.lower(Organisation.registry_email) == message.recipient.lower())
    return session.exec(office).first()


def _own(session: Session, letter: Letter) -> bool:
    return letter.message_id.endswith(f"@{outbox.MAIL_DOMAIN}>") or _answered(session, (letter.message_id,)) is not None


def _recent(session: Session, sender: str, real_now: datetime) -> int:
    query = select(func.count()).where(col(ReceivedMail.sender) == sender, col(ReceivedMail.received_at) > real_now - RECENT)
    return session.exec(query).one()


def _kept(session: Session, real_now: datetime, letter: Letter, reason: Reason | None, place: _Place) -> ReceivedMail:
    mail = ReceivedMail(
        message_id=letter.message_id,
        sender=letter.sender,
        subject=letter.subject,
        text=_QUOTED_LINK.sub(shown(LINK), letter.text) if reason in READ else "",
        received_at=real_now,
        state=State.set_aside if reason else State.filed,
        reason=reason,
        answers_id=place.answers.id if place.answers else None,
        agreement_id=place.answers.agreement_id if place.answers else None,
        region_id=place.region,
        organisation_id=place.organisation,
        assignment_id=place.assignment,
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
    if mail.region_id is None:
        return
    sender = session.get_one(Organisation, mail.organisation_id).short_name if mail.organisation_id else mail.sender
    outbox.task(
        session,
        real_now,
        key=f"{TASK}:{mail.id}",
        kind=TASK,
        organisation_id=mail.region_id,
        title=_("Svar per mejl från {name}").format(name=sender),
        detail=mail.subject,
        agreement_id=mail.agreement_id,
        subject_id=mail.id,
    )
