"""Inviting to a round: who would be asked, who not and why, and the invitation with its calendar file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases.dialogue_mail import key, post
from service.cases.dialogue_steps import note, step, within
from service.post.calendar import Method
from service.post.letters import LetterName
from service.store.contacts import Contact, contacts
from service.store.dialogue import agenda_of, invited, items, meetings_of, round_for
from service.store.tables import DialogueRound, Invitation, Meeting, Organisation
from states import dialogue as rule
from states.access import Operation
from states.calendar import civil
from states.dialogue import Event, Kind, MeetingStatus, State
from states.errors import Blocked, NotFound, Reason
from states.parties import Actor, OrganisationKind, Role
from states.said import _

GUESTS = frozenset({Role.main})


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom to ask: people with these roles for these organisations, narrowed to kinds and to a part of their title."""

    organisations: Sequence[UUID]
    roles: frozenset[Role] = GUESTS
    kinds: frozenset[OrganisationKind] = frozenset(OrganisationKind)
    title: str = ""


@dataclass(slots=True)
class Candidate:
    """One line of the preview: an organisation with the person who would be asked, or why nobody is."""

    organisation: Organisation
    contact: Contact | None
    why_not: Reason | None = None


def preview(
    session: Session, actor: Actor, now: datetime, round_id: UUID, choice: Choice, meeting_id: UUID | None = None
) -> list[Candidate]:
    """Who would be invited to a meeting (to the round, when it has none), who not and why; nothing is written."""
    row = round_for(session, actor, Operation.edit_dialogue, round_id)
    meeting = _meeting(session, row, meeting_id)
    chosen = session.exec(select(Organisation).where(col(Organisation.id).in_(list(choice.organisations))))
    asked = {one.assignment.id for one in invited(session, row.id, meeting.id if meeting else None)}
    found = list[Candidate]()
    for organisation in sorted(chosen, key=lambda o: o.name):
        found += _candidates(session, now, row, organisation, choice, asked)
    return found


def invite(
    session: Session,
    actor: Actor,
    now: datetime,
    round_id: UUID,
    choice: Choice,
    version: int | None = None,
    *,
    meeting_id: UUID | None = None,
) -> list[Invitation]:
    """Ask everybody the preview names: one invitation, one mail and one calendar file each.

    A draft becomes invited; until the answers close, more people can be asked.
    """
    row = round_for(session, actor, Operation.edit_dialogue, round_id, version)
    within(row, Event.invite, State.draft, State.invited)
    meeting = _meeting(session, row, meeting_id)
    asked = [c for c in preview(session, actor, now, round_id, choice, meeting_id) if c.contact]
    if reasons := missing(session, now, row, asked):
        raise Blocked(*reasons)
    rows = [_invitation(now, row, meeting, candidate) for candidate in asked]
    session.add_all(rows)
    if row.state is State.draft:
        step(session, actor, now, row, Event.invite, count=len(rows))
    else:
        note(session, actor, now, row, "dialogue_invite_more", count=len(rows))
    _tell(session, now, row, meeting, {made.id for made in rows})
    return rows


def missing(session: Session, now: datetime, row: DialogueRound, asked: Sequence[Candidate] = ()) -> tuple[Reason, ...]:
    """What must be there before invitations can go: a day for answers, a meeting, agendas that add up, somebody to ask."""
    meetings = [m for m in meetings_of(session, row.id) if m.state is MeetingStatus.scheduled]
    reasons = list(_answers_in_time(now, row, meetings))
    if row.kind is Kind.consultation and not row.questions:
        reasons.append(Reason("no-question", _("Skriv vad ni vill veta.")))
    if row.kind is not Kind.consultation and not meetings:
        reasons.append(Reason("no-meeting", _("Lägg till ett möte.")))
    for meeting in meetings:
        if meeting.starts_at <= now:
            reasons.append(Reason("meeting-passed", _("Mötet har redan börjat. Välj en senare tid.")))
        reasons += rule.missing_in_agenda(meeting.starts_at, meeting.ends_at, items(agenda_of(session, meeting.id)))
    if not asked:
        reasons.append(Reason("nobody", _("Välj minst en person att bjuda in.")))
    return tuple(reasons)


def _answers_in_time(now: datetime, row: DialogueRound, meetings: Sequence[Meeting]) -> tuple[Reason, ...]:
    if row.rsvp_due is None:
        return (Reason("no-rsvp-due", _("Ange när ni vill ha svar.")),)
    if row.rsvp_due < civil(now):
        return (Reason("rsvp-due-passed", _("Svarsdagen har redan passerat. Välj en senare dag.")),)
    if any(row.rsvp_due > civil(m.starts_at) for m in meetings):
        return (Reason("rsvp-after-meeting", _("Svarsdagen ligger efter mötet. Välj en tidigare dag.")),)
    return ()


def _candidates(
    session: Session, now: datetime, row: DialogueRound, organisation: Organisation, choice: Choice, asked: set[UUID]
) -> list[Candidate]:
    if organisation.kind not in choice.kinds:
        return [Candidate(organisation, None, Reason("other-kind", _("Hör inte till dem som bjuds in.")))]
    found = contacts(session, organisation.id, row.programme_id, civil(now), choice.roles)
    found = [c for c in found if choice.title.casefold() in c.assignment.title.casefold()]
    if not found:
        return [Candidate(organisation, None, Reason("nobody-with-role", _("Ingen har den rollen hos dem nu.")))]
    return [_candidate(organisation, contact, asked) for contact in found]


def _candidate(organisation: Organisation, contact: Contact, asked: set[UUID]) -> Candidate:
    if contact.assignment.id in asked:
        return Candidate(organisation, None, Reason("already", _("{name} är redan inbjuden.", name=contact.person.name)))
    if contact.assignment.bounced:
        words = _("Mejlen till {name} kommer inte fram.", name=contact.person.name)
        return Candidate(organisation, None, Reason("bounced", words))
    return Candidate(organisation, contact)


def _invitation(now: datetime, row: DialogueRound, meeting: Meeting | None, candidate: Candidate) -> Invitation:
    assert candidate.contact is not None
    return Invitation(
        round_id=row.id,
        meeting_id=meeting.id if meeting else None,
        assignment_id=candidate.contact.assignment.id,
        organisation_id=candidate.organisation.id,
        asked_at=now,
    )


def _meeting(session: Session, row: DialogueRound, meeting_id: UUID | None) -> Meeting | None:
    """The meeting that is named, or the first that is still to be held; none for a consultation."""
    meetings = [m for m in meetings_of(session, row.id) if m.state is MeetingStatus.scheduled]
    if meeting_id is None:
        return meetings[0] if meetings else None
    found = next((m for m in meetings if m.id == meeting_id), None)
    if found is None:
        raise NotFound
    return found


def _tell(session: Session, now: datetime, row: DialogueRound, meeting: Meeting | None, new: set[UUID]) -> None:
    letters = post(session, now, row, meeting)
    name = LetterName.dialogue_invitation if meeting else LetterName.consultation
    for one in invited(session, row.id, meeting.id if meeting else None):
        if one.row.id in new:
            letters.tell(name, one, key(name, one.row.id), Method.request if meeting else None)
