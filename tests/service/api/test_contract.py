"""What every resource keeps to: the order of refusals, versions, keys that count once, and answers that say nothing back."""

import json
from uuid import uuid4

import httpx
import pytest
from sqlmodel import func, select

from service.__main__ import run
from service.api.router import COMMITTED, write
from service.store.tables import Clause, Message
from tests.pages.site import Site
from tests.service.api.client import accept, api, key, propose, refused


def test_refusals_are_judged_in_the_agreed_order(site: Site, elin: httpx.Client) -> None:
    visitor, hanna, chair = api(site, None), api(site, site.cast.hanna), api(site, site.cast.chair)
    path = propose(site, elin)
    withdrawal = f"{path}/withdrawal"
    text = {"Content-Type": "application/json"}
    refused(visitor.post(withdrawal, content="{", headers=text), 400, "invalid")
    refused(visitor.post(withdrawal, json={"bad": 1}), 401, "sign-in-required")
    refused(hanna.post(f"{path}/date-requests", json={"bad": 1}), 404, "not-found")
    refused(elin.post("agreements/1/withdrawal", json={"bad": 1}), 404, "not-found")
    refused(chair.post(withdrawal, json={"bad": 1}), 403, "not-yours")
    refused(elin.post(withdrawal, content="reason", headers={"Content-Type": "text/plain"}), 415, "invalid")
    said = refused(elin.post(withdrawal, json={"reason": 1}), 422, "invalid")
    assert [(f["pointer"], f["code"]) for f in said["fields"]] == [("/reason", "string_type")]
    refused(elin.post(withdrawal, json={"reason": "x"}, headers=key()), 428, "if-match-missing")
    refused(elin.post(withdrawal, json={"reason": "x"}, headers=key('"99"')), 412, "stale")
    refused(elin.post(withdrawal, json={"reason": "x"}, headers=key("W/nonsense")), 412, "stale")
    version = elin.get(path).headers["etag"]
    refused(elin.post(withdrawal, json={"reason": "x"}, headers={"If-Match": version}), 400, "idempotency-key-missing")
    refused(elin.post(f"{path}/signing", headers=key(version)), 409, "not-allowed")
    refused(elin.request("TRACE", path), 405, "invalid")


def test_a_body_that_is_too_large_is_refused(site: Site, elin: httpx.Client) -> None:
    refused(elin.post(f"agreements/{site.agreement}/withdrawal", json={"reason": "x" * 3_000_000}), 413, "too-large")


def test_a_key_makes_a_post_count_once(site: Site, elin: httpx.Client) -> None:
    path = f"agreements/{site.agreement}"
    headers = key(elin.get(path).headers["etag"])
    first = elin.post(f"{path}/proposal", json={}, headers=headers)
    with site.store.read() as session:
        sent = session.exec(select(func.count()).select_from(Message)).one()
    again = elin.post(f"{path}/proposal", json={}, headers=headers)
    assert (first.status_code, first.text, first.headers["etag"]) == (again.status_code, again.text, again.headers["etag"])
    refused(elin.post(f"{path}/proposal", json={"due": "2027-12-01"}, headers=headers), 422, "idempotency-key-reused")
    refused(elin.post(f"{path}/withdrawal", json={"reason": "x"}, headers=headers), 422, "idempotency-key-reused")
    with site.store.read() as session:
        assert session.exec(select(func.count()).select_from(Message)).one() == sent


def test_a_key_of_a_refused_request_can_be_used_again(site: Site, elin: httpx.Client) -> None:
    path, headers = f"agreements/{site.agreement}", key('"99"')
    refused(elin.post(f"{path}/proposal", json={}, headers=headers), 412, "stale")
    headers["If-Match"] = elin.get(path).headers["etag"]
    assert elin.post(f"{path}/proposal", json={}, headers=headers).status_code == 200


def test_keys_of_two_people_do_not_meet(site: Site, elin: httpx.Client, karin: httpx.Client) -> None:
    path = propose(site, elin)
    headers = key(elin.get(path).headers["etag"])
    assert elin.post(f"{path}/withdrawal", json={"reason": "Nytt läge."}, headers=headers).status_code == 200
    headers["If-Match"] = karin.get(path).headers["etag"]
    assert karin.post(f"{path}/resumption", headers=headers).status_code != 422


def test_what_has_not_changed_is_not_sent_again(site: Site, elin: httpx.Client) -> None:
    path = propose(site, elin)
    tag = elin.get(path).headers["etag"]
    assert tag.startswith('"')
    same = elin.get(path, headers={"If-None-Match": tag})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert elin.get(path, headers={"If-None-Match": '"0"'}).status_code == 200


