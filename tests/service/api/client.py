"""People of the cast as they use the API: a client each, what a refusal must look like, one answer saved."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from service.settings import Settings
from service.store.session import Store
from service.web import house
from states.parties import Actor
from tests.browser import CERTIFICATES
from tests.pages.site import TODAY, Site
from tests.people import Cast


@dataclass(frozen=True, slots=True)
class Served:
    """A running service that one store after the other is put behind."""

    url: str
    app: FastAPI
    settings: Settings


@contextmanager
def behind(served: Served, store: Store, cast: Cast, agreement: UUID) -> Iterator[Site]:
    """The service as it is with this store."""
    served.app.state.house = replace(house(served.settings, store), clock=lambda: TODAY)
    with ExitStack() as clients:
        yield Site(served.url, store, served.settings, cast, agreement, clients)


def api(site: Site, actor: Actor | None) -> httpx.Client:
    """Somebody signed in, or a visitor."""
    cookies = dict([site.cookie(actor)]) if actor else {}
    address = f"{site.url}/api/v1/"
    made = httpx.Client(base_url=address, cookies=cookies, headers={"Origin": site.url}, timeout=30, verify=CERTIFICATES)
    return site.clients.enter_context(made)


def key(version: str | None = None) -> dict[str, str]:
    """The headers of a change."""
    return {"Idempotency-Key": str(uuid4())} | ({"If-Match": version} if version else {})


def propose(site: Site, elin: httpx.Client) -> str:
    """The agreement's address after Falun has got its proposal."""
    path = f"agreements/{site.agreement}"
    sent = elin.post(f"{path}/proposal", json={}, headers=key(elin.get(path).headers["etag"]))
    assert sent.status_code == 200, sent.text
    return path


def accept(client: httpx.Client, response: httpx.Response, clause: dict[str, Any]) -> httpx.Response:
    """Save that a clause's head is accepted, on top of the response as it was answered last."""
    return save(client, response, clause["id"], {"answer": "accept", "version": clause["head"]["id"]})


def save(client: httpx.Client, response: httpx.Response, answer: str, said: dict[str, Any]) -> httpx.Response:
    path, seen = f"responses/{response.json()['id']}/answers/{answer}", {"If-Match": response.headers["etag"]}
    return client.put(path, json=said, headers=seen)


def send(client: httpx.Client, saved: httpx.Response) -> httpx.Response:
    return client.post(f"responses/{saved.json()['id']}/sending", headers=key(saved.headers["etag"]))


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """What a refusal says, after its shape has been looked at."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == "sv"
    said: dict[str, Any] = answer.json()
    assert said["status"] == status
    assert said["code"] == code
    assert said["type"] == f"/api/v1/problems/{code}"
    assert said["title"]
    assert said["detail"]
    assert said["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"
    return said
