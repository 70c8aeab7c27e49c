"""The nightly check: looks for data that cannot be, because only a fault of ours or a foreign hand could have made it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.cases.publish import personal_data
from service.store import history
from service.store.standing import Standing, load_many
from service.store.tables import (
    Agreement,
    AgreementParty,
    Clause,
    ClauseVersion,
    DecisionStep,
    Event,
    EventPayload,
    FrozenText,
    Publication,
    Signature,
    SignatureSlot,
    Stance,
)
from states import clause as rule
from states import decision, recompute, slot
from states.agreement import FROZEN, LIVE, State
from states.decision import REQUIRED, Outcome
from states.errors import NotFound
from states.facts import control_code, from_canonical

_BOUND = (*FROZEN, State.signed, State.terminated, State.expired, State.superseded)
"""States that need a frozen text in force."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One impossible thing: a stable code, what it concerns (an id), and a sentence for whoever looks into it."""

    code: str
    subject: str
    message: str


@dataclass(slots=True)
class _Case:
    """Everything stored about one agreement."""

    standing: Standing
    frozen: list[FrozenText]
    steps: list[DecisionStep]
    slots: list[SignatureSlot]
    signatures: list[Signature]

    @property
    def agreement(self) -> Agreement:
        return self.standing.agreement

    @property
    def current(self) -> FrozenText | None:
        return next((f for f in self.frozen if f.obsolete_at is None), None)

    @property
    def bound_slots(self) -> list[SignatureSlot]:
        current = self.current
        return [s for s in self.slots if current and s.frozen_id == current.id and s.state is not slot.State.void]

    @property
    def bound_steps(self) -> list[DecisionStep]:
        current = self.current
        return [
            s
            for s in self.steps
            if current and s.frozen_id == current.id and s.kind in REQUIRED and s.state is not decision.State.cancelled
        ]

    def counts(self, place: SignatureSlot) -> bool:
        """Whether a signature that counts stands in this slot, on its own text."""
        return any(s.slot_id == place.id and s.frozen_id == place.frozen_id and s.verified_at for s in self.signatures)


def findings(session: Session) -> list[Finding]:
    """Everything impossible in the whole store; an empty list is the only good answer."""
    return [*impossible(session), *chain(session)]


def impossible(session: Session) -> list[Finding]:
    """Everything impossible in the rows; the history's chain is looked at apart."""
    found = [*_stances(session), *_texts(session), *_twins(session)]
    for case in _cases(session):
        for look in (_state, _frozen, _decisions, _signatures, _slots, _events):
            found += look(session, case)
    return [*found, *_publications(session)]


def _cases(session: Session) -> Iterator[_Case]:
    ids = session.exec(select(Agreement.id).order_by(col(Agreement.id))).all()
    for start in range(0, len(ids), 100):
        yield from _chunk(session, ids[start : start + 100])


def _chunk(session: Session, ids: Sequence[UUID]) -> Iterator[_Case]:
    frozen: dict[UUID, list[FrozenText]] = defaultdict(list)
    for text in session.exec(select(FrozenText).where(col(FrozenText.agreement_id).in_(ids)).order_by(col(FrozenText.revision))):
        frozen[text.agreement_id].append(text)
    steps: dict[UUID, list[DecisionStep]] = defaultdict(list)
    for row in session.exec(select(DecisionStep).where(col(DecisionStep.agreement_id).in_(ids))):
        steps[row.agreement_id].append(row)
    slots: dict[UUID, list[SignatureSlot]] = defaultdict(list)
    for place in session.exec(select(SignatureSlot).where(col(SignatureSlot.agreement_id).in_(ids))):
        slots[place.agreement_id].append(place)
    signed: dict[UUID, list[Signature]] = defaultdict(list)
    query = select(Signature, SignatureSlot.agreement_id).join(SignatureSlot, col(SignatureSlot.id) == col(Signature.slot_id))
    for signature, agreement in session.exec(query.where(col(SignatureSlot.agreement_id).in_(ids))):
        signed[agreement].append(signature)
    for key, standing in load_many(session, ids).items():
        yield _Case(standing, frozen[key], steps[key], slots[key], signed[key])


