"""The end of a round: notes to all who were invited, two weeks for comments, and closing when everything has its place."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from service.cases.dialogue_guest import guest_of
from service.cases.dialogue_mail import Enclosed, key, post
from service.cases.dialogue_steps import note, step, within
from service.cases.dialogue_word import word_file
from service.cases.mail import in_full
from service.cases.wording import long_text, reason
from service.post.letters import LetterName
from service.store.dialogue import actions_of, findings_of, invitations_of, invited, linked, round_for
from service.store.files import Files
from service.store.tables import DialogueRound, RoundComment
from states import dialogue as rule
from states.access import Operation, Relation, require
from states.calendar import civil
from states.dialogue import COMMENT_DAYS, Event, State
from states.errors import Blocked, NotFound, Reason
from states.labels import label
from states.parties import Actor
from states.said import _

NOTES_MAX = 20_000


def summarise(
    session: Session, files: Files, actor: Actor, now: datetime, round_id: UUID, notes: str, version: int | None = None
) -> DialogueRound:
    """Send the notes to everybody who was invited, absent or not, as mail and as a Word file; comments are open for two weeks.

    The file is kept before the commit: under its own hash, it does no harm if the commit fails.
    """
    row = round_for(session, actor, Operation.edit_dialogue, round_id, version)
    rule.RULEBOOK.find(Event.summarise, row.state)
    row.notes = long_text(notes, "notes", NOTES_MAX, missing="Skriv vad ni kom fram till.")
    row.summarised_at = now
    row.comments_until = civil(now) + timedelta(days=COMMENT_DAYS)
    step(session, actor, now, row, Event.summarise, comments_until=str(row.comments_until))
    letters, until, text = post(session, now, row), in_full(row.comments_until), written(session, row)
    made = word_file(session, row)
    enclosed, told = Enclosed(made.name, made.media_type, files.put(made.data)), set[UUID]()
    for one in invited(session, row.id):
        if one.assignment.id not in told:
            told.add(one.assignment.id)
            occasion = key(LetterName.dialogue_notes, row.id, one.assignment.id)
            letters.tell(LetterName.dialogue_notes, one, occasion, None, enclosed, svarsdatum=until, omraden=text)
        if guest := guest_of(session, one.row):
            occasion = key(LetterName.dialogue_notes, row.id, guest.id)
            letters.tell_substitute(
                LetterName.dialogue_notes, one, occasion, None, guest, enclosed, svarsdatum=until, omraden=text
            )
    return row


def comment(session: Session, actor: Actor, now: datetime, round_id: UUID, text: str) -> RoundComment:
    """What an invited person says about the notes, through the last day for comments."""
    row = session.get(DialogueRound, round_id, with_for_update=True, populate_existing=True)
    if row is None or actor.assignment is None or not invitations_of(session, actor, round_id):
        raise NotFound
    require(Operation.reply_dialogue, actor.role, Relation.own)
    within(row, "comment", State.summarised)
    if row.comments_until is not None and civil(now) > row.comments_until:
        raise Blocked(Reason("comments-over", _("Tiden för synpunkter har gått ut.")))
    said = RoundComment(
        round_id=row.id, assignment_id=actor.assignment, text=reason(text, field="text", missing="Skriv din synpunkt."), at=now
    )
    session.add(said)
    note(session, actor, now, row, "dialogue_comment", comment=str(said.id))
    return said


def close(session: Session, actor: Actor, now: datetime, round_id: UUID, version: int | None = None) -> DialogueRound:
    """Close the round when the comments are over, each action has owner and date, and each point is linked or set aside."""
    row = round_for(session, actor, Operation.edit_dialogue, round_id, version)
    rule.RULEBOOK.find(Event.close, row.state)
    if reasons := missing(session, now, row):
        raise Blocked(*reasons)
    step(session, actor, now, row, Event.close)
    return row


def missing(session: Session, now: datetime, row: DialogueRound) -> tuple[Reason, ...]:
    """Why the round cannot be closed yet."""
    findings = findings_of(session, row.id)
    areas = linked(session, findings)
    points = [rule.Point(f.text, bool(areas[f.id]), bool(f.set_aside_reason)) for f in findings]
    promises = [rule.Promise(a.text, a.owner_id, a.due) for a in actions_of(session, row.id)]
    open_still = row.comments_until is not None and civil(now) <= row.comments_until
    early = (Reason("comments-open", _("Tiden för synpunkter har inte gått ut.")),) if open_still else ()
    return (*early, *rule.missing_to_close(points, promises))


def written(session: Session, row: DialogueRound) -> str:
    """The notes as a mail carries them: what was said, the points by kind, who does what by when."""
    points = [f"– {label(f.kind)}: {f.text}" for f in findings_of(session, row.id)]
    actions = [f"– {a.text}{f' Klart {in_full(a.due)}.' if a.due else ''}" for a in actions_of(session, row.id)]
    parts = [row.notes]
    parts += ["Inspel:\n" + "\n".join(points)] if points else []
    parts += ["Åtgärder:\n" + "\n".join(actions)] if actions else []
    return "\n\n".join(parts)
