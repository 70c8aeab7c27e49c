"""Lists: cut by page or after the last one seen, counted up to a thousand and no further."""

import httpx
import pytest
from sqlmodel import Session

from service.api.listing import COUNTED
from service.store.tables import Organisation
from states.parties import OrganisationKind
from tests.pages.site import Site
from tests.service.api.client import propose, refused


def every(client: httpx.Client, address: str) -> list[str]:
    """The ids of a whole list, part by part as `next` says."""
    seen: list[str] = []
    where: str | None = address
    while where:
        said = client.get(httpx.URL(client.base_url).join(where)).json()
        seen += [item["id"] for item in said["items"]]
        where = said["next"]
    return seen


def associations(session: Session, number: int) -> None:
    rows = [Organisation(kind=OrganisationKind.association, name=f"Förening {n}", short_name=f"F{n}") for n in range(number)]
    session.add_all(rows)


@pytest.mark.parametrize("what", ["organisations", "agreements/{agreement}/clauses"])
def test_pages_and_next_lead_to_the_same_whole(site: Site, elin: httpx.Client, what: str) -> None:
    propose(site, elin)
    what = what.format(agreement=site.agreement)
    whole = [item["id"] for item in elin.get(f"{what}?limit=100").json()["items"]]
    assert len(whole) == 3
    assert every(elin, f"{what}?limit=1") == whole
    assert [elin.get(f"{what}?limit=1&page={n}").json()["items"][0]["id"] for n in (1, 2, 3)] == whole
    assert elin.get(f"{what}?limit=1&page=4").json() == {"items": [], "next": None, "count": None}


def test_growing_lists_go_on_after_the_last_one_seen(site: Site, elin: httpx.Client) -> None:
    said = elin.get("organisations?limit=2&kind=municipality&count=capped").json()
    assert (len(said["items"]), said["next"], said["count"]) == (2, None, "2")
    first = elin.get("organisations?limit=1&kind=municipality").json()
    assert f"after={first['items'][0]['id']}" in first["next"]
    assert "kind=municipality" in first["next"]


def test_nobody_waits_for_more_than_a_thousand_to_be_counted(site: Site, elin: httpx.Client) -> None:
    with site.store.write() as session:
        associations(session, COUNTED - 3)
    assert elin.get("organisations?count=capped").json()["count"] == "1000"
    with site.store.write() as session:
        associations(session, 1)
    assert elin.get("organisations?count=capped").json()["count"] == "1000+"
    assert elin.get("organisations").json()["count"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "page=0", "page=51", "count=all", "after=geheim"])
def test_what_cannot_be_a_part_of_a_list_is_refused(elin: httpx.Client, query: str) -> None:
    refused(elin.get(f"organisations?{query}"), 422, "invalid")