def _stances(session: Session) -> Iterator[Finding]:
    """Invariant 1: a stance is a party's of the very agreement its version belongs to."""
    query = (
        select(Stance.id)
        .join(ClauseVersion, col(ClauseVersion.id) == col(Stance.version_id))
        .join(Clause, col(Clause.id) == col(ClauseVersion.clause_id))
        .join(AgreementParty, col(AgreementParty.id) == col(Stance.party_id))
        .where(col(AgreementParty.agreement_id) != col(Clause.agreement_id))
    )
    for found in session.exec(query):
        yield Finding("foreign-stance", str(found), "Ett ställningstagande hör till en part i en annan överenskommelse.")


def _texts(session: Session) -> Iterator[Finding]:
    """Invariants 2 and 3: versions 1..n without a gap, each written from the head of its time by a party of the agreement."""
    query = (
        columns(
            col(ClauseVersion.clause_id),
            col(ClauseVersion.seq),
            col(ClauseVersion.base_seq),
            col(AgreementParty.agreement_id),
            col(Clause.agreement_id),
        )
        .join(Clause, col(Clause.id) == col(ClauseVersion.clause_id))
        .join(AgreementParty, col(AgreementParty.id) == col(ClauseVersion.party_id))
        .order_by(col(ClauseVersion.clause_id), col(ClauseVersion.seq))
    )
    expected: Counter[UUID] = Counter()
    for clause, seq, base, spoken_in, agreement in session.connection().execute(query):
        expected[clause] += 1
        if seq != expected[clause]:
            yield Finding("version-gap", str(clause), f"Textversion {expected[clause]} saknas.")
            expected[clause] = seq
        if base != seq - 1:
            yield Finding("stale-version", str(clause), f"Textversion {seq} skrevs inte från den som gällde då.")
        if spoken_in != agreement:
            yield Finding("foreign-version", str(clause), "En text hör till en part i en annan överenskommelse.")
    without = select(Clause.id).where(col(Clause.id).not_in(select(ClauseVersion.clause_id)))
    for clause in session.exec(without):
        yield Finding("no-text", str(clause), "Området saknar text.")


def _twins(session: Session) -> Iterator[Finding]:
    """Invariant 9, from the parties themselves and not from the stored key."""
    parties: dict[UUID, set[UUID]] = defaultdict(set)
    query = (
        select(Agreement.id, Agreement.programme_id, AgreementParty.organisation_id)
        .join(AgreementParty, col(AgreementParty.agreement_id) == col(Agreement.id))
        .where(col(Agreement.state).in_(LIVE))
    )
    programmes: dict[UUID, UUID] = {}
    for agreement, programme, organisation in session.exec(query):
        parties[agreement].add(organisation)
        programmes[agreement] = programme
    count = Counter((programmes[a], frozenset(p)) for a, p in parties.items())
    for agreement, found in parties.items():
        if count[programmes[agreement], frozenset(found)] > 1:
            yield Finding("twin-agreement", str(agreement), "Samma parter har två levande överenskommelser i planen.")
        if len(found) < 2:
            yield Finding("one-party", str(agreement), "Överenskommelsen har färre än två parter.")


def chain(session: Session) -> Iterator[Finding]:
    """Invariant 18: the history's chain verifies."""
    broken = history.verify(session)
    if broken is not None:
        yield Finding("broken-chain", str(broken.seq), f"Händelse {broken.seq} {broken.why}.")


def _state(_: Session, case: _Case) -> Iterator[Finding]:
    """Invariant 4."""
    agreement, bound = case.agreement, case.bound_slots
    facts = recompute.Standing(
        proposed=agreement.proposed_at is not None,
        ended_as=agreement.ended_as,
        settled=case.standing.settled,
        bound_steps=len(case.bound_steps),
        bound_slots=len(bound),
        signed_slots=sum(s.state is slot.State.signed for s in bound),
    )
    if (computed := recompute.state(facts)) is not agreement.state:
        yield Finding("wrong-state", str(agreement.id), f"Läget är {agreement.state}, men av fakta följer {computed}.")


def _frozen(_: Session, case: _Case) -> Iterator[Finding]:
    """Invariant 5, first half: the text in force has its own code and says what the agreed heads say."""
    agreement, current = case.agreement, case.current
    for text in case.frozen:
        if control_code(text.canonical) != text.control_code:
            yield Finding("wrong-code", str(text.id), "Den låsta texten stämmer inte med sin kontrollkod.")
    if current is None:
        if agreement.state in _BOUND:
            yield Finding("not-frozen", str(agreement.id), "Parterna är överens, men ingen text är låst.")
        return
    heads = {(str(c.id), str(c.head.id)) for c in case.standing.clauses if case.standing.state_of(c) is rule.State.agreed}
    if {(c.clause_id, c.version_id) for c in from_canonical(current.canonical).clauses} != heads:
        yield Finding("wrong-manifest", str(current.id), "Den låsta texten har andra områden än de som parterna är överens om.")


