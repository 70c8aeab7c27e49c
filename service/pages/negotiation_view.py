"""A negotiation as one party sees it: its clauses, whose turn it is, how far it has come, and the answer being prepared."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from service.cases.dates import open_request
from service.cases.possible import events, may_add
from service.cases.propose import missing
from service.cases.respond import answers_of, open_response
from service.pages.clauses import ClauseView, Turn, clause_views, turn, turn_label
from service.pages.comparison import Comparison, compare
from service.store.negotiation import sayings, texts, undoable
from service.store.standing import Party, Standing, view
from service.store.tables import Agreement, Answer, DateRequest, Programme, Response
from states.access import Operation, Relation, may
from states.agreement import Event, State
from states.calendar import civil
from states.clause import Command
from states.clause import State as ClauseState
from states.errors import NotFound, Reason
from states.labels import Audience, agreement_label
from states.parties import Actor

_TONES = {
    State.draft: "note",
    State.agreed: "ok",
    State.deciding: "wait",
    State.signing: "act",
    State.signed: "signed",
    State.declined: "out",
    State.withdrawn: "out",
    State.terminated: "out",
    State.expired: "out",
    State.superseded: "out",
}


@dataclass(frozen=True, slots=True)
class Negotiation:
    """Everything the page of an agreement shows to one party."""

    standing: Standing
    own: Party
    clauses: tuple[ClauseView, ...]
    new_areas: tuple[Answer, ...]
    response: Response | None
    undo: Response | None
    request: DateRequest | None
    missing: tuple[Reason, ...]
    events: frozenset[Event]
    operations: frozenset[Operation]
    may_add: bool
    today: date

    @property
    def agreement(self) -> Agreement:
        return self.standing.agreement

    @property
    def turn(self) -> Turn:
        return turn(self.standing.waiting_on(), self.own)

    @property
    def label(self) -> str:
        """The state of the agreement in the words of the reader's side."""
        if self.agreement.state is State.negotiating:
            return turn_label(self.standing, self.own, self.standing.waiting_on())
        audience = Audience.region if self.own.is_region else Audience.own
        return agreement_label(self.agreement.state, frozenset(), audience) or ""

    @property
    def tone(self) -> str:
        turns = {Turn.own: "act", Turn.both: "act", Turn.others: "wait", Turn.nobody: "out"}
        return turns[self.turn] if self.agreement.state is State.negotiating else _TONES[self.agreement.state]

    @property
    def has_own_area(self) -> bool:
        return bool(self.new_areas) or any(c.own_area for c in self.clauses)

    @property
    def waits_on(self) -> tuple[str, ...]:
        """The names of the other parties that are waited for."""
        waiting = self.standing.waiting_on()
        return tuple(p.organisation.name for p in self.standing.others(self.own) if p.id in waiting)

    @property
    def with_us(self) -> tuple[ClauseView, ...]:
        return tuple(c for c in self.clauses if c.turn in (Turn.own, Turn.both))

    @property
    def counterparts(self) -> tuple[Party, ...]:
        return self.standing.others(self.own)

    @property
    def municipality(self) -> Party:
        """The party the region negotiates with: what the page is called after."""
        return next((p for p in self.standing.parties if p.id != self.standing.region.id), self.own)

    @property
    def counts(self) -> dict[str, int]:
        """How many areas are agreed, with us, with others, left out."""
        return {
            "all": len(self.clauses),
            "agreed": sum(c.state is ClauseState.agreed for c in self.clauses),
            "own": len(self.with_us),
            "others": sum(c.turn is Turn.others for c in self.clauses),
            "out": sum(c.state in (ClauseState.excluded, ClauseState.withdrawn) for c in self.clauses),
        }

    @property
    def ready(self) -> int:
        """How many answers are prepared."""
        return sum(draft.finished for draft in self._drafts)

    @property
    def begun(self) -> int:
        """How many answers have saved themselves, but nobody has said that they may be sent."""
        return len(self._drafts) - self.ready

    @property
    def left(self) -> int:
        return sum(c.waits for c in self.clauses)

    @property
    def late(self) -> bool:
        """The last day has passed while somebody is waited for."""
        return self.agreement.due is not None and self.agreement.due < self.today and self.turn is not Turn.nobody

    @property
    def _drafts(self) -> tuple[Answer, ...]:
        return *(c.draft for c in self.clauses if c.draft), *self.new_areas

    def clause(self, clause_id: UUID) -> ClauseView:
        found = next((c for c in self.clauses if c.id == clause_id), None)
        if found is None:
            raise NotFound
        return found

    def can(self, clause: ClauseView, command: str) -> bool:
        """Whether a button is shown: the rulebook opens it and the person has the right to it."""
        needed = {Command.reopen: Operation.reopen, Command.retract: Operation.retract}.get(Command(command), Operation.answer)
        return Command(command) in clause.commands and needed in self.operations

    def new_area(self, answer: Answer) -> Comparison:
        return compare(None, {"t": answer.title, **answer.fields})


def negotiation(session: Session, actor: Actor, now: datetime, real_now: datetime, agreement_id: UUID) -> Negotiation:
    """Load what the page shows, in a fixed number of queries."""
    standing = view(session, actor, agreement_id)
    own = standing.party_of(actor)
    response = open_response(session, own)
    drafts = answers_of(session, response) if _may(actor, standing, Operation.answer) else []
    return Negotiation(
        standing=standing,
        own=own,
        clauses=clause_views(standing, own, actor.role, texts(session, agreement_id), sayings(session, agreement_id), drafts),
        new_areas=tuple(d for d in drafts if d.clause_id is None),
        response=response if drafts else None,
        undo=undoable(session, own.id, real_now) if standing.agreement.state is State.negotiating else None,
        request=open_request(session, agreement_id),
        missing=missing(session, now, standing) if standing.agreement.state is State.draft else (),
        events=events(standing, actor.role),
        operations=frozenset(o for o in Operation if _may(actor, standing, o)),
        may_add=may_add(standing, actor.role),
        today=civil(now),
    )


def programme_of(session: Session, standing: Standing) -> Programme:
    return session.get_one(Programme, standing.agreement.programme_id)


def _may(actor: Actor, standing: Standing, operation: Operation) -> bool:
    relation = Relation.region if actor.organisation == standing.agreement.region_id else Relation.party
    return may(operation, actor.role, relation)
