"""A real browser and a real server for tests: import `chromium`, `page` and `serving` from here."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from starlette.types import ASGIApp

EXECUTABLE = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CERTIFICATES = ssl.create_default_context()
"""Read once: every plain client would read them anew, 28 ms each, for nothing."""

DESKTOP = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)
NARROW = ViewportSize(width=320, height=640)
AXE = Path(__file__).parent / "pages" / "axe" / "axe.min.js"
AXE_RUN = "() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser a module, with an empty profile. Not longer: while it lives, asyncio.run() refuses in this thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh visitor at a desktop, in Swedish, without cookies."""
    context = chromium.new_context(viewport=DESKTOP, locale="sv-SE", timezone_id="Europe/Stockholm")
    yield context.new_page()
    context.close()


@contextmanager
def serving(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """The address of `app`, served from a thread of its own on this port, or on a free one."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", ws="none", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    _until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


def _until(true: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError("the server did not start")
        time.sleep(0.02)


def faults(page: Page) -> list[str]:
    """What axe finds wrong on the page as it stands now, one line a rule with the elements it concerns."""
    # evaluate() goes through the debugger, so the strict content policy neither stops axe nor has to be loosened for it.
    page.evaluate(AXE.read_text())
    found = page.evaluate(AXE_RUN)["violations"]
    return [f"{v['id']}: {v['help']}: {[n['html'][:160] for n in v['nodes']][:4]}" for v in found]


def overflow(page: Page) -> int:
    """How many pixels the page can be scrolled sideways."""
    return int(page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"))
