"""Every word of every page can be said in another language: all are marked, collected and translated, but for what is data."""

import ast
import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from fastapi import FastAPI
from sqlalchemy import select
from starlette.requests import Request
from starlette.routing import Match, Route

from service.app import PAGES, create_app
from service.cases.demo import demo_clock, demo_people
from service.pages import language, rendering
from service.post import letters
from service.post.letters import PLACES, SAMPLES, render, templates
from service.settings import Settings
from service.store.session import Store
from service.store.tables import METADATA, ContactAssignment, SignIn
from service.web import cookie_name
from states.said import Said, _, joined, listed, ngettext
from states.tokens import fingerprint, new_secret
from tests.stores import Demonstration, demonstration, migrated_file, store

__all__ = ["demonstration", "migrated_file", "store"]

ROOT = Path(rendering.__file__).parents[2]
PSEUDO = "en"
"""The language whose catalogue says every text in brackets, and nothing else."""

AS_DATA = {"Överens", "overens", "localhost", "Word", "kB", "Atom", "Prefect", "SHA"}
"""Names of things, the same in every language."""

DAYS = r"(?i:måndag|tisdag|onsdag|torsdag|fredag|lördag|söndag)"
MONTHS = r"(?:januari|februari|mars|april|maj|juni|juli|augusti|september|oktober|november|december)"
TIME = re.compile(rf"(?:{DAYS} )?\d{{1,2}}\s{MONTHS}(?: \d{{4}})?(?: kl\.\s\d\d\.\d\d)?")
"""Days as Babel writes them; which language it writes them in is the business of the English catalogue."""

HASH = re.compile(r"\b[0-9A-F]{4}(?:[- ][0-9A-F]{4})+\b|\b[0-9a-f]{64}\b")
"""Control codes and the hashes of texts."""

NOT_TEXT = {"script", "style", "textarea", "del", "ins"}
"""Elements that hold no words of ours: what was typed, and pieces of agreement texts."""

SPOKEN = ("aria-label", "title", "alt", "placeholder", "data-label", "data-unsaved", "data-warn")


# ------------------------------------------------------------------ marking


def collected() -> Catalog:
    """Every msgid, as `pybabel extract` finds them with the project's own settings."""
    with (ROOT / "service/pages/locale/extract.cfg").open(encoding="utf-8") as settings:
        methods, options = parse_mapping_cfg(settings)  # type: ignore[no-untyped-call]
    catalog = Catalog(locale=PSEUDO)
    for file, line, message, _comments, context in extract_from_dir(ROOT, methods, options):
        catalog.add(message, None, [(file, line)], context=context)
    return catalog


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return collected()


@pytest.fixture(scope="module")
def msgids(catalog: Catalog) -> set[str]:
    found = (each.id for each in catalog if each.id)
    return {text for id_ in found for text in ([id_] if isinstance(id_, str) else id_)}


def test_texts_of_templates_pages_rules_and_errors_are_collected(msgids: set[str]) -> None:
    assert len(msgids) > 900
    assert {
        "Nu är det er tur.",  # a template
        "Förslaget är skickat.",  # a notice of a page
        "Hos nämnden",  # a label of the rules
        "Ingen påminnelse: svaret har kommit.",  # a reason not to send
        "Sidan eller uppgiften finns inte.",  # the docstring of an error
        "Välj en dag som inte har passerat.",  # a field's error in a use case
        "{count} områden väntar på er",  # a plural
    } <= msgids


def words_in(text: str) -> bool:
    """Whether a literal reads as Swedish for people: a letter of ours, or words with a space between."""
    return bool(re.search("[åäöÅÄÖ]", text) or re.search(r"[A-Za-z]{2,} [a-z]{2,}", text) or re.match(r"[A-Z](-?[a-z])+$", text))


UNMARKED = {
    "å", "ä", "ö",  # the alphabet
    "Vary", "Step", "WordingForm", "None",  # a header, forward names of classes, a value in an old payload
    "Reason", "Refused",  # names of errors, for collecting
    "a time without zone cannot be shown",  # for programmers
}  # fmt: skip


