"""A store with people and agreements for a crash run, and the audit of it afterwards."""

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
from sqlmodel import Session, col, select

from service.cases.check import findings
from service.cases.programmes import create_agreements, create_programme
from service.settings import Settings
from service.store.contacts import main_contacts
from service.store.schema import migrate
from service.store.session import Store
from service.store.tables import Agreement, AgreementParty, Answer, ClauseVersion, Event, Message, Organisation, Response, SignIn
from service.sweeps import deliver_outbox
from service.web import cookie_name
from states.message import State
from states.parties import Actor
from states.tokens import fingerprint, new_secret
from tests.crash.traffic import Ledger, Side
from tests.people import Cast, arrive, plan
from tests.postoffice import PostOffice


@dataclass
class Scene:
    """The rows everybody works on: agreements to talk about, drafts to propose."""

    settings: Settings
    cast: Cast
    talks: list[UUID]
    drafts: list[UUID]
    clients: ExitStack = field(default_factory=ExitStack)

    def side(self, actor: Actor) -> Side:
        """A person signed in, with a client of their own."""
        store = Store(self.settings.database_url)
        assert actor.organisation is not None
        with store.write() as session:
            name, secret = open_session(session, self.settings, actor)
            organisation = session.get_one(Organisation, actor.organisation)
            programme = session.get_one(Agreement, self.talks[0]).programme_id
            found = main_contacts(session, organisation, programme, datetime.now(UTC).date())
            addresses = [contact.person.email for contact in found]
        store.close()
        url = self.settings.base_url
        client = httpx.Client(base_url=f"{url}/api/v1/", cookies={name: secret}, headers={"Origin": url}, timeout=15)
        return Side(self.clients.enter_context(client), addresses)


def furnish(settings: Settings, talks: int, drafts: int) -> Scene:
    """An empty database becomes one with work to do; each agreement has one area and lies in a programme of its own."""
    store = Store(settings.database_url)
    migrate(store)
    with store.write() as session:
        cast = arrive(session)
        made = [_agreement(session, cast, number) for number in range(talks + drafts)]
    store.close()
    return Scene(settings, cast, made[:talks], made[talks:])


def _agreement(session: Session, cast: Cast, number: int) -> UUID:
    now = datetime.now(UTC)
    programme = create_programme(session, cast.elin, now, plan(f"plan-{number}", ("Musik",)))
    agreement = create_agreements(session, cast.elin, now, programme.id, [cast.falun]).agreements[0]
    for party in session.exec(select(AgreementParty).where(col(AgreementParty.agreement_id) == agreement)):
        party.case_number = f"KS 2026/{number}"  # or each settling would ask for it
    return agreement


def open_session(session: Session, settings: Settings, actor: Actor) -> tuple[str, str]:
    """A cookie of the person, as opening a personal link makes it: its name and its value."""
    assert actor.assignment is not None
    now, secret = datetime.now(UTC), new_secret()
    session.add(
        SignIn(
            cookie_sha256=fingerprint(secret),
            assignment_id=actor.assignment,
            epoch=1,
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(hours=2),
        )
    )
    return cookie_name(settings), secret


@dataclass
class Audit:
    """What is wrong after everything; empty lists are the only good answer."""

    lost: list[str] = field(default_factory=list)
    twins: list[str] = field(default_factory=list)
    repeats: int = 0
    mails: int = 0


def drain(settings: Settings) -> None:
    """Send what still waits, as if ten minutes had passed: every lease is over, every first wait too."""
    store = Store(settings.database_url)
    deliver_outbox(store, settings, lambda: datetime.now(UTC) + timedelta(minutes=10))
    store.close()


def audit(scene: Scene, ledger: Ledger, office: PostOffice) -> Audit:
    """Compare the ledger and the mail server with the rows."""
    store, found = Store(scene.settings.database_url), Audit()
    with store.read() as session:
        found.lost += [f"impossible: {fault.code} {fault.subject}" for fault in findings(session)]
        _texts(session, ledger, found)
        _responses(session, ledger, found)
        _events(session, ledger, found)
        _mail(session, ledger, office, found)
    store.close()
    return found


def _compare(what: str, expected: Counter[tuple[str, str]], there: Counter[tuple[str, str]], found: Audit) -> None:
    found.lost += [f"{what} {key}: {there[key]} of {count}" for key, count in expected.items() if there[key] < count]
    found.twins += [f"{what} {key}: {count} of {expected[key]}" for key, count in there.items() if count > expected[key]]


def _texts(session: Session, ledger: Ledger, found: Audit) -> None:
    there = Counter(("text", fields["w"]) for fields in session.exec(select(ClauseVersion.fields)) if _marked(fields["w"]))
    _compare("version", Counter(("text", mark) for mark in ledger.texts), there, found)


def _marked(words: str) -> bool:
    return words.startswith(("Öppnat ", "Svarat "))


def _responses(session: Session, ledger: Ledger, found: Audit) -> None:
    rows = {str(row.id): row for row in session.exec(select(Response))}
    found.lost += [f"response {i} not sent" for i in ledger.responses if i not in rows or rows[i].sent_at is None]
    found.twins += [f"response {i} nobody heard of" for i in rows.keys() - ledger.responses]
    answers = {mark: str(row.response_id) for row in session.exec(select(Answer)) for mark in (row.reason, row.fields.get("w"))}
    found.lost += [f"draft {mark}" for mark, response in ledger.drafts.items() if answers.get(mark) != response]


def _events(session: Session, ledger: Ledger, found: Audit) -> None:
    """Each command has one row in the history; a reopening is called what it is from where it happened."""
    names = {"reopen_clause": "reopen"}
    wanted = {kind for _, kind in ledger.events}
    rows = session.exec(select(Event.agreement_id, Event.kind))
    there = Counter((str(agreement), names.get(kind, kind)) for agreement, kind in rows)
    _compare("event", ledger.events, Counter({key: n for key, n in there.items() if key[1] in wanted}), found)


def _mail(session: Session, ledger: Ledger, office: PostOffice, found: Audit) -> None:
    """Every letter that is owed is one row, every row has arrived, and each arrived under its row's own Message-ID."""
    rows = session.exec(select(Message)).all()
    _compare("letter", ledger.owed, Counter((row.purpose, row.recipient) for row in rows), found)
    arrived = Counter(str(mail["Message-ID"]) for mail in office.mails)
    found.lost += [
        f"mail {r.purpose} {r.state} {r.reason}" for r in rows if r.state is not State.sent or not arrived[r.message_id]
    ]
    found.twins += [f"mail {name} is no row's" for name in arrived.keys() - {row.message_id for row in rows}]
    found.repeats, found.mails = arrived.total() - len(arrived), len(arrived)
    bodies = Counter((str(mail["Message-ID"]), raw) for mail, raw in zip(office.mails, office.taken, strict=True))
    found.twins += [f"mail {name} with other bytes" for name, n in Counter(name for name, _ in bodies).items() if n > 1]
