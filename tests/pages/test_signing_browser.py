"""Signing in a real browser: smoother with htmx, axe finds nothing before and after each click, nothing scrolls sideways."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from service.settings import Settings
from service.store.files import Files
from service.store.session import Store
from tests.browser import NARROW, chromium, faults, overflow, page
from tests.pages.site import Site, running
from tests.pages.test_signing import code, place
from tests.service.cases.life import Case, open_for_signing
from tests.stores import migrated_file, store

__all__ = ["chromium", "migrated_file", "page", "store"]
pytestmark = pytest.mark.browser


@pytest.fixture
def site(store: Store, tmp_path: Path) -> Iterator[Site]:
    with running(store, Settings(data_dir=tmp_path)) as served:
        open_for_signing(Case(served.store, served.cast, served.agreement, Files(served.settings.files_dir)))
        yield served


def _sound(page: Page) -> None:
    assert faults(page) == []
    assert overflow(page) == 0


def test_a_signatory_signs_by_keyboard_and_pointer_alike(page: Page, site: Site) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    name, value = site.cookie(site.cast.chair)
    page.context.add_cookies([{"name": name, "value": value, "url": site.url}])
    page.goto(f"{site.url}{site.path}/beslut")
    _sound(page)
    page.get_by_role("link", name="Läs och skriv under").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Skriv under")
    _sound(page)
    page.get_by_role("button", name="Jag har läst. Skicka koden").press("Enter")
    expect(page.get_by_label("Kod", exact=True)).to_be_visible()
    _sound(page)
    page.reload()
    expect(page.get_by_label("Kod", exact=True)).to_be_visible()
    page.get_by_label("Kod", exact=True).fill("FELFELFE")
    page.get_by_role("button", name="Skriv under").click()
    expect(page.locator(".errors")).to_be_focused()
    _sound(page)
    page.get_by_label("Kod", exact=True).fill(code(site, site.cast.chair))
    page.get_by_role("button", name="Skriv under").click()
    expect(page.locator(".said")).to_contain_text("Tack. Din underskrift är lämnad.")
    _sound(page)
    assert complaints == []


def test_every_step_fits_a_narrow_screen(chromium: Browser, site: Site) -> None:
    case = Case(site.store, site.cast, site.agreement, Files(site.settings.files_dir))
    slot = place(case, site.cast.chair)
    context = chromium.new_context(viewport=NARROW, color_scheme="dark")
    name, value = site.cookie(site.cast.chair)
    context.add_cookies([{"name": name, "value": value, "url": site.url}])
    shown = context.new_page()
    for path in (f"{site.path}/beslut", f"{site.path}/underskrifter/{slot}", f"{site.path}/underskrifter/{slot}/nej"):
        shown.goto(site.url + path)
        _sound(shown)
    for path in ("/publikt", "/tillganglighet", "/om", "/hjalp"):
        shown.goto(site.url + path)
        _sound(shown)
    context.close()
