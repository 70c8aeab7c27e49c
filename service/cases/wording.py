"""Texts as people type them: checked and cleaned field by field before they become part of anything."""

import hashlib
import json

from states.errors import FieldError, Invalid
from states.facts import FIELD_CODES
from states.text import FIELD_MAX, REASON_MAX, TITLE_MAX, TextError, clean


def wording(title: str, fields: dict[str, str]) -> tuple[str, dict[str, str]]:
    """A cleaned title and the five fields by code (absent ones empty); Invalid names every field that cannot be taken."""
    errors = [FieldError(code, "unknown-field", "Okänt fält.") for code in fields if code not in FIELD_CODES]
    cleaned = {code: _cleaned(code, fields.get(code, ""), FIELD_MAX, False, errors) for code in FIELD_CODES}
    heading = _cleaned("t", title, TITLE_MAX, True, errors)
    if not heading and not errors:
        errors.append(FieldError("t", "missing", "Skriv en rubrik för området."))
    if heading and not any(cleaned.values()) and not errors:
        errors.append(FieldError("w", "missing", "Skriv vad ni vill göra tillsammans."))
    if errors:
        raise Invalid(*errors)
    return heading, cleaned


def reason(text: str, *, missing: str | None = None, field: str = "reason") -> str:
    """A cleaned reason; with `missing` it is required and that sentence says so."""
    errors: list[FieldError] = []
    cleaned = _cleaned(field, text, REASON_MAX, False, errors)
    if missing and not cleaned and not errors:
        errors.append(FieldError(field, "reason-missing", missing))
    if errors:
        raise Invalid(*errors)
    return cleaned


def line(text: str, field: str, *, missing: str | None = None, limit: int = TITLE_MAX) -> str:
    """A cleaned single line, such as a name, title or case number."""
    errors: list[FieldError] = []
    cleaned = _cleaned(field, text, limit, True, errors)
    if missing and not cleaned and not errors:
        errors.append(FieldError(field, "missing", missing))
    if errors:
        raise Invalid(*errors)
    return cleaned


def long_text(text: str, field: str, limit: int, *, missing: str) -> str:
    """A cleaned text of several paragraphs that has to be there."""
    errors: list[FieldError] = []
    cleaned = _cleaned(field, text, limit, False, errors)
    if not cleaned and not errors:
        errors.append(FieldError(field, "missing", missing))
    if errors:
        raise Invalid(*errors)
    return cleaned


def sha256(title: str, fields: dict[str, str]) -> str:
    """The hash a text version is stored under."""
    text = json.dumps({"t": title, **fields}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _cleaned(field: str, text: str, limit: int, one_line: bool, errors: list[FieldError]) -> str:
    try:
        return clean(text, max_length=limit, one_line=one_line)
    except TextError as error:
        errors.append(FieldError(field, error.code, error.message))
        return ""
