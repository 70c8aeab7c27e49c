"""A season as lines to read: every mail, every reminder that was not sent and why, every task of the region, by the clock."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, select

from service.store.tables import Agreement, AgreementParty, ContactAssignment, Message, Organisation, Reminder, Task
from states.calendar import TZ
from states.parties import Role
from states.reminders import SKIP_WORDS, SkipReason
from tests.journeys.season_stage import Letter, Stage
from tests.postoffice import text

_DAYS = ("mån", "tis", "ons", "tor", "fre", "lör", "sön")
_ROLES = {
    Role.strategist: "strateg",
    Role.administrator: "administratör",
    Role.main: "kontakt",
    Role.deputy: "ersättare",
    Role.signatory: "undertecknare",
    Role.guest: "kollega som kommer i stället",
}


def lines(stage: Stage) -> list[str]:
    """Sorted by time, and within a minute by words; no name of a person, no id, no secret stands in them."""
    with stage.store.read() as session:
        found = [*_mails(session, stage), *_silences(session), *_stopped(session), *_tasks(session)]
    return [f"{_when(at)}  {line}" for at, line in sorted(found)]


def _mails(session: Session, stage: Stage) -> Iterator[tuple[datetime, str]]:
    rows = {m.message_id: m for m in session.exec(select(Message))}
    for letter in stage.letters:
        row = rows[letter.message_id]
        yield letter.at, f"mejl     {_who(session, row)} | {row.purpose} | {letter.mail['Subject']} | {first_line(letter)}"


def first_line(letter: Letter) -> str:
    """What the letter asks for: the line after the greeting."""
    greeting, *said = [line for line in text(letter.mail).splitlines() if line.strip()]
    assert greeting.startswith("Hej"), greeting
    return said[0]


def _silences(session: Session) -> Iterator[tuple[datetime, str]]:
    for row in session.exec(select(Reminder)):
        if row.message_id is None:
            why = SKIP_WORDS[SkipReason(row.outcome)]
            yield row.at, f"tyst     {_reminded(session, row)} | {row.purpose} {row.number}, tänkt {row.planned_on} | {why}"


def _stopped(session: Session) -> Iterator[tuple[datetime, str]]:
    for row in session.exec(select(Message)):
        if row.state in ("suppressed", "failed"):
            yield row.written_at, f"stoppat  {_who(session, row)} | {row.purpose} | {row.subject} | {row.reason}"


def _tasks(session: Session) -> Iterator[tuple[datetime, str]]:
    for row in session.exec(select(Task)):
        yield row.created_at, f"uppgift  strateg, Regionen | {row.kind} | {row.title} | {row.detail}"


def _who(session: Session, row: Message) -> str:
    """The role and the place; a registrar has no assignment here."""
    if row.assignment_id:
        return _role(session, row.assignment_id)
    registrar = session.exec(select(Organisation).where(Organisation.registry_email == row.recipient)).one()
    return f"registratur, {registrar.short_name}"


def _reminded(session: Session, row: Reminder) -> str:
    if row.assignment_id:
        return _role(session, row.assignment_id)
    return f"ingen, {_party(session, row.agreement_id)}"


def _role(session: Session, assignment: UUID) -> str:
    row = session.get_one(ContactAssignment, assignment)
    title = f" ({row.title})" if row.role is Role.signatory else ""
    return f"{_ROLES[row.role]}, {session.get_one(Organisation, row.organisation_id).short_name}{title}"


def _party(session: Session, agreement: UUID | None) -> str:
    """The municipality of an agreement."""
    query = (
        select(Organisation.short_name)
        .join(AgreementParty, AgreementParty.organisation_id == Organisation.id)  # type: ignore[arg-type]
        .join(Agreement, Agreement.id == AgreementParty.agreement_id)  # type: ignore[arg-type]
        .where(Agreement.id == agreement, Organisation.id != Agreement.region_id)
    )
    return session.exec(query).one()


def _when(at: datetime) -> str:
    local = at.astimezone(TZ)
    return f"{_DAYS[local.weekday()]} {local:%Y-%m-%d %H.%M}"
