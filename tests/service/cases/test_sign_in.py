"""Links and mailed codes: each opens once, for one person, for a while; strangers learn nothing."""

from datetime import datetime
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, select

from service.cases import sign_in, step_up
from service.cases.contacts import block, end
from service.cases.sign_in import BY_HAND, LinkState
from service.store.session import Store
from service.store.tables import Agreement, AgreementParty, Code, ContactAssignment, Event, Message, SignIn
from states.errors import Invalid, TooMany
from states.parties import Actor, Role
from tests.people import NOW, Cast, arrive, draft, later
from tests.service.cases.coming_in import (
    KEYS,
    TODAY,
    address,
    answer,
    ask,
    at_once,
    count,
    look,
    mailed_link,
    opened,
    signed_in,
    the_code,
    who,
)


@pytest.fixture
def cast(store: Store) -> Cast:
    with store.write() as session:
        return arrive(session)


@pytest.mark.parametrize("times", [1, 30])
def test_looking_at_a_link_changes_nothing_however_often(store: Store, cast: Cast, times: int) -> None:
    token = mailed_link(store, cast.karin)
    assert {look(store, token) for _ in range(times)} == {LinkState.usable}
    assert opened(store, token) is not None


def test_a_link_shows_a_masked_address_and_a_dead_one_nobody(store: Store, cast: Cast) -> None:
    with store.read() as session:
        view = sign_in.look_at_link(session, NOW, TODAY, mailed_link(store, cast.karin))
        nobody = sign_in.look_at_link(session, NOW, TODAY, "påhittad")
    assert (view.name, view.organisation) == ("Karin Östlund", "Falu kommun")
    assert "…" in view.email
    assert address(store, cast.karin) not in view.email
    assert (nobody.state, nobody.name, nobody.email) == (LinkState.dead, "", "")


def test_of_24_who_open_a_link_at_once_one_gets_in(any_store: Store) -> None:
    with any_store.write() as session:
        karin = arrive(session).karin
    token = mailed_link(any_store, karin)
    got = at_once(24, lambda: opened(any_store, token) is not None)
    assert sorted(map(bool, got)) == [False] * 23 + [True]
    assert count(any_store, SignIn) == 1


def test_a_link_is_used_expired_or_dead_and_says_which(store: Store, cast: Cast) -> None:
    token = mailed_link(store, cast.karin)
    assert look(store, token, later(31)) is LinkState.expired
    assert opened(store, token, later(31)) is None
    assert opened(store, token) is not None
    assert look(store, token) is LinkState.used
    assert opened(store, token) is None
    assert look(store, "påhittad") is LinkState.dead


@pytest.mark.parametrize("how", ["end", "block", "epoch"])
def test_a_new_epoch_kills_link_code_and_session(store: Store, cast: Cast, how: str) -> None:
    token, cookie = mailed_link(store, cast.karin), signed_in(store, cast.karin).cookie
    ask(store, address(store, cast.karin))
    typed = the_code(store)
    assert cast.karin.assignment is not None
    with store.write() as session:
        if how == "end":
            end(session, cast.elin, NOW, cast.karin.assignment)
        elif how == "block":
            block(session, cast.elin, NOW, cast.karin.assignment, blocked=True)
            block(session, cast.elin, NOW, cast.karin.assignment, blocked=False)
        else:
            session.get_one(ContactAssignment, cast.karin.assignment).epoch += 1
    assert look(store, token) is LinkState.dead
    assert opened(store, token) is None
    assert who(store, cookie) is None
    assert answer(store, typed) is None


def test_a_mailed_link_never_opens_a_session_for_somebody_who_has_a_password(store: Store, cast: Cast) -> None:
    token = mailed_link(store, cast.elin, "/utkorg")
    assert look(store, token) is LinkState.password
    assert opened(store, token) is None


def test_a_link_made_by_hand_opens_for_anybody_and_is_written_in_the_history(store: Store, cast: Cast) -> None:
    before = count(store, Event)
    with store.write() as session:
        token = sign_in.one_link(session, NOW, NOW, session.get_one(ContactAssignment, cast.elin.assignment))
    assert token.startswith(BY_HAND)
    assert count(store, Event) == before + 1
    found = opened(store, token)
    assert found is not None
    assert (actor := who(store, found.cookie)) is not None
    assert actor.role is Role.strategist


def test_the_first_link_to_an_agreement_marks_it_opened_for_its_party_only(store: Store, cast: Cast) -> None:
    with store.write() as session:
        agreement = draft(session, cast)
    path = f"/overenskommelser/{agreement}"
    opened(store, mailed_link(store, cast.karin, path))
    assert _opened_at(store, cast.falun) is None, "a draft was never sent"
    with store.write() as session:
        session.get_one(Agreement, agreement).proposed_at = NOW
    opened(store, mailed_link(store, cast.hanna, path))
    assert _opened_at(store, cast.falun) is None
    opened(store, mailed_link(store, cast.karin, path))
    opened(store, mailed_link(store, cast.peter, path), later(1))
    assert _opened_at(store, cast.falun) == NOW


def _opened_at(store: Store, organisation: UUID) -> datetime | None:
    with store.read() as session:
        query = select(AgreementParty.opened_at).where(col(AgreementParty.organisation_id) == organisation)
        return session.exec(query).one()


