"""The nightly clean-up drops what is over and nothing that still lets somebody in or answers them."""

from datetime import datetime, timedelta

import pytest

from service.cases import sessions, step_up, throttle
from service.cases.forget import Forgotten, forget_old
from service.cases.sign_in import LinkState
from service.store.session import Store
from service.store.tables import Code, ContactAssignment, IdempotencyKey, Link, SignIn, Throttle
from states.errors import TooMany
from tests.people import NOW, Cast, arrive, later
from tests.service.cases.coming_in import KEYS, address, answer, ask, count, look, mailed_link, signed_in, the_code, who


@pytest.fixture
def cast(any_store: Store) -> Cast:
    with any_store.write() as session:
        return arrive(session)


def clean(store: Store, at: datetime) -> Forgotten:
    with store.write() as session:
        return forget_old(session, at)


def in_use(store: Store, cookie: str, at: datetime) -> None:
    with store.write() as session:
        found = sessions.actor_for(session, at, at.date(), cookie)
        assert found is not None
        sessions.seen(session, found[0], at)


def test_a_session_is_kept_to_its_last_second_and_dropped_when_it_is_over(any_store: Store, cast: Cast) -> None:
    cookie = signed_in(any_store, cast.karin).cookie
    last = later(7) - timedelta(seconds=1)
    assert clean(any_store, last) == Forgotten()
    assert who(any_store, cookie, last) is not None
    in_use(any_store, cookie, last)
    assert clean(any_store, later(13)) == Forgotten()
    assert who(any_store, cookie, later(13)) is not None
    assert clean(any_store, later(14)) == Forgotten(sessions=1)
    assert count(any_store, SignIn) == 0


def test_a_session_that_was_ended_by_hand_is_dropped_and_the_other_one_stays(any_store: Store, cast: Cast) -> None:
    kept, ended = signed_in(any_store, cast.karin).cookie, signed_in(any_store, cast.karin).cookie
    actor = who(any_store, ended)
    assert actor is not None
    with any_store.write() as session:
        sessions.end_session(session, actor, NOW)
    assert clean(any_store, later(1)) == Forgotten(sessions=1)
    assert who(any_store, kept, later(1)) is not None


def test_a_link_can_still_be_opened_and_one_that_is_too_old_still_offers_a_new_one(any_store: Store, cast: Cast) -> None:
    token = mailed_link(any_store, cast.karin, lives=30)
    clean(any_store, later(29))
    assert look(any_store, token, later(29)) is LinkState.usable
    clean(any_store, later(31))
    assert look(any_store, token, later(31)) is LinkState.expired
    assert clean(any_store, later(121)) == Forgotten(links=1)
    assert (look(any_store, token, later(121)), count(any_store, Link)) == (LinkState.dead, 0)


def test_a_code_that_was_just_mailed_still_holds(any_store: Store, cast: Cast) -> None:
    ask(any_store, address(any_store, cast.karin))
    assert clean(any_store, NOW + timedelta(minutes=9)) == Forgotten()
    assert answer(any_store, the_code(any_store), at=NOW + timedelta(minutes=9)) is not None
    assert clean(any_store, later(2)).codes == 1
    assert count(any_store, Code) == 0


def test_a_confirmed_code_still_signs(any_store: Store, cast: Cast) -> None:
    subject = cast.falun
    with any_store.write() as session:
        step_up.ask_step_up(session, cast.chair, NOW, NOW, "sign", subject, "b1")
    typed, at = the_code(any_store), NOW + timedelta(minutes=9)
    with any_store.write() as session:
        assert step_up.try_step_up(session, KEYS, cast.chair, at, "sign", subject, typed, "b1")
    clean(any_store, at + timedelta(minutes=4))
    with any_store.write() as session:
        step_up.use_step_up(session, cast.chair, at + timedelta(minutes=4), "sign", subject)


def test_a_kept_answer_is_there_for_a_day_and_no_longer(any_store: Store, cast: Cast) -> None:
    with any_store.write() as session:
        session.add(IdempotencyKey(key="k", actor=str(cast.karin.assignment), request_sha256="0" * 64, status=200, at=NOW))
    assert clean(any_store, later(1) - timedelta(seconds=1)) == Forgotten()
    assert clean(any_store, later(1)) == Forgotten(answers=1)


def test_a_count_that_still_stops_somebody_stays(any_store: Store, cast: Cast) -> None:
    with any_store.write() as session:
        throttle.attempt(session, NOW, "code", "x", 1)
    clean(any_store, NOW + timedelta(minutes=14))
    with any_store.write() as session, pytest.raises(TooMany):
        throttle.attempt(session, NOW + timedelta(minutes=14), "code", "x", 1)
    clean(any_store, NOW + timedelta(minutes=40))
    assert count(any_store, Throttle) == 0


def test_people_stay_when_their_sessions_go(any_store: Store, cast: Cast) -> None:
    signed_in(any_store, cast.karin)
    before = count(any_store, ContactAssignment)
    clean(any_store, later(400))
    assert count(any_store, ContactAssignment) == before
