"""Which reminder is due, which is not and why: a pure plan of the facts about one subject and one assignment."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from states.calendar import (
    TZ,
    QuietPeriod,
    add_workdays,
    at,
    civil,
    is_workday,
    next_sending_day,
    next_workday,
    previous_workday,
    quiet,
)
from states.policy import Policy as Policy
from states.said import _


class Purpose(StrEnum):
    """What somebody is reminded of; those who own other tables add theirs here and to `LADDERS`."""

    answer = "answer"
    rsvp = "rsvp"
    papers = "papers"
    outcome = "outcome"
    signature = "signature"
    report_back = "report_back"
    confirm_contact = "confirm_contact"


@dataclass(frozen=True, slots=True)
class Ladder:
    """When one purpose reminds: days before and after its due, workdays after the request; whether it ends in a call.

    `patience`: how many days somebody has who was asked only after the due, before they are called.
    """

    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    workdays: tuple[int, ...] = ()
    ends_in_call: bool = True
    patience: int = 0


LADDERS: dict[Purpose, Callable[[Policy, bool], Ladder]] = {
    Purpose.answer: lambda policy, firm: Ladder(before=policy.before, after=policy.after if firm else (), patience=10),
    Purpose.rsvp: lambda *_: Ladder(before=(7, 2), ends_in_call=False),
    Purpose.papers: lambda *_: Ladder(before=(10, 3)),
    Purpose.outcome: lambda *_: Ladder(after=(3, 10)),
    Purpose.signature: lambda policy, _: Ladder(workdays=policy.signature_after),
    Purpose.report_back: lambda *_: Ladder(after=(10, 30)),
    Purpose.confirm_contact: lambda *_: Ladder(after=(0,), ends_in_call=False),
}
"""Every ladder, by the policy in force and whether the due is firm; 0 days after is the first workday from the due on."""

_ELECTION, _TERM = 2026, 4


class SkipReason(StrEnum):
    """Why a reminder is not sent."""

    answered = "answered"
    turn_changed = "turn_changed"
    declined = "declined"
    paused = "paused"
    closed = "closed"
    no_contact = "no_contact"
    assignment_ended = "assignment_ended"
    bounced = "bounced"
    cap_reached = "cap_reached"
    collapsed = "collapsed"
    past_due = "past_due"
    unsubscribed = "unsubscribed"


class Move(StrEnum):
    """Why a reminder goes out at another time than the ladder says."""

    not_workday = "not_workday"
    quiet_period = "quiet_period"
    outside_window = "outside_window"


class Status(StrEnum):
    """Where one slot of the ladder stands."""

    due = "due"
    future = "future"
    done = "done"
    skipped = "skipped"


SKIP_WORDS: dict[SkipReason, str] = {
    SkipReason.answered: _("Ingen påminnelse: svaret har kommit."),
    SkipReason.turn_changed: _("Ingen påminnelse: det är inte längre deras tur."),
    SkipReason.declined: _("Ingen påminnelse: de har tackat nej."),
    SkipReason.paused: _("Ingen påminnelse: ärendet är pausat."),
    SkipReason.closed: _("Ingen påminnelse: ärendet är avslutat."),
    SkipReason.no_contact: _("Ingen påminnelse: det finns ingen kontaktperson."),
    SkipReason.assignment_ended: _("Ingen påminnelse: kontaktpersonens uppdrag har upphört."),
    SkipReason.bounced: _("Ingen påminnelse: mejlen kommer inte fram till adressen."),
    SkipReason.cap_reached: _("Ingen påminnelse: det högsta antalet obesvarade påminnelser är nått."),
    SkipReason.collapsed: _("Ingen egen påminnelse: den ersattes av ett annat mejl i samma ärende."),
    SkipReason.past_due: _("Ingen påminnelse: svarsdagen hade redan passerat."),
    SkipReason.unsubscribed: _("Ingen påminnelse: personen har avstått från sammanfattningar."),
}

MOVE_WORDS: dict[Move, str] = {
    Move.not_workday: _("Flyttad: dagen är ingen arbetsdag."),
    Move.quiet_period: _("Flyttad till första arbetsdagen efter den tysta perioden."),
    Move.outside_window: _("Flyttad till nästa tid då vi skickar mejl."),
}


@dataclass(frozen=True, slots=True)
class Obligation:
    """The facts about what one assignment owes on one subject.

    `waiting`: the party is in waiting_on, or its slot is requested; if not, `answered` tells an answer from a turn that changed.
    `due`: the last day to answer or for papers, the day of the meeting or decision that is to be reported, 1 February.
    `requested_on`: when they were asked; a signature's ladder starts there, any other's earlier slots are part of the asking.
    `sent_slots`: the numbers that have a row already, sent or skipped for good. `last_mailed_on`: newest mail about this matter.
    """

    purpose: Purpose
    subject: str
    round: int
    assignment: str | None
    due: date | None = None
    due_firm: bool = False
    requested_on: date | None = None
    waiting: bool = True
    paused: bool = False
    closed: bool = False
    declined: bool = False
    assignment_ended: bool = False
    bounced: bool = False
    answered: bool = False
    last_mailed_on: date | None = None
    sent_slots: frozenset[int] = frozenset()
    unanswered: int = 0
    quiet_periods: tuple[QuietPeriod, ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """One rung of the ladder: the day it aimed at, the day it has after its moves, and where it stands today."""

    number: int
    planned: date
    nominal: date
    moves: tuple[Move, ...]
    status: Status
    reason: SkipReason | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the sweep does now: send one slot or none, note the skipped ones, and raise a call task or not.

    `call` stays true on later days: the task's key (`call_key`) makes it one.
    """

    send: Slot | None = None
    skipped: tuple[Slot, ...] = ()
    call: bool = False

    @property
    def reason(self) -> SkipReason | None:
        """Why nothing is sent although a slot's day has come."""
        return self.skipped[-1].reason if self.skipped and not self.send else None


