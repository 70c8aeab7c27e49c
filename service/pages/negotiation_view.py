"""A negotiation as one party sees it: its clauses, whose turn it is, how far it has come, and the answer being prepared."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from service.cases.dates import open_request
from service.cases.possible import events, may_add
from service.cases.propose import missing
from service.cases.respond import answers_of, open_response
from service.pages.case_view import Case
from service.pages.clauses import ClauseView, Turn, clause_views
from service.pages.comparison import Comparison, compare
from service.store.negotiation import sayings, texts, undoable
from service.store.standing import Standing, relation, view
from service.store.tables import Answer, Programme, Response
from states.access import Operation, allowed
from states.agreement import State
from states.calendar import civil
from states.clause import Command
from states.errors import NotFound, Reason
from states.parties import Actor


@dataclass(frozen=True, slots=True)
class Negotiation(Case):
    """Everything the page of an agreement shows to one party."""

    clauses: tuple[ClauseView, ...]
    response: Response | None
    undo: Response | None
    missing: tuple[Reason, ...]
    may_add: bool

    @property
    def new_areas(self) -> tuple[Answer, ...]:
        """The drafts that add an area."""
        return tuple(d for d in self.drafts if d.clause_id is None)

    @property
    def has_own_area(self) -> bool:
        return bool(self.new_areas) or any(c.own_area for c in self.clauses)

    @property
    def with_us(self) -> tuple[ClauseView, ...]:
        return tuple(c for c in self.clauses if c.turn in (Turn.own, Turn.both))

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
    operations = allowed(actor.role, relation(actor, standing.agreement))
    response = open_response(session, own)
    drafts = answers_of(session, response) if Operation.answer in operations else []
    return Negotiation(
        standing=standing,
        own=own,
        drafts=tuple(drafts),
        request=open_request(session, agreement_id),
        events=events(standing, actor.role),
        operations=operations,
        today=civil(now),
        clauses=clause_views(standing, own, actor.role, texts(session, agreement_id), sayings(session, agreement_id), drafts),
        response=response if drafts else None,
        undo=undoable(session, own.id, real_now) if standing.agreement.state is State.negotiating else None,
        missing=missing(session, now, standing) if standing.agreement.state is State.draft else (),
        may_add=may_add(standing, actor.role),
    )


def programme_of(session: Session, standing: Standing) -> Programme:
    return session.get_one(Programme, standing.agreement.programme_id)
