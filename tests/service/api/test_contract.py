"""What every resource keeps to: the order of refusals, versions, keys that count once, and answers that say nothing back."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pysqlite3 import dbapi2
from sqlalchemy import event
from sqlmodel import func, select

from service.__main__ import run
from service.api.router import COMMITTED, write
from service.store.tables import Clause, Message
from service.web import STATUS
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


def test_a_stale_change_is_told_before_an_impossible_one(site: Site, elin: httpx.Client) -> None:
    path = propose(site, elin)
    refused(elin.post(f"{path}/signing", headers=key('"99"')), 412, "stale")
    refused(elin.post(f"{path}/signing", headers=key()), 428, "if-match-missing")
    refused(elin.post(f"{path}/signing", headers=key(elin.get(path).headers["etag"])), 409, "not-allowed")


def test_a_stranger_hears_404_before_anything_they_sent_is_judged(site: Site, elin: httpx.Client) -> None:
    hanna, path = api(site, site.cast.hanna), propose(site, elin)
    odd: list[dict[str, Any]] = [
        {"content": "reason", "headers": {"Content-Type": "text/plain"}},
        {"json": {"reason": 1}},
        {"json": {"reason": "x"}},
        {"json": {"reason": "x"}, "headers": key('"99"')},
    ]
    for sent in odd:
        refused(hanna.post(f"{path}/resumption", **sent), 404, "not-found")


def test_too_many_codes_are_refused_with_a_time_to_come_back(site: Site) -> None:
    chair = api(site, site.cast.chair)
    for _ in range(50):
        answer = chair.post("step-ups", json={"purpose": "sign", "subject": str(uuid4())}, headers=key())
        if answer.status_code != 202:
            break
    refused(answer, 429, "too-many")
    assert 0 < int(answer.headers["retry-after"]) <= 900


def test_a_store_that_does_not_answer_says_when_to_come_back(site: Site, elin: httpx.Client) -> None:
    """Another program holds the database."""
    path = f"agreements/{site.agreement}"
    version = elin.get(path).headers["etag"]
    event.listen(site.store.engine, "checkout", lambda connection, *_: connection.execute("PRAGMA busy_timeout=100"))
    holder = dbapi2.connect(site.store.url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    answer = elin.post(f"{path}/proposal", json={}, headers=key(version))
    holder.execute("ROLLBACK")
    holder.close()
    refused(answer, 503, "store-unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert elin.post(f"{path}/proposal", json={}, headers=key(version)).status_code == 200


def test_a_full_store_is_told_apart_and_keeps_what_it_has(site: Site, elin: httpx.Client) -> None:
    path = f"agreements/{site.agreement}"
    before = elin.get(path)

    def fill(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={connection.execute('PRAGMA page_count').fetchone()[0]}")

    event.listen(site.store.engine, "checkout", fill)
    long = {"title": "x", "fields": dict.fromkeys("wgrkf", "y" * 9_000)}
    answer = elin.post(f"programmes/{before.json()['programme']}/areas", json={"number": 99, **long})
    refused(answer, 507, "store-full")
    assert elin.get(path).json() == before.json()


def test_answers_say_which_language_they_are_in(site: Site, elin: httpx.Client) -> None:
    """Swedish until there is a second catalogue, and the description says so."""
    for asked in ("en", "sv", "fi;q=0.5, *"):
        answer = elin.get(f"agreements/{site.agreement}", headers={"Accept-Language": asked})
        assert answer.headers["content-language"] == "sv"
        assert refused(elin.get("agreements/1", headers={"Accept-Language": asked}), 404, "not-found")["detail"].startswith(
            "Sidan"
        )
    assert any("Accept-Language" in said for said in elin.get("openapi.json").json()["info"]["x-limitations"])


def test_every_operation_describes_its_refusals(elin: httpx.Client) -> None:
    said = elin.get("openapi.json").json()
    assert {"type", "title", "status", "detail", "instance", "code"} <= said["components"]["schemas"]["Problem"][
        "properties"
    ].keys()
    names = []
    for path in said["paths"].values():
        for operation in path.values():
            names.append(operation["operationId"])
            for status in ("4XX", "5XX"):
                assert "application/problem+json" in operation["responses"][status]["content"]
    assert len(set(names)) == len(names)


def test_the_type_of_a_problem_leads_to_what_it_means(site: Site, elin: httpx.Client) -> None:
    said = refused(elin.get("agreements/1"), 404, "not-found")
    assert api(site, None).get(httpx.URL(elin.base_url).join(said["type"])).json() == {
        "code": said["code"],
        "status": said["status"],
        "title": said["title"],
    }
    for kind in STATUS:
        assert elin.get(f"problems/{kind.code}").json()["status"] == STATUS[kind], kind
    refused(elin.get("problems/geheim"), 404, "not-found")