def test_a_stranger_learns_nothing_from_bodies(site: Site, elin: httpx.Client) -> None:
    """Falun's party named in a body behind Borlänge's own address is as unknown as any."""
    propose(site, elin)
    made = api(site, site.cast.hanna).post(f"agreements/{site.agreement}/clauses", json={"title": "x", "fields": {}})
    refused(made, 404, "not-found")


ODD = [
    b'{"title": "\\ud800", "fields": {}}',
    b'{"title": "\\u0000", "fields": {}}',
    b'{"title": "x", "fields": {"\\ud800": "y"}}',
    b'{"title": "x", "fields": {"w": NaN}}',
    b'{"title": NaN, "fields": {}}',
    b'{"title": 1e999, "fields": {}}',
    b'{"title": "x", "fields": [], "\\ud800": 1}',
    b'{"title": "x", "fields": {"w": "y"}, "geheim": 1}',
    b"[" * 50_000,
    b"null",
    b"[]",
    b'"geheim"',
    b"",
    b"\xff\xfe",
    b'{"title": ' + b"9" * 6_000 + b"}",
]


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
def test_odd_bodies_are_refused_without_being_said_back(site: Site, elin: httpx.Client, karin: httpx.Client, body: bytes) -> None:
    path = propose(site, elin)
    answer = karin.post(f"{path}/clauses", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "geheim" not in answer.text
    assert "\\ud800" not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "agreements?limit=0",
        "agreements?limit=1e9",
        "agreements?after=geheim",
        "agreements?state=geheim",
        "events?after=99999999999999999999",
        "events?kind=%00",
        "organisations?kind=%ED%A0%80",
    ],
)
def test_odd_queries_are_refused_without_being_said_back(elin: httpx.Client, query: str) -> None:
    assert "geheim" not in str(refused(elin.get(query), 422, "invalid"))


@pytest.mark.parametrize("due", ["0001-01-01", "9999-12-31", "geheim", 0.5, "2027-02-30"])
def test_odd_days_are_refused(site: Site, elin: httpx.Client, due: object) -> None:
    answer = elin.post(f"agreements/{site.agreement}/proposal", json={"due": due}, headers=key('"1"'))
    assert "geheim" not in str(refused(answer, 422, "invalid"))


def test_odd_uploads_are_refused(site: Site, elin: httpx.Client) -> None:
    propose(site, elin)
    path = f"signature-slots/{uuid4()}/papers"
    refused(elin.post(path, files={"scan": ("s.pdf", b"x")}), 404, "not-found")
    broken = elin.post(path, content=b"--b\r\nnonsense", headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert broken.status_code in (400, 404, 422)


def test_lists_are_cut_and_name_their_next_part(elin: httpx.Client) -> None:
    first = elin.get("organisations?limit=2").json()
    assert len(first["items"]) == 2
    rest = elin.get(httpx.URL(elin.base_url).join(first["next"])).json()
    assert len(rest["items"]) == 1
    assert rest["next"] is None


def test_answers_move_the_negotiation(site: Site, elin: httpx.Client, karin: httpx.Client) -> None:
    path = propose(site, elin)
    clauses = karin.get(f"{path}/clauses").json()["items"]
    saved = karin.post(f"{path}/responses")
    for clause in clauses:
        saved = accept(karin, saved, clause)
        assert saved.status_code == 200, saved.text
    response = saved.json()
    assert len(response["answers"]) == len(clauses)
    sent = karin.post(f"responses/{response['id']}/sending", headers=key(saved.headers["etag"]))
    assert sent.status_code == 201, sent.text
    refused(elin.get(f"responses/{response['id']}"), 404, "not-found")
    assert elin.get(path).json()["state"] == "agreed"
    with site.store.read() as session:
        assert session.exec(select(func.count()).select_from(Clause)).one() == len(clauses)


def test_the_committed_description_is_the_generated_one() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == write(), "run `overens openapi`"
    assert run(["openapi", "--check"]) == 0


def test_the_description_names_the_headers_that_changes_need(elin: httpx.Client) -> None:
    said = elin.get("openapi.json").json()
    assert said == json.loads(write())
    parameters = said["paths"]["/api/v1/agreements/{agreement_id}/withdrawal"]["post"]["parameters"]
    assert "If-Match" in [p["name"] for p in parameters if p["in"] == "header"]
