"""Reminding: what is due is queued once for ever by its slot key, what is not sent gets its reason, the rest is a phone call."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from service.cases.mail import in_full
from service.cases.owed import CHUNK, QUEUED, Owed, asked_of, is_confirmed, owed, to_look_at, without_contact
from service.cases.owed_facts import Facts
from service.cases.owed_replies import Matter, OwedReply, replies, still_asked
from service.cases.reminder_letters import REMINDERS, Writer
from service.cases.vacancy import begin, pause_without_contact
from service.store import looks, outbox
from service.store.contacts import Contact
from service.store.standing import Standing, load_many
from service.store.tables import (
    Body,
    BodyMeeting,
    ContactAssignment,
    DecisionStep,
    Message,
    Reminder,
    RoundMessage,
    SignatureSlot,
    Task,
)
from states import message as message_rule
from states import slot
from states.agreement import CLOSED, State
from states.calendar import BoardMeeting, at, civil, next_possible
from states.parties import FLOW
from states.reminders import (
    Decision,
    Obligation,
    Purpose,
    SkipReason,
    Slot,
    call_key,
    decide,
    next_look,
    next_new_boards,
    next_window,
    slot_key,
    stop_reason,
)

CALL = "call"

_LACKING = {
    Purpose.answer: "inget svar",
    Purpose.papers: "handlingarna är inte skickade",
    Purpose.outcome: "inget besked om beslutet",
    Purpose.signature: "ingen underskrift",
    Purpose.report_back: "delegationsbeslutet är inte anmält",
}


@dataclass(slots=True)
class Swept:
    """What one chunk came to, in numbers; `next` is where the following one begins, None after the last."""

    planned: int = 0
    queued: int = 0
    skipped: int = 0
    tasks: int = 0
    next: str | None = None


@dataclass(frozen=True, slots=True)
class _Due:
    """A matter to remind of now, and the slot it takes."""

    matter: Matter
    slot: Slot
    contact: Contact


def sweep(session: Session, now: datetime, after: str | None = None, limit: int = CHUNK) -> Swept:
    """Queue every reminder of one chunk of agreements that is due now; the first chunk takes all invitations along.

    1. A contact whose first day it is ends the pause; a party without any contact pauses its agreements and is written to at
       its official address.
    2. Each obligation is decided on by itself; outside the hours of its programme nothing is.
    3. Skipped slots get a row with the reason.
    4. What is due is gathered by assignment into one mail, at most one a day per person; the others stay due tomorrow.
    5. A ladder without an answer becomes a task to call, if none is open.
    """
    outbox.take_turn(session, "reminders")
    due_looks = to_look_at(session, civil(now), after, limit)
    ids = [agreement for agreement, owes in due_looks.items() if owes]
    done = Swept(next=str([*due_looks][-1]) if len(due_looks) == limit else None)
    begin(session, FLOW, now, ids)
    facts = Facts(session, now, ids)
    for party in without_contact(facts):
        pause_without_contact(session, FLOW, now, party.organisation)
    due: list[_Due] = []
    matters = owed(facts)
    for matter in (*matters, *(replies(session, now) if after is None else ())):
        decision = _decided(matter, now)
        done.skipped += _note_skipped(session, now, matter, decision)
        done.tasks += _call(session, now, matter) if decision.call and isinstance(matter, Owed) else 0
        if decision.send and matter.contact:
            due.append(_Due(matter, decision.send, matter.contact))
    done.planned = len(due)
    writer, reminded = Writer(session, now), _reminded_today(session, now)
    for bundle in _bundles(due):
        if bundle[0].contact.person.id not in reminded and _remind(writer, bundle):
            reminded.add(bundle[0].contact.person.id)
            done.queued += 1
    session.flush()
    looks.looked(session, civil(now), _next_looks(session, now, [*due_looks], matters))
    return done


def stopped(session: Session, messages: Sequence[Message]) -> dict[UUID, SkipReason]:
    """The reminders among queued messages that nobody should get any more, with the reason: all they ask for is done or over."""
    ids = [m.id for m in messages if m.purpose in REMINDERS]
    if not ids:
        return {}
    rows = session.exec(select(Reminder).where(col(Reminder.message_id).in_(ids), col(Reminder.outcome) == QUEUED)).all()
    standings = load_many(session, [r.agreement_id for r in rows if r.agreement_id])
    reasons: dict[UUID, list[SkipReason | None]] = defaultdict(list)
    for row in rows:
        if row.message_id:
            reasons[row.message_id].append(stop_reason(_now_owed(session, standings, row)))
    return {mid: found[0] for mid, found in reasons.items() if found[0] and all(found)}


def not_sent(session: Session, message: Message, reason: str) -> None:
    """A reminder that was queued and then stopped: its slots say why."""
    session.exec(update(Reminder).where(col(Reminder.message_id) == message.id).values(outcome=reason))


def _next_looks(session: Session, now: datetime, ids: Sequence[UUID], matters: Iterable[Owed]) -> dict[UUID, date]:
    """When each agreement is to be looked at next: its next reminder, a change of contacts, new boards."""
    today = civil(now)
    days = looks.contact_days(session, ids, today)
    for matter in matters:
        opens = next_window(now, matter.policy, matter.obligation.quiet_periods)
        look = civil(opens) if opens > now else next_look(matter.obligation, matter.policy, today)
        days.setdefault(matter.agreement.id, []).extend([look] if look else [])
    boards = next_new_boards(today)
    return {agreement: min([*days.get(agreement, ()), boards]) for agreement in ids}


def _decided(matter: Matter, now: datetime) -> Decision:
    opens = next_window(now, matter.policy, matter.obligation.quiet_periods)
    return Decision() if opens > now else decide(matter.obligation, matter.policy, civil(now))


def _note_skipped(session: Session, now: datetime, matter: Matter, decision: Decision) -> int:
    for rung in decision.skipped:
        session.add(_row(matter, rung, now, str(rung.reason)))
    return len(decision.skipped)


def _row(matter: Matter, rung: Slot, now: datetime, outcome: str, message: Message | None = None) -> Reminder:
    return Reminder(
        key=slot_key(matter.obligation, rung.number),
        purpose=matter.obligation.purpose,
        subject_id=matter.subject,
        agreement_id=matter.agreement_id,
        assignment_id=matter.contact.assignment.id if matter.contact else None,
        round=matter.obligation.round,
        number=rung.number,
        outcome=outcome,
        planned_on=rung.planned,
        at=now,
        message_id=message.id if message else None,
    )


def _reminded_today(session: Session, now: datetime) -> set[UUID]:
    """The people who have had their one reminder of today."""
    query = (
        select(ContactAssignment.person_id)
        .join(Message, col(Message.assignment_id) == col(ContactAssignment.id))
        .where(
            col(Message.purpose).in_([name.value for name in REMINDERS]),
            col(Message.written_at) >= at(civil(now), time()),
            col(Message.state) != message_rule.State.suppressed,
        )
    )
    return set(session.exec(query).all())


def _bundles(due: Iterable[_Due]) -> list[list[_Due]]:
    """What goes in one mail: the matters of one assignment, newest first."""
    grouped: dict[UUID, list[_Due]] = defaultdict(list)
    for each in due:
        grouped[each.contact.assignment.id].append(each)
    return [sorted(g, key=lambda d: d.matter.since)[::-1] for g in grouped.values()]


def _remind(writer: Writer, bundle: Sequence[_Due]) -> bool:
    """Queue one mail with the rows of its slots; whether it is new."""
    first, contact = bundle[0].matter, bundle[0].contact
    written = writer.write([each.matter for each in bundle], contact)
    message = outbox.queue(
        writer.session,
        writer.now,
        key=f"reminder:{slot_key(first.obligation, bundle[0].slot.number)}",
        purpose=written.name.value,
        subject=written.letter.subject,
        body=written.letter.body,
        recipient=contact.person.email,
        recipient_name=contact.person.name,
        assignment=contact.assignment,
        agreement_id=next((each.matter.agreement_id for each in bundle if each.matter.agreement_id), None),
        link_path=written.path,
        urgent=False,
    )
    if message is None:
        return False
    writer.session.add_all(_row(each.matter, each.slot, writer.now, QUEUED, message) for each in bundle)
    if about := next((each.matter.round for each in bundle if isinstance(each.matter, OwedReply)), None):
        writer.session.add(RoundMessage(message_id=message.id, round_id=about.id))
    return True


def _call(session: Session, now: datetime, matter: Owed) -> int:
    """One task to call for an exhausted ladder, and none while another about the same is open; 1 when it is new."""
    key = call_key(matter.obligation)
    same = (col(Task.kind) == CALL, col(Task.subject_id) == matter.subject, col(Task.done_at).is_(None))
    if session.exec(select(Task.id).where(col(Task.key) == key)).first() or session.exec(select(Task.id).where(*same)).first():
        return 0
    lacks = _lacking(matter)
    outbox.task(
        session,
        now,
        key=key,
        kind=CALL,
        organisation_id=matter.agreement.region_id,
        agreement_id=matter.agreement.id,
        subject_id=matter.subject,
        title=f"Ring {matter.party.organisation.name}: {lacks}{_after(matter.obligation.unanswered)}",
        detail=" ".join(_before_the_call(session, now, matter)),
    )
    return 1


def _lacking(matter: Owed) -> str:
    areas = len(matter.standing.clauses)
    if matter.obligation.purpose is Purpose.answer and matter.left < areas:
        return f"{matter.left} av {areas} områden saknar svar"
    return _LACKING[matter.obligation.purpose]


def _after(reminders_sent: int) -> str:
    words = ("", " efter en påminnelse", " efter två påminnelser", " efter tre påminnelser", " efter fyra påminnelser")
    return words[reminders_sent] if reminders_sent < len(words) else f" efter {reminders_sent} påminnelser"


def _before_the_call(session: Session, now: datetime, matter: Owed) -> list[str]:
    """What is good to know when calling; whose number it is, the page looks up."""
    query = (
        select(BodyMeeting, Body.name)
        .join(Body, col(Body.id) == col(BodyMeeting.body_id))
        .where(col(Body.organisation_id) == matter.party.organisation.id)
    )
    bodies = {BoardMeeting(m.day, m.papers_due): name for m, name in session.exec(query)}
    meeting = next_possible(bodies, civil(now))
    said = [f"Telefon: {matter.contact.person.phone}."] if matter.contact and matter.contact.person.phone else []
    said.append("De har öppnat förslaget." if matter.party.row.opened_at else "De har inte öppnat förslaget.")
    if meeting:
        said.append(f"Nästa möte: {bodies[meeting]} {in_full(meeting.date)}, handlingar senast {in_full(meeting.papers_due)}.")
    return said


def _now_owed(session: Session, standings: Mapping[UUID, Standing], row: Reminder) -> Obligation:
    """As much of an obligation as tells whether it still holds."""
    if row.agreement_id is None:
        return still_asked(session, row)
    standing, purpose = standings[row.agreement_id], Purpose(row.purpose)
    agreement = standing.agreement
    waiting, answered = _still_waits(session, standing, row, purpose)
    return Obligation(
        purpose=purpose,
        subject=str(row.subject_id),
        round=row.round,
        assignment=str(row.assignment_id),
        waiting=waiting,
        paused=agreement.pause is not None,
        declined=agreement.state is State.declined,
        closed=agreement.state in CLOSED and purpose in _WITHIN,
        answered=answered,
    )


_WITHIN = (Purpose.answer, Purpose.papers, Purpose.outcome, Purpose.signature)
"""What nobody needs any more when the agreement is closed."""


def _still_waits(session: Session, standing: Standing, row: Reminder, purpose: Purpose) -> tuple[bool, bool]:
    """Whether what a reminder asks for is still missing, and whether it was done."""
    if purpose is Purpose.answer:
        return row.subject_id in standing.waiting_on(), standing.party(row.subject_id).row.answered_at is not None
    if purpose is Purpose.signature:
        return session.get_one(SignatureSlot, row.subject_id).state is slot.State.requested, True
    if purpose is Purpose.confirm_contact:
        confirmed = is_confirmed(session.get_one(ContactAssignment, row.subject_id), date(row.round, 2, 1))
        return not confirmed, confirmed
    step = session.get_one(DecisionStep, row.subject_id)
    found = {
        asked: (waits and step.round == row.round, done) for asked, _, waits, done in asked_of(step, standing.agreement.state)
    }
    return found.get(purpose, (False, False))
