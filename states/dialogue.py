"""A round of dialogue and its meetings: their moves, and the rules of agenda, seats, absence, coverage and closing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from states.errors import Reason
from states.moves import Move, Rulebook, moves
from states.parties import NOBODY, STRATEGIST, OrganisationKind
from states.said import Said, _, ngettext

COMMENT_DAYS = 14
"""How long the notes are open for comments, the day they went out not counted."""


class State(StrEnum):
    """Where a round stands."""

    draft = "draft"
    invited = "invited"
    rsvp_closed = "rsvp_closed"
    held = "held"
    summarised = "summarised"
    closed = "closed"
    cancelled = "cancelled"


class Event(StrEnum):
    """What can happen to a round; a new time opens the answers again."""

    invite = "invite"
    close_rsvp = "close_rsvp"
    reschedule = "reschedule"
    hold = "hold"
    summarise = "summarise"
    close = "close"
    cancel = "cancel"


class Kind(StrEnum):
    """What a round is: the regional dialogue, one of a sector, a visit, the yearly forum, or a consultation in writing."""

    dialogue = "dialogue"
    sector = "sector"
    visit = "visit"
    forum = "forum"
    consultation = "consultation"


class MeetingStatus(StrEnum):
    """Where one meeting stands."""

    scheduled = "scheduled"
    held = "held"
    cancelled = "cancelled"


class MeetingEvent(StrEnum):
    """What can happen to a meeting."""

    reschedule = "reschedule"
    hold = "hold"
    cancel = "cancel"


class Reply(StrEnum):
    """What an invited person answers."""

    yes = "yes"
    remote = "remote"
    no = "no"


class FindingKind(StrEnum):
    """What a point made in a dialogue is about."""

    opportunity = "opportunity"
    obstacle = "obstacle"
    need = "need"
    priority = "priority"


class SizeClass(StrEnum):
    """A municipality by its people; the bounds are a choice of ours."""

    small = "small"
    medium = "medium"
    large = "large"
    largest = "largest"


OPEN = (State.invited, State.rsvp_closed)
"""The invitation is out and nothing has been held yet."""
NOTED = (State.held, State.summarised)
"""Findings and actions are written down and can still change."""

MOVES: tuple[Move[State, Event], ...] = (
    Move(Event.invite, State.draft, State.invited, STRATEGIST),
    Move(Event.close_rsvp, State.invited, State.rsvp_closed, NOBODY),
    *moves(Event.reschedule, OPEN, State.invited, STRATEGIST),
    Move(Event.hold, State.rsvp_closed, State.held, STRATEGIST),
    Move(Event.summarise, State.held, State.summarised, STRATEGIST),
    Move(Event.close, State.summarised, State.closed, STRATEGIST),
    *moves(Event.cancel, (State.draft, *OPEN), State.cancelled, STRATEGIST),
)
MEETING_MOVES: tuple[Move[MeetingStatus, MeetingEvent], ...] = (
    Move(MeetingEvent.reschedule, MeetingStatus.scheduled, MeetingStatus.scheduled, STRATEGIST),
    Move(MeetingEvent.hold, MeetingStatus.scheduled, MeetingStatus.held, STRATEGIST),
    Move(MeetingEvent.cancel, MeetingStatus.scheduled, MeetingStatus.cancelled, STRATEGIST),
)

RULEBOOK = Rulebook(State, State.draft, MOVES)
MEETING_RULEBOOK = Rulebook(MeetingStatus, MeetingStatus.scheduled, MEETING_MOVES)
advance = RULEBOOK.advance
advance_meeting = MEETING_RULEBOOK.advance

FIRST_POINT = "Vad hände efter förra mötet? Genomgång av åtgärder"
"""How the point about the actions of last time is called on an agenda; it is kept as text, like every other point."""

_REVIEW = 15
_SIZES = ((10_000, SizeClass.small), (30_000, SizeClass.medium), (100_000, SizeClass.large))


@dataclass(frozen=True, slots=True)
class Item:
    """One point of an agenda."""

    title: str
    minutes: int
    leader: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class Guest:
    """What is known of one invitation: whose it is, whether the assignment held that day, who came."""

    id: UUID
    organisation: UUID
    valid_that_day: bool = True
    present: bool = False
    substituted: bool = False


@dataclass(frozen=True, slots=True)
class Seat:
    """One answer as the list of seats sees it."""

    id: UUID
    reply: Reply | None
    replied_at: datetime | None


@dataclass(frozen=True, slots=True)
class Group:
    """What organisations are counted together by: their kind and, of municipalities, how big they are."""

    kind: OrganisationKind
    size: SizeClass | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of those who were invited took part."""

    present: int
    invited: int

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> Said:
        return _("{present} av {invited}", present=self.present, invited=self.invited)


@dataclass(frozen=True, slots=True)
class Point:
    """A finding as closing looks at it."""

    text: str
    linked: bool
    set_aside: bool


@dataclass(frozen=True, slots=True)
class Promise:
    """An action as closing and the next agenda look at it."""

    text: str
    owner: UUID | None
    due: date | None
    done: bool = False


