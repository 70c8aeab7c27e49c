"""Parts of a working house are killed with -9 at random moments: nothing acknowledged is lost, doubled, or left half done."""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from service.settings import load
from tests.crash.house import House, free_port, strike, until
from tests.crash.scene import Audit, Scene, audit, drain, furnish
from tests.crash.traffic import Crowd, Insistent, Ledger, Talk, propose
from tests.postoffice import PostOffice
from tests.stores import postgres_beside

SEED = int(os.environ.get("OVERENS_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
"""Every run is another one; the seed is printed, and given again it strikes the same parts after the same waits."""

BACK = 30.0
"""Seconds a return may take here, where two cores carry the tests too; the slowest one is printed."""

Property = Callable[[str, object], None]

WEB_MOST = ["web", "web", "web", "web", "deliver", "up"]
EVERYTHING = ["web", "web", "web", "runner", "flow", "scheduler", "up"]


@contextmanager
def moved_in(folder: Path, *, database: str = "", flows: bool = False, talks: int = 4, drafts: int = 40) -> Iterator["Run"]:
    """A house with people and a mail server, running and healthy."""
    office = PostOffice()
    office.open()
    port = free_port()
    chosen = {
        "OVERENS_BASE_URL": f"http://127.0.0.1:{port}",
        "OVERENS_SECRET_KEY": "krasch-och-åter-igen-0123456789-abcdef",
        "OVERENS_SMTP_HOST": "127.0.0.1",
        "OVERENS_SMTP_PORT": str(office.settings.port),
        "OVERENS_SMTP_TLS": "none",
    } | ({"OVERENS_DATABASE_URL": database} if database else {})
    lower = {name.removeprefix("OVERENS_").lower(): value for name, value in chosen.items()}
    settings = load(data_dir=folder, **lower)
    house = House(folder, chosen, port, flows, free_port() if flows else 0)
    scene = furnish(settings, talks, drafts)
    try:
        house.start()
        assert until(house.whole, 120) < 120, house.tail()
        yield Run(house, scene, office, Ledger(), random.Random(SEED))
    finally:
        scene.clients.close()
        house.abandon()
        office.close()


class Run:
    """One crash run: people at work, blows, and the reckoning."""

    def __init__(self, house: House, scene: Scene, office: PostOffice, ledger: Ledger, dice: random.Random) -> None:
        self.house, self.scene, self.office, self.ledger, self.dice = house, scene, office, ledger, dice
        self.crowd, self.over, self.began = Crowd(ledger), threading.Event(), time.monotonic()
        print(f"seed {SEED}")

    def work(self, *, delivering: bool, pause: float = 0.05) -> None:
        """Everybody begins; `delivering` runs the delivery by command, where there is no schedule to do it."""
        cast, drafts = self.scene.cast, iter(self.scene.drafts)
        for agreement in self.scene.talks:
            region, falun = self.scene.side(cast.elin), self.scene.side(cast.karin)
            talk = Talk(self.ledger, random.Random(self.dice.random()), agreement, region, falun)
            self.crowd.every(pause, talk.begin, _again(talk.round))
        office = self.scene.side(cast.joar)
        caller, falun = Insistent(self.ledger, random.Random(self.dice.random())), self.scene.side(cast.karin)

        def one_more() -> bool:
            draft = next(drafts, None)
            if draft is not None:
                propose(caller, office.client, f"agreements/{draft}", falun.addresses)
            return draft is not None

        self.crowd.every(1.0, lambda: None, one_more)
        if delivering:
            self.crowd.every(4.0, lambda: None, self._deliver)  # its start costs a core two seconds

    def _deliver(self) -> bool:
        self.house.deliver().wait()
        return True

    def blows(self, count: int, parts: list[str], first: tuple[str, ...] = (), rest: tuple[float, float] = (0.5, 2.5)) -> None:
        """Strike until `count` processes have been killed, those in `first` before chance decides; each time all comes back."""
        for part in first:
            self.wait(*rest)
            assert until(lambda part=part: self.house.kill(part), 90) < 90, f"no {part} to kill"  # type: ignore[misc]
            self.house.returned(BACK)
        while len(self.house.kills) < count:
            self.wait(*rest)
            strike(self.house, self.dice, parts)
            self.house.returned(BACK)

    def wait(self, least: float, most: float) -> None:
        time.sleep(self.dice.uniform(least, most))
        assert not self.ledger.faults, self.ledger.faults

    def reckon(self) -> str:
        """Everybody goes home, the house is closed in order, what waits is sent, and the books are compared; the figures."""
        self.crowd.go_home()
        assert not self.ledger.faults, self.ledger.faults
        assert self.house.stop() == 0, self.house.tail()
        assert self.house.living() == {}
        drain(self.scene.settings)
        found = audit(self.scene, self.ledger, self.office)
        print(figures := self._figures(found))
        assert (found.lost, found.twins) == ([], [])
        assert found.repeats <= self.house.senders_killed
        return figures

    def _figures(self, found: Audit) -> str:
        returns, seconds = sorted(self.house.returns), time.monotonic() - self.began
        return (
            f"seed {SEED}: {len(self.house.kills)} kills ({', '.join(self.house.kills)}) in {seconds:.0f} s, "
            f"{self.ledger.commands} acknowledged, {self.ledger.repeated} asked again, {len(found.lost)} lost, "
            f"{len(found.twins)} twins, {found.mails} mails, {found.repeats} repeats, "
            f"return {returns[len(returns) // 2]:.1f} s in the middle, {returns[-1]:.1f} s at the slowest"
        )


def _again(verb: Callable[[], None]) -> Callable[[], bool]:
    def more() -> bool:
        verb()
        return True

    return more


@pytest.mark.crash
def test_nothing_acknowledged_is_lost_when_anything_is_killed(tmp_path: Path, record_property: Property) -> None:
    with moved_in(tmp_path) as run:
        run.work(delivering=True)
        run.blows(6, WEB_MOST, first=("web", "up", "deliver"))
        record_property("figures", run.reckon())


@pytest.mark.crash
@pytest.mark.scheduler
def test_a_killed_up_takes_its_schedules_along_and_starts_clean(tmp_path: Path, record_property: Property) -> None:
    with moved_in(tmp_path, flows=True) as run:
        run.work(delivering=False)
        assert until(run.house.at_work, 90) < 90
        run.blows(3, EVERYTHING, first=("up", "flow"), rest=(0, 0))
        record_property("figures", run.reckon())


@pytest.mark.soak
@pytest.mark.parametrize("where", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_long_siege_of_the_web_and_its_parent(tmp_path: Path, where: str, record_property: Property) -> None:
    with ExitStack() as beside:
        database = beside.enter_context(postgres_beside()) if where == "postgresql" else ""
        with moved_in(tmp_path, database=database, drafts=150) as run:
            run.work(delivering=True)
            run.blows(40, WEB_MOST)
            record_property("figures", run.reckon())


@pytest.mark.soak
@pytest.mark.scheduler
def test_a_long_siege_of_the_schedules(tmp_path: Path, record_property: Property) -> None:
    with moved_in(tmp_path, flows=True, drafts=150) as run:
        run.work(delivering=False, pause=0.3)
        run.blows(14, EVERYTHING, first=("flow", "runner", "scheduler", "up", "flow"), rest=(1, 6))
        record_property("figures", run.reckon())
