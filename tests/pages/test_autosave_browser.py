"""What is typed saves itself again and again, is said politely, and is never lost without a warning."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, Route, expect
from sqlmodel import select

from service.cases.propose import send_proposal
from service.settings import Settings
from service.store.session import Store
from service.store.tables import Answer
from tests.browser import chromium, faults, page
from tests.pages.site import Site, running
from tests.people import later
from tests.stores import migrated_file, store

__all__ = ["chromium", "migrated_file", "page", "store"]
pytestmark = pytest.mark.browser

SAVED = re.compile(r"Sparat \d\d\.\d\d")


@pytest.fixture
def site(store: Store, tmp_path: Path) -> Iterator[Site]:
    with running(store, Settings(data_dir=tmp_path)) as served:
        with served.store.write() as session:
            send_proposal(session, served.cast.elin, later(0), served.agreement)
        yield served


@pytest.fixture
def karin(page: Page, site: Site) -> Page:
    name, value = site.cookie(site.cast.karin)
    page.context.add_cookies([{"name": name, "value": value, "url": site.url}])
    return page


def _answers(site: Site) -> list[Answer]:
    with site.store.read() as session:
        return list(session.exec(select(Answer)).all())


def _kept(page: Page, label: str, text: str) -> None:
    """Type, and wait until it says that it is saved; nobody presses anything."""
    page.get_by_label(label).fill(text)
    expect(page.locator("#f-saved")).not_to_have_text(SAVED)
    expect(page.locator("#f-saved")).to_have_text(SAVED, timeout=8000)


def test_a_wording_saves_itself_again_and_again_and_then_by_the_button(karin: Page, site: Site) -> None:
    karin.goto(site.url + site.path)
    karin.get_by_role("link", name="Skriv om texten för område 2").click()
    for text in ("Biblioteken ska finnas.", "Biblioteken ska finnas i hela kommunen."):
        _kept(karin, "Vad vi vill", text)
        assert [a.fields["w"] for a in _answers(site)] == [text]
    expect(karin.get_by_label("Vad vi vill")).to_be_focused()
    assert karin.locator("#f-saved").get_attribute("role") == "status"
    assert faults(karin) == []
    karin.get_by_label("Motivering").fill("Alla har inte bil.")
    karin.get_by_role("button", name="Spara svaret").click()
    expect(karin).to_have_title(re.compile("Väntar på er"))
    assert [(a.fields["w"], a.reason) for a in _answers(site)] == [(text, "Alla har inte bil.")]


def test_a_new_area_saves_itself_into_one_draft(karin: Page, site: Site) -> None:
    karin.goto(f"{site.url}{site.path}/omraden")
    karin.get_by_label("Rubrik").fill("Spelmansmusik")
    _kept(karin, "Vad vi vill", "Stämmorna ska leva.")
    _kept(karin, "Mål", "Tio stämmor om året.")
    assert [(a.title, a.fields["g"]) for a in _answers(site)] == [("Spelmansmusik", "Tio stämmor om året.")]
    karin.get_by_role("button", name="Spara området").click()
    expect(karin).to_have_title(re.compile("Väntar på er"))
    assert len(_answers(site)) == 1


def test_what_cannot_be_saved_yet_is_said_beside_the_text_and_leaving_warns(karin: Page, site: Site) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    karin.on("dialog", stay)
    karin.goto(f"{site.url}{site.path}/omraden")
    karin.get_by_label("Vad vi vill").press_sequentially("Utan rubrik")
    expect(karin.locator("#f-saved")).to_contain_text("Inte sparat än.", timeout=8000)
    expect(karin.get_by_label("Vad vi vill")).to_have_value("Utan rubrik")
    assert faults(karin) == []
    karin.get_by_role("link", name="Tillbaka").click()
    expect(karin.get_by_label("Vad vi vill")).to_have_value("Utan rubrik")
    assert asked == ["beforeunload"]
    assert _answers(site) == []


def test_a_lost_network_is_an_alarm_and_the_next_save_works(karin: Page, site: Site) -> None:
    karin.goto(f"{site.url}{site.path}/omraden")
    karin.get_by_label("Rubrik").fill("Spelmansmusik")
    lost = re.compile("/omraden$")

    def break_off(route: Route) -> None:
        route.abort()

    karin.route(lost, break_off)
    karin.get_by_label("Vad vi vill").fill("Stämmorna ska leva.")
    expect(karin.get_by_role("alert")).to_contain_text("Vi kan inte spara just nu", timeout=8000)
    karin.unroute(lost)
    _kept(karin, "Vad vi vill", "Stämmorna ska leva vidare.")
    expect(karin.get_by_role("alert")).to_be_hidden()
    assert [a.fields["w"] for a in _answers(site)] == ["Stämmorna ska leva vidare."]
