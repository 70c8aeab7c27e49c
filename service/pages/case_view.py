"""An agreement as one party sees it from outside: whose turn it is, how far it has come, what the party may do; no texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from service.cases.possible import events
from service.pages.clauses import Turn, turn, turn_label, waited_for
from service.store.negotiation import cases_of, drafts_of, open_requests
from service.store.standing import Party, Standing, relation
from service.store.tables import Agreement, Answer, DateRequest
from states.access import Operation, allowed
from states.agreement import Event, State
from states.calendar import civil
from states.clause import State as ClauseState
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
class Case:
    """One agreement from one party's side; `drafts` are the party's answers that are not sent."""

    standing: Standing
    own: Party
    drafts: tuple[Answer, ...]
    request: DateRequest | None
    events: frozenset[Event]
    operations: frozenset[Operation]
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
    def waits_on(self) -> tuple[str, ...]:
        """The names of the other parties that are waited for."""
        waiting = self.standing.waiting_on()
        return tuple(p.organisation.name for p in self.standing.others(self.own) if p.id in waiting)

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
        states = [self.standing.state_of(c) for c in self.standing.clauses]
        turns = [turn(waited_for(self.standing, c), self.own) for c in self.standing.clauses]
        return {
            "all": len(states),
            "agreed": states.count(ClauseState.agreed),
            "own": turns.count(Turn.own) + turns.count(Turn.both),
            "others": turns.count(Turn.others),
            "out": states.count(ClauseState.excluded) + states.count(ClauseState.withdrawn),
        }

    @property
    def ready(self) -> int:
        """How many answers are prepared."""
        return sum(draft.finished for draft in self.drafts)

    @property
    def begun(self) -> int:
        """How many answers have saved themselves, but nobody has said that they may be sent."""
        return len(self.drafts) - self.ready

    @property
    def left(self) -> int:
        """How many areas the party owes an answer to and has not finished one for."""
        finished = {draft.clause_id for draft in self.drafts if draft.finished}
        return sum(self.own.id in self.standing.clause_waits_on(c) for c in self.standing.clauses if c.id not in finished)

    @property
    def late(self) -> bool:
        """The last day has passed while somebody is waited for."""
        return self.agreement.due is not None and self.agreement.due < self.today and self.turn is not Turn.nobody


def cases(session: Session, actor: Actor, now: datetime) -> list[Case]:
    """Every agreement of the person's organisation, in a fixed number of queries."""
    standings = cases_of(session, actor)
    drafts = drafts_of(session, [s.party_of(actor).id for s in standings])
    requests = open_requests(session, [s.agreement.id for s in standings])
    return [case(s, actor, now, drafts.get(s.party_of(actor).id, ()), requests.get(s.agreement.id)) for s in standings]


def case(standing: Standing, actor: Actor, now: datetime, drafts: Sequence[Answer], request: DateRequest | None) -> Case:
    """The agreement from the person's side; drafts are for those who may answer."""
    operations = allowed(actor.role, relation(actor, standing.agreement))
    return Case(
        standing=standing,
        own=standing.party_of(actor),
        drafts=tuple(drafts) if Operation.answer in operations else (),
        request=request,
        events=events(standing, actor.role),
        operations=operations,
        today=civil(now),
    )
