"""What the page Beslut och underskrift shows: where the agreement stands, what each party has left, what this person may do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from sqlmodel import Session

from service.cases import documents, opening, publish
from service.pages.rendering import date_short
from service.store import signing as rows
from service.store.contacts import Contact, contacts
from service.store.standing import Party, Standing, current_frozen, relation, view
from service.store.tables import DecisionStep, FrozenText, Publication, SignatureSlot
from states import decision, slot
from states.access import Operation, Relation, may
from states.agreement import CLOSED, FROZEN, State
from states.calendar import civil
from states.decision import REQUIRED, Kind, Outcome
from states.errors import NotFound, Reason
from states.facts import AgreementFacts, from_canonical
from states.labels import Audience, agreement_label, label
from states.parties import SIGNATORY, Actor
from states.said import _, listed
from states.slot import Method

T = TypeVar("T")

STEPS = (_("Överens"), _("Beslut"), _("Underskrift"), _("Publicerad"))

_TONES: dict[slot.State, str] = {
    slot.State.pending: "note",
    slot.State.requested: "wait",
    slot.State.signed: "signed",
    slot.State.refused: "late",
    slot.State.expired: "late",
    slot.State.void: "out",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """How one party decides, and what this person can do about it."""

    party: Party
    step: DecisionStep | None
    boards: Sequence[rows.Board]
    may_plan: bool
    may_send_papers: bool
    may_record: bool
    may_report: bool
    may_number: bool
    late: bool

    @property
    def tone(self) -> str:
        if self.step is None:
            return "note"
        if self.step.outcome is not None:
            return "ok" if self.step.outcome is Outcome.approved else "late"
        return "wait"

    @property
    def label(self) -> str:
        if self.step is None:
            return _("Inget beslut angivet")
        return label(self.step.outcome or self.step.state)

    @property
    def suggestion(self) -> rows.Board | None:
        """The board's next meeting that papers can still reach, where the one that is planned is another."""
        if self.step is None or self.step.outcome is not None:
            return None
        found = next((b for b in self.boards if b.name == self.step.body and b.meeting), None)
        return found if found and found.meeting and found.meeting.date != self.step.meeting_on else None


@dataclass(frozen=True, slots=True)
class Place:
    """One signatory's place, shaped for the macro of slots."""

    row: SignatureSlot
    party: str
    name: str
    title: str
    authority: str
    tone: str
    label: str
    text: str
    mine: bool
    may_sign: bool
    may_upload: bool
    may_replace: bool
    to_verify: rows.Given | None
    may_verify: bool
    scans: tuple[rows.Given, ...]


