"""What no browser of ours sends: broken text, odd files, stale pages, mangled links; each is told in words, nothing is lost."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlmodel import col, func, select

from service.app import PAGES
from service.cases.opening import steps_of
from service.settings import Settings
from service.store.files import Files
from service.store.session import Store
from service.store.tables import Answer, Link, SignatureSlot
from states.parties import Actor
from states.tokens import fingerprint, new_secret
from tests.browser import CERTIFICATES
from tests.pages.site import Site, running, words
from tests.people import draft
from tests.service.api.client import api, key, refused
from tests.service.cases.life import PDF, Case, open_for_signing, place_of, propose
from tests.stores import migrated_file, store

__all__ = ["migrated_file", "store"]

TYPED = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"
REASON = "Mitt skäl ska stå kvar."
GOAL = "Målet ska stå kvar."
BACK = "Gå tillbaka"
NOBODYS = "0199a1b2-7c3d-7e4f-8a5b-6c7d8e9fa0b1"
"""An id that nothing has; the same in every process, for it stands in the names of tests."""

SWEDISH = re.compile(r"\b(är|inte|det|den|du|och|kan|finns|skriv|välj|försök)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scene:
    """One served site for all of this: Falun negotiates one agreement with the region and signs another."""

    site: Site
    case: Case
    signing: Case
    clause: UUID
    head: UUID

    @property
    def answer(self) -> str:
        return f"{self.site.path}/omraden/{self.clause}/svar"

    @property
    def paper(self) -> str:
        with self.site.store.read() as session:
            place = place_of(session, self.signing, self.site.cast.chair).id
        return f"/overenskommelser/{self.signing.id}/underskrifter/{place}/papper"

    def person(self, name: str) -> httpx.Client:
        """Somebody with a browser that shows every answer as it is."""
        cookies = dict([self.site.cookie(getattr(self.site.cast, name))]) if name != "nobody" else {}
        made = httpx.Client(
            base_url=self.site.url, cookies=cookies, headers={"Origin": self.site.url}, timeout=30, verify=CERTIFICATES
        )
        return self.site.clients.enter_context(made)

    def answers(self) -> int:
        with self.site.store.read() as session:
            return session.exec(select(func.count()).select_from(Answer)).one()


@pytest.fixture(scope="module")
def scene(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("bad_input")
    shutil.copyfile(migrated_file, folder / "overens.sqlite3")
    rows, settings = Store(f"sqlite:///{folder / 'overens.sqlite3'}"), Settings(data_dir=folder)
    with running(rows, settings) as site:
        files = Files(settings.files_dir)
        case = propose(Case(rows, site.cast, site.agreement, files))
        with rows.write() as session:
            second = draft(session, site.cast, slug="den-andra")
        signing = open_for_signing(Case(rows, site.cast, second, files))
        with rows.read() as session:
            clause = case.standing(session).clauses[0]
        yield Scene(site, case, signing, clause.id, clause.head.id)
    rows.close()


@pytest.fixture(scope="module")
def karin(scene: Scene) -> httpx.Client:
    return scene.person("karin")


@pytest.fixture(scope="module")
def elin(scene: Scene) -> httpx.Client:
    return scene.person("elin")


@pytest.fixture(scope="module")
def program(scene: Scene) -> httpx.Client:
    """Karin's own script, on the API."""
    return api(scene.site, scene.site.cast.karin)


def told(page: httpx.Response, status: int, sentence: str) -> str:
    """What a person reads, after looking at it: the status, the sentence, a whole page in Swedish."""
    said = words(page)
    assert page.status_code == status, said
    assert sentence in said
    assert '<html lang="sv"' in page.text
    assert "Traceback" not in page.text
    return said


