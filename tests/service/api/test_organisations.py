"""Organisations by API: added once under their code, changed only as they were seen."""

import httpx
from sqlmodel import col, select

from service.store.tables import Event
from tests.pages.site import Site
from tests.service.api.client import api, key, refused

GAGNEF = {"kind": "municipality", "name": "Gagnefs kommun", "short_name": "Gagnef", "municipality_code": "2026"}


def test_a_municipality_is_added_once_under_its_code(site: Site, elin: httpx.Client) -> None:
    made = elin.post("organisations", json=GAGNEF)
    assert made.status_code == 201, made.text
    assert elin.get("organisations?code=2026").json()["items"] == [made.json()]
    taken = refused(elin.post("organisations", json={**GAGNEF, "name": "Gagnef"}), 409, "blocked")
    assert [r["code"] for r in taken["reasons"]] == ["code-taken"]
    wrong = refused(elin.post("organisations", json={**GAGNEF, "municipality_code": "20"}), 422, "invalid")
    assert [(f["pointer"], f["code"]) for f in wrong["fields"]] == [("/municipality_code", "not-a-code")]
    with site.store.read() as session:
        assert len(session.exec(select(Event).where(col(Event.kind) == "add_organisation")).all()) == 1


def test_a_change_names_what_was_seen_and_leaves_the_rest(site: Site, elin: httpx.Client) -> None:
    path = f"organisations/{site.cast.falun}"
    seen = elin.get(path)
    said = {"registry_email": "Kommun@Falun.example"}
    refused(elin.patch(path, json=said), 428, "if-match-missing")
    changed = elin.patch(path, json=said, headers=key(seen.headers["etag"]))
    assert changed.json() == {**seen.json(), "registry_email": "kommun@falun.example"}
    refused(elin.patch(path, json={"name": "Falun"}, headers=key(seen.headers["etag"])), 412, "stale")
    taken = refused(elin.patch(path, json={"municipality_code": "2081"}, headers=key(changed.headers["etag"])), 409, "blocked")
    assert [r["code"] for r in taken["reasons"]] == ["code-taken"]
    assert elin.get(path).json() == changed.json()


def test_who_is_not_the_regions_changes_no_organisation(site: Site, karin: httpx.Client) -> None:
    registrar = api(site, site.cast.registrar)
    for client in (karin, registrar):
        refused(client.post("organisations", json=GAGNEF), 403, "not-yours")
        refused(client.patch(f"organisations/{site.cast.falun}", json={"name": "x"}, headers=key('"0"')), 403, "not-yours")
