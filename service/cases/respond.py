"""Answering: drafts per clause that only the own side sees, sent together as one batch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases import agree
from service.cases.mail import task_about_done, tell
from service.cases.steps import step
from service.cases.texts import add_clause, add_stance, add_version, conflict, head_row
from service.cases.wording import reason as reason_text
from service.cases.wording import wording
from service.post.letters import LetterName
from service.store.standing import Party, Standing, load, refresh
from service.store.tables import Answer, ClauseVersion, Response
from service.store.tables.response import AnswerKind
from states import clause as rule
from states.access import Operation
from states.agreement import RULEBOOK, Event
from states.calendar import civil
from states.clause import Command, Negotiated, StanceKind
from states.errors import Blocked, Conflict, FieldError, Invalid, NotAllowed, NotFound, Reason, Stale
from states.parties import Actor
from states.said import _
from states.words import changes_in_words

UNDO = timedelta(seconds=60)
"""How long the other side's mail waits, so that a sent response can be taken back unseen."""

NO_REASON = _("Skriv varför ni vill ta bort området.")
UNCHANGED = _("Texten är likadan som den ni svarar på. Godta den, eller ändra något.")

COMMANDS = {
    AnswerKind.accept: Command.accept,
    AnswerKind.counter: Command.counter,
    AnswerKind.exclude: Command.exclude,
    AnswerKind.propose_again: Command.propose_again,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """One answer as it was typed: `clause` None adds an own area, `base` is the version the person saw."""

    kind: AnswerKind
    clause: UUID | None = None
    base: UUID | None = None
    title: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    reason: str = ""


def open_response(session: Session, party: Party) -> Response | None:
    """The party's response that is not sent yet."""
    return session.exec(select(Response).where(col(Response.party_id) == party.id, col(Response.sent_at).is_(None))).first()


def answers_of(session: Session, response: Response | None) -> list[Answer]:
    """The draft answers of a response in the order they were first saved."""
    if response is None:
        return []
    return list(session.exec(select(Answer).where(col(Answer.response_id) == response.id).order_by(col(Answer.id))).all())


def save_answer(
    session: Session,
    actor: Actor,
    now: datetime,
    agreement_id: UUID,
    draft: Draft,
    *,
    answer: UUID | None = None,
    answer_version: int | None = None,
    finished: bool = True,
) -> Answer:
    """Save one answer as a draft of the own side; one that is not `finished` is kept, but not sent with the others.

    `answer_version` is the draft's version the person saw (0: there was none): another one now means a colleague saved first.
    `answer` names the draft of an own area to change. Raises Stale with both texts, Invalid, Blocked.
    """
    standing = _answering(session, actor, agreement_id, draft)
    party, typed = standing.party_of(actor), _worded(draft)
    response = open_response(session, party) or new_response(session, standing, party, now)
    existing = _existing(session, response, draft, answer, typed)
    same = existing is not None and _same(existing, draft, typed)
    if not same:
        _check_turn(session, existing, answer_version, draft)
    if draft.clause is not None:
        _check_clause(session, standing, party, standing.clause(draft.clause), draft, typed)
    row = existing or Answer(response_id=response.id, clause_id=draft.clause, kind=draft.kind, saved_at=now, version=0)
    row.finished = finished or (same and row.finished)
    row.kind, row.base_version_id, (row.title, row.fields) = draft.kind, draft.base, typed
    row.reason = reason_text(draft.reason, missing=NO_REASON if draft.kind is AnswerKind.exclude else None)
    row.author_id, row.saved_at, row.version = actor.assignment, now, row.version + 1
    response.version += 1
    session.add_all([row, response])
    session.flush()
    return row


def drop_answer(session: Session, actor: Actor, agreement_id: UUID, answer_id: UUID) -> None:
    """Throw a draft answer away; NotFound when it is not the own side's or already sent."""
    standing = load(session, actor, Operation.answer, agreement_id)
    response = open_response(session, standing.party_of(actor))
    row = session.get(Answer, answer_id)
    if response is None or row is None or row.response_id != response.id:
        raise NotFound
    session.delete(row)
    response.version += 1
    session.add(response)


def send_response(
    session: Session,
    actor: Actor,
    now: datetime,
    agreement_id: UUID,
    response_id: UUID,
    version: int | None = None,
    *,
    real_now: datetime | None = None,
) -> Response:
    """Send every finished answer as one batch; a response that is sent already is returned as it is, with no further effect."""
    standing = load(session, actor, Operation.send_response, agreement_id)
    party = standing.party_of(actor)
    response = _response_of(session, party, response_id)
    if response.sent_at is not None:
        return response
    if version is not None and response.version != version:
        raise Stale(message="En kollega har ändrat svaret sedan du granskade det. Granska igen innan du skickar.")
    saved = answers_of(session, response)
    drafts = [row for row in saved if row.finished]
    _check_sendable(session, standing, drafts)
    before = standing.waiting_on()
    summary = [_apply(session, actor, now, standing, party, response, row) for row in drafts]
    _close(session, actor, now, standing, party, response, [row for row in saved if not row.finished])
    standing = _after_answer(session, now, standing, party, before)
    task_about_done(session, actor, now, party.id)
    step(session, actor, now, standing, Event.send_response, party=party.organisation.name, answers=len(drafts))
    if standing.settled:
        agree.settle(session, actor, now, standing)
    else:
        agree.if_all_left_out(session, actor, now, standing)
        _tell_others(session, now, standing, party, response, summary, real_now or now)
    return response


def _answering(session: Session, actor: Actor, agreement_id: UUID, draft: Draft) -> Standing:
    """The agreement that is answered, while it can be, by a draft that names an area or adds one."""
    standing = load(session, actor, Operation.answer, agreement_id)
    if not RULEBOOK.allows(Event.send_response, standing.agreement.state):
        raise NotAllowed(Event.send_response, standing.agreement.state)
    if (draft.kind is AnswerKind.add) is not (draft.clause is None):
        raise Invalid(FieldError("kind", "unknown-answer", "Välj hur ni svarar på området."))
    return standing


def _response_of(session: Session, party: Party, response_id: UUID) -> Response:
    response = session.get(Response, response_id)
    if response is None or response.party_id != party.id:
        raise NotFound
    return response


def _close(
    session: Session,
    actor: Actor,
    now: datetime,
    standing: Standing,
    party: Party,
    response: Response,
    unfinished: Sequence[Answer],
) -> None:
    """The response is sent; what somebody is still writing moves on to the next one."""
    response.sent_at, response.sent_by_id = now, actor.assignment
    response.version += 1
    session.add(response)
    session.flush()
    following = new_response(session, standing, party, now) if unfinished else response
    for row in unfinished:
        row.response_id = following.id
        session.add(row)
    session.flush()


def _worded(draft: Draft) -> tuple[str, dict[str, str]]:
    if draft.kind in (AnswerKind.counter, AnswerKind.propose_again, AnswerKind.add):
        return wording(draft.title, draft.fields)
    return "", {}


def new_response(session: Session, standing: Standing, party: Party, now: datetime) -> Response:
    response = Response(agreement_id=standing.agreement.id, party_id=party.id, created_at=now)
    session.add(response)
    session.flush()
    return response


def _existing(
    session: Session, response: Response, draft: Draft, answer: UUID | None, typed: tuple[str, dict[str, str]]
) -> Answer | None:
    """The draft that is saved over; a new area typed once and saved twice is one draft."""
    if draft.clause is not None:
        query = select(Answer).where(col(Answer.response_id) == response.id, col(Answer.clause_id) == draft.clause)
        return session.exec(query).first()
    if answer is None:
        return next((a for a in answers_of(session, response) if a.clause_id is None and _same(a, draft, typed)), None)
    row = session.get(Answer, answer)
    if row is None or row.response_id != response.id or row.clause_id is not None:
        raise NotFound
    return row


def _same(row: Answer, draft: Draft, typed: tuple[str, dict[str, str]]) -> bool:
    """The very same answer saved again, as when a press comes while the text is saving itself, is no clash."""
    return (row.kind, row.base_version_id, row.title, row.fields) == (
        draft.kind,
        draft.base,
        *typed,
    ) and row.reason == draft.reason


def _check_turn(session: Session, existing: Answer | None, seen: int | None, draft: Draft) -> None:
    """A colleague on the own side saved the same answer first: show both texts."""
    now_at = existing.version if existing else 0
    if seen is None or seen == now_at:
        return
    if existing is None:
        raise Stale(message="Någon har redan skickat eller tagit bort svaret. Läs hur området ser ut nu.")
    base = session.get(ClauseVersion, draft.base) if draft.base else None
    raise Stale(
        Conflict(
            clause=str(draft.clause or ""),
            base={"t": base.title, **base.fields} if base else {},
            theirs={"t": existing.title, **existing.fields},
            yours={"t": draft.title, **draft.fields},
        ),
        message="En kollega sparade ett svar om området medan du skrev. Jämför och välj. Din text är kvar.",
    )


def _check_clause(
    session: Session, standing: Standing, party: Party, clause: Negotiated, draft: Draft, typed: tuple[str, dict[str, str]]
) -> None:
    state = standing.state_of(clause)
    if not rule.RULEBOOK.allows(COMMANDS[draft.kind], state):
        raise NotAllowed(draft.kind, state)
    if draft.base != clause.head.id:
        raise Stale(conflict(session, clause, draft.base, *typed), message=_moved(draft))
    head = head_row(session, clause)
    if draft.kind is AnswerKind.counter and typed == (head.title, head.fields):
        raise Blocked(Reason("unchanged-text", UNCHANGED, str(clause.id)))
    if draft.kind is AnswerKind.accept and rule.stance_of(clause, party.id) is StanceKind.accept:
        raise Blocked(Reason("already-accepted", "Ni har redan godtagit den här texten.", str(clause.id)))


def _moved(draft: Draft) -> str:
    if draft.kind is AnswerKind.accept:
        return _("Texten har ändrats sedan du öppnade sidan. Läs den nya texten innan du godtar den.")
    return _("Den andra parten har skickat en ny text medan du skrev. Jämför och välj. Din text är kvar.")


def _check_sendable(session: Session, standing: Standing, drafts: Sequence[Answer]) -> None:
    """Nothing is sent unless everything can be: every answer stands against the head it was written for."""
    if not drafts:
        raise Blocked(Reason("nothing-to-send", "Det finns inga svar att skicka ännu."))
    moved = []
    for row in drafts:
        if row.clause_id is None:
            continue
        clause = standing.clause(row.clause_id)
        if row.base_version_id != clause.head.id:
            moved.append(conflict(session, clause, row.base_version_id, row.title, row.fields))
        elif not rule.RULEBOOK.allows(COMMANDS[row.kind], standing.state_of(clause)):
            raise NotAllowed(row.kind, standing.state_of(clause))
    if moved:
        raise Stale(*moved, message="Den andra parten har skickat nya texter. Gå igenom dem innan du skickar. Dina svar är kvar.")


def _apply(
    session: Session, actor: Actor, now: datetime, standing: Standing, party: Party, response: Response, row: Answer
) -> tuple[str, str]:
    """Turn one draft into facts; returns the area's title and what happened to it in words."""
    if row.clause_id is None:
        add_clause(session, actor, now, standing, party, row)
        return row.title, "nytt område"
    clause = standing.clause(row.clause_id)
    head = head_row(session, clause)
    if row.kind is AnswerKind.accept:
        add_stance(session, actor, now, party.id, head.id, StanceKind.accept, response=response)
        return head.title, "godtar texten"
    if row.kind is AnswerKind.exclude:
        add_stance(session, actor, now, party.id, head.id, StanceKind.exclude, note=row.reason, response=response)
        return head.title, f"vill inte ha med området. Skäl: {row.reason}"
    add_version(session, actor, now, party.id, clause, row.title, row.fields, row.reason, response=response, author=row.author_id)
    return row.title, _words(head, row)


def _words(head: ClauseVersion, row: Answer) -> str:
    said = [w for code in row.fields for w in changes_in_words(head.fields.get(code, ""), row.fields[code])]
    said = [*changes_in_words(head.title, row.title), *said]
    listed = "\n".join(f"  {w}" for w in said[:6])
    more = f"\n  … och {len(said) - 6} till." if len(said) > 6 else ""
    return f"ny text.\n{listed}{more}" + (f"\n  Skäl: {row.reason}" if row.reason else "")


def _after_answer(session: Session, now: datetime, standing: Standing, party: Party, before: frozenset[UUID]) -> Standing:
    standing = refresh(session, standing)
    row = standing.party(party.id).row
    row.answered_at, row.opened_at = now, row.opened_at or now
    standing.agreement.due_round += 1
    if standing.waiting_on() != before:
        standing.agreement.waiting_since = now
    return standing


def _tell_others(
    session: Session,
    now: datetime,
    standing: Standing,
    party: Party,
    response: Response,
    summary: Sequence[tuple[str, str]],
    real_now: datetime,
) -> None:
    facts = {"fran": party.organisation.name, "omraden": "\n".join(f"– {title}: {words}" for title, words in summary)}
    for other in standing.others(party):
        tell(
            session,
            now,
            standing,
            other,
            LetterName.response_received,
            facts | ({} if _has_a_last_day(standing, other, now) else {"svarsdatum": ""}),
            once=f"response:{response.id}",
            response_id=response.id,
            not_before=real_now + UNDO,
        )


def _has_a_last_day(standing: Standing, party: Party, now: datetime) -> bool:
    """Whether a party has something left to answer until a day that is still to come; the region sets the day and has none."""
    due = standing.agreement.due
    return due is not None and due >= civil(now) and not party.is_region and party.id in standing.waiting_on()
