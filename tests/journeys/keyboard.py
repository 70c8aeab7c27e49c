"""A person at a keyboard with a narrow screen: tabs to what the page offers; every page is judged before it is used."""

import os
import re
from datetime import date
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import DESKTOP, NARROW, faults, overflow

SHOTS = os.environ.get("OVERENS_TEST_SHOTS", "")
"""A folder for a picture of each page, narrow and wide, when somebody wants to look."""

MOST_TABS = 400

_SETTLED = "() => document.readyState === 'complete' && !document.querySelector('.htmx-request')"
_SIDE = "it => it.compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1"
_COUNTED = """() => {
  window.answered = 0;
  document.addEventListener("htmx:finally:request", () => { window.answered++; }, { once: true });
}"""
_FOCUSED = "it => it === document.activeElement"
_SHOWN = """it => {
  const style = getComputedStyle(it), box = it.getBoundingClientRect();
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const points = [[.5, .5], [.05, .5], [.95, .5], [.5, .1], [.5, .9]];
  const seen = points.some(([x, y]) => {
    const top = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
    return top && (it.contains(top) || top.contains(it) && top.matches("label, a, button"));
  });
  return [ring ? "" : "no ring", seen ? "" : "hidden behind something"].filter(Boolean).join(" and ");
}"""
"""What is wrong with how the focus shows: a ring that can be seen, on something that nothing lies over (WCAG 2.4.7, 2.4.11)."""


