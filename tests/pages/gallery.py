"""Every part of the pages with invented data on one page, through the real environment: `python -m tests.pages.gallery`."""

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.pages.rendering import Frame, NavLink, Visitor, environment, mount_static, render, respond, see_other
from states.errors import FieldError, Reason

HERE = Path(__file__).parent
CODE = "9f3ac71b20de88415c0e6ad1f3b7e2904d11c35a7b8e0f62a94d5c1e7f80b236"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types overens"
)
NAV = (
    NavLink("Att göra", "/att-gora", 3),
    NavLink("Översikt", "/"),
    NavLink("Kontakter", "/kontakter"),
    NavLink("Utkorg", "/utkorg"),
    NavLink("Händelselogg", "/logg"),
)
FOOT = (NavLink("Tillgänglighet", "/tillganglighet"), NavLink("Om Överens", "/om"), NavLink("Hjälp", "/hjalp"))
PIECES = [
    ("same", "Regionen och kommunen ska tillsammans utveckla "),
    ("del", "elevernas"),
    ("ins", "alla barns och ungas"),
    ("same", " möjlighet att möta professionell scenkonst"),
    ("ins", ", både"),
    ("same", " under skoltid"),
    ("ins", " och på fritiden"),
    ("same", ". Föreställningarna ska finnas i hela kommunen."),
]
WORDS = [
    "Ersatt ”elevernas” med ”alla barns och ungas”.",
    "Lagt till ”, både” efter ”scenkonst”.",
    "Lagt till ”och på fritiden” efter ”under skoltid”.",
]
MATRIX = (
    ("Falu kommun", "6 överens · 2 hos er", "aiaaiaxa"),
    ("Malung-Sälens kommun", "3 överens · 4 hos kommunen · 1 hos er", "kkaikaka"),
    ("Orsa kommun", "4 överens · 3 hos kommunen · 1 hos er", "kairaakk"),
    ("Gagnefs kommun", "8 överens", "aaaaaaaa"),
)
CELLS = {
    "a": ("ok", "agreed", "Överens"),
    "k": ("wait", "municipality", "Kommunen"),
    "i": ("act", "region", "Regionen"),
    "r": ("late", "both", "Båda"),
    "x": ("out", "excluded", "Ingår inte"),
}
AREAS = (
    "Scenkonst för barn och unga",
    "Bibliotek och läsning",
    "Kulturskola",
    "Konstnärers villkor",
    "Kulturarv",
    "Film och rörlig bild",
    "Folkbildning",
    "Kultur och hälsa",
)


def at(day: int, hour: int, minute: int) -> datetime:
    return datetime(2027, 9, day, hour, minute, tzinfo=ZoneInfo("Europe/Stockholm"))


def invented() -> dict[str, object]:
    """All the values the gallery's template reads."""
    return {
        "pieces": [SimpleNamespace(kind=kind, text=text) for kind, text in PIECES],
        "sentences": WORDS,
        "matrix": MATRIX,
        "cells": CELLS,
        "areas": AREAS,
        "code": CODE,
        "at": at,
    }


def show(request: Request) -> Response:
    template = environment().from_string((HERE / "gallery.html").read_text())
    return respond(request, template, 200, {}, invented())


async def answer(request: Request) -> Response:
    """Refuses an empty reason with 422, otherwise shows the page again."""
    form = await request.form()
    if form.get("reason"):
        return see_other(request, "/")
    wrong = (
        FieldError("reason", "reason-missing", "Skriv varför ni tar bort området."),
        FieldError("due", "not-a-day", "Skriv datumet som 2027-09-30."),
    )
    template = environment().from_string((HERE / "gallery.html").read_text())
    return respond(request, template, 422, {}, {**invented(), "errors": wrong})


async def draft(request: Request) -> Response:
    """Keeps a draft, unless its text asks for the store to be out of reach."""
    form = await request.form()
    if "trasig" in str(form.get("text")):
        return HTMLResponse("<p>Vi kan inte spara just nu.</p>", 503)
    return HTMLResponse("Sparat 10.02")


def problem(request: Request) -> Response:
    """What a person without a session sees when something is refused."""
    request.state.frame = Frame(foot=FOOT)
    return render(
        request,
        "problem.html",
        status=409,
        heading="Det går inte att skriva under ännu",
        message="Underskriften kan öppnas när allt nedan är klart.",
        reasons=[Reason("no-mandate", "Mora kommun har inte angett vem som skriver under.")],
        advice="Be kommunens kontaktperson ange vem som skriver under.",
        back=NavLink("Till överenskommelsen", "/"),
    )


class Edge:
    """The headers and the frame that service/web.py puts around every page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", POLICY.encode())]
            await send(message)

        frame = Frame(Visitor("Elin Åsberg", "Region Dalarna"), NAV, FOOT, sign_out="/ut", demo=True)
        scope.setdefault("state", {})["frame"] = frame
        await self.app(scope, receive, guarded)


def gallery() -> Starlette:
    """The gallery as an application of its own."""
    routes = [
        Route("/", show, name="gallery"),
        Route("/svar", answer, methods=["POST"], name="answer"),
        Route("/utkast", draft, methods=["POST"], name="draft"),
        Route("/problem", problem, name="problem"),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(Edge)])
    mount_static(app)
    return app


if __name__ == "__main__":
    uvicorn.run(gallery(), port=8099)