def explained(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """A refusal of the API, with its sentence in Swedish."""
    said = refused(answer, status, code)
    assert SWEDISH.search(said["detail"]), said["detail"]
    return said


def typed(scene: Scene, **other: str) -> dict[str, str]:
    """A reworded area as the form sends it."""
    said = {"kind": "counter", "base": str(scene.head), "t": "Rubrik", "w": "Vi vill.", "g": GOAL, "reason": REASON}
    return {**said, **other}


# Texts


TEXTS = {
    "nothing at all (NUL)": ("w", "a\x00b", "osynligt styrtecken"),
    "a bell": ("w", "a\x07b", "osynligt styrtecken"),
    "a character of C1": ("g", "a\x85\x9fb", "osynligt styrtecken"),
    "no character": ("w", "a\uffffb", "trasigt tecken"),
    "too long a text": ("w", "ö" * 10_001, "för lång"),
    "too long a title": ("t", "R" * 201, "för lång"),
    "two lines of title": ("t", "En\nTvå", "Skriv allt på en rad."),
    "too long a reason": ("reason", "s" * 2_001, "för lång"),
    "no title": ("t", " ", "Skriv en rubrik för området."),
}


@pytest.mark.parametrize("what", TEXTS)
@pytest.mark.parametrize("where", ["an answer", "an own area"])
def test_a_text_that_cannot_be_taken_is_told_at_its_field_and_everything_typed_stands_there(
    scene: Scene, karin: httpx.Client, what: str, where: str
) -> None:
    name, bad, sentence = TEXTS[what]
    before, address = scene.answers(), scene.answer if where == "an answer" else f"{scene.site.path}/omraden"
    page = karin.post(address, data=typed(scene, **{name: bad}))
    told(page, 422, sentence)
    assert 'aria-invalid="true"' in page.text
    for field, standing in (("g", GOAL), ("reason", REASON)):
        assert field == name or standing in page.text
    assert len(bad) < 200 or bad in page.text
    assert scene.answers() == before


@pytest.mark.parametrize(
    "sent",
    [
        r'{"title": "x", "fields": {"w": "\ud800"}}',
        r'{"title": "\ud800", "fields": {"w": "x"}}',
        r'{"title": "x", "fields": {"w": "\u0000"}}',
        json.dumps({"title": "x", "fields": {"w": "x" * 10_001}}),
        json.dumps({"title": "x" * 201, "fields": {"w": "x"}}),
        '{"title": "x", "fields": {"w": NaN}}',
        '{"title": Infinity, "fields": {"w": "x"}}',
        '{"title": "x", "fields": {"w": "x"}, "kind": -Infinity}',
        '{"fields": {"w": "x"}}',
        "{}",
    ],
)
def test_a_program_that_sends_a_broken_text_hears_which_field(scene: Scene, program: httpx.Client, sent: str) -> None:
    before = scene.answers()
    json_here = {**key(), "Content-Type": "application/json"}
    answer = program.post(f"agreements/{scene.site.agreement}/clauses", content=sent, headers=json_here)
    said = explained(answer, 422, "invalid")
    assert said["fields"]
    assert all(f["pointer"] and SWEDISH.search(f["message"]) for f in said["fields"])
    assert scene.answers() == before


@pytest.mark.parametrize(
    ("sent", "kind", "status", "code"),
    [
        ('{"title": ', "application/json", 400, "invalid"),
        (b"\xff\xfe", "application/json", 400, "invalid"),
        ("title=x", TYPED, 415, "invalid"),
        ("title: x", "text/plain", 415, "invalid"),
    ],
)
def test_a_body_that_is_no_json_is_told_apart(
    scene: Scene, program: httpx.Client, sent: str | bytes, kind: str, status: int, code: str
) -> None:
    answer = program.post(f"agreements/{scene.site.agreement}/clauses", content=sent, headers={**key(), "Content-Type": kind})
    explained(answer, status, code)


# Forms


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (TYPED, b""),
        ("application/json", b'{"kind": "accept"}'),
        ("text/plain", b"kind=accept"),
        (PARTS, b'--b\r\nContent-Disposition: form-data; name="\xff\xd8"\r\n\r\nx\r\n--b--\r\n'),
        (PARTS, b'--b\r\nContent-Disposition: form-data; name="kind"; filename="accept"\r\n\r\naccept\r\n--b--\r\n'),
        (PARTS, b'--b\r\nContent-Disposition: form-data; name="kind\x00"\r\n\r\naccept\r\n--b--\r\n'),
    ],
)
def test_a_form_without_its_choice_is_no_answer_and_says_what_to_choose(
    scene: Scene, karin: httpx.Client, kind: str, body: bytes
) -> None:
    before = scene.answers()
    page = karin.post(scene.answer, content=body, headers={"Content-Type": kind})
    assert BACK in told(page, 422, "Välj hur ni svarar på området.")
    assert scene.answers() == before


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (PARTS, b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        (PARTS, b"no parts at all"),
        ("multipart/form-data", b"no boundary"),
    ],
)
def test_a_form_that_cannot_be_read_is_told_and_the_way_back_leads_to_what_was_typed(
    scene: Scene, karin: httpx.Client, kind: str, body: bytes
) -> None:
    page = karin.post(scene.answer, content=body, headers={"Content-Type": kind})
    assert page.status_code in (400, 422)
    assert BACK in told(page, page.status_code, "Något i det du skrev behöver rättas.")


