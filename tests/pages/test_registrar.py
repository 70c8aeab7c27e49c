"""A municipality's registrar: comes by mailed link to the municipality's page, sees its own things there and nobody else's."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.settings import Settings
from service.store.columns import new_id
from service.store.files import Files
from service.store.session import Store
from states.parties import Role
from tests.pages.site import Site, Visitor, running, words
from tests.pages.test_signing import control_code, place, upload
from tests.people import join
from tests.service.api.client import api
from tests.service.cases.life import PDF, Case, open_for_signing
from tests.stores import Begun, begun, migrated_file, store

__all__ = ["begun", "migrated_file", "store"]

REGIONS = ("/program", "/kontakter", "/utkorg", "/logg", "/logg/kontroll", "/installningar")


@pytest.fixture
def site(store: Store, begun: Begun, tmp_path: Path) -> Iterator[Site]:
    with running(store, Settings(data_dir=tmp_path), begun) as served:
        yield served


@pytest.fixture
def case(site: Site) -> Case:
    return open_for_signing(Case(site.store, site.cast, site.agreement, Files(site.settings.files_dir)))


def paper(site: Site, case: Case) -> tuple[httpx.Response, str]:
    """Falun's registrar hands in the signed paper; the page afterwards and the address of the scan."""
    slot = place(case, site.cast.chair)
    form = site.visitor(site.cast.falun_registrar).get(f"{site.path}/underskrifter/{slot}/papper")
    typed = {"control_code": control_code(form), "signed_on": "2027-09-13"}
    kept = upload(site, site.cast.falun_registrar, slot, PDF, **typed)
    check = re.search(r'href="([^"]+/kontroller/[^"]+)"', site.visitor(site.cast.elin).get(f"{site.path}/beslut").text)
    assert check is not None
    scan = re.search(r'href="(/filer/[0-9a-f]{64})"', site.visitor(site.cast.elin).get(check[1]).text)
    assert scan is not None
    return kept, scan[1]


def test_a_municipal_registrar_lands_on_the_municipalitys_page_and_leaves_by_the_door_of_mailed_codes(site: Site) -> None:
    rolf = site.visitor(site.cast.falun_registrar)
    home = rolf.get("/")
    assert home.url.path == "/min-kommun"
    assert not {"/program", "/kontakter", "/logg"} & set(re.findall(r'href="([^"]+)"', home.text))
    assert rolf.post("/logga-ut").url.path == "/k/kod"


def test_a_municipal_registrar_hands_in_the_signed_paper_and_reads_it_again(site: Site, case: Case) -> None:
    kept, scan = paper(site, case)
    assert "Väntar på kontroll" in words(kept)
    assert site.visitor(site.cast.falun_registrar).get(scan).content == PDF


def test_the_regions_pages_are_not_for_a_municipal_registrar(site: Site) -> None:
    rolf, region = site.visitor(site.cast.falun_registrar), site.visitor(site.cast.registrar)
    assert {path: rolf.get(path).status_code for path in REGIONS} == dict.fromkeys(REGIONS, 403)
    assert [region.get(path).status_code for path in ("/program", "/kontakter", "/logg")] == [200, 200, 200]
    assert api(site, site.cast.falun_registrar).get("contacts").status_code == 403


def test_to_borlanges_registrar_faluns_things_are_as_made_up_ones(site: Site, case: Case) -> None:
    _, scan = paper(site, case)
    with site.store.write() as session:
        britt = join(session, "Britt Lund", site.cast.borlange, Role.registrar)
    stranger = site.visitor(britt)
    slot, nothing = place(case, site.cast.chair), new_id()
    ours = ("", "/beslut", "/fil", "/diarienummer", f"/underskrifter/{slot}/papper")
    for path in ours:
        made_up = f"/overenskommelser/{nothing}{path.replace(str(slot), str(nothing))}"
        assert _said(stranger, site.path + path) == _said(stranger, made_up)
    assert _said(stranger, scan) == _said(stranger, f"/filer/{'0' * 64}")


def _said(visitor: Visitor, path: str) -> str:
    page = visitor.get(path)
    assert page.status_code == 404
    return words(page)
