"""A person without JavaScript: follows links, fills the form that stands on the page and sends it as a browser would."""

import re
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from lxml import html
from lxml.html import HtmlElement

from tests.browser import CERTIFICATES

FORMS = "application/x-www-form-urlencoded"


class Visitor:
    """One browser with its cookies; controls are found by the words a person reads."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(
            base_url=url, follow_redirects=True, timeout=30, headers={"User-Agent": "Firefox"}, verify=CERTIFICATES
        )
        self._origin = url
        self._files: dict[HtmlElement, Path] = {}

    def close(self) -> None:
        self._client.close()

    def open(self, address: str) -> None:
        """Type an address."""
        self._show(self._client.get(address))

    def follow(self, link: str) -> None:
        self.open(self._named("a[@href]", link).get("href", ""))

    def fetch(self, link: str) -> bytes:
        """Download the file behind a link and stay on the page."""
        answer = self._client.get(self._named("a[@href]", link).get("href", ""))
        assert answer.status_code == 200
        assert "attachment" in answer.headers["Content-Disposition"]
        return answer.content

    def write(self, label: str, words: str) -> None:
        control = self._labelled(label)
        if control.tag == "textarea":
            control.text = words
        elif control.tag == "select":
            for option in control.xpath("./option"):
                option.attrib.pop("selected", None)
            _best([(_spaced(option.text_content()), option) for option in control.xpath("./option")], words).set("selected", "")
        else:
            control.set("value", words)

    def write_day(self, label: str, day: date) -> None:
        self.write(label, day.isoformat())

    def choose(self, label: str) -> None:
        """Mark a radio button or a check box."""
        control = self._labelled(label)
        if control.get("type") == "radio":
            for other in _form(control).xpath(".//input[@type='radio' and @name=$name]", name=control.get("name", "")):
                other.attrib.pop("checked", None)
        control.set("checked", "")

    def attach(self, label: str, file: Path) -> None:
        self._files[self._labelled(label)] = file

    def press(self, button: str) -> None:
        pressed = self._named("button", button)
        form, sent = _form(pressed), self._successful(pressed)
        action = form.get("action", "")
        if form.get("method", "get") == "get":
            self._show(self._client.get(action, params=[(name, str(value)) for name, value in sent]))
            return
        headers, body = {"Origin": self._origin}, dict[str, Any]()
        if form.get("enctype") == "multipart/form-data":
            body["files"] = [(name, value if isinstance(value, tuple) else (None, value)) for name, value in sent]
        else:
            body["content"] = urlencode(sent)
            headers["Content-Type"] = FORMS
        self._show(self._client.post(action, headers=headers, **body))

    def sees(self, words: str) -> None:
        assert words in self.text, f"“{words}” is not on the page: {self.text}"

    @property
    def text(self) -> str:
        """What a person reads on the page."""
        return _spaced(self._page.get_element_by_id("main").text_content())

    def _show(self, answer: httpx.Response) -> None:
        assert answer.status_code == 200, f"{answer.status_code} from {answer.url}: {answer.text}"
        self._page, self._files = html.document_fromstring(answer.text), {}

    def _named(self, kind: str, name: str) -> HtmlElement:
        """The first link or button with this name, else the first whose name begins so."""
        return _best([(_spaced(found.text_content()), found) for found in self._page.xpath(f".//{kind}")], name)

    def _labelled(self, label: str) -> HtmlElement:
        marked = _best([(_spaced(found.text_content()), found) for found in self._page.xpath(".//label[@for]")], label)
        return self._page.get_element_by_id(marked.get("for", ""))

    def _successful(self, pressed: HtmlElement) -> list[tuple[str, Any]]:
        """Name and value of every control that a browser sends with this button, in the page's order."""
        sent = list[tuple[str, Any]]()
        for control in _form(pressed).xpath(".//input[@name] | .//textarea[@name] | .//select[@name] | .//button[@name]"):
            name, kind = control.get("name"), control.get("type", "text")
            if control.tag == "button":
                sent += [(name, control.get("value", ""))] if control is pressed else []
            elif control.tag == "select":
                chosen = control.xpath("./option[@selected]") or control.xpath("./option")
                sent += [(name, option.get("value")) for option in chosen]
            elif control.tag == "textarea":
                sent.append((name, re.sub(r"\r?\n", "\r\n", (control.text or "").removeprefix("\n"))))
            elif kind == "file":
                file = self._files.get(control)
                sent.append((name, (file.name, file.read_bytes()) if file else ("", b"")))
            elif kind not in ("radio", "checkbox") or "checked" in control.attrib:
                sent.append((name, control.get("value", "")))
        return sent


def _form(control: HtmlElement) -> HtmlElement:
    form: HtmlElement = next(control.iterancestors("form"))
    return form


def _best(candidates: list[tuple[str, HtmlElement]], name: str) -> HtmlElement:
    whole = [element for words, element in candidates if words == name]
    found = whole or [element for words, element in candidates if words.startswith(name)]
    assert found, f"“{name}” is not among {[words for words, _ in candidates]}"
    return found[0]


def _spaced(words: str) -> str:
    return " ".join(words.split())
