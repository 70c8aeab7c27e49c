"""The loops that drive scheduled work to its end, with a commit between the steps; flows and the command line share them."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from service.cases import backup, check, deliver, forget, mail_server, receive, remind, rounds, trouble
from service.cases import follow_up as follow_ups
from service.post import Outcome, Post, Result, SmtpSettings
from service.post.inbox import ImapSettings, Letter, MailboxAway, look, read
from service.schedules import SchedulerAway, Schedules
from service.settings import Settings
from service.store.files import Files
from service.store.session import Store
from states.errors import OverensError
from states.incoming import State
from states.said import _

KEPT = 30
"""How many verified backups the nights leave in their folder."""

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


def follow_up(store: Store, now: datetime) -> follow_ups.Followed:
    """Do what the days have brought about, one transaction per chunk."""
    expired = mandates = 0
    while True:
        with store.write() as session:
            done = follow_ups.follow_up(session, now)
        expired, mandates = expired + done.expired, mandates + done.mandates
        if done.expired < follow_ups.CHUNK:
            return follow_ups.Followed(expired, mandates)


@dataclass(frozen=True, slots=True)
class Night:
    """What one night came to, in numbers only."""

    findings: int = 0
    backups: int = 0
    forgotten: int = 0
    digests: int = 0


def nightly(store: Store, settings: Settings, now: datetime, real_now: datetime, more: Sequence[str] = ()) -> Night:
    """Look for what cannot be, verify the history, save and try the backup, clean up, and tell what is stuck; `more` too."""
    with store.read() as session:
        found = [one for look in (check.impossible, check.chain) for one in look(session)]
    troubles = [*more, *shut_mailbox(settings), *(f"{one.message} ({one.code})" for one in found)]
    saved = _saved(store, settings, real_now, troubles)
    with store.write() as session:
        gone = forget.forget_old(session, real_now)
    with store.write() as session:
        written = trouble.write_digest(session, now, real_now, troubles, mail_configured=settings.mail_configured)
    return Night(len(found), saved, gone.sessions + gone.links + gone.codes + gone.answers, written)


def _saved(store: Store, settings: Settings, real_now: datetime, troubles: list[str]) -> int:
    """One verified backup where a folder for backups was chosen; what went wrong is added to the troubles."""
    if "backup_dir" not in settings.model_fields_set:
        return 0
    try:
        files, key = Files(settings.files_dir), settings.secret_keys[0]
        path, manifest = backup.make(store, files, settings.backup_dir, key, real_now)
    except OverensError as error:
        troubles.append(error.message)
        return 0
    backup.note_verified(settings.data_dir, path, manifest, real_now)
    backup.prune(settings.backup_dir, KEPT)
    return 1


def silent_schedules(settings: Settings, names: Sequence[str]) -> list[str]:
    """The schedules without a coming run, in words; a scheduler that does not answer is silent about all of them."""
    try:
        with Schedules(settings) as line:
            coming = {run.schedule for run in line.coming(200)}
    except SchedulerAway as away:
        return [away.message]
    return [_("Schemat {name} har ingen kommande körning.", name=name) for name in names if name not in coming]


def deliver_outbox(store: Store, settings: Settings, clock: Callable[[], datetime], only: Sequence[UUID] | None = None) -> int:
    """Send what waits in the outbox, or of it only these messages; returns how many were tried.

    Without a mail server all of it stays, and so does the rest of it when the server takes nothing from us.
    """
    if not settings.mail_configured:
        return 0
    tried, batch, pace = 0, min(BATCH, settings.smtp_per_minute), Pace(settings.smtp_per_minute)
    with Post(smtp(settings)) as post:
        while True:
            with store.write() as session:
                leased = deliver.lease(session, settings.secret_keys, clock(), batch, only)
            done = _sent(store, settings, clock, post, pace, leased)
            tried += done
            if not leased or done < len(leased):
                return tried


def _sent(
    store: Store, settings: Settings, clock: Callable[[], datetime], post: Post, pace: "Pace", leased: Sequence[deliver.Leased]
) -> int:
    """Send these, each settled before the next, so that a crash repeats one at most; returns how many were tried."""
    files, works = Files(settings.files_dir), False
    for number, message in enumerate(leased):
        pace.wait()
        if message.until <= clock():
            _give_back(store, leased[number:], LATE, clock())
            return number
        (sent,) = deliver.send(post, [message], settings.base_url, files)
        if sent.outcome.result is Result.away:
            _give_back(store, leased[number:], sent.outcome, clock())
            return number
        with store.write() as session:
            deliver.settle(session, [sent], clock())
            if sent.outcome.result is Result.sent and not works:
                works = True
                mail_server.answers(session, clock())
    return len(leased)


LATE = Outcome(Result.away, "Hann inte skickas innan någon annan fick försöka.")
"""The lease is over before the message's turn came."""


def _give_back(store: Store, leased: Sequence[deliver.Leased], why: Outcome, now: datetime) -> None:
    """What was not tried waits for the next round; a server that takes nothing is one task, however much waits."""
    with store.write() as session:
        deliver.settle(session, [deliver.Sent(each.id, each.until, why) for each in leased], now)
        if why is not LATE:
            mail_server.takes_nothing(session, why.words, now)


class Pace:
    """Spreads what is sent evenly over the minute; the first goes at once."""

    def __init__(self, per_minute: int) -> None:
        self._gap, self._next = 60 / per_minute, time.monotonic()

    def wait(self) -> None:
        """Return when the next may go."""
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = max(self._next, time.monotonic()) + self._gap


@dataclass(frozen=True, slots=True)
class Received:
    """What one look into the mailbox came to, in numbers only; what was known already is in none of them."""

    filed: int = 0
    set_aside: int = 0


def read_inbox(store: Store, settings: Settings, clock: Callable[[], datetime]) -> Received:
    """Take every unread mail, each in a transaction of its own; raises MailboxAway. Without a mailbox nothing is done."""
    if not settings.inbox_configured:
        return Received()
    states, files = Counter[State](), Files(settings.files_dir)

    def take(letter: Letter) -> None:
        with store.write() as session:
            mail = receive.receive(session, files, clock(), letter)
            states.update([mail.state] if mail else [])

    read(imap(settings), take)
    return Received(states[State.filed], states[State.set_aside])


def shut_mailbox(settings: Settings) -> list[str]:
    """Why the mailbox for replies does not open, in words; nothing when it does, or when there is none."""
    try:
        if settings.inbox_configured:
            look(imap(settings))
    except MailboxAway as away:
        return [away.message]
    return []


def imap(settings: Settings) -> ImapSettings:
    """The part of the settings that the mailbox needs."""
    return ImapSettings(
        host=settings.imap_host,
        port=settings.imap_port,
        security=settings.imap_tls,
        user=settings.imap_user,
        password=settings.imap_password.get_secret_value() if settings.imap_password else "",
        folder=settings.imap_folder,
    )


def smtp(settings: Settings) -> SmtpSettings:
    """The part of the settings that the wire needs."""
    return SmtpSettings(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_tls,
        sender=settings.smtp_sender,
        reply_to=settings.imap_address or "",
        user=settings.smtp_user,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else "",
    )
