"""The outer skin: every answer is dressed, foreign forms and too large bodies are refused in words, no secret is logged."""

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import event, text

from service import log
from service.app import create_app
from service.edge import CSP, FORM_MAX, UPLOAD_MAX
from service.settings import Settings
from service.store.session import Store
from service.web import Typed, permit
from states.access import Operation
from tests.browser import serving

PARTS = "multipart/form-data; boundary=b"
CANARY = "kanarie-7Qx2mVw9Lr"

odd = APIRouter()


@odd.get("/trasig", name="broken_on_purpose")
@permit(Operation.public)
def broken() -> None:
    raise RuntimeError(CANARY)


@odd.post("/eko", name="echo")
@permit(Operation.public)
def echo(typed: Typed) -> dict[str, int]:
    return {name: len(value) for name, value in typed.items()}


@odd.post("/api/eko", name="api_echo")
@permit(Operation.public)
def api_echo(body: dict[str, int]) -> int:
    return len(body)


@dataclass(frozen=True, slots=True)
class House:
    """The whole application on a real port, and what it logs."""

    url: str
    store: Store
    log: io.StringIO
    client: httpx.Client

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def built(settings: Settings, store: Store) -> FastAPI:
    app = create_app(settings, store)
    app.include_router(odd)
    return app


@pytest.fixture(scope="module")
def logged() -> io.StringIO:
    stream = io.StringIO()
    log.configure("info", stream)
    return stream


@pytest.fixture(scope="module")
def running(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory, logged: io.StringIO) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("edge")
    shutil.copyfile(migrated_file, folder / "overens.sqlite3")
    store = Store(f"sqlite:///{folder / 'overens.sqlite3'}")
    with serving(built(Settings(data_dir=folder), store)) as url, httpx.Client(base_url=url) as client:
        yield House(url, store, logged, client)
    store.close()


@pytest.fixture
def house(running: House) -> House:
    """The one that all tests here share, with an empty log and no cookies."""
    running.log.truncate(0)
    running.log.seek(0)
    running.client.cookies.clear()
    return running


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/logga-in", {}, 200),
        ("GET", "/utkorg", {}, 303),
        ("GET", "/finns-inte", {}, 404),
        ("GET", "/api/v1/finns-inte", {}, 404),
        ("GET", "/min-kommun", {"hx-request": "true"}, 401),
        ("DELETE", "/logga-in", {}, 405),
        ("GET", "/static/overens.css", {}, 200),
        ("GET", "/health/live", {}, 200),
        ("POST", "/logga-in", {"sec-fetch-site": "cross-site"}, 403),
        ("GET", "/logga-in", {"host": "ond.example"}, 400),
        ("GET", "/trasig", {}, 500),
        ("POST", "/api/eko", {}, 422),
    ],
)
def test_every_answer_wears_the_headers(house: House, method: str, path: str, headers: dict[str, str], status: int) -> None:
    answer = house.client.request(method, path, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-security-policy"] == CSP
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert len(answer.headers["x-request-id"]) == 36
    assert ("immutable" if "/static/" in path else "no-store") in answer.headers["cache-control"]
    assert "strict-transport-security" not in answer.headers


def test_the_policy_lets_nothing_foreign_in() -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in CSP.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert {rules[name] for name in ("script-src", "style-src", "img-src", "connect-src", "form-action")} == {"'self'"}
    assert (rules["require-trusted-types-for"], rules["trusted-types"]) == ("'script'", "overens")


def test_only_https_promises_https(store: Store, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, base_url="https://overens.example")
    with serving(built(settings, store)) as url:
        own = {"host": "overens.example"}
        assert "max-age" in httpx.get(f"{url}/logga-in", headers=own).headers["strict-transport-security"]
        assert httpx.get(f"{url}/logga-in").status_code == 400, "loopback names are not a public site's"
        assert httpx.get(f"{url}/health/live").status_code == 200, "but its health may be asked behind the proxy"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:8000", 200),
        ("[::1]:8000", 200),
        ("LOCALHOST", 200),
        ("ond.example", 400),
        ("127.0.0.1.ond.example", 400),
        ("ond.example:80@127.0.0.1", 400),
        ("127.0.0.1/x", 400),
        ("[::1", 400),
        ("[1:2:3:::]", 400),
        ("", 400),
        ("a" * 5000, 400),
    ],
)
def test_only_our_own_names_are_answered_to(house: House, host: str, status: int) -> None:
    assert house.client.get("/logga-in", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "SELF"}, False),
        ({"sec-fetch-site": ""}, False),
        ({"origin": "SELF"}, True),
        ({"origin": "null"}, False),
        ({"origin": "https://ond.example"}, False),
        ({"origin": "http://127.0.0.1.ond.example"}, False),
        ({"origin": "https://ond.example", "referer": "SELF/x"}, False),
        ({"referer": "SELF/logga-in"}, True),
        ({"referer": "https://ond.example/?SELF"}, False),
        ({"referer": "http://["}, False),
        ({"origin": "http://[x]"}, False),
        ({}, True),
        ({"cookie": "overens=x"}, False),
        ({"cookie": "overens=x", "authorization": "Basic eDp5"}, False),
    ],
)
def test_a_change_is_taken_from_our_own_pages_only(house: House, headers: dict[str, str], passes: bool) -> None:
    said = {name: value.replace("SELF", house.url) for name, value in headers.items()}
    answer = house.client.post("/eko", data={"a": "1"}, headers=said)
    assert answer.status_code == (200 if passes else 403)
    if not passes:
        assert "Formuläret" in answer.text
        assert house.client.get("/logga-in", headers=said).status_code == 200, "reading is free"


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("path", "kind", "size", "status"),
    [
        ("/eko", "application/x-www-form-urlencoded", FORM_MAX - 10, 200),
        ("/eko", "application/x-www-form-urlencoded", FORM_MAX + 1, 413),
        ("/eko", "multipart/form-data; boundary=b", 11 * 1024 * 1024, 413),
        ("/api/eko", "application/json", FORM_MAX + 1, 413),
    ],
)
def test_a_body_too_large_is_refused_in_words(house: House, path: str, kind: str, size: int, status: int, chunked: bool) -> None:
    start = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' if "multipart" in kind else b"a="
    body = start + b"x" * (size - len(start))
    content = (body[n : n + 65_536] for n in range(0, size, 65_536)) if chunked else body
    answer = house.client.post(path, content=content, headers={"content-type": kind}, timeout=30)
    assert answer.status_code == status
    if status == 413:
        assert "högst 10 MB" in answer.text
        assert answer.headers["content-type"].startswith("application/problem+json" if "/api/" in path else "text/html")


