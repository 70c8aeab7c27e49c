"""Sessions end by time, by hand and with their assignment; limits count every try and end after a quarter."""

from datetime import timedelta
from pathlib import Path

import pytest

from service.cases import sessions, sign_in, throttle
from service.store.session import Store
from service.store.tables import ContactAssignment
from states.errors import TooMany
from states.tokens import fingerprint
from tests.people import NOW, Cast, arrive, later
from tests.service.cases.coming_in import TODAY, address, ask, at_once, signed_in, the_code, who


@pytest.fixture
def cast(store: Store) -> Cast:
    with store.write() as session:
        return arrive(session)


@pytest.mark.parametrize(
    ("person", "idle", "whole"),
    [
        ("elin", timedelta(hours=8), timedelta(hours=24)),
        ("falun_registrar", timedelta(days=7), timedelta(days=30)),
        ("karin", timedelta(days=7), timedelta(days=30)),
    ],
)
def test_a_session_ends_when_it_rests_too_long_and_at_last(
    store: Store, cast: Cast, person: str, idle: timedelta, whole: timedelta
) -> None:
    with store.write() as session:
        row = session.get_one(ContactAssignment, getattr(cast, person).assignment)
        cookie = sessions.open_session(session, row, NOW, "/", "").cookie
    assert who(store, cookie, NOW + idle - timedelta(seconds=1)) is not None
    assert who(store, cookie, NOW + idle) is None
    at = NOW
    while (actor := who(store, cookie, at)) is not None:
        with store.write() as session:
            sessions.seen(session, actor, at)
        at += idle / 2
    assert at == NOW + whole or at - idle / 2 < NOW + whole <= at


def test_an_assignment_that_is_over_or_not_begun_has_no_session(store: Store, cast: Cast) -> None:
    cookie = signed_in(store, cast.karin).cookie
    with store.write() as session:
        row = session.get_one(ContactAssignment, cast.karin.assignment)
        row.valid_from, row.valid_to = TODAY, TODAY + timedelta(days=3)
    assert who(store, cookie, today=TODAY) is not None
    assert who(store, cookie, today=TODAY + timedelta(days=3)) is not None
    assert who(store, cookie, today=TODAY + timedelta(days=4)) is None
    assert who(store, cookie, today=TODAY - timedelta(days=1)) is None


def test_a_session_is_noted_as_seen_at_most_once_a_minute(store: Store, cast: Cast) -> None:
    actor = who(store, signed_in(store, cast.karin).cookie)
    assert actor is not None
    with store.write() as session:
        assert not sessions.needs_seen(session, actor, later(seconds=60))
        assert not sessions.seen(session, actor, later(seconds=60))
        assert sessions.needs_seen(session, actor, later(seconds=61))
        assert sessions.seen(session, actor, later(seconds=61))
        assert not sessions.seen(session, actor, later(seconds=90))


def test_a_person_sees_and_ends_their_other_sessions_only(store: Store, cast: Cast) -> None:
    mine, other, hannas = (signed_in(store, p).cookie for p in (cast.karin, cast.karin, cast.hanna))
    actor = who(store, mine)
    assert actor is not None
    with store.write() as session:
        assert len(sessions.my_sessions(session, actor, NOW)) == 2
        sessions.end_other_sessions(session, actor, NOW)
    assert [who(store, c) is not None for c in (mine, other, hannas)] == [True, False, True]
    with store.write() as session:
        sessions.end_session(session, actor, NOW)
        assert not sessions.still_there(session, actor)
    assert who(store, mine) is None


def test_no_cookie_link_or_code_stands_in_the_database_file(store: Store) -> None:
    with store.write() as session:
        people = arrive(session)
        by_hand = sign_in.one_link(session, NOW, NOW, session.get_one(ContactAssignment, people.elin.assignment))
    cookie = signed_in(store, people.karin).cookie
    ask(store, address(store, people.peter))
    path = store.url.removeprefix("sqlite:///")
    kept = b"".join(Path(path + end).read_bytes() for end in ("", "-wal"))
    assert fingerprint(cookie).encode() in kept
    for secret in (cookie, by_hand, the_code(store)):
        assert secret.encode() not in kept


def test_parallel_tries_are_counted_one_by_one(any_store: Store) -> None:
    def attempt() -> bool:
        try:
            with any_store.write() as session:
                throttle.attempt(session, NOW, "x", "y", 4)
        except TooMany:
            return False
        return True

    assert at_once(16, attempt).count(True) == 4


def test_old_counts_are_forgotten(store: Store) -> None:
    with store.write() as session:
        throttle.attempt(session, NOW, "x", "y", 1)
        throttle.forget_old(session, later(seconds=899))
    with pytest.raises(TooMany), store.write() as session:
        throttle.attempt(session, NOW, "x", "y", 1)
    with store.write() as session:
        throttle.forget_old(session, later(seconds=900))
        throttle.attempt(session, NOW, "x", "y", 1)