@pytest.mark.parametrize("sent", [b"%ed%a0%80", b"%ff%fe", b"na\xefve", b"%c3"])
def test_bytes_that_are_no_text_are_refused_and_not_mended_into_another_text(
    scene: Scene, karin: httpx.Client, sent: bytes
) -> None:
    before = scene.answers()
    body = b"kind=counter&base=" + str(scene.head).encode() + b"&t=R&w=" + sent
    page = karin.post(scene.answer, content=body, headers={"Content-Type": TYPED})
    told(page, 422, "trasigt tecken")
    assert scene.answers() == before


@pytest.mark.parametrize(
    ("sent", "pointer", "code"),
    [
        (r'{"title": "x", "fields": {"w": "\ud800"}}', "/fields/w", "broken-character"),
        (r'{"title": "a\u0000b", "fields": {"w": "x"}}', "/title", "control-character"),
        (r'{"title": "x", "fields": {"w": "a\u0007b"}}', "/w", "control-character"),
    ],
)
def test_a_program_hears_of_a_broken_character_by_the_code_of_the_pages(
    scene: Scene, program: httpx.Client, sent: str, pointer: str, code: str
) -> None:
    json_here = {**key(), "Content-Type": "application/json"}
    answer = program.post(f"agreements/{scene.site.agreement}/clauses", content=sent, headers=json_here)
    fault = explained(answer, 422, "invalid")["fields"][0]
    assert (fault["pointer"], fault["code"]) == (pointer, code)


@pytest.mark.parametrize("base", ["", "påhittad", NOBODYS])
def test_a_form_that_lost_which_text_it_answers_meets_the_text_that_stands_now(
    scene: Scene, karin: httpx.Client, base: str
) -> None:
    before = scene.answers()
    page = karin.post(scene.answer, data=typed(scene, base=base))
    told(page, 412, "Din text är kvar")
    assert GOAL in page.text
    assert REASON in page.text
    assert scene.answers() == before


def test_a_draft_that_a_colleague_has_saved_over_shows_both(scene: Scene, karin: httpx.Client) -> None:
    peter = scene.person("peter")
    assert peter.post(scene.answer, data=typed(scene, w="Peters ord.")).status_code == 303
    page = karin.post(scene.answer, data=typed(scene, w="Karins ord.", draft_version="0"))
    said = told(page, 412, "Din text är kvar")
    assert "Peters ord." in said
    assert "Karins ord." in page.text
    assert REASON in page.text


