"""Answering an invitation: in the room, from afar, through a colleague or not at all; who has no seat waits in order."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from service.cases.dialogue_guest import let_go, let_in
from service.cases.dialogue_mail import Post, key, post
from service.cases.dialogue_steps import within
from service.cases.wording import line
from service.post.calendar import Method
from service.post.letters import LetterName
from service.store import history
from service.store.dialogue import Invited, invitation_for, invited
from service.store.tables import DialogueRound, Invitation, Meeting
from states import dialogue as rule
from states.access import Operation
from states.calendar import civil
from states.dialogue import MeetingStatus, Reply, State
from states.errors import FieldError, Invalid, NotAllowed, Stale
from states.parties import STRATEGIST, Actor


@dataclass(frozen=True, slots=True)
class Answer:
    """What the invited person says; a substitute comes in their place."""

    reply: Reply
    substitute_name: str = ""
    substitute_email: str = ""


def reply(
    session: Session, actor: Actor, now: datetime, invitation_id: UUID, answer: Answer, version: int | None = None
) -> Invitation:
    """Keep the answer; a changed one counts from now, the same one keeps its place in the line.

    After the answers are closed only the region writes them down. A substitute gets the time by mail, and is told when it is off.
    """
    row, invitation = invitation_for(session, actor, Operation.reply_dialogue, invitation_id)
    states = (State.invited, State.rsvp_closed) if actor.role in STRATEGIST else (State.invited,)
    within(row, "reply", *states)
    if version is not None and invitation.version != version:
        raise Stale
    meeting = session.get(Meeting, invitation.meeting_id) if invitation.meeting_id else None
    if meeting is None or meeting.state is not MeetingStatus.scheduled:
        raise NotAllowed("reply", meeting.state if meeting else row.kind)
    answer = _checked(meeting, answer)
    letters, mine = post(session, now, row, meeting), _one(session, row, meeting, invitation)
    _tell_former_substitute(letters, mine, answer)
    if invitation.reply is not answer.reply:
        invitation.reply, invitation.replied_at = answer.reply, now
    invitation.substitute_name, invitation.substitute_email = answer.substitute_name, answer.substitute_email
    invitation.version += 1
    session.add(invitation)
    _write(session, actor, now, row, invitation)
    if not answer.substitute_email:
        let_go(session, actor, now, invitation)
    else:
        guest = let_in(session, actor, now, row, invitation, civil(meeting.starts_at))
        occasion = key(LetterName.dialogue_substitute, invitation.id, invitation.version)
        letters.tell_substitute(LetterName.dialogue_substitute, mine, occasion, Method.request, guest)
    seat(session, letters, row, meeting)
    return invitation


def seat(session: Session, letters: Post, row: DialogueRound, meeting: Meeting) -> None:
    """Give the seats out anew: who gets one that became free is told."""
    session.flush()
    guests = invited(session, row.id, meeting.id)
    waits = rule.waiting([one.seat() for one in guests], meeting.capacity)
    for one in guests:
        if one.row.waiting and one.row.id not in waits and one.row.reply is Reply.yes:
            letters.tell(LetterName.dialogue_seat, one, key(LetterName.dialogue_seat, one.row.id, one.row.version))
        if one.row.waiting != (one.row.id in waits):
            one.row.waiting = one.row.id in waits
            one.row.version += 1
            session.add(one.row)
    session.flush()


def _checked(meeting: Meeting, answer: Answer) -> Answer:
    if answer.reply is Reply.remote and not meeting.remote:
        raise Invalid(FieldError("reply", "not-remote", "Det går inte att delta på distans i det här mötet."))
    name = line(answer.substitute_name, "substitute_name")
    email = line(answer.substitute_email, "substitute_email").lower()
    if bool(name) != bool(email):
        field = "substitute_email" if name else "substitute_name"
        raise Invalid(FieldError(field, "missing", "Ange både namn och e-postadress för den som kommer i stället."))
    if email and ("@" not in email[1:-1] or " " in email):
        raise Invalid(FieldError("substitute_email", "address", "Skriv en e-postadress, till exempel namn@kommun.se."))
    if name and answer.reply is Reply.no:
        raise Invalid(FieldError("reply", "substitute", "Kommer en kollega i stället? Svara att ni kommer."))
    return Answer(answer.reply, name, email)


def _one(session: Session, row: DialogueRound, meeting: Meeting, invitation: Invitation) -> Invited:
    return next(one for one in invited(session, row.id, meeting.id) if one.row.id == invitation.id)


def _tell_former_substitute(letters: Post, mine: Invited, answer: Answer) -> None:
    if mine.row.substitute_email and mine.row.substitute_email != answer.substitute_email:
        occasion = key(LetterName.dialogue_substitute_off, mine.row.id, mine.row.version)
        letters.tell_substitute(LetterName.dialogue_substitute_off, mine, occasion, Method.cancel)


def _write(session: Session, actor: Actor, now: datetime, row: DialogueRound, invitation: Invitation) -> None:
    history.append(
        session,
        actor,
        now,
        "dialogue_reply",
        version=invitation.version,
        round=str(row.id),
        title=row.title,
        invitation=str(invitation.id),
        reply=str(invitation.reply),
        substitute=bool(invitation.substitute_name),
    )
