"""Delivery in three steps with commits between: lease what is due, send it outside any transaction, settle what happened."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, or_, select

from service.cases import remind
from service.cases.digests import DIGESTS
from service.post import Attachment, CalendarFile, Outcome, Outgoing, Post, Result, Unaddressable, compose
from service.post.letters import CODE, LINK, SITE, LetterName
from service.store import outbox
from service.store.contacts import in_force
from service.store.files import Files
from service.store.looks import look_again
from service.store.regions import region_of
from service.store.tables import (
    Code,
    ContactAssignment,
    Document,
    Link,
    Message,
    Person,
    RoundMessage,
)
from states import message as rule
from states.calendar import civil
from states.errors import OverensError
from states.tokens import code, fingerprint, link_token, unsubscribe_token

LEASE = timedelta(minutes=2)
"""How long a message is ours; a process that dies in between leaves it to the next after that."""

MOST_TRIES = 48
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=5)
LINK_LIVES = timedelta(days=30)
SIGN_IN_LINK_LIVES = timedelta(minutes=30)

ASSIGNMENT_ENDED, EXPIRED, UNSUBSCRIBED = "assignment_ended", "expired", "unsubscribed"


@dataclass(frozen=True, slots=True)
class Leased:
    """A message that is ours to send until `until`; link token and code are in no row."""

    id: UUID
    out: Outgoing = field(repr=False)
    token: str = field(repr=False)
    code: str = field(repr=False)
    unsubscribe: str = field(repr=False)
    document: tuple[str, str, str] | None
    until: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one leased message."""

    id: UUID
    until: datetime
    outcome: Outcome


def lease(
    session: Session, keys: tuple[bytes, ...], real_now: datetime, limit: int, only: Sequence[UUID] | None = None
) -> list[Leased]:
    """Take up to `limit` messages that are due, urgent ones first; what nobody may receive any more gets a reason instead."""
    leased, due = list[Leased](), _due(session, real_now, limit, only)
    over = remind.stopped(session, due)
    for message in due:
        if reason := over.get(message.id) or _no_longer(session, message, real_now):
            outbox.suppress(session, message, reason)
            remind.not_sent(session, message, reason)
            continue
        message.leased_until, message.attempts = real_now + LEASE, message.attempts + 1
        session.add(message)
        leased.append(_leased(session, keys, message, real_now))
    session.flush()
    return leased


def send(post: Post, leased: Iterable[Leased], base_url: str, files: Files) -> list[Sent]:
    """Try each message once, outside any transaction; a mail that cannot even be built is a permanent failure of that one."""
    return [Sent(each.id, each.until, _tried(post, each, base_url, files)) for each in leased]


def settle(session: Session, sent: Iterable[Sent], real_now: datetime) -> None:
    """Write down what happened: sent, tried again later, or given up with a task for the region.

    Where the server takes nothing at all the message has not been tried, and waits without losing one of its tries.
    """
    for each in sent:
        message = session.exec(select(Message).where(col(Message.id) == each.id).with_for_update()).one()
        if each.outcome.result is Result.sent:
            _mark_sent(session, message, real_now)
        elif message.state is rule.State.queued and message.leased_until == each.until and each.outcome.result is Result.away:
            _not_tried(session, message, each.outcome, real_now)
        elif message.state is rule.State.queued and message.leased_until == each.until:
            _failed_once(session, message, each.outcome, real_now)
    session.flush()


def text_with_secrets(session: Session, keys: tuple[bytes, ...], message: Message, base_url: str, real_now: datetime) -> str:
    """The whole text with a link and code that work: for the demonstration's Utkorg only, where nobody gets mail.

    It writes: the link's row is made, and one that was spent lives again.
    """
    made = _leased(session, keys, message, real_now)
    row = session.get(Link, fingerprint(made.token)) if made.token else None
    if row is not None:
        row.used_at = None
        session.add(row)
    return _with_secrets(made, base_url)


