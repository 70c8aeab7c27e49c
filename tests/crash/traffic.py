"""People at work over HTTP while things die: each request is repeated until it is answered, and every yes is written down."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

PATIENCE = 90.0
"""Seconds a person goes on trying; longer than any return may take."""


@dataclass
class Ledger:
    """What was acknowledged, kept outside the house: nothing here may be missing in it, and nothing there may be twice."""

    commands: int = 0
    drafts: dict[str, str] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    responses: set[str] = field(default_factory=set)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    owed: Counter[tuple[str, str]] = field(default_factory=Counter)
    repeated: int = 0
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledged(self, agreement: str, kind: str = "") -> None:
        with self.lock:
            self.commands += 1
            if kind:
                self.events[agreement, kind] += 1

    def owe(self, purpose: str, recipients: list[str]) -> None:
        with self.lock:
            self.owed.update((purpose, recipient) for recipient in recipients)


@dataclass
class Side:
    """One party as it speaks: its client, and who is written to when the other side has spoken."""

    client: httpx.Client
    addresses: list[str]


class Insistent:
    """A caller that repeats the very same request, with the same key, until somebody answers."""

    def __init__(self, ledger: Ledger, dice: random.Random) -> None:
        self.ledger, self.dice = ledger, dice

    def ask(self, client: httpx.Client, method: str, path: str, **said: Any) -> httpx.Response:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                answer = client.request(method, path, **said)
                if answer.status_code not in (502, 503, 507):
                    return answer
            except httpx.TransportError:
                pass
            assert time.monotonic() < end, f"{method} {path} was never answered"
            self.ledger.repeated += 1
            time.sleep(0.25)

    def once(self, client: httpx.Client, path: str, version: str, said: dict[str, Any] | None = None) -> httpx.Response:
        """A command under a key of its own; now and then three send it at the same moment, and all must hear the same."""
        headers = {"Idempotency-Key": str(uuid4()), "If-Match": version}

        def go(_: int = 0) -> httpx.Response:
            while (answer := self.ask(client, "POST", path, json=said, headers=headers)).status_code == 409:
                if answer.json()["code"] != "already-done":  # its twin is at work
                    break
                time.sleep(0.05)
            return answer

        if self.dice.random() > 0.15:
            return go()
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(go, range(3)))
        if len({(a.status_code, a.text) for a in answers}) != 1:
            self.ledger.faults.append(f"{path}: three answers to one key: {[(a.status_code, a.text[:200]) for a in answers]}")
        return answers[0]


class Talk(Insistent):
    """One agreement, both sides: proposed, then reopened, countered and accepted for as long as anybody wants."""

    def __init__(self, ledger: Ledger, dice: random.Random, agreement: UUID, region: Side, municipality: Side) -> None:
        super().__init__(ledger, dice)
        self.agreement, self.sides = str(agreement), (region, municipality)
        self.path = f"agreements/{agreement}"

    def begin(self) -> None:
        propose(self, self.sides[0].client, self.path, self.sides[1].addresses)
        self.respond(self.sides[1], self.sides[0], settles=True)

    def round(self) -> None:
        """Agreed at its beginning and at its end: reopened by one side, countered by the other, accepted by the first."""
        one, other = self.dice.sample(self.sides, 2)
        self.reopen(one, other)
        self.respond(other, one, settles=False)
        self.respond(one, other, settles=True)

    def reopen(self, side: Side, other: Side) -> None:
        clause, mark = self.clause(side), f"Öppnat {uuid4().hex}"
        said = {"base": clause["head"]["id"], "title": clause["head"]["title"], "fields": {"w": mark}, "reason": "Nytt läge."}
        answer = self.once(side.client, f"clauses/{clause['id']}/reopening", self.version(side), said)
        self.expect(answer, 200, "reopen")
        self.ledger.acknowledged(self.agreement, "reopen")
        self.ledger.texts.add(mark)
        self.ledger.owe("reopened", other.addresses)

    def respond(self, side: Side, other: Side, *, settles: bool) -> None:
        """Draft an answer, then send it: an acceptance settles the agreement, another wording goes back to the other side."""
        clause, mark = self.clause(side), f"Svarat {uuid4().hex}"
        said: dict[str, Any] = {"answer": "accept", "version": clause["head"]["id"], "reason": mark}
        if not settles:
            said |= {"answer": "counter", "title": clause["head"]["title"], "fields": {"w": mark}}
        saved = self.draft(side, clause["id"], mark, said)
        response = saved.json()["id"]
        self.expect(self.once(side.client, f"responses/{response}/sending", saved.headers["etag"]), 201, "send")
        self.ledger.acknowledged(self.agreement, "send_response")
        self.ledger.responses.add(response)
        if settles:
            self.ledger.events[self.agreement, "settle"] += 1
            self.ledger.owe("agreed", [*side.addresses, *other.addresses])
        else:
            self.ledger.texts.add(mark)
            self.ledger.owe("response_received", other.addresses)

    def draft(self, side: Side, clause: str, mark: str, said: dict[str, Any]) -> httpx.Response:
        """A draft has no key: whoever hears nothing looks whether it was saved, and saves it again if not."""
        while True:
            begun = self.ask(side.client, "POST", f"{self.path}/responses")
            self.expect(begun, 201, "begin")
            if any(answer["reason"] == mark or mark in answer["fields"].values() for answer in begun.json()["answers"]):
                saved = begun
                break
            where = f"responses/{begun.json()['id']}/answers/{clause}"
            saved = self.ask(side.client, "PUT", where, json=said, headers={"If-Match": begun.headers["etag"]})
            if saved.status_code != 412:
                self.expect(saved, 200, "draft")
                break
        self.ledger.acknowledged(self.agreement)
        self.ledger.drafts[mark] = saved.json()["id"]
        return saved

    def clause(self, side: Side) -> dict[str, Any]:
        found: dict[str, Any] = self.ask(side.client, "GET", f"{self.path}/clauses").json()["items"][0]
        return found

    def version(self, side: Side) -> str:
        return str(self.ask(side.client, "GET", self.path).headers["etag"])

    def expect(self, answer: httpx.Response, status: int, what: str) -> None:
        assert answer.status_code == status, f"{what}: {answer.status_code} {answer.text[:300]}"


def propose(caller: Insistent, client: httpx.Client, path: str, addresses: list[str]) -> None:
    """Send one draft to its municipality."""
    version = caller.ask(client, "GET", path).headers["etag"]
    sent = caller.once(client, f"{path}/proposal", version, {})
    assert sent.status_code == 200, sent.text
    caller.ledger.acknowledged(path.removeprefix("agreements/"), "send_proposal")
    caller.ledger.owe("proposal", addresses)


class Crowd:
    """Everybody at once, each in a thread; a fault of one is told when they are called home."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._over, self._threads = ledger, threading.Event(), list[threading.Thread]()

    def every(self, pause: float, first: Callable[[], None], then: Callable[[], bool]) -> None:
        """One person who begins like this and goes on like that, until it returns False or all go home."""

        def work() -> None:
            try:
                first()
                while not self._over.wait(pause) and then():
                    pass
            except Exception as fault:  # noqa: BLE001 (kept for the test's own thread)
                self._ledger.faults.append(repr(fault))

        self._threads.append(threading.Thread(target=work, daemon=True))
        self._threads[-1].start()

    def go_home(self) -> None:
        """Everybody finishes what they are at."""
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE + 10)
            assert not thread.is_alive(), "somebody is still waiting for an answer"
