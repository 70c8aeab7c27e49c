"""Reminding: what is due is queued once for ever by its slot key, what is not sent gets its reason, the rest is a phone call."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from babel.dates import format_date
from sqlalchemy import update
from sqlmodel import Session, col, select

from service.cases.dates import periods
from service.cases.letter_texts import own_letters
from service.cases.mail import counterpart
from service.cases.owed import QUEUED, Owed, asked_of, concerned, is_confirmed, owed, without_contact
from service.cases.vacancy import begin, pause_without_contact
from service.post.letters import Letter, LetterName, render
from service.store import outbox
from service.store.contacts import Contact, contacts
from service.store.standing import Standing, load_many
from service.store.tables import Body, BodyMeeting, ContactAssignment, DecisionStep, Message, Reminder, SignatureSlot, Task
from states import message as message_rule
from states import reminders, slot
from states.agreement import CLOSED, State
from states.calendar import BoardMeeting, at, civil, next_possible, next_sending_day
from states.parties import FLOW, STRATEGIST
from states.policy import merged
from states.reminders import (
    MOVE_WORDS,
    SKIP_WORDS,
    Decision,
    Obligation,
    Purpose,
    SkipReason,
    Slot,
    Status,
    call_key,
    decide,
    next_window,
    slot_key,
    stop_reason,
)

CHUNK = 2_000
CALL = "call"

REMINDERS = (
    LetterName.reminder_before,
    LetterName.reminder_after,
    LetterName.reminder_papers,
    LetterName.reminder_outcome,
    LetterName.reminder_signature,
    LetterName.reminder_report_back,
    LetterName.reminder_confirm_contact,
    LetterName.reminder_several,
)

_LETTERS = {
    Purpose.papers: LetterName.reminder_papers,
    Purpose.outcome: LetterName.reminder_outcome,
    Purpose.signature: LetterName.reminder_signature,
    Purpose.report_back: LetterName.reminder_report_back,
    Purpose.confirm_contact: LetterName.reminder_confirm_contact,
}
"""The letter of each purpose; an answer has two, one before its due and one after."""

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
class Planned:
    """One reminder to come, or not to: when, about what, to whom, and in words why it moves or is not sent."""

    on: date
    agreement_id: UUID
    purpose: Purpose
    number: int
    organisation: str
    assignment_id: UUID | None
    recipient: str
    status: Status
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A policy and quiet periods that a programme does not have yet, and what single agreements would say otherwise."""

    policy: Mapping[str, object]
    quiet: Sequence[Mapping[str, str]]
    agreements: Mapping[UUID, Mapping[str, object]] = field(default_factory=dict)

    def applied(self, matter: Owed) -> Owed:
        own = self.agreements.get(matter.agreement.id, matter.agreement.policy)
        obligation = replace(matter.obligation, quiet_periods=periods(self.quiet))
        return replace(matter, policy=merged(self.policy, own), obligation=obligation)


@dataclass(frozen=True, slots=True)
class _Due:
    """A matter to remind of now, and the slot it takes."""

    matter: Owed
    slot: Slot
    contact: Contact


@dataclass(slots=True)
class _Day:
    """What is known of today beyond the single matter: who has had a reminder, and who signs each region's letters."""

    session: Session
    now: datetime
    reminded: set[UUID] = field(default_factory=set)
    senders: dict[tuple[UUID, UUID], dict[str, str]] = field(default_factory=dict)
    worded: dict[UUID, dict[LetterName, Letter]] = field(default_factory=dict)

    def letters(self, region: UUID) -> dict[LetterName, Letter]:
        """What the region has worded itself, looked up once."""
        if region not in self.worded:
            self.worded[region] = own_letters(self.session, region)
        return self.worded[region]


def sweep(session: Session, now: datetime, after: str | None = None, limit: int = CHUNK) -> Swept:
    """Queue every reminder of one chunk of agreements that is due now.

    1. A contact whose first day it is ends the pause; a party without any contact pauses its agreements and is written to at
       its official address.
    2. Each obligation is decided on by itself; outside the hours of its programme nothing is.
    3. Skipped slots get a row with the reason.
    4. What is due is gathered by assignment into one mail, at most one a day per person; the others stay due tomorrow.
    5. A ladder without an answer becomes a task to call, if none is open.
    """
    outbox.take_turn(session, "reminders")
    ids = concerned(session, civil(now), after, limit)
    done = Swept(next=str(ids[-1]) if len(ids) == limit else None)
    begin(session, FLOW, now, ids)
    for party in without_contact(session, now, ids):
        pause_without_contact(session, FLOW, now, party.organisation)
    due: list[_Due] = []
    for matter in owed(session, now, ids):
        decision = _decided(matter, now)
        done.skipped += _note_skipped(session, now, matter, decision)
        done.tasks += _call(session, now, matter) if decision.call else 0
        if decision.send and matter.contact:
            due.append(_Due(matter, decision.send, matter.contact))
    done.planned = len(due)
    day = _Day(session, now, _reminded_today(session, now))
    for bundle in _bundles(due):
        done.queued += _remind(day, bundle)
    session.flush()
    return done