def _due(session: Session, real_now: datetime, limit: int, only: Sequence[UUID] | None) -> Sequence[Message]:
    query = (
        select(Message)
        .where(
            col(Message.state) == rule.State.queued,
            col(Message.held).is_(False),
            col(Message.next_try_at) <= real_now,
            or_(col(Message.leased_until).is_(None), col(Message.leased_until) <= real_now),
        )
        .order_by(col(Message.urgent).desc(), col(Message.next_try_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return session.exec(query if only is None else query.where(col(Message.id).in_(only))).all()


def _no_longer(session: Session, message: Message, real_now: datetime) -> str | None:
    """Why a message must not go out any more."""
    if message.assignment_id is not None:
        query = (
            select(ContactAssignment.epoch, Person.digests_off_at)
            .join(Person, col(Person.id) == col(ContactAssignment.person_id))
            .where(col(ContactAssignment.id) == message.assignment_id, in_force(civil(real_now)))
        )
        epoch, spared = session.exec(query).first() or (None, None)
        if epoch != message.epoch:
            return ASSIGNMENT_ENDED
        if spared and message.purpose in DIGESTS:
            return UNSUBSCRIBED
    asked = session.exec(select(Code).where(col(Code.message_id) == message.id)).first() if CODE in message.body else None
    return EXPIRED if asked and asked.expires_at <= real_now else None


def _leased(session: Session, keys: tuple[bytes, ...], message: Message, real_now: datetime) -> Leased:
    beside = session.get(RoundMessage, message.id) if message.agreement_id is None else None
    document = _enclosed(session, message, beside)
    return Leased(
        id=message.id,
        out=Outgoing(
            message_id=message.message_id,
            written_at=message.written_at,
            recipient=message.recipient,
            recipient_name=message.recipient_name,
            subject=message.subject,
            body=message.body,
            head=message.head,
            calendar=CalendarFile(beside.calendar_method, beside.calendar) if beside and beside.calendar else None,
        ),
        token=_link(session, keys, message, real_now) if LINK in message.body else "",
        code=code(keys[0], *_bound_to(message)) if CODE in message.body else "",
        unsubscribe=unsubscribe_token(keys[0], message.id.hex) if message.purpose in DIGESTS and message.assignment_id else "",
        document=(document.file_name, document.media_type, document.file_sha256) if document else None,
        until=message.leased_until or real_now,
    )


def _enclosed(session: Session, message: Message, beside: RoundMessage | None) -> Document | RoundMessage | None:
    """The kept file that goes along: an agreement's, or the notes of a round."""
    if message.document_id:
        return session.get(Document, message.document_id)
    return beside if beside and beside.file_sha256 else None


def _link(session: Session, keys: tuple[bytes, ...], message: Message, real_now: datetime) -> str:
    """The token of the message's link, with its row; a later try renews the row, under the key it was first made with."""
    if message.assignment_id is None:
        return ""
    lives = SIGN_IN_LINK_LIVES if message.purpose == LetterName.sign_in_link else LINK_LIVES
    tokens = [link_token(key, *_bound_to(message)) for key in keys]
    for token in tokens:
        row = session.get(Link, fingerprint(token))
        if row is not None:
            row.expires_at = max(row.expires_at, real_now + lives)
            session.add(row)
            return token
    session.add(
        Link(
            token_sha256=fingerprint(tokens[0]),
            assignment_id=message.assignment_id,
            epoch=message.epoch,
            path=message.link_path or "/",
            created_at=real_now,
            expires_at=real_now + lives,
        )
    )
    return tokens[0]


def _bound_to(message: Message) -> tuple[str, str, int]:
    """What a link or code is derived from: the message's row, its assignment, its epoch."""
    return str(message.id), str(message.assignment_id), message.epoch


def _tried(post: Post, leased: Leased, base_url: str, files: Files) -> Outcome:
    try:
        attachment = Attachment(*leased.document[:2], files.get(leased.document[2])) if leased.document else None
    except OverensError as error:
        return Outcome(Result.temporary, error.message)
    out = replace(
        leased.out,
        sender=post.settings.sender,
        reply_to=post.settings.reply_to,
        unsubscribe=f"{base_url}/avanmal/{leased.unsubscribe}" if leased.unsubscribe else "",
        body=_with_secrets(leased, base_url),
        attachment=attachment,
    )
    try:
        mail = compose(out)
    except Unaddressable:
        return Outcome(Result.permanent, "Adressen eller namnet går inte att använda i ett mejl.", recipient_refused=True)
    return post.send(mail)


def _with_secrets(leased: Leased, base_url: str) -> str:
    link = f"{base_url}/k/{leased.token}" if leased.token else base_url
    return leased.out.body.replace(LINK, link).replace(CODE, leased.code).replace(SITE, base_url)


def _mark_sent(session: Session, message: Message, real_now: datetime) -> None:
    """It has left us, whatever else happened meanwhile; a refused address is good again."""
    message.sent_at, message.leased_until = real_now, None
    if message.state is rule.State.queued:
        rule.advance(message, rule.Event.send)
        message.reason = ""
    message.version += 1
    session.add(message)
    _note_address(session, message, bounced=False)


def _not_tried(session: Session, message: Message, outcome: Outcome, real_now: datetime) -> None:
    message.leased_until, message.attempts, message.reason = None, message.attempts - 1, outcome.words
    message.next_try_at = real_now + wait(message.id, 1)
    session.add(message)


def _failed_once(session: Session, message: Message, outcome: Outcome, real_now: datetime) -> None:
    message.leased_until, message.reason = None, outcome.words
    if outcome.result is Result.temporary and message.attempts < MOST_TRIES:
        message.next_try_at = real_now + wait(message.id, message.attempts)
        session.add(message)
        return
    rule.advance(message, rule.Event.fail)
    message.version += 1
    session.add(message)
    if outcome.recipient_refused:
        _note_address(session, message, bounced=True)
    _raise_task(session, message, real_now)


def bounce(session: Session, message: Message, real_now: datetime, status: str) -> None:
    """A mail that had left us came back for good: its contact is marked, and the region hears of it."""
    rule.advance(message, rule.Event.bounce)
    message.version += 1
    message.reason = f"Mejlet kom tillbaka ({status})."
    session.add(message)
    _note_address(session, message, bounced=True)
    _raise_task(session, message, real_now)


def wait(message: UUID, attempt: int) -> timedelta:
    """How long to wait after a failed try: doubled from one minute to five hours, spread so that not all come back at once."""
    doubled = min(FIRST_WAIT * (1 << min(attempt - 1, 20)), LONGEST_WAIT)
    spread = int.from_bytes(hashlib.sha256(f"{message}:{attempt}".encode()).digest()[:4], "big") / 2**32
    return min(doubled * (0.8 + 0.4 * spread), LONGEST_WAIT)


def _note_address(session: Session, message: Message, *, bounced: bool) -> None:
    assignment = session.get(ContactAssignment, message.assignment_id) if message.assignment_id else None
    if assignment is not None and assignment.bounced != bounced:
        assignment.bounced = bounced
        session.add(assignment)
        look_again(session, organisation=assignment.organisation_id)


def _raise_task(session: Session, message: Message, now: datetime) -> None:
    region = region_of(session, message)
    if region is not None:
        outbox.task(
            session,
            now,
            key=f"mail_failed:{message.id}:{message.version}",
            kind="mail_failed",
            organisation_id=region,
            title="Ett mejl kom inte fram",
            detail=f"{message.subject}. {message.reason}",
            agreement_id=message.agreement_id,
            subject_id=message.id,
        )
