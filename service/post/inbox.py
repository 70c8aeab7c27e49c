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
from html.parser import HTMLParser
from imaplib import IMAP4
from typing import Literal

from imap_tools.errors import ImapToolsError
from imap_tools.mailbox import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.message import MailMessage

from states.errors import OverensError
from states.incoming import Delivery
from states.said import _

TIMEOUT = 20.0
_ID = re.compile(r"<[^<>\s]+>")
_EMPTY_LINES = re.compile(r"[ \n]*\n[ \n]*\n[ \n]*")
_SILENT = frozenset({"style", "script", "title"})
_BLOCKS = frozenset({"p", "div", "li", "tr", "table", "blockquote", "h1", "h2", "h3", "h4"})


class MailboxAway(OverensError):
    """Brevlådan för svar går inte att öppna."""

    code = "mailbox-away"


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
    """Hand over every unread mail, flagging each as read only when it has been taken; a kill between the two repeats it.

    Raises MailboxAway when it cannot be opened.
    """
    taken = 0
    with _opened(settings) as box:
        for uid in box.uids("UNSEEN"):
            for mail in box.fetch(f"UID {uid}", mark_seen=False):
                take(_letter(mail))
                box.flag(uid, "\\Seen", True)
                taken += 1
    return taken


def look(settings: ImapSettings) -> None:
    """Open the mailbox and close it again; raises MailboxAway."""
    with _opened(settings):
        pass


def _letter(mail: MailMessage) -> Letter:
    """The mail taken apart; one that no parser can read is known by its number alone, and must not hold up the others."""
    try:
        return taken_apart(mail.obj.as_bytes())
    except Exception:  # noqa: BLE001 (the standard library's parser raises anything at a broken mail)
        return Letter(f"<{mail.uid}.unreadable@unnamed.invalid>", "", "", "", (), {})


def taken_apart(data: bytes) -> Letter:
    """One mail from its bytes; what cannot be read is left out rather than refused."""
    mail = email.message_from_bytes(data, policy=policy.default)
    body = mail.get_body(("plain", "html"))
    return Letter(
        message_id=(_ids(mail, "message-id") or (f"<{sha256(data).hexdigest()}@unnamed.invalid>",))[0],
        sender=_clean(parseaddr(str(mail.get("from", "")))[1].lower()),
        subject=" ".join(_clean(str(mail.get("subject", ""))).split()),
        text=_words(body) if isinstance(body, EmailMessage) else "",
        answers=tuple(dict.fromkeys((*_ids(mail, "in-reply-to"), *reversed(_ids(mail, "references"))))),
        headers={name.lower(): str(value) for name, value in mail.items()},
        attachments=tuple(_attachment(part) for part in mail.iter_attachments() if not part.is_multipart()),
        delivery=_delivery(mail),
    )


def _opened(settings: ImapSettings) -> BaseMailBox:
    """The mailbox, logged in to; what is wrong is said in our words, the server's own may repeat what it was told."""
    try:
        box = _dialled(settings)
        try:
            enter = box.login if settings.user.isascii() and settings.password.isascii() else box.login_utf8
            return enter(settings.user, settings.password, initial_folder=settings.folder)
        except BaseException:
            box.client.shutdown()
            raise
    except ssl.SSLError:
        raise MailboxAway(_("Brevlådan för svar går inte att öppna: serverns certifikat godtogs inte.")) from None
    except (ImapToolsError, IMAP4.error):
        raise MailboxAway(_("Brevlådan för svar går inte att öppna: användare, lösenord eller mapp godtogs inte.")) from None
    except OSError:
        raise MailboxAway(_("Brevlådan för svar går inte att öppna: servern svarar inte.")) from None


def _dialled(settings: ImapSettings) -> BaseMailBox:
    context = ssl.create_default_context()
    box: BaseMailBox
    if settings.security == "tls":
        box = MailBox(settings.host, settings.port, timeout=TIMEOUT, ssl_context=context)
    elif settings.security == "starttls":
        box = MailBoxStartTls(settings.host, settings.port, timeout=TIMEOUT, ssl_context=context)
    else:
        box = MailBoxUnencrypted(settings.host, settings.port, timeout=TIMEOUT)
    return box


def _ids(mail: EmailMessage, name: str) -> tuple[str, ...]:
    return tuple(_ID.findall(_clean(str(mail.get(name, "")))))


def _clean(text: str) -> str:
    """Without what no database takes: half characters, and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _words(body: EmailMessage) -> str:
    """What was written; many programs send nothing but HTML."""
    text = _clean(_text(body)).replace("\r\n", "\n")
    if body.get_content_subtype() != "html":
        return text
    plain = _Plain()
    plain.feed(text)
    plain.close()
    return _EMPTY_LINES.sub("\n\n", "".join(plain.said)).strip() + "\n"


class _Plain(HTMLParser):
    """The words of an HTML mail, with lines where its blocks end."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 (the parser's form)
        self._silent += tag in _SILENT
        if tag == "br":
            self.said.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT
        if tag in _BLOCKS:
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(re.sub(r"\s+", " ", data))


def _text(part: EmailMessage) -> str:
    raw = part.get_payload(decode=True)
    data = raw if isinstance(raw, bytes) else b""
    try:
        return data.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


def _attachment(part: EmailMessage) -> Attachment:
    raw = part.get_payload(decode=True)
    name = _clean(part.get_filename() or "bilaga").replace("\\", "/").rpartition("/")[2]
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
