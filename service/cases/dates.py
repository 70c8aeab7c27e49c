"""The last day to answer: a party asks for another one and the reminders rest, the region grants it or not."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from babel.dates import format_date
from sqlmodel import Session, col, select

from service.cases.mail import in_full, task, task_about_done, task_done, tell
from service.cases.steps import note
from service.cases.wording import reason as reason_text
from service.post.letters import LetterName
from service.store.standing import Standing, load, load_by
from service.store.tables import Agreement, DateRequest, Programme
from states.access import Operation
from states.agreement import State
from states.calendar import QuietPeriod, civil
from states.deadlines import Deadline, due_for_us
from states.errors import Blocked, FieldError, Invalid, NotAllowed, Reason
from states.parties import Actor

PAUSE = "date_proposed"


def propose_date(session: Session, actor: Actor, now: datetime, agreement_id: UUID, day: date, why: str = "") -> DateRequest:
    """Ask for another last day; reminders rest until the region has answered."""
    standing = load(session, actor, Operation.propose_date, agreement_id)
    party, agreement = standing.party_of(actor), standing.agreement
    if agreement.state is not State.negotiating:
        raise NotAllowed("propose_date", agreement.state)
    if day <= civil(now):
        raise Invalid(FieldError("day", "past", "Välj en dag som inte har passerat."))
    if day > agreement.period_to:
        raise Invalid(FieldError("day", "after-period", "Dagen ligger efter periodens slut."))
    if open_request(session, agreement_id):
        raise Blocked(Reason("date-request-open", "Ni har redan föreslagit ett datum. Regionen svarar snart."))
    row = DateRequest(agreement_id=agreement_id, party_id=party.id, day=day, reason=reason_text(why), at=now)
    party.row.answered_at = now
    session.add_all([row, party.row])
    agreement.pause = agreement.pause or PAUSE
    note(session, actor, now, standing, "propose_date", party=party.organisation.name, day=str(day))
    task_about_done(session, actor, now, party.id)
    title = f"{party.organisation.name} föreslår {format_date(day, 'd MMMM y', 'sv')} som sista svarsdag"
    task(session, now, standing, PAUSE, title, once=f"date:{row.id}", detail=row.reason)
    facts = {"fran": party.organisation.name, "nytt_datum": in_full(day), "motivering": row.reason}
    tell(session, now, standing, standing.region, LetterName.date_requested, facts)
    return row


def answer_date(
    session: Session, actor: Actor, now: datetime, request_id: UUID, *, granted: bool, day: date | None = None
) -> Standing:
    """Grant the day (or another one) or keep the old; either way the pause ends and a new round of reminders begins."""
    row, standing = load_by(session, actor, Operation.answer_date, DateRequest, request_id)
    agreement = standing.agreement
    if row.answered_at is not None:
        raise NotAllowed("answer_date", "answered")
    if granted:
        agreement.due = explained_due(session, agreement, day or row.day).day
    agreement.due_round += 1
    note(session, actor, now, standing, "answer_date", granted=granted, due=str(agreement.due))
    _answered(session, actor, now, standing, row, granted=granted)
    return standing


def _answered(session: Session, actor: Actor, now: datetime, standing: Standing, row: DateRequest, *, granted: bool) -> None:
    """The request is closed, the reminders go on, and the party that asked hears which day it is."""
    row.answered_at, row.granted = now, granted
    session.add(row)
    _no_longer_asked(session, actor, now, standing)
    letter = LetterName.date_granted if granted else LetterName.date_refused
    tell(session, now, standing, standing.party(row.party_id), letter)


def lapse(session: Session, actor: Actor, now: datetime, standing: Standing) -> None:
    """The negotiation is over before the region has answered: nobody needs another last day."""
    row = open_request(session, standing.agreement.id)
    if row is not None:
        row.answered_at = now
        session.add(row)
    _no_longer_asked(session, actor, now, standing)


def _no_longer_asked(session: Session, actor: Actor, now: datetime, standing: Standing) -> None:
    agreement = standing.agreement
    agreement.pause = None if agreement.pause == PAUSE else agreement.pause
    task_done(session, actor, now, standing, PAUSE)


def change_due(
    session: Session, actor: Actor, now: datetime, agreement_id: UUID, day: date, *, firm: bool, version: int | None = None
) -> Standing:
    """The region sets another last day: a new round of reminders begins, and those it waits for are told.

    Whoever has asked for a day has got their answer.
    """
    standing = load(session, actor, Operation.answer_date, agreement_id, version=version)
    agreement = standing.agreement
    if agreement.state not in (State.draft, State.negotiating):
        raise NotAllowed("change_due", agreement.state)
    if day <= civil(now):
        raise Invalid(FieldError("due", "past", "Välj en dag som inte har passerat."))
    before = agreement.due
    agreement.due, agreement.due_firm = explained_due(session, agreement, day).day, firm
    agreement.due_round += 1
    note(session, actor, now, standing, "change_due", due=str(agreement.due), firm=firm)
    if (request := open_request(session, agreement_id)) is not None:
        _answered(session, actor, now, standing, request, granted=True)
    elif agreement.state is State.negotiating and agreement.pause is None and agreement.due != before:
        for party in standing.others(standing.region):
            if party.id in standing.waiting_on():
                tell(session, now, standing, party, LetterName.date_granted)
    return standing


def explained_due(session: Session, agreement: Agreement, day: date) -> Deadline:
    """The day as a last day of ours: never on a free day, never inside a quiet period, with its steps in words."""
    programme = session.get_one(Programme, agreement.programme_id)
    return due_for_us(day, quiet_periods(programme))


def quiet_periods(programme: Programme) -> tuple[QuietPeriod, ...]:
    return periods(programme.quiet_periods)


def periods(stored: Sequence[Mapping[str, str]]) -> tuple[QuietPeriod, ...]:
    """Quiet periods from the form they are stored in."""
    return tuple(QuietPeriod(date.fromisoformat(q["from"]), date.fromisoformat(q["to"]), q.get("reason", "")) for q in stored)


def open_request(session: Session, agreement_id: UUID) -> DateRequest | None:
    """The date request that waits for the region's answer."""
    query = select(DateRequest).where(col(DateRequest.agreement_id) == agreement_id, col(DateRequest.answered_at).is_(None))
    return session.exec(query).first()