class AtTheKeyboard:
    """One person with a browser of their own; no mouse, and focus moves only by keys."""

    def __init__(self, chromium: Browser, url: str) -> None:
        self._chromium = chromium
        self._context = chromium.new_context(
            viewport=NARROW, locale="sv-SE", timezone_id="Europe/Stockholm", base_url=url, accept_downloads=True
        )
        self.page: Page = self._context.new_page()
        self.complaints: list[str] = []
        self.page.on("filechooser", lambda _: None)  # asked for from the start, or the first one may open unseen
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda line: self.complaints.append(line.text) if line.type in ("error", "warning") else None)

    def close(self) -> None:
        self._context.close()

    def open(self, address: str) -> None:
        self.page.goto(address)
        self._judge()

    def follow(self, link: str) -> None:
        wanted = self._link(link)
        if not wanted.is_visible():
            self._go_to(self.page.get_by_role("button", name="Meny"))
            self.page.keyboard.press("Enter")
        self._go_to(wanted)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self._judge()

    def fetch(self, link: str) -> bytes:
        self._go_to(self._link(link))
        with self.page.expect_download() as fetched:
            self.page.keyboard.press("Enter")
        return fetched.value.path().read_bytes()

    def write(self, label: str, words: str) -> None:
        """Into a field; a list of choices goes to the one that begins with the words."""
        field = self._labelled(label)
        self._go_to(field)
        if field.evaluate("it => it.tagName") != "SELECT":
            self.page.keyboard.press("Control+A")
        self.page.keyboard.type(words)

    def write_day(self, label: str, day: date) -> None:
        """Into the browser's own date field, part by part in the order it asks for them."""
        field = self._labelled(label)
        self._go_to(field)
        for part in ("%m", "%d", "%Y"):
            self.page.keyboard.type(day.strftime(part))
        expect(field).to_have_value(day.isoformat())

    def choose(self, label: str) -> None:
        """Space marks a check box; the arrows go through a group of radio buttons."""
        wanted = self._labelled(label)
        if wanted.get_attribute("type") == "checkbox":
            self._go_to(wanted)
            self.page.keyboard.press("Space")
        else:
            group = self.page.locator(f"input[type=radio][name={wanted.get_attribute('name')}]")
            self._go_to(
                group.and_(self.page.locator(":checked")) if group.and_(self.page.locator(":checked")).count() else group.first
            )
            for _ in range(group.count()):
                if wanted.evaluate(_FOCUSED):
                    break
                self.page.keyboard.press("ArrowDown")
            self.page.keyboard.press("Space")
        expect(wanted).to_be_checked()

    def attach(self, label: str, file: Path) -> None:
        self._go_to(self._labelled(label))
        with self.page.expect_file_chooser() as asked:
            self.page.keyboard.press("Enter")
        asked.value.set_files(file)

    def press(self, button: str) -> None:
        wanted = self.page.get_by_role("button", name=re.compile(f"^{re.escape(button)}")).first
        self._go_to(wanted)
        if wanted.evaluate("it => it.form.hasAttribute('hx-post')"):
            self.page.evaluate(_COUNTED)
            with self.page.expect_response(lambda answer: answer.request.method == "POST") as answered:
                self.page.keyboard.press("Enter")
            # another page comes in a window of its own, the same page is swapped in
            elsewhere = "hx-redirect" in answered.value.headers
            self.page.wait_for_function(f"() => window.answered === {'undefined' if elsewhere else 1}")
        else:
            with self.page.expect_navigation():
                self.page.keyboard.press("Enter")
        self._judge()

    def sees(self, words: str) -> None:
        expect(self.page.locator("main")).to_contain_text(words)

    @property
    def text(self) -> str:
        """What a person reads on the page."""
        return " ".join((self.page.locator("main").text_content() or "").split())

    def _link(self, name: str) -> Locator:
        whole = self.page.locator("a").filter(has_text=re.compile(rf"^\s*{_loose(name)}\s*$"))
        return (whole if whole.count() else self.page.locator("a").filter(has_text=re.compile(rf"^\s*{_loose(name)}"))).first

    def _labelled(self, label: str) -> Locator:
        whole = self.page.locator("label").filter(has_text=re.compile(rf"^\s*{_loose(label)}\s*$"))
        marked = whole if whole.count() else self.page.locator("label").filter(has_text=re.compile(rf"^\s*{_loose(label)}"))
        return self.page.locator(f"[id='{marked.first.get_attribute('for')}']")

    def _go_to(self, wanted: Locator) -> None:
        """Tab, or shift-tab, until the wanted element has focus, and see that it shows."""
        expect(wanted).to_be_visible()
        key = "Tab" if wanted.evaluate(_SIDE) > 0 else "Shift+Tab"
        goal = wanted.element_handle()
        for _ in range(MOST_TABS):
            if self.page.evaluate(_FOCUSED, goal):
                assert wanted.evaluate(_SHOWN) == "", f"{wanted} on {self.page.url}: {wanted.evaluate(_SHOWN)}"
                return
            self.page.keyboard.press(key)
        raise AssertionError(f"no way to {wanted} by keyboard on {self.page.url}")

    def _judge(self) -> None:
        """The page as it stands: nothing wrong for axe, nothing to scroll sideways to, nothing in the console."""
        self.page.wait_for_function(_SETTLED)
        assert overflow(self.page) == 0, f"{self.page.url} scrolls sideways"
        assert faults(self.page) == [], self.page.url
        assert self.complaints == [], self.page.url
        if SHOTS:
            self._picture(Path(SHOTS))

    def _picture(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{len(list(folder.glob('*-320.png'))) + 1:03d}-{re.sub(r'[^a-zåäö]+', '-', self.page.title().lower())[:50]}"
        # a browser beside this one with the same cookies: a picture of the whole page would disturb the one in use
        beside = self._chromium.new_context(storage_state=self._context.storage_state(), locale="sv-SE")
        shown = beside.new_page()
        shown.goto(self.page.url)
        for size in (NARROW, DESKTOP):
            shown.set_viewport_size(size)
            shown.screenshot(path=folder / f"{name}-{size['width']}.png", full_page=True)
        beside.close()


def _loose(words: str) -> str:
    """A pattern of these words with any space between them."""
    return r"\s+".join(re.escape(word) for word in words.split())
