"""Passwords with codes from an app: the right pair opens, everything wrong gets one answer, and tries are few."""

from uuid import uuid4

import pyotp
import pytest

from service.cases import accounts
from service.store.session import Store
from service.store.tables import Event
from states.errors import Invalid, NotFound, TooMany
from states.parties import Role
from tests.people import NOW, Cast, arrive, later
from tests.service.cases.coming_in import KEYS, PASSWORD, address, at_once, count, password, who


@pytest.fixture
def cast(store: Store) -> Cast:
    with store.write() as session:
        return arrive(session)


@pytest.fixture
def app(store: Store, cast: Cast) -> pyotp.TOTP:
    """Elin's app for codes."""
    assert cast.elin.person is not None
    with store.write() as session:
        made = accounts.set_password(session, KEYS, NOW, NOW, cast.elin.person, PASSWORD)
    assert made.secret in made.uri
    return pyotp.TOTP(made.secret)


def test_password_and_app_open_a_session(store: Store, cast: Cast, app: pyotp.TOTP) -> None:
    found = password(store, address(store, cast.elin), PASSWORD, app.at(NOW))
    assert found is not None
    assert (actor := who(store, found.cookie)) is not None
    assert actor.assignment == cast.elin.assignment


def test_everything_wrong_gets_the_same_answer(store: Store, cast: Cast, app: pyotp.TOTP) -> None:
    elin, karin, right = address(store, cast.elin), address(store, cast.karin), app.at(NOW)
    for email, typed, totp in [
        (elin, PASSWORD + ".", right),
        (elin, PASSWORD, "000000" if right != "000000" else "111111"),
        (elin, PASSWORD, "sex siffror"),
        (elin, "", ""),
        (elin, PASSWORD * 20, right),
        (karin, PASSWORD, right),
        ("ingen@exempel.se", PASSWORD, right),
        ("", PASSWORD, right),
    ]:
        assert password(store, email, typed, totp) is None


def test_a_code_from_the_app_opens_once_even_at_the_same_moment(any_store: Store) -> None:
    with any_store.write() as session:
        elin = arrive(session).elin
        assert elin.person is not None
        app = pyotp.TOTP(accounts.set_password(session, KEYS, NOW, NOW, elin.person, PASSWORD).secret)
    email, typed = address(any_store, elin), app.at(NOW)
    got = at_once(6, lambda: password(any_store, email, PASSWORD, typed) is not None)
    assert sorted(map(bool, got)) == [False] * 5 + [True]
    at = later(seconds=30)
    assert password(any_store, email, PASSWORD, app.at(at), at) is not None


@pytest.mark.parametrize(("seconds", "opens"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_the_apps_clock_may_be_one_step_off(store: Store, cast: Cast, app: pyotp.TOTP, seconds: int, opens: bool) -> None:
    found = password(store, address(store, cast.elin), PASSWORD, app.at(later(seconds=seconds)))
    assert (found is not None) is opens


def test_the_app_still_fits_after_the_key_was_changed(store: Store, cast: Cast, app: pyotp.TOTP) -> None:
    email = address(store, cast.elin)
    assert password(store, email, PASSWORD, app.at(NOW), keys=(b"n" * 40, KEYS[0])) is not None
    at = later(seconds=60)
    assert password(store, email, PASSWORD, app.at(at), at, keys=(b"n" * 40,)) is None


def test_ten_tries_in_a_quarter_then_a_wait_that_tries_do_not_prolong(store: Store, cast: Cast, app: pyotp.TOTP) -> None:
    email = address(store, cast.elin)
    for second in range(10):
        assert password(store, email, "fel", "123456", later(seconds=second)) is None
    for second in (20, 800):
        with pytest.raises(TooMany) as refused:
            password(store, email, PASSWORD, app.at(later(seconds=second)), later(seconds=second))
        assert refused.value.retry_after == 15 * 60 - second
    assert password(store, email, PASSWORD, app.at(later(seconds=900)), later(seconds=900)) is not None


def test_a_new_password_ends_every_session_of_the_person(store: Store, cast: Cast, app: pyotp.TOTP) -> None:
    found = password(store, address(store, cast.elin), PASSWORD, app.at(NOW))
    assert found is not None
    assert cast.elin.person is not None
    with store.write() as session:
        accounts.set_password(session, KEYS, NOW, NOW, cast.elin.person, PASSWORD + "!")
    assert who(store, found.cookie) is None


def test_a_new_user_comes_in_with_what_they_were_given(store: Store, cast: Cast) -> None:
    with store.write() as session:
        made = accounts.add_user(
            session,
            KEYS,
            NOW,
            NOW,
            name="Ny Strateg",
            email="ny@region.example",
            role=Role.strategist,
            organisation=cast.region,
            password=PASSWORD,
        )
    assert password(store, "ny@region.example", PASSWORD, pyotp.TOTP(made.secret).at(NOW)) is not None


@pytest.mark.parametrize(
    ("role", "at_region", "typed"),
    [
        (Role.strategist, True, "för kort"),
        (Role.strategist, True, "x" * 257),
        (Role.main, True, PASSWORD),
        (Role.registrar, False, PASSWORD),
    ],
)
def test_an_account_is_refused_with_a_reason(store: Store, cast: Cast, role: Role, at_region: bool, typed: str) -> None:
    with pytest.raises(Invalid), store.write() as session:
        accounts.add_user(
            session,
            KEYS,
            NOW,
            NOW,
            name="Någon",
            email="n@x.example",
            role=role,
            organisation=cast.region if at_region else cast.falun,
            password=typed,
        )
    assert count(store, Event) == 0


def test_nobody_without_an_account_gets_a_password(store: Store, cast: Cast) -> None:
    assert cast.karin.person is not None
    for person in (cast.karin.person, uuid4()):
        with pytest.raises(NotFound), store.write() as session:
            accounts.set_password(session, KEYS, NOW, NOW, person, PASSWORD)
