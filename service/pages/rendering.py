"""Turns a template and its values into a page, or into the part of it that htmx asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from fastapi.routing import iter_route_contexts
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from starlette.applications import Starlette
from starlette.convertors import Convertor
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import NoMatchFound, compile_path, replace_params
from starlette.staticfiles import StaticFiles

from service.pages.language import SWEDISH, language_of, languages, speak
from states.facts import spoken

HERE = Path(__file__).parent
STOCKHOLM = ZoneInfo("Europe/Stockholm")
STATIC = "/static"
VARY = "HX-Request, HX-Request-Type"


@dataclass(frozen=True, slots=True)
class Visitor:
    """The signed-in person as the page head shows them: name and the organisation they act for."""

    name: str
    organisation: str


@dataclass(frozen=True, slots=True)
class NavLink:
    """One link of the menu or the foot; `count` is a number worth seeing before going there."""

    label: str
    href: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds every page; the web door puts one on `request.state.frame`. `sign_out` is the path that ends the session."""

    actor: Visitor | None = None
    nav: Sequence[NavLink] = ()
    foot: Sequence[NavLink] = ()
    home: str = "/"
    sign_out: str = ""
    scheme: str = ""
    demo: bool = False

    def within(self, path: str) -> str:
        """The one link of the menu that a page belongs to: the longest of those its address begins with."""
        fitting = [link.href for link in self.nav if path == link.href or path.startswith(f"{link.href.rstrip('/')}/")]
        return max((href for href in fitting if href != "/" or path == "/"), key=len, default="")


@dataclass(frozen=True, slots=True)
class Paths:
    """Addresses by route name, path only, so that no page depends on the host it was asked through."""

    request: Request

    def __call__(self, name: str, /, **values: Any) -> str:
        """The address of the route; NoMatchFound where the application has none of that name."""
        address, kinds = _addresses(self.request.app).get(name, ("", {}))
        if not address or kinds.keys() != values.keys():
            raise NoMatchFound(name, values)
        return replace_params(address, kinds, values)[0]


@lru_cache(maxsize=8)
def _addresses(app: Starlette) -> dict[str, tuple[str, dict[str, Convertor[Any]]]]:
    """Every route's address by name: the framework searches all of them for each link, and a page may have a thousand."""
    return {route.name: compile_path(route.path)[1:] for route in iter_route_contexts(app.routes) if route.name and route.path}


def render(
    request: Request, template: str, /, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: object
) -> HTMLResponse:
    """The page, or only its title and content when htmx asked for a part; `Vary` keeps caches from mixing them up."""
    return respond(request, environment(language_of(request)).get_template(template), status, headers, context)


def respond(
    request: Request, template: Template, status: int, headers: Mapping[str, str] | None, context: Mapping[str, object]
) -> HTMLResponse:
    """As `render`, for a template already at hand."""
    text = template.render(**surroundings(request), **{"errors": (), "said": "", **context})
    vary = VARY if languages() == {SWEDISH} else f"{VARY}, Accept-Language"
    return HTMLResponse(text, status, {**(headers or {}), **_address(request), "Vary": vary})


def _address(request: Request) -> dict[str, str]:
    """A part is asked for with GET only after a POST has led there; without this the address would stay on what was before."""
    if request.method != "GET" or not wants_fragment(request):
        return {}
    query = request.url.query
    return {"HX-Replace-Url": f"{request.url.path}?{query}" if query else request.url.path}


def surroundings(request: Request) -> dict[str, object]:
    """What `shell.html` needs whatever the page: the frame, addresses, the path itself, and whether a part is enough."""
    frame = getattr(request.state, "frame", None) or Frame()
    return {
        "request": request,
        "url_for": Paths(request),
        "path": request.url.path,
        "fragment": wants_fragment(request),
        "frame": frame,
        "actor": frame.actor,
        "nav": frame.nav,
        "demo": frame.demo,
    }


def wants_fragment(request: Request) -> bool:
    """True when htmx will swap the answer into the page it already shows."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Request-Type") != "full"


def see_other(request: Request, path: str) -> Response:
    """After a POST: show `path`. The same page again is swapped in place, another page is opened."""
    shown = urlsplit(request.headers.get("HX-Current-URL", "")).path
    if wants_fragment(request) and shown != urlsplit(path).path:
        return Response(headers={"HX-Redirect": path, "Vary": VARY})
    return RedirectResponse(path, 303, {"Vary": VARY})


def mount_static(app: Starlette) -> None:
    """Serve the vendored style, scripts and symbols; their addresses carry their hash, so they may be kept for a year."""
    app.mount(STATIC, _Kept(directory=HERE / "static"), name="static")


class _Kept(StaticFiles):
    """Static files that a browser need not ask for again while the address is the same."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


@cache
def static(name: str) -> str:
    """The address of a static file with the beginning of its hash."""
    return f"{STATIC}/{name}?v={sha256((HERE / 'static' / name).read_bytes()).hexdigest()[:12]}"


@cache
def environment(language: str = SWEDISH) -> Environment:
    """One environment a language: Swedish is the msgid, others come from `locale/`. `parts` holds the macros of parts.html."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    speak(made, language)
    made.filters |= {
        "date_long": date_long,
        "date_short": date_short,
        "instant": instant,
        "clock": clock,
        "code": spoken,
        "number": number,
    }
    made.globals |= {"static": static, "language": language, "edges": edges}
    made.globals["parts"] = made.get_template("parts.html").module
    return made


def edges(text: str) -> tuple[str, str, str]:
    """A changed piece as (space before, words, space after), so that no mark hangs over the end of a line."""
    words = text.strip()
    before, _, after = text.partition(words) if words else ("", "", "")
    return before, words or text, after


_DAY = "d\u00a0MMMM y"
_DAY_NAMED = f"EEEE {_DAY}"
"""The number of a day does not part from its month at the end of a line."""


def date_long(day: date) -> str:
    """torsdag 30 september 2027"""
    return format_date(day, _DAY_NAMED, locale="sv")


def date_short(day: date) -> str:
    """30 september 2027"""
    return format_date(day, _DAY, locale="sv")


def instant(moment: datetime) -> str:
    """16 september 2027 kl. 10.02, in Stockholm; refuses a time without zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without zone cannot be shown")
    return format_datetime(moment.astimezone(STOCKHOLM), f"{_DAY} 'kl'.\u00a0HH.mm", locale="sv")


def clock(moment: datetime) -> str:
    """10.02, in Stockholm."""
    return format_datetime(moment.astimezone(STOCKHOLM), "HH.mm", locale="sv")


def number(value: int | float) -> str:
    """1 418 733,5 with unbreakable spaces."""
    return format_decimal(value, locale="sv")
