"""Idempotency-Key under pressure: many at once, on both databases, come to one effect and one stored answer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from sqlmodel import func, select

from service.store.session import Store
from service.store.tables import Event, IdempotencyKey, Message
from tests.pages.site import Site
from tests.people import arrive, draft
from tests.service.api.client import Served, api, behind, key, refused

AT_ONCE = 8


@pytest.fixture
def site(served: Served, any_store: Store) -> Iterator[Site]:
    with any_store.write() as session:
        cast = arrive(session)
        agreement = draft(session, cast)
    with behind(served, any_store, cast, agreement) as there:
        yield there


def effects(site: Site) -> tuple[int, ...]:
    with site.store.read() as session:
        return tuple(session.exec(select(func.count()).select_from(t)).one() for t in (Event, Message, IdempotencyKey))


def test_many_requests_with_one_key_at_once_have_one_effect_and_one_answer(site: Site) -> None:
    path = f"agreements/{site.agreement}"
    clients = [api(site, site.cast.elin) for _ in range(AT_ONCE)]
    headers = key(clients[0].get(path).headers["etag"])
    before = effects(site)
    with ThreadPoolExecutor(AT_ONCE) as together:
        answers = list(together.map(lambda client: client.post(f"{path}/proposal", json={}, headers=headers), clients))
    assert {a.status_code for a in answers} == {200}, [a.text for a in answers]
    assert len({(a.text, a.headers["etag"]) for a in answers}) == 1
    events, messages, keys = (after - then for after, then in zip(effects(site), before, strict=True))
    assert (events, messages, keys) == (1, 1, 1)


def test_many_requests_with_keys_of_their_own_at_once_have_one_effect(site: Site) -> None:
    """Then the version decides: the others see something that has changed."""
    path = f"agreements/{site.agreement}"
    clients = [api(site, site.cast.elin) for _ in range(AT_ONCE)]
    version = clients[0].get(path).headers["etag"]
    with ThreadPoolExecutor(AT_ONCE) as together:
        answers = list(together.map(lambda client: client.post(f"{path}/proposal", json={}, headers=key(version)), clients))
    assert sorted(a.status_code for a in answers) == [200] + [412] * (AT_ONCE - 1)


def test_a_key_is_free_again_after_a_day(site: Site) -> None:
    elin, path = api(site, site.cast.elin), f"agreements/{site.agreement}"
    headers = key(elin.get(path).headers["etag"])
    assert elin.post(f"{path}/proposal", json={}, headers=headers).status_code == 200
    with site.store.write() as session:
        kept = session.exec(select(IdempotencyKey)).one()
        kept.at -= timedelta(hours=25)
        session.add(kept)
    refused(elin.post(f"{path}/proposal", json={}, headers=headers), 412, "stale")


def test_what_was_refused_for_the_person_is_not_stored(site: Site) -> None:
    visitor, elin = api(site, None), api(site, site.cast.elin)
    path, headers = f"agreements/{site.agreement}/withdrawal", key('"1"')
    refused(visitor.post(path, json={"reason": "x"}, headers=headers), 401, "sign-in-required")
    first: httpx.Response = elin.post(path, json={"reason": "x"}, headers=headers)
    assert first.status_code != 401
