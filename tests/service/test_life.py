"""Lives nobody thought of: random verbs by random people, and after each one nothing impossible lies in the store.

What must hold is read twice: by the product's nightly check, and from the rows alone by tests/service/cases/reckoning.py.
"""

import shutil
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import make_url
from sqlmodel import Session, col, select

from service.cases import decide, finish, opening, reopen, respond, sign, signatories, taking_back
from service.cases.check import findings
from service.cases.programmes import create_agreements, create_programme
from service.cases.propose import send_proposal
from service.store.session import Store
from service.store.standing import Standing, current_frozen, load_many
from service.store.tables import Clause, ClauseVersion, Event, Organisation, Stance
from service.store.tables.response import AnswerKind
from states import slot
from states.agreement import State
from states.clause import Negotiated, StanceKind
from states.decision import Kind, Outcome
from states.errors import Blocked, NotAllowed, Stale
from states.parties import Actor, OrganisationKind, Role
from tests.people import NOW, add_party, arrive, join, plan
from tests.service.cases import reckoning
from tests.service.cases.reckoning import Books
from tests.stores import empty

REFUSED = (NotAllowed, Blocked, Stale)
"""The only ways a verb may say no here; anything else is a fault."""

pick = st.integers(min_value=0, max_value=9)
KINDS = st.sampled_from([AnswerKind.accept, AnswerKind.accept, AnswerKind.counter, AnswerKind.exclude, AnswerKind.propose_again])


TURNS = frozenset(
    {
        "an area left out",
        "an old text answered",
        "an own area",
        "another one of the same parties",
        "five parties",
        "complete",
        "decline",
        "recall_response",
        "refer_back",
        "refuse",
        "reject",
        "reopen",
        "resume",
        "retract",
        "withdraw",
    }
)
"""What enough lives must have come to, by the kinds of the history; otherwise the machine proves less than it says."""


