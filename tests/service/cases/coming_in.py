"""How the tests come in: a mailed link, a mailed code, a password, alone or many at once."""

import threading
from collections.abc import Callable
from datetime import date, datetime

from sqlmodel import col, func, select

from service.cases import sessions, sign_in
from service.cases.sign_in import LinkState
from service.store.session import Store
from service.store.tables import ContactAssignment, Link, Message, Person
from states.parties import Actor
from states.tokens import code, fingerprint, new_secret
from tests.people import NOW, later

KEYS = (b"k" * 40, b"j" * 40)
TODAY = NOW.date()
PASSWORD = "en lång mening om dalahästar"


def address(store: Store, actor: Actor) -> str:
    with store.read() as session:
        return session.get_one(Person, actor.person).email


def mailed_link(store: Store, actor: Actor, path: str = "/", *, lives: float = 30) -> str:
    """A link as the delivery makes it."""
    token = new_secret()
    with store.write() as session:
        assignment = session.get_one(ContactAssignment, actor.assignment)
        session.add(
            Link(
                token_sha256=fingerprint(token),
                assignment_id=assignment.id,
                epoch=assignment.epoch,
                path=path,
                created_at=NOW,
                expires_at=later(lives),
            )
        )
    return token


def look(store: Store, token: str, at: datetime = NOW) -> LinkState:
    with store.read() as session:
        return sign_in.look_at_link(session, at, at.date(), token).state


def opened(store: Store, token: str, at: datetime = NOW) -> sessions.Opened | None:
    with store.write() as session:
        return sign_in.open_link(session, at, at, token, "Firefox")


def who(store: Store, cookie: str, at: datetime = NOW, today: date = TODAY) -> Actor | None:
    with store.read() as session:
        found = sessions.actor_for(session, at, today, cookie)
    return found[0] if found else None


def signed_in(store: Store, actor: Actor) -> sessions.Opened:
    found = opened(store, mailed_link(store, actor))
    assert found is not None
    return found


def the_code(store: Store) -> str:
    """The code of the newest letter, as the delivery derives it."""
    with store.read() as session:
        message = session.exec(select(Message).order_by(col(Message.id).desc())).first()
        assert message is not None
        return code(KEYS[0], str(message.id), str(message.assignment_id), message.epoch)


def ask(store: Store, email: str, browser: str = "b1", at: datetime = NOW) -> None:
    with store.write() as session:
        sign_in.ask_for_code(session, at, at, email, browser, "ip")


def answer(store: Store, typed: str, browser: str = "b1", at: datetime = NOW) -> sessions.Opened | None:
    with store.write() as session:
        return sign_in.sign_in_with_code(session, KEYS, at, at, typed, browser)


def count(store: Store, table: type) -> int:
    with store.read() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def password(
    store: Store, email: str, typed: str, totp: str, at: datetime = NOW, keys: tuple[bytes, ...] = KEYS
) -> sessions.Opened | None:
    with store.write() as session:
        return sign_in.password_sign_in(session, keys, at, at.date(), email, typed, totp, "ip", "Firefox")


def at_once(times: int, act: Callable[[], object]) -> list[object]:
    """What `act` gives in as many threads that start together."""
    got, start = list[object](), threading.Barrier(times)

    def run() -> None:
        start.wait()
        got.append(act())

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got