@dataclass(frozen=True, slots=True)
class _Rung:
    """A slot before anything is known of today."""

    number: int
    nominal: date
    planned: date
    moves: tuple[Move, ...]
    latest: date | None


def plan(obligation: Obligation, policy: Policy, today: date) -> tuple[Slot, ...]:
    """Every slot of the ladder with its day and where it stands today; at most one is due.

    1. A slot that has its row is done. 2. A stop condition skips all the others. 3. A before-slot past its due is skipped.
    4. A slot from before the request, or older than the newest sent or due one, has collapsed into that mail.
    5. At the cap nothing more is sent. 6. What is left is due from its planned day on.
    """
    ladder = _ladder(obligation, policy)
    come = (rung.number for rung in ladder if rung.planned <= today and not _too_late(rung, today))
    newest = max((*obligation.sent_slots, *come), default=0)
    capped = obligation.unanswered >= policy.max_unanswered
    return tuple(_judged(rung, obligation, newest, capped, today) for rung in ladder)


def decide(obligation: Obligation, policy: Policy, today: date) -> Decision:
    """What to do today; nothing at all on a day when nobody is reminded, or when this matter was mailed today already.

    A slot from before the request is not noted: what became of it stands with what was asked before.
    """
    if next_sending_day(today, obligation.quiet_periods) != today:
        return Decision()
    slots = plan(obligation, policy, today)
    begun = obligation.requested_on or date.min
    skipped = tuple(slot for slot in slots if slot.status is Status.skipped and begun <= slot.planned <= today)
    if stop_reason(obligation):
        return Decision(skipped=skipped)
    if obligation.last_mailed_on == today:
        return Decision()
    due = next((slot for slot in slots if slot.status is Status.due), None)
    capped = any(slot.reason is SkipReason.cap_reached for slot in skipped)
    ladder = _rungs(obligation, policy)
    over = capped or _exhausted(slots, _last_day(obligation, ladder), today)
    return Decision(due, skipped, call=over and ladder.ends_in_call)


def next_look(obligation: Obligation, policy: Policy, today: date) -> date | None:
    """The first later day on which `decide` may say what it has not said by the end of today, None if never again.

    It holds as long as no fact changes; a reminder due today counts as not yet sent, for another mail may have gone before it.
    """
    opens = next_sending_day(today, obligation.quiet_periods)
    if opens != today:
        return opens
    slots, tomorrow = plan(obligation, policy, today), today + timedelta(days=1)
    noted = {slot.number for slot in decide(obligation, policy, today).skipped}
    begun = obligation.requested_on or date.min
    days = [s.planned for s in slots if s.status is not Status.done and s.number not in noted and s.planned >= begun]
    last = max((slot.planned for slot in slots), default=None)
    if last is not None and (over := max(last, _last_day(obligation, _rungs(obligation, policy)) or last)) >= today:
        days.append(over + timedelta(days=1))
    return min((max(day, tomorrow) for day in days), default=None)


def new_boards(today: date) -> date | None:
    """1 February of the year in which new boards took office after an election, in that year and the month before it."""
    year = (today + timedelta(days=31)).year
    return date(year, 2, 1) if (year - _ELECTION) % _TERM == 1 else None


def next_new_boards(today: date) -> date:
    """The next day on which `new_boards` begins to answer."""
    begins = date(today.year + (_ELECTION - today.year) % _TERM, 12, 1)
    return begins if begins > today else begins.replace(year=begins.year + _TERM)