class Life(RuleBasedStateMachine):
    """One agreement of two to five parties; the subclass says where its rows are, and counts the turns that lives took."""

    opens: Callable[[], Store]
    turns: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.store = type(self).opens()

    def teardown(self) -> None:
        for turn in self._turns():
            event(turn)
            type(self).turns[turn] += 1
        self.store.close()

    def _turns(self) -> set[str]:
        """What happened in this life, as the rows tell it."""
        with self.store.read() as session:
            kinds = set(session.exec(select(Event.kind)))
            if session.exec(select(Stance.id).where(Stance.kind == StanceKind.exclude)).first():
                kinds.add("an area left out")
            if session.exec(select(Clause.id).where(col(Clause.area_id).is_(None))).first():
                kinds.add("an own area")
            if len(self.contacts) == 5:
                kinds.add("five parties")
        return (kinds | self.seen) & TURNS

    @initialize(parties=st.sampled_from([5, 2, 3, 4]), areas=st.integers(min_value=1, max_value=3))
    def begin(self, parties: int, areas: int) -> None:
        self.now, self.words, self.seen = NOW, 0, set[str]()
        with self.store.write() as session:
            self.cast = arrive(session)
            self.contacts = [self.cast.elin, self.cast.karin]
            self.signatories = [self.cast.torun, self.cast.chair]
            self.programme = create_programme(session, self.cast.elin, NOW, plan(areas=tuple("ABC"[:areas]))).id
            self.id = create_agreements(session, self.cast.elin, NOW, self.programme, [self.cast.falun]).agreements[0]
            for number in range(2, parties):
                self._invite(session, number)
            send_proposal(session, self.cast.elin, NOW, self.id)
        self.books = self._read()

    def _invite(self, session: Session, number: int) -> None:
        organisation = self.cast.borlange if number == 2 else another(session, number)
        add_party(session, self.id, organisation)
        self.contacts.append(self.cast.hanna if number == 2 else join(session, f"Kontakt {number}", organisation, Role.main))
        self.signatories.append(join(session, f"Undertecknare {number}", organisation, Role.signatory))

    def _try(self, verb: Callable[[Session, datetime], object]) -> bool:
        """Let the verb happen in its own transaction; a named refusal is fine and leaves nothing behind."""
        self.now += timedelta(minutes=5)
        done = True
        try:
            with self.store.write() as session:
                verb(session, self.now)
        except REFUSED:
            done = False
        before, self.books = self.books, self._read()
        assert done or self.books.rows == before.rows
        reckoning.one_event_for_each_change(before, self.books)
        reckoning.nothing_on_file_is_lost(before, self.books)
        reckoning.nothing_of_a_signed_one_has_changed(before, self.books)
        return done

    def _read(self) -> Books:
        with self.store.read() as session:
            return Books(session)

    def _standing(self, session: Session) -> Standing:
        return load_many(session, [self.id])[self.id]

    def _person(self, who: int) -> Actor:
        return self.contacts[who % len(self.contacts)]

    @rule(who=pick, which=pick, kind=KINDS)
    def answer(self, who: int, which: int, kind: AnswerKind) -> None:
        actor = self._person(who)

        def verb(session: Session, now: datetime) -> None:
            clauses = self._standing(session).clauses
            respond.save_answer(session, actor, now, self.id, self._draft(session, clauses[which % len(clauses)], kind))

        self._try(verb)

    def _draft(self, session: Session, clause: Negotiated, kind: AnswerKind) -> respond.Draft:
        title, fields = self._text(session, clause)
        return respond.Draft(kind, clause.id, clause.head.id, title, fields, "Ett skäl.")

    def _text(self, session: Session, clause: Negotiated) -> tuple[str, dict[str, str]]:
        self.words += 1
        head = session.get_one(ClauseVersion, clause.head.id)
        return head.title, {**head.fields, "w": f"Text {self.words}."}

    @rule(who=pick, which=pick, old=pick, kind=st.sampled_from([AnswerKind.accept, AnswerKind.counter, AnswerKind.exclude]))
    def answer_an_old_text(self, who: int, which: int, old: int, kind: AnswerKind) -> None:
        """Where the area is open it is refused with both texts, whoever it is and whatever was said."""
        self.answer(who + 1, which, AnswerKind.counter)
        self.send(who + 1)
        actor = self._person(who)

        def verb(session: Session, now: datetime) -> None:
            clauses = self._standing(session).clauses
            clause = clauses[which % len(clauses)]
            if len(clause.versions) == 1:
                raise Blocked
            base = session.get_one(ClauseVersion, clause.versions[old % (len(clause.versions) - 1)].id)
            typed = replace(self._draft(session, clause, kind), base=base.id)
            try:
                respond.save_answer(session, actor, now, self.id, typed)
            except Stale as refused:
                self._shows_both(session, clause, base, refused, typed)
                raise
            raise AssertionError("an old text was answered")

        self._try(verb)

    def _shows_both(
        self, session: Session, clause: Negotiated, base: ClauseVersion, refused: Stale, typed: respond.Draft
    ) -> None:
        (conflict,) = refused.conflicts
        head = session.get_one(ClauseVersion, clause.head.id)
        assert (conflict.base, conflict.theirs) == ({"t": base.title, **base.fields}, {"t": head.title, **head.fields})
        assert typed.kind is not AnswerKind.counter or conflict.yours == {"t": typed.title, **typed.fields}
        self.seen.add("an old text answered")

    @rule()
    def make_another_of_the_same_parties(self) -> None:
        """While one lives there is no second; when there is one, the first does not come back to life."""

        def verb(session: Session, now: datetime) -> None:
            if create_agreements(session, self.cast.elin, now, self.programme, [self.cast.falun]).agreements:
                self.seen.add("another one of the same parties")

        self._try(verb)

    @rule(who=pick)
    def add(self, who: int) -> None:
        own = respond.Draft(AnswerKind.add, title="Eget område", fields={"w": "Vi vill."})
        self._try(lambda session, now: respond.save_answer(session, self._person(who), now, self.id, own))

    @rule(who=pick)
    def send(self, who: int) -> None:
        actor = self._person(who)

        def verb(session: Session, now: datetime) -> None:
            response = respond.open_response(session, self._standing(session).party_of(actor))
            if response is not None:
                respond.send_response(session, actor, now, self.id, response.id)
                self.last = actor, response.id, now

        self._try(verb)

    @rule(who=pick, which=pick, kind=KINDS)
    def answer_at_once(self, who: int, which: int, kind: AnswerKind) -> None:
        """A draft that is sent before anything else happens; otherwise few lives would leave an area out or take a text back."""
        self.answer(who, which, kind)
        self.send(who)

    @rule(who=pick)
    def accept_everything(self, who: int) -> None:
        """Without this hardly any life would ever reach an agreement."""
        actor = self._person(who)

        def verb(session: Session, now: datetime) -> None:
            standing = self._standing(session)
            party = standing.party_of(actor)
            for clause in standing.clauses:
                if party.id in standing.clause_waits_on(clause):
                    respond.save_answer(session, actor, now, self.id, self._draft(session, clause, AnswerKind.accept))
            response = respond.open_response(session, party)
            if response is not None:
                respond.send_response(session, actor, now, self.id, response.id)

        self._try(verb)

    @rule()
    def go_on(self) -> None:
        """One natural step towards the signed agreement; without it hardly any life would come that far."""
        with self.store.read() as session:
            state = self._standing(session).agreement.state
        if state is State.negotiating:
            for who in range(len(self.contacts)):
                self.accept_everything(who)
        elif state is State.agreed:
            self.name_signatories()
            self.open_signing()
            self.request_decision()
        elif state is State.deciding:
            self.decide(0, Outcome.approved)
        elif state is State.signing:
            self.sign_or_refuse(0, says_no=False)
        elif state in (State.declined, State.withdrawn):
            self.resume(0)

    @rule()
    def go_on_once_more(self) -> None:
        self.go_on()

    @rule(which=pick, outcome=st.sampled_from([Outcome.referred_back, Outcome.rejected]))
    def object_to_it(self, which: int, outcome: Outcome) -> None:
        """A board is asked and says no, or a signatory does; without it hardly any life would come to a refusal."""
        with self.store.read() as session:
            state = self._standing(session).agreement.state
        if state is State.agreed:
            self.plan_board(which, Kind.resolution)
            self.name_signatories()
            self.request_decision()
        if state in (State.agreed, State.deciding):
            self.decide(which, outcome)
        elif state is State.signing:
            self.sign_or_refuse(which % 3, says_no=True)

    @rule()
    def recall(self) -> None:
        if last := getattr(self, "last", None):
            actor, response, sent = last
            self._try(lambda session, now: taking_back.recall_response(session, actor, now, self.id, response, real_now=sent))

    @rule(who=pick, which=pick)
    def retract(self, who: int, which: int) -> None:
        def verb(session: Session, now: datetime) -> None:
            clauses = self._standing(session).clauses
            taking_back.retract(session, self._person(who), now, self.id, clauses[which % len(clauses)].id)

        self._try(verb)

    @rule(who=pick, which=pick)
    def send_a_text_and_take_it_back(self, who: int, which: int) -> None:
        """Before anybody has answered it; without it hardly any text would ever be taken back."""
        self.answer(who, which, AnswerKind.counter)
        self.send(who)
        self.retract(who, which)

    @rule(who=pick, which=pick)
    def open_again(self, who: int, which: int) -> None:
        def verb(session: Session, now: datetime) -> None:
            clauses = self._standing(session).clauses
            clause = clauses[which % len(clauses)]
            title, fields = self._text(session, clause)
            reopen.reopen(session, self._person(who), now, self.id, clause.id, clause.head.id, title, fields, "Ett skäl.")
            assert current_frozen(session, self.id) is None

        self._try(verb)

    @rule(who=pick, kind=st.sampled_from([Kind.resolution, Kind.delegated, Kind.notice]))
    def plan_board(self, who: int, kind: Kind) -> None:
        def verb(session: Session, now: datetime) -> None:
            parties = self._standing(session).parties
            party = parties[who % len(parties)]
            decide.plan_step(session, self.cast.elin, now, self.id, party.id, decide.StepPlan(kind, "Nämnden"))

        self._try(verb)

    @rule()
    def request_decision(self) -> None:
        self._try(lambda session, now: decide.request_decision(session, self.cast.elin, now, self.id))

    @rule(which=pick, outcome=st.sampled_from([Outcome.approved, Outcome.approved, Outcome.approved, *Outcome]))
    def decide(self, which: int, outcome: Outcome) -> None:
        def verb(session: Session, now: datetime) -> None:
            steps = opening.undecided(session, self._standing(session))
            frozen = current_frozen(session, self.id)
            if steps and frozen:
                said = decide.Decided(outcome, frozen.control_code, now.date(), "§ 1", "Ett skäl.")
                decide.record_outcome(session, self.cast.elin, now, steps[which % len(steps)].id, said)

        self._try(verb)

    @rule()
    def name_signatories(self) -> None:
        for party, actor in enumerate(self.signatories):
            self._try(lambda session, now, i=party, a=actor: self._name(session, now, i, a))  # type: ignore[misc]

    def _name(self, session: Session, now: datetime, index: int, actor: Actor) -> None:
        party = self._standing(session).parties[index]
        signatories.plan_slots(
            session, self.cast.elin, now, self.id, party.id, [signatories.SlotPlan(actor.assignment, "ordförande")]
        )

    @rule()
    def open_signing(self) -> None:
        self._try(lambda session, now: opening.open_signing(session, self.cast.elin, now, self.id))

    @rule(which=pick, says_no=st.booleans())
    def sign_or_refuse(self, which: int, says_no: bool) -> None:
        def verb(session: Session, now: datetime) -> None:
            asked = [p for p in opening.slots_of(session, self.id) if p.state is slot.State.requested]
            frozen = current_frozen(session, self.id)
            if asked and frozen:
                place = asked[which % len(asked)]
                actor = next(a for a in self.signatories if a.assignment == place.assignment_id)
                if says_no and which < 3:
                    sign.refuse(session, actor, now, place.id, "Ett skäl.")
                else:
                    sign.sign(session, actor, now, place.id, frozen.control_code)

        self._try(verb)

    @rule(who=pick, how=st.sampled_from(["decline", "withdraw"]), rarely=st.integers(min_value=0, max_value=3))
    def end(self, who: int, how: str, rarely: int) -> None:
        if rarely:
            return
        if how == "withdraw":
            self._try(lambda session, now: finish.withdraw(session, self.cast.elin, now, self.id, "Ett skäl."))
        else:
            others = self.contacts[1:]
            self._try(lambda session, now: finish.decline(session, others[who % len(others)], now, self.id, "Ett skäl."))

    @rule(who=pick)
    def resume(self, who: int) -> None:
        self._try(lambda session, now: finish.resume(session, self._person(who), now, self.id))

    @invariant()
    def nothing_is_impossible(self) -> None:
        with self.store.read() as session:
            assert findings(session) == []

    @invariant()
    def stances_name_a_version_and_a_party_of_the_same_agreement(self) -> None:
        reckoning.stances_name_a_version_and_a_party_of_the_same_agreement(self.books)

    @invariant()
    def versions_run_without_gaps(self) -> None:
        reckoning.versions_run_without_gaps(self.books)

    @invariant()
    def only_heads_were_answered(self) -> None:
        reckoning.only_heads_were_answered(self.books)

    @invariant()
    def stored_states_follow_from_the_facts(self) -> None:
        reckoning.stored_states_follow_from_the_facts(self.books)

    @invariant()
    def frozen_texts_hold_the_agreed_heads(self) -> None:
        reckoning.frozen_texts_hold_the_agreed_heads(self.books)

    @invariant()
    def signed_means_signed_by_all(self) -> None:
        reckoning.signed_means_signed_by_all(self.books)

    @invariant()
    def signatures_on_an_old_text_are_void(self) -> None:
        reckoning.signatures_on_an_old_text_are_void(self.books)

    @invariant()
    def no_two_live_agreements_have_the_same_parties(self) -> None:
        reckoning.no_two_live_agreements_of_the_same_parties(self.books)

    @invariant()
    def the_history_is_one_chain(self) -> None:
        reckoning.the_history_is_one_chain(self.books)


