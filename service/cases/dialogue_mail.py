"""The mails of a round: letters with the time in words and, where it is settled or off, the calendar file that says the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from service.cases.letter_texts import own_letters
from service.cases.mail import in_full
from service.post.calendar import Appointment, Method, write
from service.post.letters import Letter, LetterName, render
from service.store import outbox
from service.store.contacts import contacts
from service.store.dialogue import Invited, agenda_of, items
from service.store.tables import ContactAssignment, DialogueRound, Meeting, Message, Organisation, RoundMessage
from states import dialogue as rule
from states.calendar import TZ, civil
from states.parties import STRATEGIST
from states.said import _


@dataclass(frozen=True, slots=True)
class Sender:
    """Who stands under the letters of a round, and whose meeting it is in the calendars."""

    name: str
    email: str
    phone: str

    def facts(self) -> dict[str, str]:
        return {"avsandare": self.name, "telefon": self.phone or self.email}


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A kept file that goes along."""

    name: str
    media_type: str
    sha256: str


@dataclass(slots=True)
class Post:
    """The letters of one occasion about one round: looked up once, written to many."""

    session: Session
    now: datetime
    round: DialogueRound
    meeting: Meeting | None
    sender: Sender
    facts: Mapping[str, str]

    @property
    def path(self) -> str:
        """The page where the letters lead."""
        return f"/dialoger/{self.round.id}"

    def letter(self, name: LetterName, to: Invited, **facts: str) -> Letter:
        """What the invited person reads."""
        return self._letter(name, to.person.name, to, facts)

    def tell(
        self, name: LetterName, to: Invited, key: str, method: Method | None = None, file: Enclosed | None = None, **facts: str
    ) -> bool:
        """To the invited person, with a personal link; whether the letter is new."""
        letter = self.letter(name, to, **facts)
        message = outbox.queue(
            self.session,
            self.now,
            key=key,
            purpose=name.value,
            subject=letter.subject,
            body=letter.body,
            recipient=to.person.email,
            recipient_name=to.person.name,
            assignment=to.assignment,
            link_path=self.path,
        )
        self._beside(message, (to.person.name, to.person.email), method, file)
        return message is not None

    def tell_substitute(
        self,
        name: LetterName,
        to: Invited,
        key: str,
        method: Method | None,
        guest: ContactAssignment | None = None,
        file: Enclosed | None = None,
        **facts: str,
    ) -> None:
        """To the colleague who comes instead, with a link of their own; `guest` is None when they come no longer."""
        who = (to.row.substitute_name, to.row.substitute_email)
        letter = self._letter(name, who[0], to, facts)
        message = outbox.queue(
            self.session,
            self.now,
            key=key,
            purpose=name.value,
            subject=letter.subject,
            body=letter.body,
            recipient=who[1],
            recipient_name=who[0],
            assignment=guest,
            link_path=f"/dialoger/{self.round.id}" if guest else None,
        )
        self._beside(message, who, method, file)

    def _letter(self, name: LetterName, reader: str, to: Invited, facts: Mapping[str, str]) -> Letter:
        known = {**self.facts, "namn": reader, "part": to.organisation.name, **facts}
        return render(name, known, own_letters(self.session, self.round.region_id))

    def _beside(
        self, message: Message | None, attendee: tuple[str, str], method: Method | None, file: Enclosed | None = None
    ) -> None:
        if message is None:
            return
        text = write(self.appointment(attendee), method) if method and self.meeting else ""
        self.session.add(
            RoundMessage(
                message_id=message.id,
                round_id=self.round.id,
                calendar=text,
                calendar_method=method.value if method and text else "",
                file_name=file.name if file else "",
                media_type=file.media_type if file else "",
                file_sha256=file.sha256 if file else "",
            )
        )

    def appointment(self, attendee: tuple[str, str]) -> Appointment:
        """The meeting as the calendar of one person shall know it."""
        meeting = self.meeting
        assert meeting is not None
        return Appointment(
            uid=meeting.ics_uid,
            sequence=meeting.sequence,
            written_at=self.now,
            starts_at=meeting.starts_at,
            ends_at=meeting.ends_at,
            title=self.round.title,
            place=self.facts["plats"],
            description=self.facts["dagordning"],
            organiser=(self.sender.name, self.sender.email),
            attendee=attendee,
        )


def post(session: Session, now: datetime, row: DialogueRound, meeting: Meeting | None = None) -> Post:
    """What the letters of a round have in common, as it stands now."""
    sender = sender_of(session, now, row)
    facts = {
        **sender.facts(),
        "dialog": row.title,
        "svarsdatum": in_full(row.rsvp_due),
        "datum": in_full(civil(meeting.starts_at)) if meeting else "",
        "tid": clock(meeting) if meeting else "",
        "plats": where(meeting) if meeting else "",
        "dagordning": written_agenda(session, meeting) if meeting else "\n".join(f"– {q}" for q in row.questions),
    }
    return Post(session, now, row, meeting, sender, facts)


def sender_of(session: Session, now: datetime, row: DialogueRound) -> Sender:
    """The region's strategist, or its official address when it has none."""
    region = session.get_one(Organisation, row.region_id)
    found = contacts(session, region.id, row.programme_id, civil(now), STRATEGIST)
    if not found:
        return Sender(region.name, region.registry_email, "")
    person = found[0].person
    return Sender(f"{person.name}, {region.name}", person.email, person.phone)


def written_agenda(session: Session, meeting: Meeting) -> str:
    """The agenda as lines: when, what, how long, who leads."""
    agenda = items(agenda_of(session, meeting.id))
    return "\n".join(
        f"{at.astimezone(TZ):%H.%M} {item.title} ({item.minutes} min{f', {item.leader}' if item.leader else ''})"
        for at, item in zip(rule.starts(meeting.starts_at, agenda), agenda, strict=True)
    )


def where(meeting: Meeting) -> str:
    """Where people meet, in words."""
    if not meeting.remote:
        return meeting.place
    return _("{place} eller på distans", place=meeting.place) if meeting.place else _("På distans")


def clock(meeting: Meeting) -> str:
    return f"{meeting.starts_at.astimezone(TZ):%H.%M}–{meeting.ends_at.astimezone(TZ):%H.%M}"


def key(name: LetterName, subject: UUID, *occasion: object) -> str:
    """What makes one letter about an invitation one: never a date."""
    return ":".join(map(str, (name.value, subject, *occasion)))