@dataclass(frozen=True, slots=True)
class Signing:
    """Everything the page and its steps need about one agreement."""

    standing: Standing
    actor: Actor
    frozen: FrozenText | None
    facts: AgreementFacts | None
    decisions: tuple[Decision, ...]
    places: tuple[Place, ...]
    lacking: tuple[Reason, ...]
    publication: Publication | None
    signed_file: str
    findings: tuple[Reason, ...]
    today: date

    @property
    def agreement_id(self) -> UUID:
        return self.standing.agreement.id

    @property
    def state(self) -> State:
        return self.standing.agreement.state

    @property
    def is_region(self) -> bool:
        return relation(self.actor, self.standing.agreement) is Relation.region

    @property
    def published(self) -> bool:
        return self.publication is not None and self.publication.unpublished_at is None

    @property
    def label(self) -> str:
        waiting = frozenset(self.standing.party(p).organisation.kind.value for p in self.standing.waiting_on())
        return agreement_label(self.state, waiting, Audience.region if self.is_region else Audience.own) or ""

    @property
    def title(self) -> str:
        """The other party as the page names it."""
        if self.is_region:
            return self.standing.others(self.standing.region)[0].organisation.name
        return self.standing.region.organisation.name

    @property
    def own(self) -> tuple[Party, ...]:
        """The parties this person can act for."""
        return tuple(p for p in self.standing.parties if self.is_region or p.organisation.id == self.actor.organisation)

    @property
    def line(self) -> list[dict[str, str]]:
        """The four steps, what is done and what is now."""
        at = self._at()
        return [
            {"title": name, "state": "done" if n < at else "now" if n == at else "later", "text": self._aside(n)}
            for n, name in enumerate(STEPS)
        ]

    @property
    def my_places(self) -> tuple[Place, ...]:
        return tuple(p for p in self.places if p.may_sign)

    @property
    def undecided(self) -> tuple[Decision, ...]:
        return tuple(d for d in self.decisions if d.step and d.step.kind in REQUIRED and d.step.outcome is not Outcome.approved)

    @property
    def requires_decision(self) -> bool:
        return any(d.step and d.step.kind in REQUIRED for d in self.decisions)

    @property
    def missing_signatures(self) -> tuple[Place, ...]:
        return tuple(p for p in self.places if p.row.state is slot.State.requested)

    def can(self, operation: str) -> bool:
        return may(Operation(operation), self.actor.role, relation(self.actor, self.standing.agreement))

    def decision(self, party_id: UUID) -> Decision:
        return _one(d for d in self.decisions if d.party.id == party_id)

    def step(self, step_id: UUID) -> Decision:
        return _one(d for d in self.decisions if d.step and d.step.id == step_id)

    def place(self, slot_id: UUID) -> Place:
        return _one(p for p in self.places if p.row.id == slot_id)

    def checked(self, signature_id: UUID) -> Place:
        """The place whose scan waits to be compared."""
        return _one(p for p in self.places if p.to_verify and p.to_verify.signature.id == signature_id)

    def _at(self) -> int:
        if self.published:
            return len(STEPS)
        reached = {State.agreed: 1 if self.requires_decision or not self.decisions_named else 2, State.deciding: 1}
        return reached.get(self.state, {State.signing: 2, State.signed: 3}.get(self.state, 0))

    @property
    def decisions_named(self) -> bool:
        return any(d.step for d in self.decisions)

    def _aside(self, step: int) -> str:
        if step == 1 and self.state is State.deciding:
            return _("Väntar på {names}", names=listed([d.party.organisation.name for d in self.undecided]))
        if step == 2 and self.state is State.signing:
            return _(
                "{signed} av {all} klara",
                signed=sum(p.row.state is slot.State.signed for p in self.places),
                all=len(self.places),
            )
        return ""


def signing(session: Session, actor: Actor, now: datetime, agreement_id: UUID) -> Signing:
    """The agreement as the page shows it; NotFound before it has been proposed to the person's party."""
    standing = view(session, actor, agreement_id)
    today = civil(now)
    frozen = current_frozen(session, agreement_id)
    signed = documents.signed_document(session, agreement_id)
    return Signing(
        standing=standing,
        actor=actor,
        frozen=frozen,
        facts=from_canonical(frozen.canonical) if frozen else None,
        decisions=_decisions(session, actor, standing, today),
        places=_places(session, actor, standing),
        lacking=opening.lacking(session, standing) if standing.agreement.state in FROZEN else (),
        publication=publish.publication_of(session, agreement_id),
        signed_file=signed.file_sha256 if signed else "",
        findings=publish.personal_data(session, standing) if standing.agreement.state is State.signed else (),
        today=today,
    )


def signatories(session: Session, party: Party, programme: UUID, today: date) -> list[Contact]:
    """Who may sign for a party today."""
    return contacts(session, party.organisation.id, programme, today, SIGNATORY)


def _decisions(session: Session, actor: Actor, standing: Standing, today: date) -> tuple[Decision, ...]:
    steps = {s.party_id: s for s in opening.steps_of(session, standing.agreement.id)}
    boards = rows.boards(session, [p.organisation.id for p in standing.parties], today)
    return tuple(
        _decision(actor, standing, p, steps.get(p.id), boards.get(p.organisation.id, []), today) for p in standing.parties
    )


