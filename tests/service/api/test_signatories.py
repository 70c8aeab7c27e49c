"""Another person in a place to sign, by API: as it was seen, for the own party, only while nothing is signed there."""

import httpx

from service.store.files import Files
from states.parties import Role
from tests.pages.site import Site
from tests.people import join
from tests.service.api.client import api, key, refused
from tests.service.cases.life import Case, open_for_signing, sign_as


def test_a_party_puts_another_person_in_its_place(site: Site, karin: httpx.Client) -> None:
    case = open_for_signing(Case(site.store, site.cast, site.agreement, Files(site.settings.files_dir)))
    with site.store.write() as session:
        vera = join(session, "Vera Ersson", site.cast.falun, Role.signatory)
    places = karin.get(f"agreements/{site.agreement}/signature-slots").json()["items"]
    mine = next(p for p in places if p["assignment_id"] == str(site.cast.chair.assignment))
    theirs = next(p for p in places if p["assignment_id"] == str(site.cast.torun.assignment))
    path, said = f"signature-slots/{mine['id']}/person", {"assignment": str(vera.assignment), "title": "vice ordförande"}
    seen = key(f'"{mine["version"]}"')
    refused(karin.put(path, json=said), 428, "if-match-missing")
    refused(api(site, site.cast.hanna).put(path, json=said, headers=seen), 404, "not-found")
    refused(api(site, site.cast.chair).put(path, json=said, headers=seen), 403, "not-yours")
    refused(karin.put(f"signature-slots/{theirs['id']}/person", json=said, headers=seen), 403, "not-yours")
    wrong = refused(karin.put(path, json={**said, "assignment": theirs["assignment_id"]}, headers=seen), 422, "invalid")
    assert [(f["pointer"], f["code"]) for f in wrong["fields"]] == [("/assignment", "not-a-signatory")]
    changed = karin.put(path, json=said, headers=seen)
    assert changed.json() == {
        **mine,
        **{"assignment_id": str(vera.assignment), "title": "vice ordförande", "authority": "", "mandate_until": None},
        **{"version": mine["version"] + 1, "requested_at": changed.json()["requested_at"]},
    }
    refused(karin.put(path, json=said, headers=seen), 412, "stale")
    sign_as(case, vera)
    now = next(p for p in karin.get(f"agreements/{site.agreement}/signature-slots").json()["items"] if p["id"] == mine["id"])
    said["assignment"] = str(site.cast.chair.assignment)
    refused(karin.put(path, json=said, headers=key(f'"{now["version"]}"')), 409, "not-allowed")
