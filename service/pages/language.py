"""Which language a page speaks, and how what was marked in Python is said in it; Swedish is the msgid and needs no catalogue."""

import gettext
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment
from starlette.requests import Request

from states.said import Said, filled

SWEDISH = "sv"
LOCALE = Path(__file__).parent / "locale"
"""Catalogues as `<language>/LC_MESSAGES/overens.mo`; how they are made stands in `extract.cfg` there."""

_HEARD = ("lower", "upper", "capitalize", "title", "join", "trim", "replace", "format")
"""Filters that would make a plain string of a marked text, so they hear it in the right language first."""


def language_of(request: Request) -> str:
    """The language asked for in the address, else the browser's best that we have, else Swedish."""
    known = languages()
    asked = [request.query_params.get("lang", ""), *_preferred(request.headers.get("accept-language", ""))]
    return next((code for code in (one.lower().partition("-")[0] for one in asked) if code in known), SWEDISH)


@cache
def languages() -> frozenset[str]:
    """Swedish, and every language with a catalogue."""
    return frozenset({SWEDISH, *(path.parts[-3] for path in LOCALE.glob("*/LC_MESSAGES/overens.mo"))})


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("overens", LOCALE, [language], fallback=True)


def say(value: str, language: str) -> str:
    """A marked text in a language; everything else is data and stays as it is."""
    if language == SWEDISH or not isinstance(value, Said):
        return value
    known = catalogue(language)
    text = (
        known.ngettext(value.msgid, value.plural, value.number) if value.plural else known.gettext(value.msgid) if value else ""
    )
    values = {name: Said(say(one, language)) if isinstance(one, Said) else one for name, one in value.values.items()}
    return filled(text, values) if values else text


def speak(environment: Environment, language: str) -> None:
    """Let templates translate their own texts, and every marked text that is put into them; Swedish pays nothing for it."""
    environment.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    if language == SWEDISH:
        return

    def heard(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [heard(one) for one in value]
        return say(value, language) if isinstance(value, Said) else value

    environment.finalize = lambda value: say(value, language) if isinstance(value, Said) else value
    for name in _HEARD:
        environment.filters[name] = _hearing(environment.filters[name], heard)
    for name in ("gettext", "ngettext"):
        environment.globals[name] = _hearing(cast(Callable[..., Any], environment.globals[name]), heard)


def _hearing(function: Callable[..., Any], heard: Callable[[Any], Any]) -> Callable[..., Any]:
    """The same function, given texts in the right language."""
    passes = getattr(function, "jinja_pass_arg", None)

    def hears(*args: Any, **named: Any) -> Any:
        return function(*map(heard, args), **{name: heard(value) for name, value in named.items()})

    if passes is not None:
        hears.jinja_pass_arg = passes  # type: ignore[attr-defined]
    return hears


def _preferred(header: str) -> list[str]:
    """The languages of an Accept-Language header, the dearest first (RFC 9110, 12.5.4)."""
    ranges = [one.strip().partition(";q=") for one in header[:200].split(",")]
    return [name for name, _, weight in sorted(ranges, key=lambda r: -_weight(r[2])) if _weight(weight) > 0]


def _weight(said: str) -> float:
    try:
        return float(said) if said else 1.0
    except ValueError:
        return 0.0
