"""Text as people type it: cleaned to one form, and refused when database, Word or screen could not carry it."""

import re
import unicodedata

from states.errors import FieldError, Invalid
from states.said import _

TITLE_MAX = 200
FIELD_MAX = 10_000
REASON_MAX = 2_000

_LINE_BREAK = re.compile("\r\n|\r|\u2028|\u2029")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BROKEN = re.compile("[\ud800-\udfff" + "".join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF)) + "]")
"""Lone surrogates, and the two last places of every plane, which are no characters."""


class TextError(Invalid):
    """Texten kan inte tas emot. Skriv om den."""

    code = "text"

    def __init__(self, message: str | None = None) -> None:
        super().__init__()
        self.args = (message or type(self).__doc__,)
        self.fields = (FieldError("", self.code, self.message),)


class ControlCharacter(TextError):
    """Texten innehåller ett osynligt styrtecken. Skriv om den, eller klistra in den som ren text."""

    code = "control-character"


class BrokenCharacter(TextError):
    """Texten innehåller ett trasigt tecken. Skriv om det, eller ta bort det."""

    code = "broken-character"


class LineBreak(TextError):
    """Skriv allt på en rad."""

    code = "line-break"


class TooLong(TextError):
    """Texten är för lång. Korta den."""

    code = "too-long"


def clean(value: str, *, max_length: int, one_line: bool) -> str:
    """The text in the one form we store: NFC, line breaks as \\n, tabs as spaces, no white space around; else a TextError."""
    if _BROKEN.search(value):
        raise BrokenCharacter
    text = _LINE_BREAK.sub("\n", value).replace("\t", " ")
    if _CONTROL.search(text):
        raise ControlCharacter
    text = unicodedata.normalize("NFC", text).strip()
    if one_line and "\n" in text:
        raise LineBreak
    if len(text) > max_length:
        raise TooLong(
            _("Texten är för lång: {count} tecken. Den får vara högst {most}.", count=_count(len(text)), most=_count(max_length))
        )
    return text


def _count(number: int) -> str:
    """A whole number with the thousands apart, as Swedish writes it."""
    return f"{number:,}".replace(",", "\u00a0")
