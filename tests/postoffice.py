"""A real mail server for tests: keeps what it takes, and says no when it is told to."""

import ssl
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from socket import socket
from typing import Any, Literal

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from service.post import SmtpSettings


class PostOffice:
    """What came in, as raw bytes; the next answers to give instead of taking a message or a recipient."""

    def __init__(self, tls: ssl.SSLContext | None = None, password: str = "", *, from_the_start: bool = False) -> None:
        """With `tls` the line is protected, on demand or from the start; with a password nobody else gets in."""
        self.taken: list[bytes] = []
        self._read: list[EmailMessage] = []
        self.next_answers: list[str] = []
        self.refused_recipients: dict[str, str] = {}
        self.connections = 0
        self.logins = 0
        self._password = password.encode()
        self._security: Literal["none", "starttls", "tls"] = "tls" if from_the_start else "starttls" if tls else "none"
        said: dict[str, Any] = {"ssl_context": tls} if from_the_start else {"tls_context": tls, "require_starttls": bool(tls)}
        if password:
            said |= {"authenticator": self._let_in, "auth_required": True, "auth_require_tls": bool(tls) and not from_the_start}
        self._controller = Controller(self, hostname="127.0.0.1", port=_free_port(), **said)

    def open(self) -> None:
        self._controller.start()

    def close(self) -> None:
        self._controller.stop()

    @property
    def settings(self) -> SmtpSettings:
        return SmtpSettings("127.0.0.1", self._controller.port, self._security, "overens@region.example", timeout=5)

    @property
    def mails(self) -> list[EmailMessage]:
        """Each is read once: aiosmtpd looks at every attribute of its handler when somebody connects."""
        self._read += [read(raw) for raw in self.taken[len(self._read) :]]
        return self._read[: len(self.taken)]

    def _let_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, said: Any) -> AuthResult:
        self.logins += 1
        return AuthResult(success=said.login == b"overens" and said.password == self._password, handled=False)

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused_recipients:
            return self.refused_recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.next_answers:
            answer = self.next_answers.pop(0)
            if not answer.startswith("250"):
                return answer
        assert isinstance(envelope.content, bytes)
        self.taken.append(envelope.content)
        return "250 OK"


def read(raw: bytes) -> EmailMessage:
    """A mail as a mail program reads it."""
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def text(mail: EmailMessage) -> str:
    """Its plain text."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    """An open post office."""
    office = PostOffice()
    office.open()
    yield office
    office.close()