def _decision(
    actor: Actor, standing: Standing, party: Party, step: DecisionStep | None, boards: Sequence[rows.Board], today: date
) -> Decision:
    """What can be planned, sent and recorded for one party; the region acts for all, others for their own."""
    state = standing.agreement.state
    own = relation(actor, standing.agreement) is Relation.region or party.organisation.id == actor.organisation

    def open_to(operation: Operation) -> bool:
        return own and may(operation, actor.role, relation(actor, standing.agreement))

    undecided = step is None or step.state is not decision.State.decided
    required = step is not None and step.kind in REQUIRED
    return Decision(
        party=party,
        step=step,
        boards=boards,
        may_plan=open_to(Operation.plan_decision) and undecided and state not in (State.signing, *CLOSED),
        may_send_papers=open_to(Operation.plan_decision)
        and step is not None
        and step.state is decision.State.planned
        and state is State.deciding
        and required,
        may_record=open_to(Operation.record_outcome) and undecided and required and state is State.deciding,
        may_report=open_to(Operation.record_outcome)
        and step is not None
        and (step.kind, step.outcome, step.paragraph) == (Kind.delegated, Outcome.approved, ""),
        may_number=open_to(Operation.set_case_number) and state not in CLOSED,
        late=bool(
            step and step.state is decision.State.planned and step.papers_due and step.papers_due < today and state in FROZEN
        ),
    )


def _places(session: Session, actor: Actor, standing: Standing) -> tuple[Place, ...]:
    slots = opening.slots_of(session, standing.agreement.id)
    people = rows.people_of(session, [s.assignment_id for s in slots if s.assignment_id])
    given = rows.given(session, standing.agreement.id)
    order = {p.id: n for n, p in enumerate(standing.parties)}
    slots.sort(key=lambda s: (s.position, order[s.party_id]))
    return tuple(
        _place(
            actor,
            standing,
            row,
            people[row.assignment_id].name if row.assignment_id in people else "",
            given.get(row.id, []),
        )
        for row in slots
    )


def _place(actor: Actor, standing: Standing, row: SignatureSlot, name: str, given: Sequence[rows.Given]) -> Place:
    party, side = standing.party(row.party_id), relation(actor, standing.agreement)
    own = side is Relation.region or party.organisation.id == actor.organisation
    opened = standing.agreement.state is State.signing
    asked = opened and row.state is slot.State.requested
    waiting = next((g for g in given if not g.signature.verified_at and not g.signature.rejected_reason), None)
    mine = actor.assignment is not None and row.assignment_id == actor.assignment
    return Place(
        row=row,
        party=party.organisation.name,
        name=name,
        title=row.title,
        authority=row.authority,
        tone="wait" if waiting else _TONES[row.state],
        label=_("Väntar på kontroll") if waiting else label(row.state),
        text=_how(row, given),
        mine=mine,
        may_sign=mine and asked and waiting is None,
        may_upload=own and asked and waiting is None and may(Operation.upload_signed_paper, actor.role, side),
        may_replace=own
        and (asked or (opened and row.state is slot.State.pending))
        and waiting is None
        and may(Operation.plan_signing, actor.role, side),
        to_verify=waiting,
        may_verify=waiting is not None
        and opened
        and waiting.by_person != actor.person
        and may(Operation.verify_signed_paper, actor.role, side),
        scans=tuple(g for g in given if g.scan and own),
    )


def _how(row: SignatureSlot, given: Sequence[rows.Given]) -> str:
    """One sentence on how far a signature has come."""
    for each in reversed(given):
        signature = each.signature
        if signature.rejected_reason:
            return _("Den uppladdade filen godtogs inte: {reason}", reason=signature.rejected_reason)
        if not signature.verified_at:
            return _("Uppladdad av {person}. En annan person hos regionen kontrollerar den.", person=each.by)
        if signature.method is Method.paper:
            return _(
                "På papper {day}, kontrollerad av {person}",
                day=date_short(signature.signed_on),
                person=each.verified_by,
            )
        return _("Med personlig kod {day}", day=date_short(signature.signed_on))
    if row.state is slot.State.pending and row.frozen_id is not None:
        return _("Får begäran när de före har skrivit under.")
    return ""


def _one(found: Iterator[T]) -> T:
    for each in found:
        return each
    raise NotFound