def test_a_code_opens_once_in_the_browser_that_asked(store: Store, cast: Cast) -> None:
    ask(store, f" {address(store, cast.karin).upper()} ")
    typed = the_code(store)
    assert answer(store, typed, "another browser") is None
    found = answer(store, f" {typed[:4].lower()}-{typed[4:]} ")
    assert found is not None
    assert (actor := who(store, found.cookie)) is not None
    assert actor.assignment == cast.karin.assignment
    assert answer(store, typed) is None


def test_five_wrong_tries_spend_a_code_and_a_new_one_may_be_asked_for(store: Store, cast: Cast) -> None:
    ask(store, address(store, cast.karin))
    typed = the_code(store)
    for _ in range(5):
        assert answer(store, "22222222") is None
    assert answer(store, typed) is None
    ask(store, address(store, cast.karin))
    assert answer(store, the_code(store)) is not None


def test_parallel_guesses_are_counted_one_by_one(any_store: Store) -> None:
    with any_store.write() as session:
        karin = arrive(session).karin
    ask(any_store, address(any_store, karin))
    at_once(12, lambda: answer(any_store, "22222222"))
    with any_store.read() as session:
        assert session.exec(select(Code.tries)).one() == 5


def test_a_code_lives_ten_minutes(store: Store, cast: Cast) -> None:
    ask(store, address(store, cast.karin))
    assert answer(store, the_code(store), at=later(seconds=600)) is None
    assert answer(store, the_code(store), at=later(seconds=599)) is not None


@pytest.mark.parametrize("who_asks", ["nobody", "elin", "registrar", "administrator"])
def test_no_code_is_mailed_to_strangers_or_to_those_with_a_password(store: Store, cast: Cast, who_asks: str) -> None:
    email = "ingen@exempel.se" if who_asks == "nobody" else address(store, getattr(cast, who_asks))
    ask(store, email)
    assert count(store, Message) == 0


@pytest.mark.parametrize("email", ["", "\x00", "å" * 400, "a\nb@c.se", "' OR 1=1 --"])
def test_nonsense_for_an_address_is_nobodys(store: Store, cast: Cast, email: str) -> None:
    ask(store, email)
    assert count(store, Message) == 0


def test_a_municipal_registrar_and_a_signatory_come_in_by_code(store: Store, cast: Cast) -> None:
    for person in (cast.falun_registrar, cast.chair, cast.torun):
        ask(store, address(store, person))
        assert answer(store, the_code(store)) is not None


def test_the_letter_holds_a_place_for_the_code_and_never_the_code(store: Store, cast: Cast) -> None:
    ask(store, address(store, cast.karin))
    typed = the_code(store)
    with store.read() as session:
        message = session.exec(select(Message)).one()
        row = session.exec(select(Code)).one()
    assert "[[kod]]" in message.body
    assert typed not in f"{message!r} {row!r}"


def test_asking_too_often_is_refused_alike_for_known_and_unknown(store: Store, cast: Cast) -> None:
    for email in (address(store, cast.karin), "ingen@exempel.se"):
        for _ in range(5):
            ask(store, email)
        with pytest.raises(TooMany) as refused:
            ask(store, email)
        assert 0 < refused.value.retry_after <= 15 * 60
    ask(store, address(store, cast.karin), at=later(seconds=15 * 60))


def confirm(store: Store, actor: Actor, typed: str, subject: UUID, *, at: datetime = NOW, purpose: str = "sign") -> bool:
    with store.write() as session:
        return step_up.try_step_up(session, KEYS, actor, at, purpose, subject, typed, "b1")


def use(store: Store, actor: Actor, subject: UUID, *, at: datetime = NOW, purpose: str = "sign") -> None:
    with store.write() as session:
        step_up.use_step_up(session, actor, at, purpose, subject)


def ask_step_up(store: Store, actor: Actor, subject: UUID) -> str:
    with store.write() as session:
        step_up.ask_step_up(session, actor, NOW, NOW, "sign", subject, "b1")
    return the_code(store)


def test_a_confirmed_code_is_used_once_for_what_it_was_asked_for(store: Store, cast: Cast) -> None:
    subject = uuid4()
    assert confirm(store, cast.chair, ask_step_up(store, cast.chair, subject), subject)
    wrong = [
        (cast.karin, subject, "sign", NOW),
        (cast.chair, uuid4(), "sign", NOW),
        (cast.chair, subject, "decline", NOW),
        (cast.chair, subject, "sign", later(seconds=301)),
    ]
    for actor, thing, purpose, at in wrong:
        with pytest.raises(Invalid):
            use(store, actor, thing, purpose=purpose, at=at)
    use(store, cast.chair, subject)
    with pytest.raises(Invalid):
        use(store, cast.chair, subject)


def test_without_the_code_nothing_is_confirmed_and_five_tries_end_it(store: Store, cast: Cast) -> None:
    subject = uuid4()
    typed = ask_step_up(store, cast.chair, subject)
    for _ in range(5):
        assert not confirm(store, cast.chair, "22222222", subject)
    assert not confirm(store, cast.chair, typed, subject)
    with pytest.raises(Invalid):
        use(store, cast.chair, subject)


def test_another_persons_code_does_not_hold(store: Store, cast: Cast) -> None:
    subject = uuid4()
    typed = ask_step_up(store, cast.chair, subject)
    assert not confirm(store, cast.karin, typed, subject)
    assert not confirm(store, cast.chair, typed, uuid4())
    assert confirm(store, cast.chair, typed, subject)