def unmarked(path: Path) -> Iterator[str]:
    """Literals of a module that read as text and stand outside a marking call; docstrings and county names are none."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    quiet = {id(e.value) for e in ast.walk(tree) if isinstance(e, ast.Expr)}
    for node in ast.walk(tree):
        named = node.targets[0] if isinstance(node, ast.Assign) else None
        called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        if called in ("_", "ngettext") or (isinstance(named, ast.Name) and named.id == "COUNTIES"):
            quiet |= {id(inner) for inner in ast.walk(node) if isinstance(inner, ast.Constant)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in quiet and words_in(node.value):
            yield node.value


@pytest.mark.parametrize("path", sorted((ROOT / "service/pages").glob("*.py")), ids=lambda path: path.stem)
def test_no_text_of_a_page_is_left_unmarked(path: Path) -> None:
    assert set(unmarked(path)) - UNMARKED == set()


def test_no_sentence_is_put_together_from_marked_pieces() -> None:
    """A marked text is neither added to another nor formatted outside its own placeholders."""
    for path in (ROOT / "service/pages").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts = [node.left, node.right] if isinstance(node, ast.BinOp) else []
            if isinstance(node, ast.JoinedStr):
                parts = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
            calls = [part.func for part in parts if isinstance(part, ast.Call) and isinstance(part.func, ast.Name)]
            assert not [call for call in calls if call.id in ("_", "ngettext")], (path.name, calls[0].lineno)


# ------------------------------------------------------------------ the language of a request


@pytest.fixture(scope="module")
def in_brackets(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue of a second language in which every text that is marked stands in brackets."""
    for each in catalog:
        if each.id:
            each.string = tuple(f"[{text}]" for text in each.id) if isinstance(each.id, tuple) else f"[{each.id}]"
    locale = tmp_path_factory.mktemp("locale")
    folder = locale / PSEUDO / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "overens.po").open("wb") as written:
        write_po(written, catalog)
    with (folder / "overens.po").open("rb") as written, (folder / "overens.mo").open("wb") as compiled:
        write_mo(compiled, read_po(written, locale=PSEUDO))
    return locale


