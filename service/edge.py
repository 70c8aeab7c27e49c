"""The outer skin of the web, as plain ASGI: security headers, who may post from where, how much, and one log line per request."""

import time
from collections.abc import Iterable
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.settings import Settings

FORM_MAX = 2 * 1024 * 1024
UPLOAD_MAX = 10 * 1024 * 1024 + 256 * 1024
"""A file of 10 MB and what a form wraps around it."""

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
_SAFE = {"GET", "HEAD", "OPTIONS"}
_log = structlog.get_logger("web")


class TooMuch(Exception):
    """The body grew past what is taken."""


class Edge:
    """Wraps the whole application, its error pages too."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, scope["request_id"] = time.monotonic(), str(uuid4())
        status, begun, counted = [500], [False], _counted(receive, _limit(scope))

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0], begun[0] = message["status"], True
                self._dress(scope, message)
            await send(message)

        try:
            refusal = self._refusal(scope)
            await (refusal or self._app)(scope, counted, answer)
        except TooMuch:
            if begun[0]:
                raise
            await _plain("Filen är för stor. Den får vara högst 10 MB.", 413)(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "-")
            milliseconds = round((time.monotonic() - started) * 1000)
            _log.info(
                "request", method=scope["method"], route=route, status=status[0], ms=milliseconds, request=scope["request_id"]
            )

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "").rsplit(":", 1)[0].strip("[]")
        if host not in (*self._settings.allowed_hosts, "127.0.0.1", "localhost") or (host in _LOCAL and not self._local()):
            return _plain("Okänd värd.", 400)
        if scope["method"] not in _SAFE and "authorization" not in headers and not _ours(headers, self._origins(headers)):
            return _plain("Formuläret kom inte från den här webbplatsen. Öppna sidan igen och försök på nytt.", 403)
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > _limit(scope):
            return _plain("Filen är för stor. Den får vara högst 10 MB.", 413)
        return None

    def _local(self) -> bool:
        """Whether loopback names are ours: a public site answers to its own names only, but for the health checks behind it."""
        return urlsplit(self._settings.base_url).hostname in _LOCAL or not self._settings.https

    def _origins(self, headers: Headers) -> Iterable[str]:
        return (self._settings.base_url, f"{urlsplit(self._settings.base_url).scheme}://{headers.get('host', '')}")

    def _dress(self, scope: Scope, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        if self._settings.https:
            headers.setdefault("strict-transport-security", "max-age=63072000; includeSubDomains")
        if not scope["path"].startswith(("/static/", "/publikt")):
            headers.setdefault("cache-control", "no-store")
        headers["x-request-id"] = scope["request_id"]


_LOCAL = ("127.0.0.1", "localhost", "::1")


def _ours(headers: Headers, origins: Iterable[str]) -> bool:
    """Whether a change was asked for from a page of ours: Sec-Fetch-Site, without it Origin, without that Referer."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    said = headers.get("origin") or headers.get("referer")
    if said is None:
        return "cookie" not in headers
    parts = urlsplit(said)
    return f"{parts.scheme}://{parts.netloc}" in origins


def _limit(scope: Scope) -> int:
    multipart = Headers(scope=scope).get("content-type", "").startswith("multipart/form-data")
    return UPLOAD_MAX if multipart else FORM_MAX


def _counted(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise TooMuch
        return message

    return counted


def _plain(text: str, status: int) -> ASGIApp:
    return PlainTextResponse(text, status)
