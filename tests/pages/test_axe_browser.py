"""Every page there is, wide and narrow, shut and opened: axe finds nothing, nothing scrolls sideways, each says what it is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from service.settings import Settings
from service.store.session import Store
from tests.browser import AXE, AXE_RUN, DESKTOP, NARROW, chromium, overflow
from tests.pages.every_page import ELIN, STOPS, Stage, opened, page_routes, staged
from tests.stores import migrated_file

__all__ = ["chromium", "migrated_file"]
pytestmark = pytest.mark.browser

Look = tuple[Stage, str, Browser]

FILES = {"matrix_file", "documents", "stored_file", "received_file", "public_feed", "public_file"} | {
    "consultation_file",
    "dialogue_calendar",
    "dialogue_follow_up_file",
    "dialogue_notes_file",
}
"""Routes that answer with a file to keep; all others are pages to read."""

TITLE = re.compile(r"^(Fel: )?\S.* – .*\S – Överens$|^\S.* – Överens$")
PEOPLE = sorted({stop.who for stop in STOPS}, key=str)


@pytest.fixture(scope="module")
def look(chromium: Browser, migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Look]:
    """The demonstration, served once for these tests."""
    folder = tmp_path_factory.mktemp("walk")
    (folder / "overens.sqlite3").write_bytes(migrated_file.read_bytes())
    with staged(Store(f"sqlite:///{folder / 'overens.sqlite3'}"), Settings(data_dir=folder)) as (stage, url):
        yield stage, url, chromium


def test_the_walk_leaves_no_page_out(look: Look) -> None:
    routes = {route.name for route in page_routes(look[0].application)}
    assert routes - FILES == {stop.route for stop in STOPS}
    assert routes >= FILES


@pytest.mark.parametrize("who", PEOPLE, ids=lambda who: f"{who[0]}-{who[1]}" if who else "visitor")
def test_every_page_is_sound_wide_and_narrow(look: Look, who: tuple[str, object] | None) -> None:
    stage, url, browser = look
    page = opened(browser, stage, url, who, viewport=DESKTOP)  # type: ignore[arg-type]
    complaints = _listen(page)
    found: dict[str, list[str]] = {}
    for stop in STOPS:
        if stop.who != who:
            continue
        answer = page.goto(url + stage.path(stop))
        assert answer is not None
        assert answer.status == stop.status, stop.name
        if wrong := [*_said(page), *_sound(page, DESKTOP), *_open_all(page), *_sound(page, NARROW)]:
            found[stop.name] = wrong
        page.set_viewport_size(DESKTOP)
    page.context.close()
    assert found == {}
    assert complaints == []


FORMS = (
    "new_programme",
    "new_contact",
    "contact_handover",
    "clauses",
    "date_requests",
    "due",
    "decision_plan",
    "own_colleagues",
    "new_dialogue",
    "new_dialogue_series",
)


@pytest.mark.parametrize("route", FORMS)
def test_an_empty_form_comes_back_with_its_faults_named_and_linked(look: Look, route: str) -> None:
    stage, url, browser = look
    stop = next(s for s in STOPS if s.route == route)
    page = opened(browser, stage, url, stop.who, viewport=NARROW)
    complaints = _listen(page)
    page.goto(url + stage.path(stop))
    _send_empty(page)
    expect(page.locator(".errors")).to_be_focused()
    expect(page).to_have_title(re.compile("^Fel: "))
    assert _sound(page, NARROW) == []
    for link in page.locator(".errors a").all():
        goal = page.locator((link.get_attribute("href") or "").replace("#", "#", 1))
        assert goal.count() == 1
        link.click()
        expect(goal).to_be_focused()
        assert goal.get_attribute("aria-invalid") == "true" or goal.get_attribute("type") in ("radio", "checkbox")
    page.context.close()
    assert complaints == []


def test_the_menu_of_a_phone_opens_and_passes(look: Look) -> None:
    stage, url, browser = look
    page = opened(browser, stage, url, ELIN, viewport=NARROW)
    page.goto(url)
    page.get_by_role("button", name="Meny").click()
    expect(page.get_by_role("link", name="Översikt")).to_be_visible()
    assert _sound(page, NARROW) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Översikt")).to_be_hidden()
    page.context.close()


def _listen(page: Page) -> list[str]:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda m: complaints.append(m.text) if "Content Security Policy" in m.text else None)
    return complaints


def _send_empty(page: Page) -> None:
    """Empty what stands in the form and press its first button."""
    form = page.locator("main form[method=post]").last
    for box in form.locator("input:not([type=hidden], [type=radio], [type=checkbox], [type=file]), textarea").all():
        box.fill("")
    form.locator("button").first.click()


def _open_all(page: Page) -> list[str]:
    """Everything folded is opened, so that the narrow look sees all there is."""
    page.evaluate("() => document.querySelectorAll('details').forEach(it => { it.open = true; })")
    return []


def _said(page: Page) -> list[str]:
    """What is wrong with how the page presents itself: its title, language, heading order and tables."""
    title = page.title()
    return [*([] if TITLE.match(title) else [f"title: {title}"]), *page.evaluate(PRESENTED)]


PRESENTED = """() => {
  const all = selector => [...document.querySelectorAll(selector)];
  const wrong = [];
  if (all('h1').length !== 1) wrong.push(`${all('h1').length} h1`);
  if (document.documentElement.lang !== 'sv') wrong.push('lang');
  let level = 0;
  for (const h of all('h1,h2,h3,h4,h5')) {
    if (+h.tagName[1] > level + 1) wrong.push(`heading skips to ${h.tagName}: ${h.textContent}`);
    level = +h.tagName[1];
  }
  for (const name of ['header', 'main', 'footer']) if (all(`body > ${name}`).length !== 1) wrong.push(`landmark ${name}`);
  for (const table of all('table')) {
    if (!table.caption) wrong.push('table without caption');
    if ([...table.querySelectorAll('th')].some(th => !th.scope)) wrong.push('th without scope');
  }
  for (const box of all('main input:not([type=hidden]), main select, main textarea')) {
    if (!box.labels.length) wrong.push(`no label: ${box.name}`);
    const ids = (box.getAttribute('aria-describedby') || '').split(' ').filter(Boolean);
    if (ids.some(id => !document.getElementById(id))) wrong.push(`hint of ${box.name} is missing`);
    const hint = box.closest('.field')?.querySelector(':scope > .hint');
    if (hint && !(box.getAttribute('aria-describedby') || box.closest('fieldset')?.getAttribute('aria-describedby') || '')
      .includes(hint.id)) wrong.push(`hint is not tied to ${box.name}`);
  }
  return wrong;
}"""

SMALL = """() => [...document.querySelectorAll('main a, main button, main summary, main input, main select, nav a')]
  .filter(it => it.offsetParent && !it.closest('p, li:not(.tasks li, .clauses li, .links li), dd, td, .vh, .mail'))
  .filter(it => !['radio', 'checkbox', 'hidden'].includes(it.type))
  .map(it => [it, it.getBoundingClientRect()]).filter(([, box]) => box.height < 43.5)
  .map(([it, box]) => `${Math.round(box.height)} px high: ${it.outerHTML.slice(0, 120)}`)"""


def _sound(page: Page, size: ViewportSize) -> list[str]:
    page.set_viewport_size(size)
    page.evaluate(AXE.read_text())
    violations = page.evaluate(AXE_RUN)["violations"]
    wide = size["width"]
    found = [f"{wide}: {v['id']}: {[n['html'][:160] for n in v['nodes']][:3]}" for v in violations]
    small = [f"{wide}: {what}" for what in page.evaluate(SMALL)][:4] if wide == NARROW["width"] else []
    sideways = [f"{wide}: {overflow(page)} px sideways"] if overflow(page) else []
    return found + small + sideways