def _decisions(_: Session, case: _Case) -> Iterator[Finding]:
    """Invariant 5 for decisions, and no signing before every required one is approved."""
    texts = {f.id: f for f in case.frozen}
    for row in case.steps:
        if row.frozen_id is not None and row.frozen_id not in texts:
            yield Finding("foreign-decision", str(row.id), "Ett beslut gäller en annan överenskommelses text.")
        if row.outcome is not None and row.frozen_id is None:
            yield Finding("unbound-decision", str(row.id), "Ett beslut gäller ingen låst text.")
        obsolete = row.frozen_id in texts and texts[row.frozen_id].obsolete_at is not None
        if obsolete and row.state is not decision.State.cancelled:
            yield Finding("live-decision", str(row.id), "Ett beslut om en gammal text räknas fortfarande.")
    if case.bound_slots and any(s.outcome is not Outcome.approved for s in case.bound_steps):
        yield Finding("undecided", str(case.agreement.id), "Underskrifter begärdes innan alla beslut var fattade.")


def _signatures(_: Session, case: _Case) -> Iterator[Finding]:
    """Invariant 5 for signatures; a paper one never counts on one person's word."""
    texts, slots = {f.id: f for f in case.frozen}, {s.id: s for s in case.slots}
    for given in case.signatures:
        text = texts.get(given.frozen_id)
        if text is None or given.control_code != text.control_code or slots[given.slot_id].frozen_id != given.frozen_id:
            yield Finding("wrong-signature", str(given.id), "En underskrift gäller en annan text än sin plats.")
        if given.method is slot.Method.paper and given.verified_at and given.verified_by_id in (None, given.by_id):
            yield Finding("unverified-paper", str(given.id), "En underskrift på papper har inte kontrollerats av någon annan.")


def _slots(_: Session, case: _Case) -> Iterator[Finding]:
    """Invariants 6 and 8: signed means every party signed this text; old signatures are void."""
    obsolete = {f.id for f in case.frozen if f.obsolete_at is not None}
    for place in case.slots:
        if place.frozen_id in obsolete and place.state is not slot.State.void:
            yield Finding("live-signature", str(place.id), "En underskriftsplats gäller fortfarande en gammal text.")
        if place.state is slot.State.signed and not case.counts(place):
            yield Finding("empty-slot", str(place.id), "Platsen är underskriven utan underskrift.")
    if case.agreement.state in (State.signing, State.signed):
        present = {s.party_id for s in case.bound_slots}
        for party in case.standing.parties:
            if party.id not in present:
                yield Finding("slot-missing", str(party.id), "En part har ingen underskriftsplats.")


def _events(session: Session, case: _Case) -> Iterator[Finding]:
    """Invariant 18: the changes of state in the history lead without a gap from draft to the state that is stored."""
    query = (
        select(Event.kind, EventPayload.payload)
        .outerjoin(EventPayload, col(EventPayload.seq) == col(Event.seq))
        .where(col(Event.agreement_id) == case.agreement.id)
        .order_by(col(Event.seq))
    )
    events = session.exec(query).all()
    if any(payload is None for _, payload in events):  # erased on somebody's request: the chain still verifies
        return
    reached = State.draft.value
    gap = [kind for kind, _ in events].count("create") != 1
    for _, payload in events:
        if "state" in payload:
            gap = gap or payload["source"] != reached
            reached = payload["state"]
    if gap or reached != case.agreement.state.value:
        yield Finding("event-missing", str(case.agreement.id), f"Händelseloggen slutar i {reached} eller har en lucka.")


def _publications(session: Session) -> Iterator[Finding]:
    """Invariant 17."""
    for row in session.exec(select(Publication).where(col(Publication.unpublished_at).is_(None))):
        standing = load_many(session, [row.agreement_id]).get(row.agreement_id)
        if standing is None:
            raise NotFound
        if standing.agreement.state not in (State.signed, State.terminated, State.expired, State.superseded):
            yield Finding("published-unsigned", row.slug, "En överenskommelse som inte är undertecknad ligger på webben.")
        if personal_data(session, standing):
            yield Finding("published-personal-data", row.slug, "En publicerad överenskommelse innehåller personuppgifter.")
