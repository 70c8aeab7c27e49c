"""Coming in through the pages, without a script: links, codes, password, and going out again."""

import hashlib
import re
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pyotp
import pytest
from sqlmodel import col, delete, select

from service.cases import accounts, sign_in
from service.settings import Settings
from service.store.session import Store
from service.store.tables import Code, ContactAssignment, Link, Message, Person, SignIn, Throttle
from states.parties import Actor
from states.tokens import code, fingerprint, new_secret
from tests.browser import CERTIFICATES
from tests.pages.site import Site, running, words
from tests.stores import migrated_file, store

__all__ = ["migrated_file", "store"]

PASSWORD = "en lång mening om dalahästar"
GONE = "Skriv din e-postadress så skickar vi en kod."


@pytest.fixture(scope="module")
def shared(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("sign_in")
    shutil.copyfile(migrated_file, folder / "overens.sqlite3")
    rows = Store(f"sqlite:///{folder / 'overens.sqlite3'}")
    with running(rows, Settings(data_dir=folder)) as served:
        yield served
    rows.close()


@pytest.fixture
def site(shared: Site) -> Site:
    """The one site of these tests, where nobody is signed in and nobody has tried anything."""
    with shared.store.write() as session:
        for table in (SignIn, Link, Code, Throttle):
            session.exec(delete(table))
    return shared


@pytest.fixture
def browser(site: Site) -> Iterator[httpx.Client]:
    with _browser(site) as client:
        yield client


def _browser(site: Site) -> httpx.Client:
    """A browser that keeps its cookies and shows every answer as it is."""
    return httpx.Client(base_url=site.url, headers={"origin": site.url, "user-agent": "Firefox"}, timeout=30, verify=CERTIFICATES)


def _link(site: Site, actor: Actor, path: str = "/min-kommun") -> str:
    token, now = new_secret(), datetime.now(UTC)
    assert actor.assignment is not None
    with site.store.write() as session:
        row = Link(
            token_sha256=fingerprint(token),
            assignment_id=actor.assignment,
            epoch=session.get_one(ContactAssignment, actor.assignment).epoch,
            path=path,
            created_at=now,
            expires_at=now + timedelta(days=30),
        )
        session.add(row)
    return f"/k/{token}"


def _email(site: Site, actor: Actor) -> str:
    with site.store.read() as session:
        return session.get_one(Person, actor.person).email


def _mailed(site: Site) -> str:
    """The code in the newest letter."""
    with site.store.read() as session:
        message = session.exec(select(Message).order_by(col(Message.id).desc())).first()
        assert message is not None
        return code(site.settings.secret_keys[0], str(message.id), str(message.assignment_id), message.epoch)


def _sessions(site: Site) -> int:
    with site.store.read() as session:
        return len(session.exec(select(SignIn)).all())


def test_the_link_shows_whom_it_is_for_and_only_the_button_opens_it(site: Site, browser: httpx.Client) -> None:
    link = _link(site, site.cast.karin)
    for _ in range(10):
        shown = httpx.get(site.url + link, verify=CERTIFICATES)
        assert "Fortsätt som Karin Östlund, Falu kommun" in words(shown)
        assert "set-cookie" not in shown.headers
    assert _sessions(site) == 0
    answer = browser.post(link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/min-kommun")
    assert "Min kommun" in browser.get("/min-kommun").text or browser.get("/min-kommun").status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site, browser: httpx.Client) -> None:
    said = browser.post(_link(site, site.cast.karin)).headers["set-cookie"]
    assert said.startswith("overens=")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in said.split(";")}


def test_on_https_the_cookie_is_bound_to_the_host(store: Store, tmp_path: Path) -> None:
    with running(store, Settings(data_dir=tmp_path, base_url="https://overens.example")) as site:
        headers = {"host": "overens.example", "origin": "https://overens.example"}
        said = httpx.post(site.url + _link(site, site.cast.karin), headers=headers).headers["set-cookie"]
    assert said.startswith("__Host-overens=")
    assert "Secure" in said
    assert "Domain" not in said


