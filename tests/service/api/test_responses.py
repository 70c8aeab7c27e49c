"""Answering by API: drafts under an ETag that covers the texts they answer, and what happens when two people answer at once."""

from typing import Any
from uuid import uuid4

import httpx

from tests.pages.site import Site
from tests.service.api.client import accept, api, key, propose, refused, save, send


def clauses(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    return list(client.get(f"{path}/clauses?limit=100").json()["items"])


def counter(clause: dict[str, Any], words: str) -> dict[str, Any]:
    head = clause["head"]
    return {"answer": "counter", "version": head["id"], "title": head["title"], "fields": {**head["fields"], "w": words}}


def test_a_response_is_begun_once_and_found_again(site: Site, elin: httpx.Client, karin: httpx.Client) -> None:
    path = propose(site, elin)
    first, again = karin.post(f"{path}/responses"), karin.post(f"{path}/responses")
    assert (first.status_code, first.json(), first.headers["etag"]) == (201, again.json(), again.headers["etag"])
    assert [r["id"] for r in karin.get(f"{path}/responses").json()["items"]] == [first.json()["id"]]
    assert elin.get(f"{path}/responses").json()["items"] == []


def test_an_answer_needs_the_responses_etag(site: Site, elin: httpx.Client, karin: httpx.Client) -> None:
    path = propose(site, elin)
    clause, begun = clauses(karin, path)[0], karin.post(f"{path}/responses")
    where, said = f"responses/{begun.json()['id']}/answers/{clause['id']}", {"answer": "accept", "version": clause["head"]["id"]}
    refused(karin.put(where, json=said), 428, "if-match-missing")
    refused(karin.put(where, json=said, headers={"If-Match": '"1"'}), 412, "stale")
    refused(karin.put(where, json={"answer": "maybe"}), 422, "invalid")
    refused(
        karin.put(f"responses/{begun.json()['id']}/answers/{uuid4()}", json=said, headers=key(begun.headers["etag"])),
        404,
        "not-found",
    )
    assert accept(karin, begun, clause).status_code == 200


def test_a_colleague_who_saved_first_is_heard_and_nothing_typed_is_lost(
    site: Site, elin: httpx.Client, karin: httpx.Client
) -> None:
    path, peter = propose(site, elin), api(site, site.cast.peter)
    clause, begun = clauses(karin, path)[0], karin.post(f"{path}/responses")
    assert save(peter, begun, clause["id"], counter(clause, "Så här vill Peter.")).status_code == 200
    said = refused(save(karin, begun, clause["id"], counter(clause, "Så här vill Karin.")), 412, "stale")
    (clash,) = said["conflicts"]
    assert clash["clause"] == clause["id"]
    assert (clash["base"]["w"], clash["theirs"]["w"], clash["yours"]["w"]) == (
        clause["head"]["fields"]["w"],
        "Så här vill Peter.",
        "Så här vill Karin.",
    )
    assert karin.get(f"responses/{begun.json()['id']}").json()["answers"][0]["fields"]["w"] == "Så här vill Peter."


def test_a_text_that_moves_under_a_draft_changes_the_etag_and_shows_both(
    site: Site, elin: httpx.Client, karin: httpx.Client
) -> None:
    path = propose(site, elin)
    first, second, _ = clauses(karin, path)
    drafted = save(karin, karin.post(f"{path}/responses"), first["id"], counter(first, "Falun vill något annat."))
    theirs = save(elin, elin.post(f"{path}/responses"), first["id"], counter(first, "Regionen ändrar sig."))
    assert theirs.status_code == 200, theirs.text
    assert send(elin, theirs).status_code == 201

    there = karin.get(f"responses/{drafted.json()['id']}")
    assert there.json() == drafted.json()
    assert there.headers["etag"] != drafted.headers["etag"]
    for answer in (accept(karin, drafted, second), send(karin, drafted)):
        (clash,) = refused(answer, 412, "stale")["conflicts"]
        assert (clash["theirs"]["w"], clash["yours"]["w"]) == ("Regionen ändrar sig.", "Falun vill något annat.")
    refused(send(karin, there), 412, "stale")

    moved = next(c for c in clauses(karin, path) if c["id"] == first["id"])
    settled = accept(karin, there, moved)
    assert settled.status_code == 200, settled.text
    assert send(karin, settled).status_code == 201


def test_an_own_area_is_drafted_changed_and_thrown_away(site: Site, elin: httpx.Client, karin: httpx.Client) -> None:
    path = propose(site, elin)
    drafted = karin.post(f"{path}/clauses", json={"title": "Folkmusik", "fields": {"w": "Låtar från bygden."}})
    (answer,) = drafted.json()["answers"]
    changed = save(karin, drafted, answer["id"], {"answer": "add", "title": "Spelmansstämmor", "fields": {"w": "Låtar."}})
    assert [a["title"] for a in changed.json()["answers"]] == ["Spelmansstämmor"]
    where = f"responses/{drafted.json()['id']}"
    refused(karin.delete(f"{where}/answers/{answer['id']}", headers=key(drafted.headers["etag"])), 412, "stale")
    gone = karin.delete(f"{where}/answers/{answer['id']}", headers=key(changed.headers["etag"]))
    assert (gone.status_code, gone.json()["answers"]) == (200, [])
    assert karin.delete(where, headers=key(gone.headers["etag"])).status_code == 204
    refused(karin.get(where), 404, "not-found")


def test_a_sent_response_is_taken_back_within_a_minute(site: Site, elin: httpx.Client, karin: httpx.Client) -> None:
    path = propose(site, elin)
    sent = send(karin, accept(karin, karin.post(f"{path}/responses"), clauses(karin, path)[0]))
    back = karin.post(f"responses/{sent.json()['id']}/retraction", headers=key())
    assert back.status_code == 200, back.text
    assert (back.json()["sent_at"], len(back.json()["answers"])) == (None, 1)
    assert karin.get(f"responses/{sent.json()['id']}").json()["recalled_at"]
    said = refused(karin.post(f"responses/{sent.json()['id']}/retraction", headers=key()), 409, "blocked")
    assert [r["code"] for r in said["reasons"]] == ["too-late"]
