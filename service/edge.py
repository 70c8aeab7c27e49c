"""The outer skin of the web, as plain ASGI: security headers, who may post from where, how much, and one log line per request."""

import re
import time
from collections.abc import Callable, Iterable
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import log
from service.settings import Settings, is_loopback
from states.errors import OverensError, TooLarge

FORM_MAX = 2 * 1024 * 1024
UPLOAD_MAX = 10 * 1024 * 1024 + 256 * 1024
"""A file of 10 MB and what a form wraps around it."""

DRAIN_MAX = 64 * 1024 * 1024
"""How much of a refused body is read and thrown away before we answer."""

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types overens"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9a-fA-F:.]+\](:\d{1,5})?")
_SAFE = {"GET", "HEAD", "OPTIONS"}
_log = log.logger("web")


class ForeignForm(OverensError):
    """Formuläret kom inte från den här webbplatsen. Öppna sidan igen och försök på nytt."""

    code = "foreign-form"


class UnknownHost(OverensError):
    """Den här webbplatsen har en annan adress."""

    code = "unknown-host"


class Broken(OverensError):
    """Något gick fel hos oss. Försök igen om en stund. Det du skrev finns kvar i webbläsaren."""

    code = "broken"


class _Cut(Exception):
    """The body grew past what is taken; the application sees its reading fail."""


Refuse = Callable[[Request, OverensError], Response]
"""Turns a refusal into the answer of the door that was knocked on."""


class Edge:
    """Wraps the whole application, its error pages too."""

    def __init__(self, app: ASGIApp, settings: Settings, refuse: Refuse) -> None:
        self._app, self._settings, self._refuse = app, settings, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, scope["request_id"] = time.monotonic(), str(uuid4())
        passage = _Passage(self, scope, receive, send)
        with structlog.contextvars.bound_contextvars(request_id=scope["request_id"]):
            try:
                await self._through(passage)
            finally:
                route = getattr(scope.get("route"), "path", "-")
                took = round((time.monotonic() - started) * 1000)
                _log.info("request", method=scope["method"], route=route, status=passage.status, milliseconds=took)

    async def _through(self, passage: "_Passage") -> None:
        """The application's answer, or ours: nothing it does, crashing included, leaves a person without one."""
        scope = passage.scope
        refusal = self._refusal(scope)
        if isinstance(refusal, TooLarge):
            await passage.drain()
        if refusal is None:
            try:
                await self._app(scope, passage.receive, passage.send)
            except Exception as error:  # noqa: BLE001 (the outermost edge: logged with its cause)
                if not passage.over:
                    _log.exception("broken", exc_info=error)
                    refusal = Broken()
            if passage.over:
                await passage.drain()
                refusal = TooLarge()
        if refusal is not None and not passage.begun:
            answer = self._refuse(Request(scope), refusal)
            passage.over = False
            await answer(scope, passage.source, passage.send)

    def _refusal(self, scope: Scope) -> OverensError | None:
        headers = Headers(scope=scope)
        if not scope["path"].startswith("/health/") and not self._known(headers.get("host", "")):
            return UnknownHost()
        if scope["method"] not in _SAFE and not _ours(headers, self._origins(headers)):
            return ForeignForm()
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > limit_of(scope):
            return TooLarge()
        return None

    def _known(self, said: str) -> bool:
        """Whether we answer to this Host: our own names, and every loopback name where we are on loopback ourselves."""
        host = _parsed(f"//{said}").hostname if _HOST.fullmatch(said) else None
        return host is not None and (host in self._settings.allowed_hosts or (self._local() and is_loopback(host)))

    def _local(self) -> bool:
        return is_loopback(urlsplit(self._settings.base_url).hostname or "")

    def _origins(self, headers: Headers) -> Iterable[str]:
        return (self._settings.base_url, f"{urlsplit(self._settings.base_url).scheme}://{headers.get('host', '')}")

    def dress(self, scope: Scope, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        if self._settings.https:
            headers.setdefault("strict-transport-security", "max-age=63072000; includeSubDomains")
        if not _shared(scope):
            headers.setdefault("cache-control", "no-store")
        headers["x-request-id"] = scope["request_id"]


class _Passage:
    """One request on its way through: what has been read and said so far."""

    def __init__(self, edge: Edge, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.source = scope, receive
        self.status, self.begun, self.over = 500, False, False
        self._edge, self._send, self._room, self._done = edge, send, limit_of(scope), False

    async def receive(self) -> Message:
        message = await self._next()
        self._room -= len(message.get("body", b""))
        if self._room < 0:
            self.over = True
            raise _Cut
        return message

    async def send(self, message: Message) -> None:
        """Pass the answer on, but for what an application says about a body that we cut."""
        if self.over and not self.begun:
            return
        if message["type"] == "http.response.start":
            self.status, self.begun = message["status"], True
            self._edge.dress(self.scope, message)
        await self._send(message)

    async def drain(self) -> None:
        """Read on for a while without keeping anything: a browser that is still sending would not see our answer."""
        room = DRAIN_MAX
        while room > 0 and not self._done:
            room -= len((await self._next()).get("body", b""))

    async def _next(self) -> Message:
        message = await self.source()
        self._done = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message


def _shared(scope: Scope) -> bool:
    """Whether others may keep the answer: static files, and public pages of nobody in particular."""
    return scope["path"].startswith("/static/") or (scope["path"].startswith("/publikt") and "cookie" not in Headers(scope=scope))


def _ours(headers: Headers, origins: Iterable[str]) -> bool:
    """Whether a change was asked for from a page of ours: Sec-Fetch-Site, without it Origin, without that Referer."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    said = headers.get("origin") or headers.get("referer")
    if said is None:
        return "cookie" not in headers
    parts = _parsed(said)
    return f"{parts.scheme}://{parts.netloc}" in origins


def _parsed(address: str) -> SplitResult:
    """The parts of an address as somebody sent it; nonsense has none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def limit_of(scope: Scope) -> int:
    """How many bytes a body may have: a form, or a file with the form around it."""
    kind = Headers(scope=scope).get("content-type", "")
    return UPLOAD_MAX if kind.startswith("multipart/form-data") else FORM_MAX
