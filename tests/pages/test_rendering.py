"""A page is whole for a browser and only its content for htmx; dates, times, numbers and codes look Swedish."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime

import httpx
import pytest
from jinja2 import UndefinedError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.pages.rendering import (
    date_long,
    date_short,
    edges,
    environment,
    instant,
    mount_static,
    number,
    respond,
    see_other,
    static,
)
from states.errors import FieldError

PAGE = """{% extends "layout.html" %}{% block title %}Svar – Orsa kommun{% endblock %}
{% block content %}<h1>{{ name }}</h1>{{ parts.error_summary(errors) }}
{{ parts.field("Skäl", "reason", value="<b>", errors=errors) }}
<a href="{{ url_for("page", id=7) }}">Hit</a>{% endblock %}"""


def page(request: Request) -> Response:
    errors = (FieldError("reason", "missing", "Skriv varför."),) if "fel" in request.query_params else ()
    return respond(request, environment().from_string(PAGE), 422 if errors else 200, {}, {"name": "Å <&>", "errors": errors})


def leave(request: Request) -> Response:
    return see_other(request, request.query_params["to"])


@dataclass(frozen=True, slots=True)
class Client:
    """Asks an application without a server; starlette's own test client wants another HTTP library than ours."""

    app: Starlette

    def ask(self, method: str, url: str, headers: dict[str, str] | None = None) -> httpx.Response:
        async def once() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://testserver") as client:
                return await client.request(method, url, headers=headers)

        return asyncio.run(once())

    def get(self, url: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.ask("GET", url, headers)

    def post(self, url: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.ask("POST", url, headers)


@pytest.fixture
def client() -> Client:
    app = Starlette(routes=[Route("/sida/{id}", page, name="page"), Route("/bort", leave, methods=["POST"])])
    mount_static(app)
    return Client(app)


def test_a_browser_gets_the_whole_page(client: Client) -> None:
    answer = client.get("/sida/1")
    assert answer.text.lstrip().startswith("<!doctype html>")
    assert "<title>Svar – Orsa kommun – Överens</title>" in answer.text
    assert answer.headers["vary"] == "HX-Request, HX-Request-Type"


def test_htmx_gets_title_and_content_only(client: Client) -> None:
    answer = client.get("/sida/1", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.text.lstrip().startswith("<title>Svar")
    assert "<h1>" in answer.text
    assert "<body" not in answer.text


def test_htmx_gets_the_whole_page_when_it_replaces_the_body(client: Client) -> None:
    answer = client.get("/sida/1", headers={"HX-Request": "true", "HX-Request-Type": "full"})
    assert "<body" in answer.text


def test_an_error_stands_first_in_the_title_in_a_summary_and_at_its_field(client: Client) -> None:
    answer = client.get("/sida/1?fel")
    assert answer.status_code == 422
    assert "<title>Fel: Svar" in answer.text
    assert '<a href="#f-reason">Skriv varför.</a>' in answer.text
    assert 'aria-describedby="f-reason-error" aria-invalid="true"' in answer.text


def test_typed_text_is_kept_and_never_becomes_markup(client: Client) -> None:
    assert 'value="&lt;b&gt;"' in client.get("/sida/1?fel").text
    assert "Å &lt;&amp;&gt;" in client.get("/sida/1").text


def test_addresses_are_paths_only(client: Client) -> None:
    assert '<a href="/sida/7">Hit</a>' in client.get("/sida/1", headers={"Host": "elsewhere.example"}).text


def test_the_same_page_again_is_a_plain_redirect_another_page_is_opened(client: Client) -> None:
    htmx = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://testserver/sida/1?vy=text"}
    assert client.post("/bort?to=/sida/1", headers=htmx).status_code == 303
    opened = client.post("/bort?to=/sida/2", headers=htmx)
    assert (opened.status_code, opened.headers["hx-redirect"]) == (200, "/sida/2")
    assert client.post("/bort?to=/sida/2").headers["location"] == "/sida/2"


def test_static_files_carry_their_hash_and_may_be_kept(client: Client) -> None:
    answer = client.get(static("overens.css"))
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]


def test_a_value_nobody_set_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nobody }}").render()


def test_dates_times_and_numbers_are_swedish() -> None:
    assert date_long(date(2027, 9, 30)) == "torsdag 30\u00a0september 2027"
    assert date_short(date(2027, 9, 30)) == "30\u00a0september 2027"
    assert instant(datetime(2027, 9, 16, 8, 2, tzinfo=UTC)) == "16\u00a0september 2027 kl.\u00a010.02"
    assert instant(datetime(2027, 12, 31, 23, 30, tzinfo=UTC)) == "1\u00a0januari 2028 kl.\u00a000.30"
    assert number(1418733) == "1\xa0418\xa0733"
    assert environment().from_string("{{ c | code }}").render(c="9f3ac71b20de8841" + "0" * 48) == "9F3A-C71B-20DE-8841"


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        instant(datetime(2027, 9, 16, 8, 2))


@pytest.mark.parametrize("text", ["ord", " ord", "ord ", " två ord ", "  ", "\n", ""])
def test_splitting_a_changed_piece_loses_nothing(text: str) -> None:
    assert "".join(edges(text)) == text