def missing_in_agenda(starts_at: datetime, ends_at: datetime, agenda: Sequence[Item]) -> tuple[Reason, ...]:
    """Why an agenda cannot be sent: it has no points, or their minutes do not add up to the time of the meeting."""
    if not agenda:
        return (Reason("no-agenda", _("Dagordningen är tom.")),)
    time, planned = minutes(starts_at, ends_at), sum(item.minutes for item in agenda)
    if planned == time:
        return ()
    off = planned - time
    words = (
        _("Dagordningen är {off} minuter för lång. Mötet är {time} minuter.", off=off, time=time)
        if off > 0
        else _("Dagordningen är {off} minuter för kort. Mötet är {time} minuter.", off=-off, time=time)
    )
    return (Reason("minutes", words),)


def minutes(starts_at: datetime, ends_at: datetime) -> int:
    """How long a meeting really is, also over a change of clocks; both instants are aware."""
    return int((ends_at - starts_at) // timedelta(minutes=1))


def starts(starts_at: datetime, agenda: Iterable[Item]) -> list[datetime]:
    """When each point begins."""
    found, at = [], starts_at
    for item in agenda:
        found.append(at)
        at += timedelta(minutes=item.minutes)
    return found


def opening_with(agenda: Sequence[Item], promises: Iterable[Promise]) -> list[Item]:
    """The agenda once more, its first point about the actions of last time where there are any; its minutes stay the same.

    An agenda that has such a point keeps it, with new words. Otherwise its longest point gives up to a quarter of an hour, and
    never more than half of what it has.
    """
    words = "\n".join(f"{promise.text} ({'klart' if promise.done else 'inte klart'})" for promise in promises)
    if agenda and agenda[0].title == FIRST_POINT:
        return [replace(agenda[0], output=words), *agenda[1:]]
    longest = max((item.minutes for item in agenda), default=0)
    taken = min(_REVIEW, longest // 2) if words else 0
    if not taken:
        return list(agenda)
    giver = [item.minutes for item in agenda].index(longest)
    rest = [replace(item, minutes=item.minutes - taken) if n == giver else item for n, item in enumerate(agenda)]
    return [Item(FIRST_POINT, taken, output=words), *rest]


def waiting(seats: Iterable[Seat], capacity: int | None) -> frozenset[UUID]:
    """Who waits for a seat in the room: all who said yes after the last seat was taken, in the order they did so."""
    if capacity is None:
        return frozenset()
    coming = [(s.replied_at, s.id) for s in seats if s.reply is Reply.yes and s.replied_at is not None]
    return frozenset(one for _at, one in sorted(coming)[capacity:])


def absent(guests: Iterable[Guest]) -> frozenset[UUID]:
    """Invited, the assignment valid that day, neither present nor substituted (invariant 25)."""
    return frozenset(g.id for g in guests if g.valid_that_day and not g.present and not g.substituted)


def size_class(kind: OrganisationKind, people: int | None) -> SizeClass | None:
    """The class of a municipality whose population is known; nothing else has one."""
    if kind is not OrganisationKind.municipality or people is None:
        return None
    return next((size for bound, size in _SIZES if people < bound), SizeClass.largest)


def coverage(guests: Iterable[Guest], groups: Mapping[UUID, Group]) -> dict[Group, Coverage]:
    """Of the invited organisations of each group, how many had somebody there; an organisation counts once."""
    came: dict[UUID, bool] = {}
    for guest in guests:
        came[guest.organisation] = came.get(guest.organisation, False) or guest.present or guest.substituted
    counts: dict[Group, list[bool]] = {}
    for organisation, present in came.items():
        counts.setdefault(groups[organisation], []).append(present)
    return {group: Coverage(sum(those), len(those)) for group, those in counts.items()}


def total(parts: Iterable[Coverage]) -> Coverage:
    """Several groups together."""
    found = list(parts)
    return Coverage(sum(p.present for p in found), sum(p.invited for p in found))


def missing_to_close(points: Iterable[Point], promises: Iterable[Promise]) -> tuple[Reason, ...]:
    """Why a round cannot be closed: actions without owner or date, findings neither linked nor set aside."""
    loose = sum(not p.linked and not p.set_aside for p in points)
    found = list(promises)
    nobody, never = sum(p.owner is None for p in found), sum(p.due is None for p in found)
    reasons = (
        (nobody, "action-without-owner", ngettext("En åtgärd saknar ansvarig.", "{count} åtgärder saknar ansvarig.")),
        (never, "action-without-date", ngettext("En åtgärd saknar datum.", "{count} åtgärder saknar datum.")),
        (
            loose,
            "finding-loose",
            ngettext(
                "Ett inspel är varken kopplat eller lagt åt sidan med ett skäl.",
                "{count} inspel är varken kopplade eller lagda åt sidan med ett skäl.",
            ),
        ),
    )
    return tuple(Reason(code, words.filling(count=n)) for n, code, words in reasons if n)
