"""One mail as bytes: built from a row and its secrets, the same bytes at every try."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy, default
from html import escape

from states.tokens import fingerprint

HEAD = "Overens-Head"
"""The header with the newest hash of the history when the mail was written: every mailbox is a witness. It fits one line."""

_LINK = re.compile(r"(https?://[^\s<>\"']*[^\s<>\"'.,;:!?)])")
_PAGE = """\
<!DOCTYPE html>
<html lang="sv">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
</head>
<body style="max-width: 36em; margin: 1em; font-family: system-ui, sans-serif; line-height: 1.5; overflow-wrap: anywhere">
{paragraphs}
</body>
</html>
"""


class _Whole(UnstructuredHeader, BaseHeader):
    """A header that stays on one line: a folded address is written as encoded words, which no mail program reads as one."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _Whole)
_POLICY = default.clone(header_factory=_HEADERS)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """An appointment that goes along, as text, and what a calendar shall do with it: REQUEST or CANCEL."""

    method: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Everything a mail is made of, link and code included."""

    message_id: str
    written_at: datetime
    recipient: str
    recipient_name: str
    subject: str
    body: str = field(repr=False)
    head: str = ""
    sender: str = ""
    reply_to: str = ""
    unsubscribe: str = field(default="", repr=False)
    attachment: Attachment | None = None
    calendar: CalendarFile | None = None


class Unaddressable(ValueError):
    """A name or an address cannot stand in a mail."""


def compose(out: Outgoing) -> EmailMessage:
    """The mail: plain text, the same as simple HTML, an appointment and a file if there are any. Raises Unaddressable."""
    mail = EmailMessage(_POLICY)
    mail["From"] = _address("Överens", out.sender)
    mail["To"] = _address(out.recipient_name, out.recipient)
    if out.reply_to:
        mail["Reply-To"] = _address("Överens", out.reply_to)
    mail["Subject"] = out.subject
    mail["Date"] = out.written_at
    mail["Message-ID"] = out.message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail[HEAD] = out.head
    if out.unsubscribe:
        mail["List-Unsubscribe"] = f"<{out.unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(out.body, cte="quoted-printable")
    mail.add_alternative(html(out.subject, out.body), subtype="html", cte="quoted-printable")
    if out.calendar:
        params = {"method": out.calendar.method}
        mail.add_alternative(out.calendar.text, subtype="calendar", cte="quoted-printable", params=params)
    if out.attachment:
        kind, _, subtype = out.attachment.media_type.partition("/")
        mail.add_attachment(out.attachment.data, maintype=kind, subtype=subtype, filename=out.attachment.name)
    for number, part in enumerate(p for p in mail.walk() if p.is_multipart()):
        part.set_boundary(f"=_{fingerprint(out.message_id)[:32]}_{number}")
    return mail


def html(title: str, body: str) -> str:
    """The letter as plain HTML: paragraphs, line breaks, addresses as links; nothing that is fetched from anywhere."""
    paragraphs = "\n".join(f"<p>{_marked_up(p)}</p>" for p in body.strip().split("\n\n"))
    return _PAGE.format(title=escape(title), paragraphs=paragraphs)


def _marked_up(paragraph: str) -> str:
    """Every piece is escaped by itself: the words between the addresses, and the addresses."""
    pieces = [escape(piece).replace("\n", "<br>\n") for piece in _LINK.split(paragraph)]
    return "".join(f'<a href="{piece}">{piece}</a>' if number % 2 else piece for number, piece in enumerate(pieces))


def _address(name: str, address: str) -> Address:
    try:
        made = Address(name, addr_spec=address)
    except (HeaderParseError, ValueError, IndexError, AttributeError) as error:  # the parser raises any of them
        raise Unaddressable from error
    if not (made.username and made.domain):
        raise Unaddressable
    return made
