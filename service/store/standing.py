"""Where agreements stand: the rows of a case as the core rule sees them, and who may see which of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, true
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.store.tables import Agreement, AgreementParty, Clause, ClauseVersion, FrozenText, Organisation, Stance
from states import clause as rule
from states.access import Operation, Relation, require
from states.agreement import State
from states.clause import Negotiated
from states.errors import NotFound, NotYours, Stale
from states.parties import Actor, OrganisationKind, Role


@dataclass(slots=True)
class Party:
    """A party of the agreement with its organisation."""

    row: AgreementParty
    organisation: Organisation

    @property
    def id(self) -> UUID:
        return self.row.id

    @property
    def is_region(self) -> bool:
        return self.organisation.kind is OrganisationKind.region


@dataclass(slots=True)
class Standing:
    """One agreement with its parties in order and its clauses as facts, by position."""

    agreement: Agreement
    parties: tuple[Party, ...]
    clauses: tuple[Negotiated, ...]
    rows: dict[UUID, Clause]

    @property
    def party_ids(self) -> tuple[UUID, ...]:
        return tuple(p.id for p in self.parties)

    def party(self, party_id: UUID) -> Party:
        found = next((p for p in self.parties if p.id == party_id), None)
        if found is None:
            raise NotFound
        return found

    def party_of(self, actor: Actor) -> Party:
        """The party the person speaks for; NotFound when it is none of these."""
        found = next((p for p in self.parties if p.organisation.id == actor.organisation), None)
        if found is None:
            raise NotFound
        return found

    def party_for(self, actor: Actor, party_id: UUID) -> Party:
        """A party the person may act for: the region for every one, anybody else for their own only."""
        party = self.party(party_id)
        if relation(actor, self.agreement) is Relation.party and party.organisation.id != actor.organisation:
            raise NotYours
        return party

    def others(self, party: Party) -> tuple[Party, ...]:
        return tuple(p for p in self.parties if p.id != party.id)

    @property
    def region(self) -> Party:
        """The party whose region offers the agreement."""
        return next(p for p in self.parties if p.organisation.id == self.agreement.region_id)

    def clause(self, clause_id: UUID) -> Negotiated:
        found = next((c for c in self.clauses if c.id == clause_id), None)
        if found is None:
            raise NotFound
        return found

    def state_of(self, clause: Negotiated) -> rule.State:
        return rule.state(clause, self.party_ids)

    def clause_waits_on(self, clause: Negotiated) -> frozenset[UUID]:
        return rule.waiting_on(clause, self.party_ids)

    def waiting_on(self) -> frozenset[UUID]:
        """The parties that owe an answer while negotiating; in every other state nobody is waited on for a clause."""
        if self.agreement.state is not State.negotiating:
            return frozenset()
        return frozenset().union(*(self.clause_waits_on(c) for c in self.clauses))

    @property
    def settled(self) -> bool:
        return rule.settled(self.clauses, self.party_ids)


def scope(actor: Actor) -> ColumnElement[bool]:
    """Which agreements a person can know of: those of their region, or those once proposed to their organisation."""
    if actor.role is Role.flow:
        return true()
    own_region = col(Agreement.region_id) == actor.organisation
    party = (
        exists()
        .where(col(AgreementParty.agreement_id) == col(Agreement.id), col(AgreementParty.organisation_id) == actor.organisation)
        .correlate(Agreement)
    )
    seen = own_region | and_(party, col(Agreement.proposed_at).is_not(None))
    return seen if actor.programme is None else and_(seen, col(Agreement.programme_id) == actor.programme)


def relation(actor: Actor, agreement: Agreement) -> Relation:
    return Relation.region if actor.organisation == agreement.region_id else Relation.party


def load(session: Session, actor: Actor, operation: Operation, agreement_id: UUID, *, version: int | None = None) -> Standing:
    """An agreement to work on, locked: NotFound if it is not theirs to know, NotYours, then Stale if it has moved on."""
    query = select(Agreement).where(col(Agreement.id) == agreement_id, scope(actor)).with_for_update()
    agreement = session.exec(query).first()
    if agreement is None:
        raise NotFound
    require(operation, actor.role, relation(actor, agreement))
    if version is not None and agreement.version != version:
        raise Stale
    return _standing(session, [agreement])[agreement.id]


class PartOfAgreement(Protocol):
    """A row that belongs to one agreement."""

    agreement_id: UUID


Part = TypeVar("Part", bound=PartOfAgreement)


def load_by(session: Session, actor: Actor, operation: Operation, kind: type[Part], row_id: UUID) -> tuple[Part, Standing]:
    """A row and its agreement to work on: the agreement is locked first, then the row is read anew."""
    row = session.get(kind, row_id)
    if row is None:
        raise NotFound
    standing = load(session, actor, operation, row.agreement_id)
    session.refresh(row)
    return row, standing


def view(session: Session, actor: Actor, agreement_id: UUID) -> Standing:
    """An agreement to look at."""
    agreement = session.exec(select(Agreement).where(col(Agreement.id) == agreement_id, scope(actor))).first()
    if agreement is None:
        raise NotFound
    require(Operation.view_agreement, actor.role, relation(actor, agreement))
    return _standing(session, [agreement])[agreement.id]


def load_many(session: Session, agreement_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """The standing of many agreements in a fixed number of queries, without any texts."""
    found = session.exec(select(Agreement).where(col(Agreement.id).in_(agreement_ids))).all()
    return _standing(session, found)


def refresh(session: Session, standing: Standing) -> Standing:
    """The same agreement after its facts have changed in this transaction."""
    session.flush()
    return _standing(session, [standing.agreement])[standing.agreement.id]


def current_frozen(session: Session, agreement_id: UUID) -> FrozenText | None:
    """The frozen text that is in force, if there is one."""
    query = select(FrozenText).where(col(FrozenText.agreement_id) == agreement_id, col(FrozenText.obsolete_at).is_(None))
    return session.exec(query).first()


def _standing(session: Session, found: Sequence[Agreement]) -> dict[UUID, Standing]:
    ids = [a.id for a in found]
    parties = _parties(session, ids)
    rows = _by_agreement(
        session.exec(select(Clause).where(col(Clause.agreement_id).in_(ids)).order_by(col(Clause.position))).all()
    )
    facts = _negotiated(session, ids)
    return {
        a.id: Standing(
            a, tuple(parties[a.id]), tuple(facts[r.id] for r in rows[a.id] if r.id in facts), {r.id: r for r in rows[a.id]}
        )
        for a in found
    }


def _parties(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[Party]]:
    query = (
        select(AgreementParty, Organisation)
        .join(Organisation, col(Organisation.id) == col(AgreementParty.organisation_id))
        .where(col(AgreementParty.agreement_id).in_(ids))
        .order_by(col(AgreementParty.position))
    )
    grouped: dict[UUID, list[Party]] = defaultdict(list)
    for row, organisation in session.exec(query):
        grouped[row.agreement_id].append(Party(row, organisation))
    return grouped


def _by_agreement(rows: Iterable[Clause]) -> dict[UUID, list[Clause]]:
    grouped: dict[UUID, list[Clause]] = defaultdict(list)
    for row in rows:
        grouped[row.agreement_id].append(row)
    return grouped


def _negotiated(session: Session, ids: Sequence[UUID]) -> dict[UUID, Negotiated]:
    """Every clause of these agreements as facts: versions and stances in the order they were made."""
    versions: dict[UUID, list[rule.Version]] = defaultdict(list)
    stances: dict[UUID, list[rule.Stance]] = defaultdict(list)
    of_version: dict[UUID, UUID] = {}
    heads: dict[UUID, tuple[UUID, bool]] = {}
    made = (
        columns(
            col(ClauseVersion.id),
            col(ClauseVersion.clause_id),
            col(ClauseVersion.seq),
            col(ClauseVersion.base_seq),
            col(ClauseVersion.party_id),
            col(Clause.origin_party_id),
            col(Clause.area_withdrawn),
        )
        .join(Clause, col(Clause.id) == col(ClauseVersion.clause_id))
        .where(col(Clause.agreement_id).in_(ids))
        .order_by(col(ClauseVersion.seq))
    )
    for version_id, clause_id, seq, base, party, origin, gone in session.connection().execute(made):
        versions[clause_id].append(rule.Version(version_id, seq, base, party))
        of_version[version_id], heads[clause_id] = clause_id, (origin, gone)
    said = (
        columns(col(Stance.version_id), col(Stance.party_id), col(Stance.kind))
        .join(ClauseVersion, col(ClauseVersion.id) == col(Stance.version_id))
        .join(Clause, col(Clause.id) == col(ClauseVersion.clause_id))
        .where(col(Clause.agreement_id).in_(ids))
        .order_by(col(ClauseVersion.seq), col(Stance.seq))
    )
    for version_id, party, kind in session.connection().execute(said):
        stances[of_version[version_id]].append(rule.Stance(version_id, party, kind))
    return {
        clause_id: Negotiated(clause_id, origin, tuple(versions[clause_id]), tuple(stances[clause_id]), gone)
        for clause_id, (origin, gone) in heads.items()
    }
