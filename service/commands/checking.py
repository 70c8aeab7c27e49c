"""The work behind `overens check`: what is wrong, each with a page to go to, and what is worth knowing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pysqlite3 import sqlite_version
from sqlmodel import Session, SQLModel

from service.cases.backup import last_verified, went_back
from service.cases.check import Finding, chain, impossible
from service.cases.check_files import lost_files
from service.commands.opened import opened
from service.commands.terminal import fact, say
from service.post.inbox import MailboxAway
from service.schedules import SchedulerAway, Schedules
from service.settings import Settings, load
from service.store import schema
from service.store.files import Files
from service.store.session import Store
from service.store.tables import (
    Agreement,
    AgreementParty,
    Clause,
    DecisionStep,
    Document,
    FrozenText,
    Publication,
    Signature,
    SignatureSlot,
)
from service.sweeps import shut_mailbox
from states.calendar import TZ

_OF_AN_AGREEMENT: tuple[type[SQLModel], ...] = (
    Clause,
    AgreementParty,
    FrozenText,
    DecisionStep,
    SignatureSlot,
    Document,
    Publication,
)


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts to look at; none chosen is all of them."""

    invariants: bool = False
    chain: bool = False
    documents: bool = False
    settings: bool = False
    schedules: bool = False

    @property
    def all(self) -> bool:
        return not (self.invariants or self.chain or self.documents or self.settings or self.schedules)


def check(parts: Parts) -> bool:
    """Print what was found; whether anything was."""
    settings = load()
    say(f"Läge: {settings.mode}.")
    with opened(settings) as store:
        found = [*_found(store, settings, parts)]
    for one, page in found:
        line = f"{one.code} {one.subject} {one.message} {settings.base_url}{page}"
        fact(line, code=one.code, subject=one.subject, message=one.message, page=settings.base_url + page)
    return bool(found)


def _found(store: Store, settings: Settings, parts: Parts) -> Iterator[tuple[Finding, str]]:
    if parts.all or parts.settings:
        _notes(settings)
        yield from ((finding, "/installningar") for finding in _mailbox(settings))
    if schema.behind(store):
        yield Finding("schema-behind", "-", "Databasen har en äldre form än programmet. Kör: overens migrate"), "/"
        return
    with store.read() as session:
        for finding in _in_rows(session, settings, parts):
            yield finding, _page(session, finding.subject)
    if parts.all or parts.schedules:
        for finding in _schedules(settings, asked=parts.schedules):
            yield finding, "/health/ready"


def _in_rows(session: Session, settings: Settings, parts: Parts) -> Iterator[Finding]:
    if parts.all or parts.invariants:
        yield from impossible(session)
    if parts.all or parts.chain:
        yield from chain(session)
        last = last_verified(settings.data_dir)
        if last and went_back(session, last):
            yield Finding("went-back", str(last.seq), f"Databasen är äldre än säkerhetskopian från {_spoken(last.created)}.")
    if parts.all or parts.documents:
        yield from lost_files(session, Files(settings.files_dir))


def _notes(settings: Settings) -> None:
    """What no rule forbids but whoever runs the service should know."""
    say(f"SQLite {sqlite_version}.")
    last = last_verified(settings.data_dir)
    say(
        f"Senaste prövade säkerhetskopia: {_spoken(last.at)}."
        if last
        else "Ingen säkerhetskopia har prövats. Kör: overens backup MAPP"
    )
    if not settings.mail_configured:
        say("Ingen e-postserver är vald: mejl stannar i Utkorg.")
    if not settings.inbox_configured:
        say("Ingen brevlåda är vald: ingen läser svar på mejlen. Sätt OVERENS_IMAP_HOST.")
    if not settings.https:
        say("Webbplatsen har ingen https: kakan saknar skyddet __Host- och Secure. Det går bara på den här datorn.")


def _mailbox(settings: Settings) -> Iterator[Finding]:
    """Whether the mailbox for replies opens, and whether replies are sent there."""
    if not settings.inbox_configured:
        return
    if "imap_address" not in settings.model_fields_set and "smtp_sender" not in settings.model_fields_set:
        yield Finding(
            "no-reply-address", "-", "Svar på mejl kommer inte fram. Sätt OVERENS_SMTP_SENDER eller OVERENS_IMAP_ADDRESS."
        )
    yield from (Finding(MailboxAway.code, "-", why) for why in shut_mailbox(settings))


def _schedules(settings: Settings, *, asked: bool) -> Iterator[Finding]:
    """The canary: one that answers without a coming run is silent. That none answers is only said, unless it was asked for."""
    with Schedules(settings) as schedules:
        try:
            coming = schedules.coming(1)
        except SchedulerAway as error:
            if asked:
                raise
            say(error.message)
            return
    if not coming:
        yield Finding("silent-schedules", "-", "Schemat svarar men har inga kommande körningar.")


def _page(session: Session, subject: str) -> str:
    """Where a person can look at it: the agreement it belongs to, or the history."""
    try:
        key = UUID(subject)
    except ValueError:
        return "/logg" if subject.isdigit() else "/"
    agreement = key if session.get(Agreement, key) else None
    if signature := session.get(Signature, key):
        key = signature.slot_id
    for table in _OF_AN_AGREEMENT:
        if row := session.get(table, key):
            agreement = getattr(row, "agreement_id", agreement)
    return f"/overenskommelser/{agreement}" if agreement else "/"


def _spoken(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(TZ):%Y-%m-%d kl. %H.%M}"
