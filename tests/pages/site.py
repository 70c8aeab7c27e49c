"""The pages of a negotiation over a real store, served on a real port, with a browserless client per person."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import UUID

import httpx
from fastapi import FastAPI

from service.app import create_app
from service.settings import Settings
from service.store.session import Store
from service.store.tables import SignIn
from service.web import cookie_name
from states.parties import Actor
from states.tokens import fingerprint, new_secret
from tests.browser import CERTIFICATES, serving
from tests.people import Cast, arrive, draft
from tests.stores import Begun

TODAY = datetime(2027, 9, 14, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Site:
    """A running service with the cast and one draft agreement between the region and Falun."""

    url: str
    store: Store
    settings: Settings
    cast: Cast
    agreement: UUID
    clients: ExitStack

    @property
    def path(self) -> str:
        return f"/overenskommelser/{self.agreement}"

    def cookie(self, actor: Actor) -> tuple[str, str]:
        return session_cookie(self.store, self.settings, actor)

    def visitor(self, actor: Actor) -> "Visitor":
        name, value = self.cookie(actor)
        client = httpx.Client(
            base_url=self.url,
            cookies={name: value},
            headers={"Origin": self.url},
            follow_redirects=True,
            timeout=30,
            verify=CERTIFICATES,
        )
        return Visitor(self.clients.enter_context(client))


class Visitor:
    """A person with a plain HTTP client who presses the buttons that are on the page."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, path: str) -> httpx.Response:
        return self._client.get(path)

    def post(self, path: str, **typed: str) -> httpx.Response:
        return self._client.post(path, data=typed)

    def submit(self, page: httpx.Response, action: str, /, **typed: str) -> httpx.Response:
        """Send the first form whose address ends like this: what stands in it, with what is typed on top."""
        found = next(f for f in re.findall(r"<form method=\"post\".*?</form>", page.text, re.S) if _action(f).endswith(action))
        return self.post(_action(found), **{**_standing(found), **typed})


def _action(form: str) -> str:
    found = re.search(r'action="([^"]+)"', form)
    assert found is not None
    return unescape(found[1])


def _standing(form: str) -> dict[str, str]:
    """Hidden fields, inputs and textareas as a browser would send them."""
    inputs = re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', form)
    areas = re.findall(r'<textarea[^>]*?name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form, re.S)
    return {name: unescape(value) for name, value in [*inputs, *areas]}


def words(page: httpx.Response) -> str:
    """What a person reads on the page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def session_cookie(store: Store, settings: Settings, actor: Actor) -> tuple[str, str]:
    """A session of the person, as opening a personal link makes it."""
    assert actor.assignment is not None
    real_now, secret = datetime.now(UTC), new_secret()
    with store.write() as session:
        session.add(
            SignIn(
                cookie_sha256=fingerprint(secret),
                assignment_id=actor.assignment,
                epoch=1,
                created_at=real_now,
                seen_at=real_now,
                expires_at=real_now + timedelta(hours=1),
            )
        )
    return cookie_name(settings), secret


def application(store: Store, settings: Settings) -> FastAPI:
    """The whole house with its business clock standing still."""
    app = create_app(settings, store)
    app.state.house = replace(app.state.house, clock=lambda: TODAY)
    return app


@contextmanager
def running(store: Store, settings: Settings, begun: Begun | None = None) -> Iterator[Site]:
    """The service on a free port with the cast in its store, which is copied there when it has come together before."""
    if begun:
        begun.laid_in(store)
        cast, agreement = begun.cast, begun.agreement
    else:
        with store.write() as session:
            cast = arrive(session)
            agreement = draft(session, cast)
    with serving(application(store, settings)) as url, ExitStack() as clients:
        yield Site(url, store, settings, cast, agreement, clients)
