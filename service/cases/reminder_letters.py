"""The words of a reminder: one matter has its own letter, several come as a list; each leads to the page where it is done."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from service.cases.dialogue_mail import post
from service.cases.letter_texts import own_letters
from service.cases.mail import counterpart, in_full, period
from service.cases.owed import Owed
from service.cases.owed_replies import Matter, OwedReply
from service.post.letters import Letter, LetterName, render
from service.store.contacts import Contact, contacts
from service.store.tables import Organisation
from states.calendar import civil
from states.parties import STRATEGIST
from states.reminders import Purpose

REMINDERS = (
    LetterName.reminder_before,
    LetterName.reminder_after,
    LetterName.reminder_papers,
    LetterName.reminder_outcome,
    LetterName.reminder_signature,
    LetterName.reminder_report_back,
    LetterName.reminder_confirm_contact,
    LetterName.reminder_several,
    LetterName.dialogue_reminder,
    LetterName.consultation_reminder,
)

_LETTERS = {
    Purpose.papers: LetterName.reminder_papers,
    Purpose.outcome: LetterName.reminder_outcome,
    Purpose.signature: LetterName.reminder_signature,
    Purpose.report_back: LetterName.reminder_report_back,
    Purpose.confirm_contact: LetterName.reminder_confirm_contact,
}
"""The letter of each purpose; an answer has two, one before its due and one after."""


@dataclass(frozen=True, slots=True)
class Written:
    """One mail as it will be read, with the page its link leads to."""

    name: LetterName
    letter: Letter
    path: str


@dataclass(slots=True)
class Writer:
    """Writes the letters of one day; who signs for each region, and in which words, is looked up once."""

    session: Session
    now: datetime
    senders: dict[tuple[UUID, UUID | None], dict[str, str]] = field(default_factory=dict)
    worded: dict[UUID, dict[LetterName, Letter]] = field(default_factory=dict)

    def write(self, matters: Sequence[Matter], contact: Contact) -> Written:
        """One letter about everything that one person is reminded of."""
        first, *more = matters
        if isinstance(first, OwedReply) and not more:
            return self._about_invitation(first)
        facts = {**self._sender(first.region_id, first.programme_id), "namn": contact.person.name}
        if isinstance(first, Owed) and not more:
            return self._about_agreement(first, facts)
        listed = "\n".join(f"– {_in_a_list(matter, civil(self.now))}" for matter in matters)
        facts |= {"antal": str(len(matters)), "omraden": listed}
        return self._written(first.region_id, LetterName.reminder_several, facts, "/")

    def _about_invitation(self, matter: OwedReply) -> Written:
        letters = post(self.session, self.now, matter.round, matter.meeting)
        name = LetterName.dialogue_reminder if matter.meeting else LetterName.consultation_reminder
        return Written(name, letters.letter(name, matter.invited), letters.path)

    def _about_agreement(self, matter: Owed, facts: dict[str, str]) -> Written:
        facts |= {
            "part": matter.party.organisation.name,
            "motpart": counterpart(matter.standing, matter.party),
            "titel": matter.title,
            "svarsdatum": in_full(matter.agreement.due if matter.step is None else matter.step.papers_due),
            "namnd": matter.step.body if matter.step else "",
            "motesdag": in_full((matter.step.decided_on or matter.step.meeting_on) if matter.step else None),
            "kvar": str(matter.left),
            "antal": str(len(matter.standing.clauses)),
        }
        late = matter.agreement.due is not None and matter.agreement.due < civil(self.now)
        name = _LETTERS.get(matter.obligation.purpose, LetterName.reminder_after if late else LetterName.reminder_before)
        return self._written(matter.region_id, name, facts, _path(matter))

    def _written(self, region: UUID, name: LetterName, facts: dict[str, str], path: str) -> Written:
        """In the region's own words where it has worded the letter itself."""
        if region not in self.worded:
            self.worded[region] = own_letters(self.session, region)
        return Written(name, render(name, facts, self.worded[region]), path)

    def _sender(self, region_id: UUID, programme: UUID | None) -> dict[str, str]:
        """The strategist who stands under the letter."""
        key = (region_id, programme)
        if key not in self.senders:
            region = self.session.get_one(Organisation, region_id)
            found = contacts(self.session, *key, civil(self.now), STRATEGIST)
            person = found[0].person if found else None
            self.senders[key] = {
                "avsandare": f"{person.name}, {region.name}" if person else region.name,
                "telefon": (person.phone or person.email) if person else region.registry_email,
            }
        return self.senders[key]


def _path(matter: Owed) -> str:
    """The page where it is done."""
    if matter.obligation.purpose is Purpose.confirm_contact:
        return "/min-kommun/kontakter"
    path = f"/overenskommelser/{matter.agreement.id}"
    return path if matter.obligation.purpose is Purpose.answer else f"{path}/beslut"


def _in_a_list(matter: Matter, today: date) -> str:
    if isinstance(matter, OwedReply):
        asked = f"om du kommer till {matter.round.title}" if matter.meeting else f"på remissen {matter.round.title}"
        return f"Svara {asked}, senast {in_full(matter.round.rsvp_due)}."
    others, board = counterpart(matter.standing, matter.party), matter.step.body if matter.step else ""
    sentences = {
        Purpose.answer: f"Svara om överenskommelsen med {others} för {period(matter.agreement)}. {_last_day(matter, today)}",
        Purpose.papers: f"Skicka handlingarna till {board}, senast {in_full(matter.obligation.due)}.",
        Purpose.outcome: f"Skriv in vad {board} beslutade {in_full(matter.obligation.due)}.",
        Purpose.signature: f"Skriv under överenskommelsen med {others}.",
        Purpose.report_back: f"Anmäl delegationsbeslutet från {in_full(matter.obligation.due)} till nämnden.",
        Purpose.confirm_contact: f"Bekräfta att du är kontaktperson för {matter.party.organisation.name}.",
    }
    return sentences[matter.obligation.purpose]


def _last_day(matter: Owed, today: date) -> str:
    due = matter.agreement.due
    return f"Svarsdagen {'var' if due and due < today else 'är'} {in_full(due)}."