@pytest.mark.parametrize("version", ["0", "-1", "abc", "²", "9" * 40, "1"])
def test_a_page_that_is_out_of_date_or_has_a_strange_version_moves_nothing_it_should_not(
    scene: Scene, elin: httpx.Client, version: str
) -> None:
    """Only a whole number is a version; the empty reason is refused anyway, so the agreement stands."""
    page = elin.post(f"{scene.site.path}/aterkallelse", data={"reason": "", "version": version})
    assert page.status_code in (412, 422)
    told(page, page.status_code, "")
    assert scene.case.state() == "negotiating"


def test_a_program_with_a_stale_version_or_none_is_told_which(scene: Scene) -> None:
    region, path = api(scene.site, scene.site.cast.elin), f"agreements/{scene.site.agreement}"
    explained(region.post(f"{path}/withdrawal", json={"reason": "Nej."}, headers=key('"1"')), 412, "stale")
    explained(region.post(f"{path}/withdrawal", json={"reason": "Nej."}, headers=key()), 428, "if-match-missing")
    newest = region.get(path).headers["etag"]
    without_key = region.post(f"{path}/withdrawal", json={"reason": "Nej."}, headers={"If-Match": newest})
    explained(without_key, 400, without_key.json()["code"])
    assert scene.case.state() == "negotiating"


# Files


HUGE = b"%PDF-1.7 " + b"x" * (11 * 1024 * 1024)
NO_SCAN = "Filen är inte en PDF eller bild."
UPLOADS = {
    "more than ten megabytes": ("s.pdf", HUGE, 413, "Filen är för stor. Den får vara högst 10 MB."),
    "an empty file": ("s.pdf", b"", 422, "Välj den skannade filen."),
    "no file": ("", PDF, 422, "Välj den skannade filen."),
    "a program": ("s.pdf", b"MZ\x90\x00", 422, NO_SCAN),
    "a web page": ("s.png", b"<html><script>1</script>", 422, NO_SCAN),
    "an odd name": ("../../\x00å.exe", b"MZ", 422, NO_SCAN),
}


@pytest.mark.parametrize("what", UPLOADS)
def test_a_file_that_cannot_be_taken_is_told_and_the_rest_of_the_form_stands(scene: Scene, elin: httpx.Client, what: str) -> None:
    name, data, status, sentence = UPLOADS[what]
    form = elin.get(scene.paper)
    code = re.search(r'name="control_code" value="([^"]+)"', form.text)
    assert code is not None
    said = {"control_code": code[1], "signed_on": "2027-09-13"}
    page = elin.post(scene.paper, data=said, files={"scan": (name, data)})
    told(page, status, sentence)
    assert f'href="/overenskommelser/{scene.signing.id}"' in page.text if status == 413 else 'value="2027-09-13"' in page.text
    assert "script>1" not in page.text
    _nothing_signed(scene)


@pytest.mark.parametrize(("data", "status", "code"), [(b"", 422, None), (b"MZ", 422, "refused-file"), (HUGE, 413, "too-large")])
def test_a_program_hears_the_same_of_its_file(scene: Scene, data: bytes, status: int, code: str | None) -> None:
    region = api(scene.site, scene.site.cast.elin)
    slot = scene.paper.split("/")[-2]
    version = region.get(f"agreements/{scene.signing.id}").headers["etag"]
    said = {"control_code": "0" * 64, "signed_on": "2027-09-13"}
    answer = region.post(f"signature-slots/{slot}/papers", data=said, files={"scan": ("s.pdf", data)}, headers=key(version))
    assert answer.status_code == status, answer.text
    explained(answer, status, code or answer.json()["code"])
    _nothing_signed(scene)


def _nothing_signed(scene: Scene) -> None:
    with scene.site.store.read() as session:
        states = session.exec(select(SignatureSlot.state).where(col(SignatureSlot.agreement_id) == scene.signing.id)).all()
    assert set(states) == {"requested"}


# Links


