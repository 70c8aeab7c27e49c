"""A negotiation in a real browser under the strict policy: axe before and after each press, focus, and two people at once."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from service.settings import Settings
from service.store.session import Store
from states.parties import Actor
from tests.browser import DESKTOP, PHONE, chromium, faults, overflow
from tests.pages.site import Site, running
from tests.stores import migrated_file, store

__all__ = ["chromium", "migrated_file", "store"]
pytestmark = pytest.mark.browser


@pytest.fixture
def site(store: Store, tmp_path: Path) -> Iterator[Site]:
    with running(store, Settings(data_dir=tmp_path)) as served:
        yield served


class Walk:
    """People with their own browsers; every page is checked when it is looked at."""

    def __init__(self, chromium: Browser, site: Site) -> None:
        self._chromium, self._site = chromium, site
        self.complaints: list[str] = []

    def person(self, actor: Actor, size: ViewportSize) -> Page:
        context = self._chromium.new_context(viewport=size, locale="sv-SE", timezone_id="Europe/Stockholm")
        name, value = self._site.cookie(actor)
        context.add_cookies([{"name": name, "value": value, "url": self._site.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda m: self.complaints.append(m.text) if "Content Security Policy" in m.text else None)
        return page

    def look(self, page: Page, title: str) -> None:
        """Wait for a page by its title, then let axe read it."""
        expect(page).to_have_title(re.compile(title))
        assert faults(page) == []
        assert overflow(page) == 0


def test_a_proposal_is_sent_answered_in_conflict_and_taken_back(chromium: Browser, site: Site) -> None:
    walk = Walk(chromium, site)
    elin, karin = walk.person(site.cast.elin, DESKTOP), walk.person(site.cast.karin, DESKTOP)
    peter = walk.person(site.cast.peter, PHONE)

    elin.goto(site.url + site.path)
    walk.look(elin, "Utkast")
    elin.get_by_role("link", name="Skicka förslaget").click()
    walk.look(elin, "Skicka förslaget")
    elin.get_by_role("button", name="Skicka förslaget").click()
    walk.look(elin, "Hos kommunen")

    karin.goto(site.url + "/min-kommun")
    walk.look(karin, "Min kommun")
    karin.get_by_role("link", name="Svara på 3 områden").click()
    walk.look(karin, "Väntar på er")
    karin.get_by_role("button", name="Godta texten för område 1").click()
    expect(karin.locator("#o2-h")).to_be_focused()
    walk.look(karin, "Väntar på er")

    karin.get_by_role("link", name="Skriv om texten för område 2").click()
    walk.look(karin, "Skriv om texten")
    peter.goto(karin.url)
    karin.get_by_label("Vad vi vill").fill("Biblioteken ska finnas i hela kommunen.")
    karin.get_by_role("button", name="Spara svaret").click()
    walk.look(karin, "Väntar på er")

    peter.get_by_label("Vad vi vill").fill("Alla barn ska få bli lästa för.")
    peter.get_by_role("button", name="Spara svaret").click()
    walk.look(peter, "Två texter krockar")
    expect(peter.locator("[data-unsaved]").first).to_be_attached()
    peter.get_by_role("button", name="Redigera").click()
    walk.look(peter, "Skriv om texten")
    expect(peter.get_by_label("Vad vi vill")).to_have_value("Alla barn ska få bli lästa för.")
    peter.get_by_role("button", name="Spara svaret").click()
    walk.look(peter, "Väntar på er")

    karin.get_by_role("link", name="Ta bort området 3").click()
    karin.get_by_role("button", name="Ta bort området").click()
    expect(karin.locator(".errors")).to_be_focused()
    walk.look(karin, "^Fel: Ta bort området")
    karin.get_by_label("Varför vill ni ta bort området?").fill("Vi hinner inte.")
    karin.get_by_role("button", name="Ta bort området").click()
    walk.look(karin, "Väntar på er")

    karin.get_by_role("link", name="Granska och skicka").click()
    walk.look(karin, "Granska svaret")
    karin.get_by_role("button", name="Skicka svaret").click()
    walk.look(karin, "Hos regionen")
    elin.goto(site.url + site.path)
    walk.look(elin, "Hos regionen")
    for view in ("Sida vid sida", "Ändringar i ord", "Hela texten utan markeringar"):
        elin.get_by_role("link", name=view).click()
        walk.look(elin, "Hos regionen")
    elin.get_by_role("link", name="Alla versioner").first.click()
    walk.look(elin, "Versioner av")
    karin.get_by_role("button", name="Ångra").click()
    expect(karin.locator("[data-said]")).to_have_text("Sändningen är ångrad. Svaren är utkast igen.")
    walk.look(karin, "Väntar på er")
    assert walk.complaints == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_other_pages_pass_axe(chromium: Browser, site: Site, size: ViewportSize) -> None:
    walk = Walk(chromium, site)
    elin, karin = walk.person(site.cast.elin, size), walk.person(site.cast.karin, size)
    elin.goto(f"{site.url}{site.path}/forslag")
    elin.get_by_role("button", name="Skicka förslaget").click()
    walk.look(elin, "Hos kommunen")
    for path, title in [("svarsdag", "Ändra svarsdag"), ("aterkallelse", "Dra tillbaka"), ("diarienummer", "Diarienummer")]:
        elin.goto(f"{site.url}{site.path}/{path}")
        walk.look(elin, title)
    own = f"/min-kommun/{site.agreement}"
    for path, title in [
        (f"{site.path}/omraden", "Lägg till ett område"),
        (f"{site.path}/granska", "Granska svaret"),
        (f"{own}/nytt-datum", "Föreslå ett nytt datum"),
        (f"{own}/nej", "Tacka nej"),
        (f"{own}/nej?kod=skickad", "Tacka nej"),
        ("/min-kommun/kontakter", "Era kontakter"),
        ("/min-kommun/kontakter/ny", "Bjud in en kollega"),
    ]:
        karin.goto(site.url + path)
        walk.look(karin, title)
    karin.get_by_role("button", name="Bjud in").click()
    expect(karin.locator(".errors")).to_be_focused()
    walk.look(karin, "^Fel: Bjud in en kollega")
    assert walk.complaints == []
