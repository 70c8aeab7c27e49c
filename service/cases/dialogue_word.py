"""The notes of a round as a Word file: made from what is written down, for the region and for everybody who was invited."""

from uuid import UUID

from sqlmodel import Session

from documents.notes import NotesFacts, Sitting, render
from service.cases.dialogue_hold import turnout
from service.cases.dialogue_mail import clock, where
from service.cases.documents import WORD, File
from service.cases.mail import in_full
from service.store.dialogue import (
    Invited,
    actions_of,
    agenda_of,
    area_titles,
    findings_of,
    items,
    linked,
    meetings_of,
)
from service.store.dialogues import seen
from service.store.tables import ContactAssignment, DialogueRound, Meeting, Organisation
from states import dialogue as rule
from states.calendar import TZ, civil
from states.dialogue import MeetingStatus, State
from states.errors import NotFound
from states.labels import label
from states.parties import Actor

_SENT = (State.summarised, State.closed)


def notes_file(session: Session, actor: Actor, round_id: UUID) -> File:
    """The Word file; the region has it from the meeting on, the invited when the notes have gone out."""
    return word_file(session, _readable(session, actor, round_id))


def word_file(session: Session, row: DialogueRound) -> File:
    """The notes as they stand."""
    facts = notes_facts(session, row)
    return File(f"Anteckningar {row.title}.docx", WORD, render(facts, row.summarised_at or row.created_at))


def notes_facts(session: Session, row: DialogueRound) -> NotesFacts:
    """What stands in the notes: organisations, not the people who came; of people only who answers for an action."""
    findings = findings_of(session, row.id)
    areas = linked(session, findings)
    titles = area_titles(session, {area for those in areas.values() for area in those})
    held = [m for m in meetings_of(session, row.id) if m.state is MeetingStatus.held]
    return NotesFacts(
        reference=str(row.id),
        title=row.title,
        region=session.get_one(Organisation, row.region_id).name,
        kind=label(row.kind),
        sittings=[_sitting(session, meeting) for meeting in held],
        questions=row.questions,
        text=row.notes,
        findings=[(label(f.kind), f.text, _leads_to([titles[a] for a in areas[f.id]], f.set_aside_reason)) for f in findings],
        actions=[(a.text, _owner(session, a.owner_id), in_full(a.due)) for a in actions_of(session, row.id)],
        comments_until=in_full(row.comments_until),
    )


def _readable(session: Session, actor: Actor, round_id: UUID) -> DialogueRound:
    row, of_region = seen(session, actor, round_id)
    if row.state not in _SENT and not (of_region and row.state in rule.NOTED):
        raise NotFound
    return row


def _sitting(session: Session, meeting: Meeting) -> Sitting:
    there, agenda = turnout(session, meeting), items(agenda_of(session, meeting.id))
    times = [f"{at.astimezone(TZ):%H.%M}" for at in rule.starts(meeting.starts_at, agenda)]
    day = in_full(civil(meeting.starts_at))
    return Sitting(
        when=f"{day[:1].upper()}{day[1:]}, klockan {clock(meeting)}",
        where=where(meeting),
        agenda=[(time, item.title, item.leader) for time, item in zip(times, agenda, strict=True)],
        present=_organisations(there.present),
        absent=_organisations(there.absent),
        coverage=there.total.words,
    )


def _organisations(guests: list[Invited]) -> list[str]:
    return list(dict.fromkeys(one.organisation.name for one in guests))


def _leads_to(areas: list[str], set_aside: str) -> str:
    if areas:
        return ", ".join(areas)
    return f"Lagt åt sidan: {set_aside}" if set_aside else "Inte bestämt"


def _owner(session: Session, assignment_id: UUID | None) -> str:
    """Who answers for an action: the organisation, and the person's title there."""
    if assignment_id is None:
        return ""
    assignment = session.get_one(ContactAssignment, assignment_id)
    name = session.get_one(Organisation, assignment.organisation_id).name
    return f"{assignment.title}, {name}" if assignment.title else name