def _link(site: Site, actor: Actor, *, days: float = 30, used: bool = False) -> str:
    token, now = new_secret(), datetime.now(UTC)
    assert actor.assignment is not None
    with site.store.write() as session:
        session.add(
            Link(
                token_sha256=fingerprint(token), assignment_id=actor.assignment, epoch=1, path="/min-kommun",
                created_at=now - timedelta(days=60), expires_at=now + timedelta(days=days), used_at=now if used else None,
            )
        )  # fmt: skip
    return token


@pytest.mark.parametrize(
    "how", ["expired", "used", "cut short", "with a dot after it", "NUL", "half a character", "very long", "a line"]
)
def test_a_link_that_does_not_open_says_so_and_offers_a_code(scene: Scene, how: str) -> None:
    token = _link(scene.site, scene.site.cast.karin, days=-1 if how == "expired" else 30, used=how == "used")
    mangled = {
        "cut short": token[:-4], "with a dot after it": f"{token}.", "NUL": "%00", "half a character": "%ED%A0%80",
        "very long": "a" * 6_000, "a line": f"{token}%0d%0aSet-Cookie:%20x=1",
    }  # fmt: skip
    browser, address = scene.person("nobody"), f"/k/{mangled.get(how, token)}"
    for page in (browser.get(address), browser.post(address)):
        said = told(page, page.status_code, "Skicka koden")
        assert page.status_code in (200, 404, 410, 422)
        assert re.search(r"länken", said, re.IGNORECASE)
        assert "set-cookie" not in page.headers or "overens=" not in page.headers["set-cookie"]
    assert browser.get("/min-kommun").status_code == 303


# Addresses


@pytest.mark.parametrize("who", ["karin", "elin"])
@pytest.mark.parametrize(
    "address",
    [
        f"/overenskommelser/{NOBODYS}",
        f"/overenskommelser/{NOBODYS}/granska",
        "/overenskommelser/xyz",
        "/overenskommelser/%00",
        "/overenskommelser/%ED%A0%80/omraden",
        f"/filer/{'0' * 64}",
        "/filer/xyz",
        "/publikt/finns-inte",
        "/finns-inte",
        "/" + "a" * 6_000,
    ],
)
def test_what_does_not_exist_is_a_page_that_says_so(scene: Scene, who: str, address: str) -> None:
    page = scene.person(who).get(address)
    told(page, 404, "Sidan")


@pytest.mark.parametrize("address", ["agreements/{}", "clauses/{}", "responses/{}", "programmes/{}", "messages/{}", "finns-inte"])
@pytest.mark.parametrize("name", [NOBODYS, "xyz", "%00"])
def test_what_does_not_exist_is_a_404_to_a_program(program: httpx.Client, address: str, name: str) -> None:
    answer = program.get(address.format(name))
    explained(answer, answer.status_code, answer.json()["code"])
    assert answer.status_code in (403, 404)


def test_the_wrong_method_is_told_and_changes_nothing(scene: Scene, karin: httpx.Client, program: httpx.Client) -> None:
    for method, address in (
        ("DELETE", scene.site.path),
        ("PUT", scene.answer),
        ("PATCH", "/"),
        ("GET", f"{scene.site.path}/aterkallelse/x"),
    ):
        page = karin.request(method, address)
        assert page.status_code in (404, 405)
        told(page, page.status_code, "Sidan eller uppgiften finns inte.")
    answer = program.request("DELETE", f"agreements/{scene.site.agreement}")
    explained(answer, 405, "invalid")
    assert "GET" in answer.headers["allow"]
    assert scene.case.state() == "negotiating"


STRANGE = ("xyz", "-1", "abc", "", "²", "9" * 400, "\x00", "'; DROP TABLE agreement;--")
HALF = "%ED%A0%80"
QUERIES = {
    "karin": {
        "{agreement}": ("vy", "visa", "klart", "nasta", "lang", "page"),
        "{agreement}/omraden": ("utkast",),
        "/min-kommun": ("klart", "kod"),
    },
    "elin": {
        "{agreement}": ("vy", "visa", "nasta"),
        "/": ("klart",),
        "{programme}": ("lage", "vantar", "tema", "sen", "namnd", "klart"),
        "{programme}/matris.csv": ("lage", "tema"),
        "/kontakter": ("visa", "klart"),
        "/utkorg": ("visa", "fore", "klart"),
        "/logg": ("overenskommelse", "slag", "fore"),
        "/publikt": ("page",),
    },
}


