"""The two loops that drive scheduled work to its end, with a commit between the steps; flows and the command line share them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from service.cases import deliver, forget, remind, rounds
from service.post import Post, SmtpSettings
from service.settings import Settings
from service.store.files import Files
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


def sweep_rounds(store: Store, now: datetime) -> rounds.Stepped:
    """Take every round of dialogue one step further."""
    with store.write() as session:
        return rounds.step_rounds(session, now)


def clean_up(store: Store, real_now: datetime) -> None:
    """Drop what let people in once and never will again."""
    with store.write() as session:
        forget.forget_old(session, real_now)


def deliver_outbox(store: Store, settings: Settings, clock: Callable[[], datetime], only: Sequence[UUID] | None = None) -> int:
    """Send what waits in the outbox, or of it only these messages; returns how many were tried.

    Each one is settled before the next is sent, so a crash repeats one message at most. Without a mail server all of it stays.
    """
    if not settings.mail_configured:
        return 0
    tried, files = 0, Files(settings.files_dir)
    with Post(smtp(settings)) as post:
        while True:
            with store.write() as session:
                leased = deliver.lease(session, settings.secret_keys, clock(), BATCH, only)
            for message in leased:
                if message.until <= clock():
                    break  # somebody else may have it by now
                sent = deliver.send(post, [message], settings.base_url, files)
                with store.write() as session:
                    deliver.settle(session, sent, clock())
            tried += len(leased)
            if len(leased) < BATCH:
                return tried


def smtp(settings: Settings) -> SmtpSettings:
    """The part of the settings that the wire needs."""
    return SmtpSettings(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_tls,
        sender=settings.smtp_sender,
        user=settings.smtp_user,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else "",
    )