def plan(
    session: Session,
    now: datetime,
    days: int = 30,
    region: UUID | None = None,
    what_if: WhatIf | None = None,
    programme: UUID | None = None,
    only: Sequence[UUID] | None = None,
) -> list[Planned]:
    """What the sweeps of the coming days will do if nothing changes, or only the policy does; nothing is written."""
    today, found, after = civil(now), list[Planned](), None
    while True:
        ids = concerned(session, today, after, CHUNK, region)
        for matter in owed(session, now, ids if only is None else [i for i in ids if i in only]):
            if programme in (None, matter.agreement.programme_id):
                found += _planned(what_if.applied(matter) if what_if else matter, today, today + timedelta(days=days))
        if len(ids) < CHUNK:
            return sorted(found, key=lambda p: (p.on, p.organisation, p.number))
        after = str(ids[-1])


def stopped(session: Session, messages: Sequence[Message]) -> dict[UUID, SkipReason]:
    """The reminders among queued messages that nobody should get any more, with the reason: all they ask for is done or over."""
    ids = [m.id for m in messages if m.purpose in REMINDERS]
    if not ids:
        return {}
    rows = session.exec(select(Reminder).where(col(Reminder.message_id).in_(ids), col(Reminder.outcome) == QUEUED)).all()
    standings = load_many(session, [r.agreement_id for r in rows if r.agreement_id])
    reasons: dict[UUID, list[SkipReason | None]] = defaultdict(list)
    for row in rows:
        if row.message_id and row.agreement_id:
            reasons[row.message_id].append(stop_reason(_now_owed(session, standings[row.agreement_id], row)))
    return {mid: found[0] for mid, found in reasons.items() if found[0] and all(found)}


def not_sent(session: Session, message: Message, reason: str) -> None:
    """A reminder that was queued and then stopped: its slots say why."""
    session.exec(update(Reminder).where(col(Reminder.message_id) == message.id).values(outcome=reason))


def _decided(matter: Owed, now: datetime) -> Decision:
    opens = next_window(now, matter.policy, matter.obligation.quiet_periods)
    return Decision() if opens > now else decide(matter.obligation, matter.policy, civil(now))


def _note_skipped(session: Session, now: datetime, matter: Owed, decision: Decision) -> int:
    for rung in decision.skipped:
        session.add(_row(matter, rung, now, str(rung.reason)))
    return len(decision.skipped)