def test_a_file_of_ten_megabytes_fits_with_its_form() -> None:
    assert UPLOAD_MAX > 10 * 1024 * 1024


@pytest.mark.parametrize("length", ["-1", "x", "1e9", "9" * 40, "²"])
def test_a_strange_length_is_no_way_around(house: House, length: str) -> None:
    import socket

    host, port = house.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        said = f"POST /eko HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\na=1"
        line.sendall(said.encode("latin-1"))
        assert line.recv(4096).split()[1] in (b"400", b"413")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"a": "\\ud800"}'),
        ("application/json", b'{"a": NaN}'),
        ("application/json", b'{"a": 1e999}'),
        ("application/json", b"[" * 100_000),
        ("application/json", b"\xff\xfe"),
        ("application/json", b'{"\\ud800": "kanarie-7Qx2mVw9Lr"}'),
        (PARTS, b'--b\r\nContent-Disposition: form-data; name="\xff\xd8"\r\n\r\nx\r\n--b--\r\n'),
        (
            "multipart/form-data; boundary=b; charset=utf-7",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n+2AA-\r\n--b--',
        ),
        (f"{PARTS}; charset=rot13", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--'),
        (
            "multipart/form-data; boundary=b; charset=unicode_escape",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\\ud800\r\n--b--',
        ),
        ("multipart/form-data", b"x"),
        (PARTS, b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        ("application/x-www-form-urlencoded", b"%ff%00=%ed%a0%80&&&=="),
        ("application/x-www-form-urlencoded", b"a=1&" * 5000),
        ("text/plain", b"a=1"),
    ],
)
@pytest.mark.parametrize("path", ["/eko", "/api/eko", "/logga-in", "/k/kod"])
def test_strange_bodies_are_neither_a_crash_nor_repeated(house: House, path: str, kind: str, body: bytes) -> None:
    answer = house.client.post(path, content=body, headers={"content-type": kind})
    assert answer.status_code < 500
    assert CANARY not in answer.text


def test_a_crash_is_told_in_words_and_logged_with_its_cause(house: House) -> None:
    answer = house.client.get("/trasig")
    assert answer.status_code == 500
    assert "Något gick fel hos oss" in answer.text
    assert CANARY not in answer.text
    crash = next(line for line in house.lines() if line["event"] == "broken")
    assert "RuntimeError" in str(crash["exception"])
    assert crash["request_id"] == answer.headers["x-request-id"]


def test_a_line_per_request_says_the_route_and_never_what_was_in_it(house: House) -> None:
    house.client.get(f"/k/{CANARY}?token={CANARY}", headers={"cookie": f"overens={CANARY}", "authorization": f"Bearer {CANARY}"})
    house.client.post("/logga-in", data={"email": f"{CANARY}@x.se", "password": CANARY, "totp": CANARY})
    house.client.get(f"/{CANARY}", headers={"host": CANARY, "user-agent": CANARY, "referer": CANARY})
    house.client.get(f"/finns-inte/{CANARY}")
    assert CANARY not in house.log.getvalue()
    lines = [line for line in house.lines() if line["event"] == "request"]
    assert [(line["route"], line["status"]) for line in lines] == [
        ("/k/[dolt]", 200),
        ("/logga-in", 422),
        ("-", 400),
        ("-", 404),
    ]
    assert all("dropped" not in line and len(str(line["request_id"])) == 36 for line in lines)


def test_readiness_names_the_part_that_fails_and_silence_of_the_schedules_is_a_warning(house: House) -> None:
    ready = house.client.get("/health/ready")
    assert (ready.status_code, ready.json()["schedules"]) == (200, "silent")

    def refuse(*_: object) -> None:
        raise house.store.engine.dialect.dbapi.OperationalError("disk I/O error")  # type: ignore[union-attr]

    event.listen(house.store.engine, "do_execute", refuse)
    try:
        failed = house.client.get("/health/ready")
    finally:
        event.remove(house.store.engine, "do_execute", refuse)
    assert (failed.status_code, failed.json()["part"]) == (503, "store")
    assert house.client.get("/health/live").status_code == 200


def test_a_database_that_lacks_a_migration_is_not_ready_and_says_so(house: House) -> None:
    with house.store.engine.begin() as connection:
        (revision,) = connection.execute(text("SELECT version_num FROM alembic_version")).one()
        connection.execute(text("DELETE FROM alembic_version"))
    failed = house.client.get("/health/ready")
    assert (failed.status_code, failed.json()["part"]) == (503, "migrations")
    assert "overens migrate" in failed.json()["detail"]
    with house.store.engine.begin() as connection:
        connection.execute(text("INSERT INTO alembic_version VALUES ('9999_from_tomorrow')"))
    assert house.client.get("/health/ready").json()["part"] == "migrations"
    with house.store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :known"), {"known": revision})
    assert house.client.get("/health/ready").status_code == 200