def test_24_presses_at_once_open_one_session(site: Site) -> None:
    link, got, start = _link(site, site.cast.karin), list[bool](), threading.Barrier(24)

    def press() -> None:
        with _browser(site) as client:
            start.wait()
            got.append("set-cookie" in client.post(link).headers)

    threads = [threading.Thread(target=press) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 23 + [True]
    assert _sessions(site) == 1


def test_who_came_in_by_a_link_may_press_it_again(site: Site, browser: httpx.Client) -> None:
    link = _link(site, site.cast.karin)
    browser.post(link)
    for again in (browser.get(link), browser.post(link)):
        assert (again.status_code, again.headers["location"]) == (303, "/min-kommun")


@pytest.mark.parametrize("link", ["used", "/k/pahittad", "/k/" + "x" * 3000, "/k/%00", "/k/%ff"])
def test_a_link_that_does_not_open_offers_a_code_instead(site: Site, browser: httpx.Client, link: str) -> None:
    if link == "used":
        link = _link(site, site.cast.karin)
        httpx.post(site.url + link)
    for answer in (browser.get(link), browser.post(link)):
        assert answer.status_code == 200
        assert GONE in words(answer)


def test_a_mailed_link_leads_the_regions_own_people_to_their_password(site: Site, browser: httpx.Client) -> None:
    link = _link(site, site.cast.elin, "/utkorg")
    for answer in (browser.get(link), browser.post(link)):
        assert (answer.status_code, answer.headers["location"]) == (303, "/logga-in?nasta=/utkorg")
    assert 'value="/utkorg"' in browser.get("/logga-in?nasta=/utkorg").text


def test_a_code_by_mail_opens_in_this_browser_only(site: Site, browser: httpx.Client) -> None:
    asked = browser.post("/k/kod", data={"email": _email(site, site.cast.karin)})
    assert "har vi skickat en kod dit" in words(asked)
    typed = _mailed(site)
    with _browser(site) as other:
        other.post("/k/kod", data={"email": "ingen@exempel.se"})
        assert other.post("/k/kod/svar", data={"code": typed}).status_code == 422
    assert browser.post("/k/kod/svar", data={"code": "22222222"}).status_code == 422
    answer = browser.post("/k/kod/svar", data={"code": typed.lower()})
    assert answer.status_code == 303
    assert browser.get("/min-kommun").status_code == 200


def test_an_unknown_address_gets_the_same_words_and_headers_in_about_the_same_time(site: Site) -> None:
    answers = []
    for email in (_email(site, site.cast.karin), "ingen.abcdef@main.example"):
        with _browser(site) as client:
            answer = client.post("/k/kod", data={"email": email})
            answers.append((answer.status_code, answer.text.replace(email, "X"), sorted(set(answer.headers))))
            assert answer.elapsed.total_seconds() >= 0.25
    assert answers[0] == answers[1]


def test_the_password_page_takes_you_where_you_were_going(site: Site, browser: httpx.Client) -> None:
    app = _account(site)
    asked = browser.get("/program")
    assert (asked.status_code, asked.headers["location"]) == (303, "/logga-in?nasta=%2Fprogram")
    page = browser.get(asked.headers["location"])
    typed = {"email": _email(site, site.cast.elin), "password": PASSWORD, "totp": app.now()}
    answer = browser.post("/logga-in", data={**typed, **_hidden(page)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/program")
    assert browser.get("/program").status_code == 200


def _account(site: Site) -> pyotp.TOTP:
    now = datetime.now(UTC)
    assert site.cast.elin.person is not None
    with site.store.write() as session:
        made = accounts.set_password(session, site.settings.secret_keys, now, now, site.cast.elin.person, PASSWORD)
    return pyotp.TOTP(made.secret)


def _hidden(page: httpx.Response) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))


@pytest.mark.parametrize(
    "nasta",
    ["https://ond.example", "//ond.example", "/\\ond.example", "/x\r\nSet-Cookie: a=b", "javascript:x", "/%2f/ond", "/?x"],
)
def test_nobody_is_led_off_the_site_after_signing_in(site: Site, browser: httpx.Client, nasta: str) -> None:
    app = _account(site)
    assert 'name="nasta" value="/"' in browser.get("/logga-in", params={"nasta": nasta}).text
    typed = {"email": _email(site, site.cast.elin), "password": PASSWORD, "totp": app.now(), "nasta": nasta}
    assert browser.post("/logga-in", data=typed).headers["location"] == "/"


def test_a_wrong_password_keeps_the_address_and_says_nothing_more(site: Site, browser: httpx.Client) -> None:
    _account(site)
    pages = []
    for email in (_email(site, site.cast.elin), "ingen@exempel.se"):
        answer = browser.post("/logga-in", data={"email": email, "password": "fel", "totp": "123456"})
        assert answer.status_code == 422
        assert f'value="{email}"' in answer.text
        assert "<title>Fel:" in answer.text
        pages.append(answer.text.replace(email, "X"))
    assert pages[0] == pages[1]


def test_who_tries_too_often_is_told_when_to_come_back(site: Site, browser: httpx.Client) -> None:
    typed = {"email": "ingen@exempel.se", "password": "fel", "totp": "123456"}
    answers = [browser.post("/logga-in", data=typed) for _ in range(11)]
    assert [a.status_code for a in answers] == [422] * 10 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 900
    assert "För många försök" in words(answers[-1])


def test_behind_a_proxy_the_limit_is_each_visitors_own_and_a_made_up_address_in_front_helps_nobody(
    site: Site, browser: httpx.Client
) -> None:
    busy = hashlib.sha256(b"203.0.113.7").hexdigest()
    for number in range(60):
        with site.store.write() as session:
            sign_in.ask_for_code(session, datetime.now(UTC), datetime.now(UTC), f"ingen.{number}@exempel.se", "b", busy)

    def asked(forwarded: str) -> int:
        return browser.post("/k/kod", data={"email": "ny@exempel.se"}, headers={"x-forwarded-for": forwarded}).status_code

    assert (asked("203.0.113.7"), asked("198.51.100.9, 203.0.113.7"), asked("203.0.113.8")) == (429, 429, 200)


def test_a_new_sign_in_ends_the_session_the_browser_had(site: Site, browser: httpx.Client) -> None:
    browser.post(_link(site, site.cast.karin))
    before = dict(browser.cookies)
    browser.post(_link(site, site.cast.hanna))
    assert browser.cookies["overens"] != before["overens"]
    assert httpx.get(f"{site.url}/sessioner", cookies=before).status_code == 303


def test_signing_out_ends_the_session_and_takes_the_cookie(site: Site, browser: httpx.Client) -> None:
    browser.post(_link(site, site.cast.karin))
    before = dict(browser.cookies)
    answer = browser.post("/logga-ut")
    assert (answer.status_code, answer.headers["location"]) == (303, "/k/kod")
    assert "overens" not in browser.cookies
    assert httpx.get(f"{site.url}/sessioner", cookies=before).status_code == 303


def test_the_list_of_sessions_shows_both_and_ends_the_other(site: Site, browser: httpx.Client) -> None:
    with _browser(site) as other:
        browser.post(_link(site, site.cast.karin))
        other.post(_link(site, site.cast.karin))
        assert words(browser.get("/sessioner")).count("Senast använd") == 2
        assert browser.post("/sessioner").status_code == 303
        assert words(browser.get("/sessioner")).count("Senast använd") == 1
        assert other.get("/sessioner").status_code == 303


def test_ending_an_assignment_shuts_the_open_browser_out(site: Site, browser: httpx.Client) -> None:
    browser.post(_link(site, site.cast.karin))
    with site.store.write() as session:
        session.get_one(ContactAssignment, site.cast.karin.assignment).epoch += 1
    assert browser.get("/min-kommun").headers["location"].startswith("/logga-in")
    partly = browser.get("/min-kommun", headers={"hx-request": "true"})
    assert partly.status_code == 401, "what is typed on the page must not be swapped away"


@pytest.mark.parametrize("path", ["/logga-in", "/k/kod", "/k/pahittad", "LINK"])
def test_no_script_runs_where_people_come_in(site: Site, browser: httpx.Client, path: str) -> None:
    page = browser.get(_link(site, site.cast.karin) if path == "LINK" else path)
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "hx-" not in page.text


def test_a_link_made_by_hand_works_for_the_region_too(site: Site, browser: httpx.Client) -> None:
    now = datetime.now(UTC)
    with site.store.write() as session:
        token = sign_in.one_link(session, now, now, session.get_one(ContactAssignment, site.cast.elin.assignment))
    assert browser.post(f"/k/{token}").status_code == 303
    assert browser.get("/program").status_code == 200