def _row(matter: Owed, rung: Slot, now: datetime, outcome: str, message: Message | None = None) -> Reminder:
    return Reminder(
        key=slot_key(matter.obligation, rung.number),
        purpose=matter.obligation.purpose,
        subject_id=matter.subject,
        agreement_id=matter.agreement.id,
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
    return [
        sorted(g, key=lambda d: d.matter.agreement.proposed_at or d.matter.agreement.created_at)[::-1] for g in grouped.values()
    ]


def _remind(day: _Day, bundle: Sequence[_Due]) -> int:
    """Queue one mail with the rows of its slots; nothing when the person has had a reminder today."""
    first, contact = bundle[0].matter, bundle[0].contact
    if contact.person.id in day.reminded:
        return 0
    name, letter, path = _letter(day, bundle)
    message = outbox.queue(
        day.session,
        day.now,
        key=f"reminder:{slot_key(first.obligation, bundle[0].slot.number)}",
        purpose=name.value,
        subject=letter.subject,
        body=letter.body,
        recipient=contact.person.email,
        recipient_name=contact.person.name,
        assignment=contact.assignment,
        agreement_id=first.agreement.id,
        link_path=path,
        urgent=False,
    )
    if message is None:
        return 0
    day.reminded.add(contact.person.id)
    for each in bundle:
        day.session.add(_row(each.matter, each.slot, day.now, QUEUED, message))
    return 1


def _letter(day: _Day, bundle: Sequence[_Due]) -> tuple[LetterName, Letter, str]:
    first, contact = bundle[0].matter, bundle[0].contact
    facts = {**_sender(day, first.standing), "namn": contact.person.name}
    if len(bundle) > 1:
        listed = "\n".join(f"– {_in_a_list(each.matter)}" for each in bundle)
        name, facts, path = LetterName.reminder_several, {**facts, "antal": str(len(bundle)), "omraden": listed}, "/"
        return name, render(name, facts, day.letters(first.agreement.region_id)), path
    facts |= {
        "part": first.party.organisation.name,
        "motpart": counterpart(first.standing, first.party),
        "titel": first.title,
        "svarsdatum": _long(first.agreement.due if first.step is None else first.step.papers_due),
        "namnd": first.step.body if first.step else "",
        "motesdag": _long((first.step.decided_on or first.step.meeting_on) if first.step else None),
        "kvar": str(first.left),
        "antal": str(len(first.standing.clauses)),
    }
    late = first.agreement.due is not None and first.agreement.due < civil(day.now)
    name = _LETTERS.get(first.obligation.purpose, LetterName.reminder_after if late else LetterName.reminder_before)
    return name, render(name, facts, day.letters(first.agreement.region_id)), _path(first)


def _path(matter: Owed) -> str:
    """The page where it is done."""
    if matter.obligation.purpose is Purpose.confirm_contact:
        return "/min-kommun/kontakter"
    path = f"/overenskommelser/{matter.agreement.id}"
    return path if matter.obligation.purpose is Purpose.answer else f"{path}/beslut"


def _in_a_list(matter: Owed) -> str:
    others, board = counterpart(matter.standing, matter.party), matter.step.body if matter.step else ""
    sentences = {
        Purpose.answer: f"Svara {others} om {matter.agreement.title}, senast {_long(matter.agreement.due)}.",
        Purpose.papers: f"Skicka handlingarna till {board}, senast {_long(matter.obligation.due)}.",
        Purpose.outcome: f"Skriv in vad {board} beslutade {_long(matter.obligation.due)}.",
        Purpose.signature: f"Skriv under överenskommelsen med {others}.",
        Purpose.report_back: f"Anmäl delegationsbeslutet från {_long(matter.obligation.due)} till nämnden.",
        Purpose.confirm_contact: f"Bekräfta att du är kontaktperson för {matter.party.organisation.name}.",
    }
    return sentences[matter.obligation.purpose]


def _sender(day: _Day, standing: Standing) -> dict[str, str]:
    """The strategist who stands under the letter, looked up once per programme."""
    key = (standing.agreement.region_id, standing.agreement.programme_id)
    if key not in day.senders:
        region = standing.region.organisation
        found = contacts(day.session, *key, civil(day.now), STRATEGIST)
        person = found[0].person if found else None
        day.senders[key] = {
            "avsandare": f"{person.name}, {region.name}" if person else region.name,
            "telefon": (person.phone or person.email) if person else region.registry_email,
        }
    return day.senders[key]


def _call(session: Session, now: datetime, matter: Owed) -> int:
    """One task to call for an exhausted ladder, and none while another about the same is open; 1 when it is new."""
    key = call_key(matter.obligation)
    same = (col(Task.kind) == CALL, col(Task.subject_id) == matter.subject, col(Task.done_at).is_(None))
    if session.exec(select(Task.id).where(col(Task.key) == key)).first() or session.exec(select(Task.id).where(*same)).first():
        return 0
    lacks = _LACKING[matter.obligation.purpose]
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
        said.append(f"Nästa möte: {bodies[meeting]} {_long(meeting.date)}, handlingar senast {_long(meeting.papers_due)}.")
    return said


def _planned(matter: Owed, today: date, last: date) -> list[Planned]:
    """The slots of one obligation that fall within the days, those with a row of their own left out."""
    found = []
    for rung in reminders.plan(matter.obligation, matter.policy, today):
        on = max(rung.planned, next_sending_day(today, matter.obligation.quiet_periods))
        if rung.status is Status.done or on > last or (rung.status is Status.skipped and rung.planned < today):
            continue
        found.append(
            Planned(
                on=on,
                agreement_id=matter.agreement.id,
                purpose=matter.obligation.purpose,
                number=rung.number,
                organisation=matter.party.organisation.name,
                assignment_id=matter.contact.assignment.id if matter.contact else None,
                recipient=matter.contact.person.name if matter.contact else "",
                status=rung.status,
                why=_why(rung),
            )
        )
    return found


def _why(rung: Slot) -> tuple[str, ...]:
    return (SKIP_WORDS[rung.reason],) if rung.reason else tuple(MOVE_WORDS[move] for move in rung.moves)


def _now_owed(session: Session, standing: Standing, row: Reminder) -> Obligation:
    """As much of an obligation as tells whether it still holds."""
    agreement, purpose = standing.agreement, Purpose(row.purpose)
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


def _long(day: date | None) -> str:
    return format_date(day, "EEEE d MMMM y", "sv") if day else ""