@pytest.mark.parametrize(("who", "page"), [(who, page) for who, pages in QUERIES.items() for page in pages])
def test_an_unknown_value_in_an_address_shows_the_page_without_it(scene: Scene, who: str, page: str) -> None:
    person = scene.person(who)
    with scene.site.store.read() as session:
        programme = scene.case.standing(session).agreement.programme_id
    address = page.format(agreement=scene.site.path, programme=f"/program/{programme}")
    names = QUERIES[who][page]
    for query in (*(urlencode(dict.fromkeys(names, value)) for value in STRANGE), "&".join(f"{name}={HALF}" for name in names)):
        found = person.get(f"{address}?{query}")
        assert found.status_code == 200, (address, query, words(found))


@pytest.mark.parametrize(
    "query", ["limit=abc", "limit=-1", "page=-1", "page=0", "page=²", "count=all", "after=xyz", "state=xyz", "programme=x"]
)
def test_an_unknown_value_is_told_to_a_program(program: httpx.Client, query: str) -> None:
    said = explained(program.get(f"agreements?{query}"), 422, "invalid")
    (field,) = said["fields"]
    assert query.partition("=")[0] in field["pointer"]
    assert SWEDISH.search(field["message"])


# Everything, without anything


FORMS = sorted({r.path for router in PAGES for r in router.routes if isinstance(r, APIRoute) and "POST" in (r.methods or ())})
FIELDS = ("kind", "version", "base", "due", "day", "kommun", "lan", "email", "outcome", "holds", "role", "key")
NONSENSE = dict.fromkeys(FIELDS, "\x00²")


def test_every_form_sent_with_nothing_or_nonsense_answers_in_words(store: Store, tmp_path: Path) -> None:
    """Each address as each kind of person, on a site of its own: what an empty form does there is no other test's matter."""
    assert len(FORMS) > 40
    with running(store, Settings(data_dir=tmp_path)) as site:
        case = open_for_signing(Case(store, site.cast, site.agreement, Files(site.settings.files_dir)))
        known = _known(case)
        rounds: tuple[tuple[Actor, dict[str, str]], ...] = (
            (site.cast.karin, NONSENSE), (site.cast.elin, NONSENSE), (site.cast.elin, {}), (site.cast.chair, {}),
        )  # fmt: skip
        for who, sent in rounds:
            name, value = site.cookie(who)
            headers = {"Origin": site.url, "Cookie": f"{name}={value}"}
            with httpx.Client(base_url=site.url, headers=headers, timeout=30, verify=CERTIFICATES) as browser:
                answers = {form: browser.post(_filled(form, known), data=sent) for form in FORMS if form != "/logga-ut"}
            for form, page in answers.items():
                assert page.status_code < 500, (who.name, form, words(page))
                assert page.status_code == 303 or SWEDISH.search(words(page)), (who.name, form)


def _filled(form: str, known: dict[str, UUID]) -> str:
    return re.sub(r"{(\w+)[^}]*}", lambda found: str(known.get(found[1], NOBODYS)), form)


def _known(case: Case) -> dict[str, UUID]:
    with case.store.read() as session:
        standing = case.standing(session)
        return {
            "agreement_id": case.id,
            "programme_id": standing.agreement.programme_id,
            "clause_id": standing.clauses[0].id,
            "party_id": standing.parties[1].id,
            "slot_id": place_of(session, case, case.cast.chair).id,
            "step_id": steps_of(session, case.id)[0].id,
            "organisation_id": case.cast.falun,
        }
