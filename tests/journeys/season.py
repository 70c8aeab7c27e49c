"""The player of a season: a scripted clock, the schedules as the scheduler keeps them, and people who do what the script says.

Between two moments nothing changes, so the deliveries of every minute in between are left out; the others are run.
"""

import asyncio
import heapq
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from prefect.client.schemas.schedules import CronSchedule as Declared
from prefect.server.schemas.schedules import CronSchedule
from sqlmodel import col, select

from flows.schedules import deployments
from service import sweeps
from service.cases import documents
from service.cases.owed import concerned, owed
from service.cases.owed_facts import Facts
from service.cases.owed_replies import Matter, replies
from service.cases.rounds import Stepped
from service.settings import Settings
from service.store.tables import Reminder
from states.calendar import TZ, at, civil
from states.reminders import Status, next_window, plan
from tests.journeys import season_rounds, season_signing  # noqa: F401 (their sentences are part of the language)
from tests.journeys.season_acts import happen
from tests.journeys.season_stage import Script, Stage, enter

FIRST, LAST = date(2027, 3, 22), date(2028, 1, 10)
MINUTE = timedelta(minutes=1)
_LOOKED_AT = (0, 3)
"""The weekdays on which silences are looked for; a slot without a row stays without it, and looking takes time."""
_LINE = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d)\.(\d\d) (.+)")
Step = Callable[[], None]


class Season:
    """One season that has been played up to `now`."""

    def __init__(self, stage: Stage, raw: Script) -> None:
        self.stage, self.now = stage, at(FIRST, datetime.min.time())
        self._order, self._queue = count(), list[tuple[datetime, int, Step]]()
        with stage.store.write() as session:
            enter(session, stage, raw)
        for moment, name in _runs():
            self._push(moment, partial(self._sweep, name))
        for moment, sentence, details in told(raw):
            self._push(moment, partial(self._happens, sentence, details))

    def play(self, until: datetime) -> None:
        """Let everything happen that happens before a moment."""
        while self._queue and self._queue[0][0] < until:
            self.now, _, step = heapq.heappop(self._queue)
            step()
        self.now = until

    def _push(self, moment: datetime, step: Step) -> None:
        heapq.heappush(self._queue, (moment, next(self._order), step))

    def _happens(self, sentence: str, details: Any) -> None:
        """A person acts; the web process makes the signed file and sends at once what they wait for."""
        try:
            happen(self.stage, self.now, sentence, details)
            with self.stage.store.write() as session:
                documents.finish_signed(session, self.stage.files, self.now)
        except Exception as fault:
            fault.add_note(f"{self.now.astimezone(TZ):%Y-%m-%d %H.%M} {sentence}")
            raise
        self._deliver()

    def _sweep(self, name: str) -> None:
        self.stage.sweeps[name] += 1
        if SWEEPS[name](self.stage, self.now) != Stepped():
            self._wait_for_the_minute()

    def _deliver(self) -> None:
        self.stage.deliver(self.now)
        self._wait_for_the_minute()

    def _wait_for_the_minute(self) -> None:
        """The delivery of the first full minute after this one in which something may be sent."""
        if due := self.stage.next_try():
            earliest = max(due, self.now + timedelta(seconds=1))
            self._push(earliest + (datetime.min.replace(tzinfo=UTC) - earliest) % MINUTE, self._deliver)


def _remind(stage: Stage, now: datetime) -> sweeps.Reminded:
    done = sweeps.sweep_reminders(stage.store, now)
    if now.weekday() in _LOOKED_AT:
        stage.unnoted += unnoted(stage, now)
    return done


def _night(stage: Stage, now: datetime) -> sweeps.Night:
    done = sweeps.nightly(stage.store, stage.settings, now, now)
    assert done.findings == 0
    return done


SWEEPS: dict[str, Callable[[Stage, datetime], object]] = {
    "reminders": _remind,
    "rounds": lambda stage, now: sweeps.sweep_rounds(stage.store, now),
    "follow-ups": lambda stage, now: sweeps.follow_up(stage.store, now),
    "nightly": _night,
}
"""What each schedule does; deliveries follow what is queued, and no mailbox is configured."""

UNPLAYED = {"deliver", "inbox"}


def told(raw: Script) -> Iterator[tuple[datetime, str, Any]]:
    """The script's lines in their order: when, what, and the details."""
    before = ""
    for entry in raw["händer"]:
        ((line, details),) = entry.items() if isinstance(entry, dict) else [(entry, None)]
        found = _LINE.fullmatch(line)
        assert found, line
        if details is None and ": " in line:
            raise ValueError(line)
        day, hour, minute, sentence = found.groups()
        assert before <= line[:16], f"{line} stands after {before}"
        before = line[:16]
        yield at(date.fromisoformat(day), datetime.min.time().replace(int(hour), int(minute))), sentence, details


def unnoted(stage: Stage, now: datetime) -> list[str]:
    """Right after a sweep: the slots whose day has come, that have no row, and that nothing puts off to another day."""
    today, found = civil(now), list[str]()
    with stage.store.read() as session:
        reminded = set(session.exec(select(Reminder.assignment_id).where(col(Reminder.at) >= at(today, datetime.min.time()))))
        ids = concerned(session, today, None, len(stage.agreements))
        matters: list[Matter] = [*owed(Facts(session, now, ids)), *replies(session, now)]
        for matter in matters:
            facts = matter.obligation
            if next_window(now, matter.policy, facts.quiet_periods) > now or facts.last_mailed_on == today:
                continue
            if matter.contact and matter.contact.assignment.id in reminded:
                continue
            begun = facts.requested_on or date.min
            come = [s for s in plan(facts, matter.policy, today) if begun <= s.planned <= today and s.status is not Status.done]
            found += [f"{today} {matter.organisation.name} {facts.purpose} {slot}" for slot in come]
    return found


def _runs() -> Iterator[tuple[datetime, str]]:
    """Every run of the season as the scheduler itself reckons it, over both changes of the clock."""
    return iter(asyncio.run(_reckoned()))


async def _reckoned() -> list[tuple[datetime, str]]:
    runs = list[tuple[datetime, str]]()
    for each in await deployments(Settings()):
        if each.name in UNPLAYED:
            continue
        declared = (each.schedules or [])[0].schedule
        assert isinstance(declared, Declared)
        schedule = CronSchedule(cron=declared.cron, timezone=declared.timezone)
        start, end = at(FIRST, datetime.min.time()), at(LAST + timedelta(days=1), datetime.min.time())
        while dates := await schedule.get_dates(n=1000, start=start, end=end):
            runs += [(datetime.fromtimestamp(moment.timestamp(), UTC), str(each.name)) for moment in dates]
            start = dates[-1] + timedelta(seconds=1)
    return sorted(runs)
