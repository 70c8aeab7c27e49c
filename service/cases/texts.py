"""The facts a negotiation is made of: new clauses, text versions and stances, each checked against the rulebook of clauses."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, func, select

from service.cases.wording import sha256
from service.store.standing import Party, Standing
from service.store.tables import Answer, Clause, ClauseVersion, ContactAssignment, Response, Stance
from states.clause import Negotiated, StanceKind, stance_of
from states.errors import Conflict
from states.parties import Actor


def head_row(session: Session, clause: Negotiated) -> ClauseVersion:
    """The head's text."""
    return session.get_one(ClauseVersion, clause.head.id)


def add_version(
    session: Session,
    actor: Actor,
    now: datetime,
    party: UUID,
    clause: Negotiated,
    title: str,
    fields: dict[str, str],
    reason: str,
    *,
    response: Response | None = None,
    author: UUID | None = None,
) -> ClauseVersion:
    """A new head, written from the present one."""
    row = ClauseVersion(
        clause_id=clause.id,
        seq=clause.head.seq + 1,
        base_seq=clause.head.seq,
        title=title,
        fields=fields,
        reason=reason,
        party_id=party,
        author_id=author or actor.assignment,
        recorded_by_id=actor.assignment,
        response_id=response.id if response else None,
        sha256=sha256(title, fields),
        at=now,
    )
    session.add(row)
    session.flush()
    return row


def add_stance(
    session: Session,
    actor: Actor,
    now: datetime,
    party: UUID,
    version: UUID,
    kind: StanceKind,
    *,
    note: str = "",
    response: Response | None,
) -> None:
    """What a party says of one version from now on."""
    last = session.exec(select(func.max(Stance.seq)).where(col(Stance.version_id) == version)).one()
    session.add(
        Stance(
            version_id=version,
            seq=(last or 0) + 1,
            party_id=party,
            kind=kind,
            note=note,
            recorded_by_id=actor.assignment,
            response_id=response.id if response else None,
            at=now,
        )
    )
    session.flush()


def add_clause(session: Session, actor: Actor, now: datetime, standing: Standing, party: Party, answer: Answer) -> Clause:
    """A party's own area, with its first text."""
    position = max((row.position for row in standing.rows.values()), default=0) + 1
    clause = Clause(agreement_id=standing.agreement.id, origin_party_id=party.id, position=position)
    session.add(clause)
    session.flush()
    standing.rows[clause.id] = clause
    session.add(
        ClauseVersion(
            clause_id=clause.id,
            seq=1,
            title=answer.title,
            fields=answer.fields,
            reason=answer.reason,
            party_id=party.id,
            author_id=answer.author_id,
            recorded_by_id=actor.assignment,
            response_id=answer.response_id,
            sha256=sha256(answer.title, answer.fields),
            at=now,
        )
    )
    session.flush()
    return clause


def undo_version(session: Session, actor: Actor, now: datetime, party: UUID, clause: Negotiated, version: ClauseVersion) -> None:
    """Counter-fact to a sent text: the one before it again, in its author's name; an area's first text is left out instead."""
    if version.seq == 1:
        add_stance(session, actor, now, party, version.id, StanceKind.exclude, note="Förslaget är tillbakataget.", response=None)
        return
    previous = session.get_one(ClauseVersion, clause.versions[version.seq - 2].id)
    text = previous.title, previous.fields
    restored = add_version(session, actor, now, previous.party_id, clause, *text, "", author=previous.author_id)
    _keep_objections(session, actor, now, clause, previous, restored)


def entered_by(session: Session, clause: Negotiated, organisation: UUID) -> bool:
    """Whether an organisation's own side entered the head; a text that is back because another party took its own back is not."""
    recorder = head_row(session, clause).recorded_by_id
    return recorder is None or session.get_one(ContactAssignment, recorder).organisation_id == organisation


def _keep_objections(
    session: Session, actor: Actor, now: datetime, clause: Negotiated, previous: ClauseVersion, restored: ClauseVersion
) -> None:
    """Nobody agrees to what they had left out or taken back, only because the same text stands there once more."""
    before = replace(clause, versions=clause.versions[: previous.seq])
    for party in {previous.party_id, *(s.party for s in clause.stances)}:
        stance = stance_of(before, party)
        if stance is StanceKind.exclude:
            add_stance(session, actor, now, party, restored.id, StanceKind.exclude, response=None)
        elif stance is None and party == previous.party_id:
            add_stance(session, actor, now, party, restored.id, StanceKind.withdraw, response=None)


def conflict(session: Session, clause: Negotiated, base_id: UUID | None, title: str, fields: dict[str, str]) -> Conflict:
    """What both started from, what the head says now and what was typed; an answer without a text shows no text of its own."""
    head = head_row(session, clause)
    base = session.get(ClauseVersion, base_id) if base_id else None
    if base is None or base.clause_id != clause.id:
        base = head
    return Conflict(
        clause=str(clause.id),
        base={"t": base.title, **base.fields},
        theirs={"t": head.title, **head.fields},
        yours={"t": title, **fields} if title else {},
    )
