"""The mailbox: what stands in it, read over IMAP and taken apart; this is the only module that speaks IMAP."""

import email
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.utils import parseaddr
from hashlib import sha256
from typing import Literal

from imap_tools.mailbox import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted

from states.incoming import Delivery

TIMEOUT = 20.0
_ID = re.compile(r"<[^<>\s]+>")


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """How to reach the mailbox; without a host there is none."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that came in, taken apart; a mail without a Message-ID gets one from its bytes, so that it is known again."""

    message_id: str
    sender: str
    subject: str
    text: str
    answers: tuple[str, ...]
    headers: dict[str, str]
    attachments: tuple[Attachment, ...] = ()
    delivery: Delivery | None = None


def read(settings: ImapSettings, take: Callable[[Letter], None]) -> int:
    """Hand over every unread mail, flagging each as read only when it has been taken; a kill between the two repeats it."""
    taken = 0
    with _opened(settings) as box:
        for uid in box.uids("UNSEEN"):
            for mail in box.fetch(f"UID {uid}", mark_seen=False):
                take(taken_apart(mail.obj.as_bytes()))
                box.flag(uid, "\\Seen", True)
                taken += 1
    return taken


def taken_apart(data: bytes) -> Letter:
    """One mail from its bytes; what cannot be read is left out rather than refused."""
    mail = email.message_from_bytes(data, policy=policy.default)
    body = mail.get_body(("plain",))
    return Letter(
        message_id=(_ids(mail, "message-id") or (f"<{sha256(data).hexdigest()}@unnamed.invalid>",))[0],
        sender=parseaddr(str(mail.get("from", "")))[1].lower(),
        subject=str(mail.get("subject", "")),
        text=_text(body) if isinstance(body, EmailMessage) else "",
        answers=tuple(dict.fromkeys((*_ids(mail, "in-reply-to"), *reversed(_ids(mail, "references"))))),
        headers={name.lower(): str(value) for name, value in mail.items()},
        attachments=tuple(_attachment(part) for part in mail.iter_attachments() if not part.is_multipart()),
        delivery=_delivery(mail),
    )


def _opened(settings: ImapSettings) -> BaseMailBox:
    context = ssl.create_default_context()
    box: BaseMailBox
    if settings.security == "tls":
        box = MailBox(settings.host, settings.port, timeout=TIMEOUT, ssl_context=context)
    elif settings.security == "starttls":
        box = MailBoxStartTls(settings.host, settings.port, timeout=TIMEOUT, ssl_context=context)
    else:
        box = MailBoxUnencrypted(settings.host, settings.port, timeout=TIMEOUT)
    return box.login(settings.user, settings.password, initial_folder=settings.folder)


def _ids(mail: EmailMessage, name: str) -> tuple[str, ...]:
    return tuple(_ID.findall(str(mail.get(name, ""))))


def _text(part: EmailMessage) -> str:
    raw = part.get_payload(decode=True)
    data = raw if isinstance(raw, bytes) else b""
    try:
        return data.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


def _attachment(part: EmailMessage) -> Attachment:
    raw = part.get_payload(decode=True)
    name = (part.get_filename() or "bilaga").replace("\\", "/").rpartition("/")[2]
    return Attachment(name, part.get_content_type(), raw if isinstance(raw, bytes) else b"")


def _delivery(mail: EmailMessage) -> Delivery | None:
    """The report of a server, found by its form; the original's Message-ID stands in the mail or the headers it gives back."""
    if mail.get_content_type() != "multipart/report":
        return None
    status = original = ""
    for part in mail.walk():
        if part.get("status") and not status:
            status = str(part["status"]).split()[0]
        if part is not mail and not original:
            inner = part.get("message-id")
            if part.get_content_type() == "text/rfc822-headers":
                inner = email.message_from_string(_text(part), policy=policy.default).get("message-id")
            original = (_ID.findall(str(inner or "")) or [""])[0]
    return Delivery(original, status) if status and original else None
