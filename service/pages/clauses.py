"""The clauses of a negotiation as one party sees them: state, whose turn, what changed, refusals, drafts and what can be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from service.cases.possible import commands
from service.pages.comparison import Comparison, compare
from service.store.negotiation import Said, Text, last_answered, written_from
from service.store.standing import Party, Standing
from service.store.tables import Answer
from states import clause as rule
from states.agreement import CLOSED, State
from states.clause import Command, Negotiated, StanceKind
from states.labels import Audience, agreement_label, label
from states.parties import Role
from states.said import _, listed

_SETTLED = {
    rule.State.agreed: ("ok", label(rule.State.agreed)),
    rule.State.excluded: ("out", label(rule.State.excluded)),
    rule.State.withdrawn: ("out", label(rule.State.withdrawn)),
}
"""The marks of areas that nobody has to answer any more; any other was left open when the case was closed."""


class Turn(StrEnum):
    """Whose answer is waited for, from the reader's side."""

    own = "own"
    others = "others"
    both = "both"
    nobody = "nobody"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A party that leaves the area out, and why."""

    party: str
    own: bool
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ClauseView:
    """One area as a card; `base` is the text its differences are counted from."""

    id: UUID
    number: int
    head: Text
    history: tuple[Text, ...]
    base: Text | None
    state: rule.State
    turn: Turn
    waits_on: tuple[str, ...]
    turn_label: str
    speaker: str
    own_head: bool
    proposed: bool
    own_area: bool
    refusals: tuple[Refusal, ...]
    commands: frozenset[Command]
    draft: Answer | None

    @property
    def comparison(self) -> Comparison:
        return compare(self.base.wording if self.base else None, self.head.wording)

    @property
    def draft_comparison(self) -> Comparison:
        """What the own draft changes in the head."""
        assert self.draft is not None
        return compare(self.head.wording, {"t": self.draft.title, **self.draft.fields})

    @property
    def outdated(self) -> bool:
        """The own draft answers a text that is not the newest any more."""
        return self.draft is not None and self.draft.base_version_id != self.head.id

    @property
    def tag(self) -> tuple[str, str]:
        """Tone and words of the area's mark: its state when it is closed, else whose turn it is."""
        if not self.proposed:
            return "note", _("Inte skickat")
        if self.draft is not None and not self.outdated:
            return "note", _("Svar redo") if self.draft.finished else _("Svar påbörjat")
        if self.turn is Turn.nobody:
            return _SETTLED.get(self.state, ("note", _("Inte klart")))
        return ("wait" if self.turn is Turn.others else "act"), self.turn_label

    @property
    def waits(self) -> bool:
        """The reader's side owes an answer and has not finished one."""
        return self.turn in (Turn.own, Turn.both) and (self.draft is None or not self.draft.finished)

    @property
    def anchor(self) -> str:
        return f"o{self.number}"


def clause_views(
    standing: Standing,
    party: Party,
    role: Role,
    texts: Mapping[UUID, tuple[Text, ...]],
    said: Mapping[UUID, tuple[Said, ...]],
    drafts: Sequence[Answer],
) -> tuple[ClauseView, ...]:
    """Every clause of the agreement, in order, as the party sees it."""
    by_clause = {d.clause_id: d for d in drafts}
    return tuple(
        _view(standing, party, role, clause, number, texts[clause.id], said.get(clause.id, ()), by_clause.get(clause.id))
        for number, clause in enumerate(standing.clauses, 1)
    )


def waited_for(standing: Standing, clause: Negotiated) -> frozenset[UUID]:
    """The parties that still have to answer; nobody has to when the case is closed."""
    return frozenset() if standing.agreement.state in CLOSED else standing.clause_waits_on(clause)


def turn(waiting: frozenset[UUID], party: Party) -> Turn:
    """Whose turn it is when these parties are waited for."""
    if not waiting:
        return Turn.nobody
    if party.id not in waiting:
        return Turn.others
    return Turn.own if len(waiting) == 1 else Turn.both


def turn_label(standing: Standing, party: Party, waiting: frozenset[UUID]) -> str:
    """Whose turn it is, in the words of the reader's side."""
    kinds = frozenset("region" if standing.party(i).is_region else "municipality" for i in waiting)
    if not party.is_region and party.id not in waiting and "municipality" in kinds:
        return _("Hos {names}", names=listed([standing.party(i).organisation.name for i in waiting]))
    words = agreement_label(State.negotiating, kinds, Audience.region if party.is_region else Audience.own)
    assert words is not None
    return words


def _view(
    standing: Standing,
    party: Party,
    role: Role,
    clause: Negotiated,
    number: int,
    history: tuple[Text, ...],
    said: tuple[Said, ...],
    draft: Answer | None,
) -> ClauseView:
    head, waiting = history[-1], waited_for(standing, clause)
    mine = head.party == party.id
    return ClauseView(
        id=clause.id,
        number=number,
        head=head,
        history=history,
        base=written_from(history) if mine else last_answered(clause, history, party.id),
        state=standing.state_of(clause),
        turn=turn(waiting, party),
        waits_on=tuple(p.organisation.name for p in standing.others(party) if p.id in waiting),
        turn_label=turn_label(standing, party, waiting),
        speaker=standing.party(head.party).organisation.name,
        own_head=mine,
        proposed=standing.agreement.proposed_at is not None,
        own_area=clause.origin == party.id and standing.rows[clause.id].area_id is None,
        refusals=_refusals(standing, party, clause, said),
        commands=commands(standing, clause, party, role, own_hand=head.entered_by in (None, party.organisation.id)),
        draft=draft,
    )


def _refusals(standing: Standing, party: Party, clause: Negotiated, said: tuple[Said, ...]) -> tuple[Refusal, ...]:
    """Why each party that now leaves the area out does so."""
    latest = {s.party: s for s in said if s.version == clause.head.id}
    return tuple(
        Refusal(standing.party(s.party).organisation.name, s.party == party.id, s.note, s.at)
        for s in latest.values()
        if s.kind is StanceKind.exclude
    )