def another(session: Session, number: int) -> UUID:
    """One more municipality."""
    row = Organisation(kind=OrganisationKind.municipality, name=f"Kommun {number}", short_name=f"Kommun {number}")
    session.add(row)
    session.flush()
    return row.id


def live(opens: Callable[[], Store], examples: int, steps: int, phases: Sequence[Phase] = tuple(Phase)) -> Counter[str]:
    """Run that many lives of that many verbs, the same ones every time; how many of them took which turn."""
    turns = Counter[str]()
    machine = type("LifeHere", (Life,), {"opens": staticmethod(opens), "turns": turns})
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        phases=phases,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=chosen)
    return turns


@pytest.fixture
def fresh_files(migrated_file: Path, tmp_path: Path) -> Callable[[], Store]:
    """A new SQLite store at each call."""

    def opens() -> Store:
        path = tmp_path / f"{uuid.uuid4().hex}.sqlite3"
        shutil.copyfile(migrated_file, path)
        return Store(f"sqlite:///{path}")

    return opens


@pytest.fixture
def fresh_databases(migrated_database: str) -> Iterator[Callable[[], Store]]:
    """An empty PostgreSQL database at each call, in place of the one before; nothing waits for a lock for ever."""
    patient = make_url(migrated_database).update_query_dict({"options": "-c lock_timeout=60s"})

    def opens() -> Store:
        made = Store(patient.render_as_string(hide_password=False))
        empty(made)
        return made

    yield opens
    opens().close()


def test_no_life_leads_to_anything_impossible(fresh_files: Callable[[], Store]) -> None:
    live(fresh_files, examples=14, steps=22)


@pytest.mark.postgres
def test_no_life_leads_to_anything_impossible_on_postgresql(fresh_databases: Callable[[], Store]) -> None:
    """What goes wrong is told as it was found: each shorter life would take its time on a server that is busy."""
    live(fresh_databases, examples=3, steps=14, phases=[Phase.generate])


@pytest.mark.soak
def test_no_long_life_leads_to_anything_impossible(fresh_files: Callable[[], Store]) -> None:
    turns = live(fresh_files, examples=400, steps=60)
    assert turns.keys() == TURNS, f"never reached: {sorted(TURNS - turns.keys())}"