def stop_reason(obligation: Obligation) -> SkipReason | None:
    """What stops every reminder of this obligation, the most final first."""
    checks = (
        (obligation.declined, SkipReason.declined),
        (obligation.closed, SkipReason.closed),
        (not obligation.waiting and obligation.answered, SkipReason.answered),
        (not obligation.waiting, SkipReason.turn_changed),
        (obligation.assignment is None, SkipReason.no_contact),
        (obligation.assignment_ended, SkipReason.assignment_ended),
        (obligation.paused, SkipReason.paused),
        (obligation.bounced, SkipReason.bounced),
    )
    return next((reason for stops, reason in checks if stops), None)


def slot_key(obligation: Obligation, number: int) -> str:
    """What makes one reminder unique for ever: never a date."""
    return f"{_identity(obligation)}:{number}"


def call_key(obligation: Obligation) -> str:
    """What makes the call task of an exhausted ladder one."""
    return f"call:{_identity(obligation)}"


def next_window(now: datetime, policy: Policy, quiet_periods: Sequence[QuietPeriod]) -> datetime:
    """The first instant, this one or later, when reminders may go out; a later one is the move `outside_window`."""
    opens, closes = policy.window
    late = now.astimezone(TZ).time() > closes
    day = next_sending_day(civil(now) + timedelta(days=late), quiet_periods)
    return max(now, at(day, opens))


def _identity(obligation: Obligation) -> str:
    return f"{obligation.purpose}:{obligation.subject}:{obligation.round}:{obligation.assignment or '-'}"


def _ladder(obligation: Obligation, policy: Policy) -> tuple[_Rung, ...]:
    return tuple(
        _Rung(number, nominal, *_moved(nominal, latest is not None, obligation.quiet_periods), latest)
        for number, (nominal, latest) in enumerate(_days(obligation, _rungs(obligation, policy)), start=1)
    )


def _rungs(obligation: Obligation, policy: Policy) -> Ladder:
    return LADDERS[obligation.purpose](policy, obligation.due_firm)


def _days(obligation: Obligation, ladder: Ladder) -> Iterator[tuple[date, date | None]]:
    """Days before the due, which must not be later than it, days after it, and workdays after the request."""
    if obligation.due is not None:
        for days in ladder.before:
            yield obligation.due - timedelta(days=days), obligation.due
        for days in ladder.after:
            yield obligation.due + timedelta(days=days), None
    if obligation.requested_on is not None:
        for workdays in ladder.workdays:
            yield add_workdays(obligation.requested_on, workdays), None


def _moved(nominal: date, backwards: bool, periods: Sequence[QuietPeriod]) -> tuple[date, tuple[Move, ...]]:
    """A free day moves back before a due and forward after it; a quiet day to the first workday after its period."""
    day, moves = nominal, list[Move]()
    if not quiet(day, periods) and not is_workday(day):
        day = previous_workday(day) if backwards else next_workday(day)
        moves.append(Move.not_workday)
    if quiet(day, periods):
        day = next_sending_day(day, periods)
        moves.append(Move.quiet_period)
    return day, tuple(moves)


def _too_late(rung: _Rung, today: date) -> bool:
    return rung.latest is not None and max(rung.planned, today) > rung.latest


def _judged(rung: _Rung, obligation: Obligation, newest: int, capped: bool, today: date) -> Slot:
    status = Status.due if rung.planned <= today else Status.future
    reason = None
    if rung.number in obligation.sent_slots:
        status = Status.done
    elif reason := _skip_reason(rung, obligation, newest, capped, today):
        status = Status.skipped
    return Slot(rung.number, rung.planned, rung.nominal, rung.moves, status, reason)


def _skip_reason(rung: _Rung, obligation: Obligation, newest: int, capped: bool, today: date) -> SkipReason | None:
    if stopped := stop_reason(obligation):
        return stopped
    if _too_late(rung, today):
        return SkipReason.past_due
    if rung.number < newest or (obligation.requested_on is not None and rung.planned <= obligation.requested_on):
        return SkipReason.collapsed
    return SkipReason.cap_reached if capped else None


def _last_day(obligation: Obligation, ladder: Ladder) -> date | None:
    """The due day, be it firm or desired; who was asked after it has a while of their own."""
    due, asked = obligation.due, obligation.requested_on
    return asked + timedelta(days=ladder.patience) if due and asked and ladder.patience and asked > due else due


def _exhausted(slots: Sequence[Slot], last: date | None, today: date) -> bool:
    """Nothing is left to send, the last slot's day is over, and so is the last day."""
    over = all(slot.status in (Status.done, Status.skipped) and slot.planned < today for slot in slots)
    return bool(slots) and over and (last is None or last < today)
