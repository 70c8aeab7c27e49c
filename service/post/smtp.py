"""The wire: one connection to the mail server per batch, and what the server says in our words."""

import re
import smtplib
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import StrEnum
from types import TracebackType
from typing import Literal

TIMEOUT = 20.0
QUIET = 1.0
"""Seconds without a word after which a line is asked whether it is still there."""

_OF_THIS_MAIL = (421, 450, 451, 452, 552)

_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """How to reach the mail server; without a host there is none, and mail stays in the outbox."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    reply_to: str = ""
    timeout: float = TIMEOUT


class Result(StrEnum):
    """What became of one try; `away` says that the server takes nothing from us at all, so nothing of the message."""

    sent = "sent"
    temporary = "temporary"
    permanent = "permanent"
    away = "away"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one try with words for people; never the server's own words, which may repeat a link."""

    result: Result
    words: str = ""
    recipient_refused: bool = False


SENT = Outcome(Result.sent)


class Post:
    """A way out for mail. Use it as a context manager, or close it."""

    def __init__(self, settings: SmtpSettings) -> None:
        self.settings = settings
        self._line: smtplib.SMTP | None = None
        self._used = 0.0

    @property
    def configured(self) -> bool:
        return bool(self.settings.host)

    def __enter__(self) -> "Post":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye to the server, if we are talking to it."""
        line, self._line = self._line, None
        if line is not None:
            with suppress(OSError, smtplib.SMTPException):
                line.quit()
            line.close()

    def send(self, mail: EmailMessage) -> Outcome:
        """Try once; every answer of the server is an outcome, never an exception."""
        line = self._line_or_why_not()
        if isinstance(line, Outcome):
            return line
        try:
            line.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            return _answer(code, said, "Mottagarens server tog inte emot adressen", recipient=True)
        except smtplib.SMTPSenderRefused as error:
            self.close()
            return _sender_refused(error.smtp_code, error.smtp_error)
        except smtplib.SMTPDataError as error:
            return _answer(error.smtp_code, error.smtp_error, "Mejlservern tog inte emot mejlet")
        except smtplib.SMTPNotSupportedError:
            return Outcome(Result.permanent, "Mejlservern tar inte emot adresser med å, ä eller ö.", recipient_refused=True)
        except (smtplib.SMTPException, OSError):
            self.close()
            return Outcome(Result.temporary, "Förbindelsen med mejlservern bröts.")
        self._used = time.monotonic()
        return SENT

    def _line_or_why_not(self) -> smtplib.SMTP | Outcome:
        try:
            return self._connected()
        except smtplib.SMTPResponseException as error:
            return Outcome(Result.away, f"Mejlservern släppte inte in oss ({_code(error.smtp_code, error.smtp_error)}).")
        except smtplib.SMTPNotSupportedError:
            return Outcome(Result.away, "Mejlservern erbjuder inte den kryptering eller inloggning som är vald.")
        except ssl.SSLError:
            return Outcome(Result.away, "Mejlserverns certifikat godtogs inte.")
        except (smtplib.SMTPException, OSError):
            return Outcome(Result.away, "Mejlservern kan inte nås.")

    def _connected(self) -> smtplib.SMTP:
        """The open line if it still answers, else a new one: a server may hang up while nothing is said."""
        if self._line is not None and time.monotonic() - self._used < QUIET:
            return self._line
        if self._line is not None:
            with suppress(OSError, smtplib.SMTPException):
                if self._line.noop()[0] == 250:
                    return self._line
            self.close()
        self._line = self._dialled()
        return self._line

    def _dialled(self) -> smtplib.SMTP:
        chosen = self.settings
        if chosen.security == "tls":
            line: smtplib.SMTP = smtplib.SMTP_SSL(
                chosen.host, chosen.port, timeout=chosen.timeout, context=ssl.create_default_context()
            )
        else:
            line = smtplib.SMTP(chosen.host, chosen.port, timeout=chosen.timeout)
        try:
            if chosen.security == "starttls":
                line.starttls(context=ssl.create_default_context())
            if chosen.user:
                line.login(chosen.user, chosen.password)
        except BaseException:
            line.close()
            raise
        return line


def _sender_refused(code: int, said: bytes | str) -> Outcome:
    """It may be the size of this mail or a server in a hurry; else it is our address, and no other mail will do better."""
    words = "Mejlservern tog inte emot vår avsändaradress"
    if code in _OF_THIS_MAIL:
        return _answer(code, said, "Mejlservern tog inte emot mejlet")
    return Outcome(Result.away, f"{words} ({_code(code, said)}).")


def _answer(code: int, said: bytes | str, words: str, *, recipient: bool = False) -> Outcome:
    if 400 <= code < 500:
        return Outcome(Result.temporary, f"{words} ({_code(code, said)}).")
    return Outcome(Result.permanent, f"{words} ({_code(code, said)}).", recipient_refused=recipient)


def _code(code: int, said: bytes | str) -> str:
    """The reply code, with the enhanced one where the server gave it."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    found = _ENHANCED.search(text)
    return f"{code} {found[0]}" if found else str(code)
