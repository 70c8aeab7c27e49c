"""Rounds of dialogue: series, rounds, meetings with agenda, invitations and attendance, and what came of them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from service.store.columns import Instant, Row, choice, new_id, partial_index
from states.dialogue import FindingKind, Kind, MeetingStatus, Reply, State
from states.rhythm import Every


class PopulationFigure(Row, table=True):
    """How many people an organisation's territory had on a day; size classes follow from the newest one before a meeting."""

    __table_args__ = (UniqueConstraint("organisation_id", "day"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation_id: UUID = Field(foreign_key="organisation.id")
    day: date
    people: int


class DialogueSeries(Row, table=True):
    """Dialogues that come back; the rhythm (every, week, weekday, month) only proposes dates. `groups`: who meets."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    region_id: UUID = Field(foreign_key="organisation.id", index=True)
    programme_id: UUID | None = Field(default=None, foreign_key="programme.id")
    name: str
    kind: Kind = Field(sa_type=choice(Kind))
    groups: list[str] = Field(default_factory=list, sa_type=JSON)
    every: Every | None = Field(default=None, sa_type=choice(Every))
    week: int = 1
    weekday: int = 3
    month: int | None = None
    ended_on: date | None = None
    version: int = 1


class DialogueRound(Row, table=True):
    """One round, with one or more meetings; a consultation has none. `comments_until` is set when the notes go out."""

    __table_args__ = (Index("ix_dialogue_round_region_state", "region_id", "state"), UniqueConstraint("series_id", "number"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    region_id: UUID = Field(foreign_key="organisation.id")
    programme_id: UUID | None = Field(default=None, foreign_key="programme.id", index=True)
    series_id: UUID | None = Field(default=None, foreign_key="dialogue_series.id")
    number: int | None = None
    kind: Kind = Field(sa_type=choice(Kind))
    title: str
    questions: list[str] = Field(default_factory=list, sa_type=JSON)
    sector: str = ""
    state: State = Field(default=State.draft, sa_type=choice(State))
    rsvp_due: date | None = None
    rsvp_round: int = 1
    notes: str = ""
    summarised_at: datetime | None = Field(default=None, sa_type=Instant)
    comments_until: date | None = None
    ended_reason: str = ""
    created_at: datetime = Field(sa_type=Instant)
    version: int = 1


class Meeting(Row, table=True):
    """One meeting; `ics_uid` never changes, `sequence` is one more for each change that calendars must hear of."""

    __table_args__ = (CheckConstraint("starts_at < ends_at", name="starts_before_it_ends"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    round_id: UUID = Field(foreign_key="dialogue_round.id", index=True)
    starts_at: datetime = Field(sa_type=Instant)
    ends_at: datetime = Field(sa_type=Instant)
    place: str = ""
    remote: bool = False
    capacity: int | None = None
    ics_uid: str = Field(unique=True)
    sequence: int = 0
    state: MeetingStatus = Field(default=MeetingStatus.scheduled, sa_type=choice(MeetingStatus))
    version: int = 1


class AgendaItem(Row, table=True):
    """One point of a meeting's agenda: how long, who leads, what shall come out of it."""

    __table_args__ = (UniqueConstraint("meeting_id", "position"), CheckConstraint("minutes > 0", name="takes_time"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    meeting_id: UUID = Field(foreign_key="meeting.id")
    position: int
    title: str
    minutes: int
    leader: str = ""
    output: str = ""


class Invitation(Row, table=True):
    """One assignment invited to a meeting (to the whole round, when it is a consultation), with its latest answer.

    `asked_at` is the latest asking: the invitation, or a new time. `waiting`: they come if a seat in the room becomes free.
    """

    __table_args__ = (
        partial_index("uq_invitation_meeting", "meeting_id", "assignment_id", where="meeting_id IS NOT NULL", unique=True),
        partial_index("uq_invitation_round", "round_id", "assignment_id", where="meeting_id IS NULL", unique=True),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    round_id: UUID = Field(foreign_key="dialogue_round.id", index=True)
    meeting_id: UUID | None = Field(default=None, foreign_key="meeting.id")
    assignment_id: UUID = Field(foreign_key="contact_assignment.id", index=True)
    organisation_id: UUID = Field(foreign_key="organisation.id")
    reply: Reply | None = Field(default=None, sa_type=choice(Reply))
    replied_at: datetime | None = Field(default=None, sa_type=Instant)
    substitute_name: str = ""
    substitute_email: str = ""
    waiting: bool = False
    asked_at: datetime = Field(sa_type=Instant)
    version: int = 1


class Substitution(Row, table=True):
    """The colleague who comes instead, with an assignment of their own that opens this round and nothing else."""

    invitation_id: UUID = Field(foreign_key="invitation.id", primary_key=True)
    assignment_id: UUID = Field(foreign_key="contact_assignment.id", unique=True)


class Attendance(Row, table=True):
    """Who came to a meeting: the invited person or their substitute. Nobody is written down as absent; that is derived."""

    invitation_id: UUID = Field(foreign_key="invitation.id", primary_key=True)
    substitute: str = ""
    remote: bool = False
    noted_at: datetime = Field(sa_type=Instant)


class ConsultationAnswer(Row, table=True):
    """What one organisation answered to a consultation, as text or as a kept file; a later one replaces nothing."""

    __table_args__ = (UniqueConstraint("round_id", "organisation_id", "seq"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    round_id: UUID = Field(foreign_key="dialogue_round.id")
    organisation_id: UUID = Field(foreign_key="organisation.id")
    seq: int = 1
    text: str = ""
    file_name: str = ""
    media_type: str = ""
    file_sha256: str = Field(default="", max_length=64)
    case_number: str = ""
    at: datetime = Field(sa_type=Instant)
    by_id: UUID | None = Field(default=None, foreign_key="contact_assignment.id")


class Finding(Row, table=True):
    """A point somebody made: linked to areas of the catalogue, or set aside with a reason."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    round_id: UUID = Field(foreign_key="dialogue_round.id", index=True)
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    answer_id: UUID | None = Field(default=None, foreign_key="consultation_answer.id")
    kind: FindingKind = Field(sa_type=choice(FindingKind))
    text: str
    set_aside_reason: str = ""
    at: datetime = Field(sa_type=Instant)
    version: int = 1


class FindingArea(Row, table=True):
    """A finding is behind an area of the catalogue."""

    finding_id: UUID = Field(foreign_key="finding.id", primary_key=True)
    area_id: UUID = Field(foreign_key="cooperation_area.id", primary_key=True, index=True)


class ActionItem(Row, table=True):
    """What somebody promised: one owner and a date, before the round can be closed."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    round_id: UUID = Field(foreign_key="dialogue_round.id", index=True)
    text: str
    owner_id: UUID | None = Field(default=None, foreign_key="contact_assignment.id", index=True)
    due: date | None = None
    done_at: datetime | None = Field(default=None, sa_type=Instant)
    outcome: str = ""
    version: int = 1


class RoundComment(Row, table=True):
    """What an invited person said about the notes while they were open for comments."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    round_id: UUID = Field(foreign_key="dialogue_round.id", index=True)
    assignment_id: UUID = Field(foreign_key="contact_assignment.id")
    text: str
    at: datetime = Field(sa_type=Instant)


class RoundMessage(Row, table=True):
    """What a mail about a round has beyond the letter: its round, the calendar file of a settled or cancelled time, the notes."""

    message_id: UUID = Field(foreign_key="message.id", primary_key=True)
    round_id: UUID = Field(foreign_key="dialogue_round.id", index=True)
    calendar: str = ""
    calendar_method: str = Field(default="", max_length=10)
    file_name: str = ""
    media_type: str = ""
    file_sha256: str = Field(default="", max_length=64)
