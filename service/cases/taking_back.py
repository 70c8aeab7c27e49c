"""Taking back what was sent while nobody has acted on it: a whole response within a minute, or one text nobody has answered."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service.cases import agree
from service.cases.mail import tell
from service.cases.respond import answers_of, new_response, open_response
from service.cases.steps import note
from service.cases.texts import add_stance, entered_by, head_row, undo_version
from service.post.letters import LetterName
from service.store import outbox
from service.store.standing import Party, Standing, load, refresh
from service.store.tables import Answer, ClauseVersion, Message, Response, Stance
from states import clause as rule
from states.access import Operation
from states.agreement import State
from states.clause import Command, StanceKind
from states.errors import Blocked, NotAllowed, NotFound, Reason
from states.message import State as MessageState
from states.parties import Actor


def recall_response(
    session: Session, actor: Actor, now: datetime, agreement_id: UUID, response_id: UUID, *, real_now: datetime | None = None
) -> Response:
    """Undo a sending within a minute: facts stand, counter-facts follow, the drafts come back, the waiting mail is stopped."""
    standing = load(session, actor, Operation.send_response, agreement_id)
    party = standing.party_of(actor)
    response = session.get(Response, response_id)
    if response is None or response.party_id != party.id or response.sent_at is None:
        raise NotFound
    waiting = _waiting_mail(session, response, real_now or now)
    versions, stances = _facts_of(session, response)
    late = response.recalled_at or not waiting or standing.agreement.state is not State.negotiating
    if late or _acted(standing, party, versions):
        raise Blocked(Reason("too-late", "Det är för sent att ångra. Ta tillbaka förslagen ett och ett i stället."))
    for message in waiting:
        outbox.suppress(session, message, "recalled")
    drafts = answers_of(session, response)
    for version in versions:
        undo_version(session, actor, now, party.id, standing.clause(version.clause_id), version)
    for stance in stances:
        add_stance(session, actor, now, party.id, stance.version_id, StanceKind.withdraw, response=None)
    response.recalled_at = now
    standing = refresh(session, standing)
    restored = _restore(session, now, standing, party, drafts)
    note(session, actor, now, standing, "recall_response", party=party.organisation.name, answers=len(drafts))
    agree.if_settled(session, actor, now, standing)
    return restored


def retract(
    session: Session, actor: Actor, now: datetime, agreement_id: UUID, clause_id: UUID, version: int | None = None
) -> None:
    """Take the own side's latest text of a clause back while nobody has answered it: the text before it is the head again."""
    standing = load(session, actor, Operation.retract, agreement_id, version=version)
    party = standing.party_of(actor)
    clause = standing.clause(clause_id)
    state = standing.state_of(clause)
    lawful = standing.agreement.state is State.negotiating and rule.RULEBOOK.allows(Command.retract, state)
    if not lawful or clause.head.party != party.id or not entered_by(session, clause, party.organisation.id):
        raise NotAllowed(Command.retract, state)
    if any(s.version == clause.head.id and s.party != party.id for s in clause.stances):
        raise Blocked(Reason("already-answered", "Den andra parten har redan svarat. Skriv om texten i stället.", str(clause_id)))
    undo_version(session, actor, now, party.id, clause, head_row(session, clause))
    standing = refresh(session, standing)
    note(session, actor, now, standing, "retract", clause=str(clause_id), party=party.organisation.name)
    title = head_row(session, standing.clause(clause_id)).title
    for other in standing.others(party):
        tell(session, now, standing, other, LetterName.clause_retracted, {"fran": party.organisation.name, "omrade": title})
    agree.if_settled(session, actor, now, standing)


def _waiting_mail(session: Session, response: Response, real_now: datetime) -> list[Message]:
    query = select(Message).where(
        col(Message.response_id) == response.id, col(Message.state) == MessageState.queued, col(Message.next_try_at) > real_now
    )
    return list(session.exec(query.with_for_update()).all())


def _facts_of(session: Session, response: Response) -> tuple[list[ClauseVersion], list[Stance]]:
    versions = session.exec(select(ClauseVersion).where(col(ClauseVersion.response_id) == response.id)).all()
    stances = session.exec(select(Stance).where(col(Stance.response_id) == response.id)).all()
    return list(versions), list(stances)


def _acted(standing: Standing, party: Party, versions: Sequence[ClauseVersion]) -> bool:
    """Whether another party has said something about what was sent."""
    sent = {v.id for v in versions}
    for clause in standing.clauses:
        answered = any(s.version in sent and s.party != party.id for s in clause.stances)
        superseded = any(v.id in sent for v in clause.versions[:-1])
        if answered or superseded:
            return True
    return False


def _restore(session: Session, now: datetime, standing: Standing, party: Party, drafts: Sequence[Answer]) -> Response:
    """The taken-back answers as drafts again, written against the heads of today; nothing typed is lost."""
    response = open_response(session, party) or new_response(session, standing, party, now)
    kept = {row.clause_id for row in answers_of(session, response)}
    for row in drafts:
        if row.clause_id in kept and row.clause_id is not None:
            continue
        head = standing.clause(row.clause_id).head.id if row.clause_id else None
        session.add(
            Answer(
                response_id=response.id,
                clause_id=row.clause_id,
                base_version_id=head,
                kind=row.kind,
                title=row.title,
                fields=row.fields,
                reason=row.reason,
                author_id=row.author_id,
                saved_at=now,
            )
        )
    return response
