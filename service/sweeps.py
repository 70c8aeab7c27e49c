"""The two loops that drive scheduled work to its end, with a commit between the steps; flows and the command line share them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from service.cases import deliver, remind
from service.post import Post
from service.store.session import Store

BATCH = 50
"""Messages leased at a time: few enough that a lease outlives the sending of all of them."""


@dataclass(frozen=True, slots=True)
class Reminded:
    """What one sweep did, in numbers only."""

    planned: int = 0
    queued: int = 0
    skipped: int = 0
    tasks: int = 0

    def plus(self, chunk: remind.Swept) -> "Reminded":
        return replace(
            self,
            planned=self.planned + chunk.planned,
            queued=self.queued + chunk.queued,
            skipped=self.skipped + chunk.skipped,
            tasks=self.tasks + chunk.tasks,
        )


def sweep_reminders(store: Store, now: datetime) -> Reminded:
    """Plan and queue everything that is due now, one transaction per chunk."""
    done, after = Reminded(), None
    while True:
        with store.write() as session:
            chunk = remind.sweep(session, now, after)
        done, after = done.plus(chunk), chunk.next
        if after is None:
            return done


def deliver_outbox(store: Store, post: Post, clock: Callable[[], datetime]) -> int:
    """Send what waits in the outbox, each message outside any transaction; returns how many were tried."""
    tried = 0
    while True:
        with store.write() as session:
            leased = deliver.lease(session, clock(), BATCH)
        for message in leased:
            sent = deliver.send(post, message)
            with store.write() as session:
                deliver.settle(session, message, sent, clock())
        tried += len(leased)
        if len(leased) < BATCH:
            return tried