@pytest.fixture
def bracketed(in_brackets: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """That language beside Swedish."""
    monkeypatch.setattr(language, "LOCALE", in_brackets)
    _forget()
    yield
    _forget()


def _forget() -> None:
    for known in (language.languages, language.catalogue, rendering.environment):
        known.cache_clear()


def asking(query: str = "", accept: str = "") -> Request:
    headers = [(b"accept-language", accept.encode())]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": query.encode(), "headers": headers})


def test_swedish_is_spoken_while_there_is_no_other_catalogue() -> None:
    assert language.language_of(asking("lang=en", "en-GB")) == "sv"


@pytest.mark.usefixtures("bracketed")
@pytest.mark.parametrize(
    ("query", "accept", "spoken"),
    [
        ("", "", "sv"),
        ("lang=en", "sv", "en"),
        ("lang=sv", "en", "sv"),
        ("lang=../../etc", "", "sv"),
        ("", "de, en-GB;q=0.8, sv;q=0.5", "en"),
        ("", "en;q=0, *;q=x", "sv"),
        ("", "fi;q=1.0", "sv"),
    ],
)
def test_the_address_goes_before_the_browser_and_unknown_languages_do_not_count(query: str, accept: str, spoken: str) -> None:
    assert language.language_of(asking(query, accept)) == spoken


@pytest.mark.usefixtures("bracketed")
def test_a_marked_text_is_translated_with_the_texts_put_into_it_and_data_is_not() -> None:
    role = _("Kontaktperson")
    said = _("{person}, {role:lower} för {party}.", person="Kontaktperson", role=role, party="Orsa")
    assert said == "Kontaktperson, kontaktperson för Orsa."
    assert language.say(said, PSEUDO) == "[Kontaktperson, [Kontaktperson] för Orsa.]"
    assert language.say(joined(", ", [role, "Orsa"]), PSEUDO) == "[Kontaktperson], Orsa"
    assert language.say(listed(["Orsa", "Mora", "Rättvik"]), PSEUDO) == "[Orsa, Mora och Rättvik]"
    assert language.say("Kontaktperson", PSEUDO) == "Kontaktperson"
    assert language.say(ngettext("Svara på ett område", "Svara på {count} områden", 3), PSEUDO) == "[Svara på 3 områden]"


def test_a_placeholder_without_a_value_leaves_no_space_behind() -> None:
    assert Said("{party} återremitterade ärendet. {reason}").filling(party="Orsa", reason="") == "Orsa återremitterade ärendet."


# ------------------------------------------------------------------ every page


class Reader(HTMLParser):
    """What a person sees or hears on a page: texts in order, and the attributes that are read aloud."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.said, self.links, self._inside = list[str](), list[str](), list[str]()
        self.forms = list[tuple[str, dict[str, str]]]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in NOT_TEXT and tag != "input":
            self._inside.append(tag)
        self.said += [given[name] for name in SPOKEN if name in given]
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "form" and given.get("method") == "post":
            self.forms.append((given["action"], {}))
        if tag == "input" and given.get("type") == "hidden" and self.forms:
            self.forms[-1][1][given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.said.append(data)


@dataclass
class Walk:
    """A person who opens every kind of page they can reach, and presses every button without typing anything."""

    app: FastAPI
    cookies: dict[str, str] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    left: set[tuple[str, str]] = field(default_factory=set)

    async def through(self, *starts: str) -> None:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        headers = {"Accept-Language": PSEUDO, "Origin": "http://127.0.0.1:8000"}
        forms: dict[str, tuple[str, dict[str, str]]] = {}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000", cookies=self.cookies, headers=headers, timeout=60
        ) as client:
            waiting = list(starts)
            while waiting:
                path = waiting.pop(0)
                waiting += await self._open(client, path, forms)
            for action, hidden in forms.values():
                answer = await client.post(action, data=hidden)
                self._read(answer, f"POST {action}")
                if "location" in answer.headers:
                    self._read(await client.get(answer.headers["location"]), answer.headers["location"])

    async def _open(self, client: httpx.AsyncClient, path: str, forms: dict[str, tuple[str, dict[str, str]]]) -> list[str]:
        route = self._route("GET", path)
        if route is None or self.seen.get(route, 0) >= 2:
            return []
        self.seen[route] = self.seen.get(route, 0) + 1
        answer = await client.get(path)
        if "location" in answer.headers:
            return [answer.headers["location"]]
        page = self._read(answer, path)
        for action, hidden in page.forms if page else ():
            name = self._route("POST", action)
            if name and not any(word in name for word in ("logga-ut", "enheter")):
                forms.setdefault(name, (action, hidden))
        found = (urlsplit(urljoin(path, href)) for href in (page.links if page else ()))
        return [f"{to.path}?{to.query}".rstrip("?") for to in found if to.netloc == "" and to.scheme == ""]

    def _route(self, method: str, path: str) -> str | None:
        scope = {"type": "http", "method": method, "path": urlsplit(path).path, "headers": []}
        routes = (route for router in PAGES for route in router.routes if isinstance(route, Route))
        return next((route.path for route in routes if route.matches(scope)[0] is Match.FULL), None)

    def _read(self, answer: httpx.Response, path: str) -> Reader | None:
        assert answer.status_code < 500, path
        if not answer.headers.get("content-type", "").startswith("text/html"):
            return None
        page = Reader(answer.text)
        self.left |= {(self._route("GET", path) or path, text) for text in outside(page.said)}
        return page


def outside(said: list[str]) -> Iterator[str]:
    """What stands outside all brackets and has words in it."""
    depth = 0
    for piece in said:
        kept = ""
        for sign in piece:
            depth += (sign == "[") - (sign == "]" and depth > 0)
            kept += sign if depth == 0 and sign != "]" else "\n"
        if _WORD.search(kept):
            yield " ".join(kept.split(" "))


def untranslated(text: str, data: list[str]) -> list[str]:
    """What is neither data, a day, a hash nor the name of a thing."""
    rest = text
    for known in data:
        if known in rest:
            rest = re.sub(rf"(?<!\w){re.escape(known)}(?!\w)", "\n", rest)
    rest = HASH.sub("\n", TIME.sub("\n", rest))
    found = re.findall(r"[^\W\d_]{2,}(?:[ .-]+[^\W\d_]{2,})*", rest)
    return [piece for piece in found if set(piece.split()) - AS_DATA and not _fragment(piece, data)]


def _fragment(piece: str, data: list[str]) -> bool:
    """Whether it is several words out of a text, as the comparison of two versions shows them."""
    return len(piece.split()) > 3 and any(piece in known for known in data)


_WORD = re.compile(r"[^\W\d_]{2,}")


def data_of(made: Store) -> list[str]:
    """Every string people or the demo wrote into the store, the longest first, whole and line by line."""
    found: set[str] = set()
    with made.read() as session:
        for table in METADATA.sorted_tables:
            for row in session.connection().execute(select(table)):
                found |= {text for value in row for text in _strings(value)}
    for name, ours in templates().items():  # letters are written in Swedish, whatever language the page around them speaks
        made_up = render(name, SAMPLES)
        found |= {ours.subject, ours.body, made_up.subject, letters.shown(made_up.body), *SAMPLES.values(), *PLACES}
    lines = {line.strip() for text in found for line in (text, *text.splitlines())}
    return sorted((line for line in lines if len(line) > 1), key=len, reverse=True)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("{"):
        yield from _strings(json.loads(value))
    elif isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


@pytest.fixture
def house(store: Store, demonstration: Demonstration, tmp_path: Path) -> tuple[FastAPI, Store, Settings]:
    settings = Settings(data_dir=tmp_path)
    demonstration.laid_in(store, settings.files_dir)
    app = create_app(settings, store)
    app.state.house = replace(app.state.house, clock=demo_clock)
    return app, store, settings


def signed_in(made: Store, settings: Settings, assignment: ContactAssignment) -> dict[str, str]:
    now, secret = datetime.now(UTC), new_secret()
    with made.write() as session:
        session.add(
            SignIn(
                cookie_sha256=fingerprint(secret),
                assignment_id=assignment.id,
                epoch=assignment.epoch,
                created_at=now,
                seen_at=now,
                expires_at=now + timedelta(hours=1),
            )
        )
    return {cookie_name(settings): secret}


@pytest.mark.usefixtures("bracketed")
def test_every_visible_word_of_every_page_is_translated_or_data(house: tuple[FastAPI, Store, Settings]) -> None:
    app, made, settings = house
    with made.read() as session:
        people = {role: assignment for role, assignment, _person in demo_people(session)}
    cookies = [signed_in(made, settings, people[role]) for role in ("Strateg", "Kontakt i Gagnef", "Undertecknare i Älvdalen")]
    walks = [Walk(app, cookie) for cookie in (*cookies, {})]
    before = data_of(made)
    for walk in walks:
        asyncio.run(walk.through("/", "/publikt", "/tillganglighet", "/om", "/hjalp", "/logga-in", "/finns-inte"))
    data = sorted({*before, *data_of(made)}, key=len, reverse=True)
    left = {(route, piece) for walk in walks for route, text in walk.left for piece in untranslated(text, data)}
    assert not left, "\n".join(f"{route}: {text}" for route, text in sorted(left))
    assert len({route for walk in walks for route in walk.seen}) > 35


@pytest.mark.usefixtures("bracketed")
def test_the_matrix_as_a_file_speaks_the_same_language_as_the_page(house: tuple[FastAPI, Store, Settings]) -> None:
    app, made, settings = house
    with made.read() as session:
        strategist = demo_people(session)[0][1]
        programme = session.scalars(select(METADATA.tables["programme"].c.id)).one()
    cookies = signed_in(made, settings, strategist)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", cookies=cookies) as client:
            return await client.get(f"/program/{programme}/matris.csv?lang={PSEUDO}")

    heads, first, *_rest = asyncio.run(ask()).text.splitlines()
    assert heads.lstrip("\ufeff").startswith("[Kommun];")
    assert heads.endswith(";[Nästa nämnd];[Kontakt]")
    assert ";[" in first
