"""Every part in a real browser under the strict policy: axe, narrow screens, focus, unsaved text and arrow keys."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.browser import DESKTOP, NARROW, PHONE, chromium, faults, overflow, page, serving
from tests.pages.gallery import gallery

__all__ = ["chromium", "page"]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(gallery()) as url:
        yield url


@pytest.mark.parametrize("size", [DESKTOP, PHONE, NARROW], ids=["desktop", "phone", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/problem"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    chromium: Browser, address: str, size: dict[str, int], scheme: str, path: str
) -> None:
    context = chromium.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    shown = context.new_page()
    shown.goto(address + path)
    assert overflow(shown) == 0
    assert faults(shown) == []
    context.close()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains of, policy violations included; a refused answer is no complaint."""
    heard: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            heard.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def test_a_refused_form_is_swapped_in_and_its_summary_focused(page: Page, address: str, complaints: list[str]) -> None:
    page.goto(address)
    page.fill("#f-due", "i morgon")
    page.get_by_role("button", name="Spara ändringen").click()
    expect(page.locator(".errors")).to_be_focused()
    expect(page).to_have_title("Fel: Överenskommelse med Orsa kommun – Region Dalarna – Överens")
    assert page.url == address + "/"
    page.get_by_role("link", name="Skriv varför ni tar bort området.").click()
    expect(page.locator("#f-reason")).to_be_focused()
    assert faults(page) == []
    assert complaints == []


def test_the_error_summary_has_focus_without_htmx_too(chromium: Browser, address: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(address)
    plain.get_by_role("button", name="Spara ändringen").click()
    expect(plain.locator(".errors")).to_be_focused()
    context.close()


def test_a_draft_saves_itself_and_says_so(page: Page, address: str, complaints: list[str]) -> None:
    page.goto(address)
    page.fill("#f-text", "Ny text")
    page.locator("#f-text").blur()
    expect(page.locator("#f-saved")).to_have_text("Sparat 10.02")
    page.goto(address + "/problem")
    assert complaints == []


def test_a_store_out_of_reach_keeps_the_text_and_leaving_warns(page: Page, address: str) -> None:
    page.goto(address)
    page.fill("#f-text", "Lagringen är trasig")
    page.locator("#f-text").blur()
    expect(page.locator("#alarm")).to_contain_text("Din text är kvar")
    expect(page.locator("#f-saved")).to_have_text("Inte sparat")
    expect(page.locator("#f-text")).to_have_value("Lagringen är trasig")
    asked: list[str] = []

    def stay(dialog: object) -> None:
        asked.append("left?")
        dialog.accept()  # type: ignore[attr-defined]

    page.on("dialog", stay)
    page.goto(address + "/problem")
    assert asked == ["left?"]


def test_the_matrix_is_one_tab_stop_with_arrow_keys(page: Page, address: str) -> None:
    page.goto(address)
    grid = page.get_by_role("grid")
    assert grid.locator("[tabindex='0']").count() == 1
    page.locator("#m tbody tr:first-child th a").focus()
    for key, name in [
        ("ArrowRight", "Falu kommun, Scenkonst för barn och unga: Överens (version 3)"),
        ("ArrowDown", "Malung-Sälens kommun, Scenkonst för barn och unga: Kommunen (version 3)"),
        ("End", "Malung-Sälens kommun, Kultur och hälsa: Överens (version 3)"),
        ("Home", "Malung-Sälens kommun"),
        ("Control+End", "Gagnefs kommun, Kultur och hälsa: Överens (version 3)"),
    ]:
        page.keyboard.press(key)
        expect(page.locator(":focus")).to_have_accessible_name(name)
    assert grid.locator("[tabindex='0']").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_url("**/o/1#o8")


def test_the_menu_opens_on_a_phone_without_script(chromium: Browser, address: str) -> None:
    context = chromium.new_context(viewport=PHONE, java_script_enabled=False)
    plain = context.new_page()
    plain.goto(address)
    expect(plain.get_by_role("link", name="Utkorg")).to_be_hidden()
    plain.get_by_role("button", name="Meny").click()
    expect(plain.get_by_role("link", name="Utkorg")).to_be_visible()
    context.close()


def test_targets_are_large_enough_for_a_thumb(chromium: Browser, address: str) -> None:
    context = chromium.new_context(viewport=NARROW)
    shown = context.new_page()
    shown.goto(address)
    small = shown.evaluate(
        "() => [...document.querySelectorAll("
        "'button, .button, input:not([type=hidden]), select, textarea, summary, .views a, .sitenav a')]"
        ".filter(e => e.offsetParent && e.type !== 'radio' && e.type !== 'checkbox' && e.getBoundingClientRect().height < 44)"
        ".map(e => e.outerHTML.slice(0, 90))"
    )
    assert small == []
    context.close()


def test_focus_never_hides_under_the_bar(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#f-text").focus()
    page.keyboard.press("Tab")
    hidden = page.evaluate(
        "() => document.activeElement.getBoundingClientRect().bottom > document.querySelector('.bar').getBoundingClientRect().top"
    )
    assert hidden is False
