"""What must never be untrue: each sentence of the design's list of invariants, attacked through the use cases and past them.

The numbers are those of the list. The whole matter is told elsewhere (tests/service/cases); here stand short attacks only.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Date, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from service.cases import contacts, dates, decide, documents, finish, opening, publish, respond, sign, signatories, taking_back
from service.cases.case_number import MISSING, set_case_number
from service.cases.check import findings
from service.cases.programmes import create_agreements
from service.cases.propose import send_proposal
from service.cases.remind import sweep
from service.cases.reopen import reopen
from service.store import history
from service.store.columns import new_id
from service.store.files import Files
from service.store.session import Store
from service.store.standing import Standing, current_frozen, load
from service.store.tables import (
    METADATA,
    Agreement,
    AgreementParty,
    ClauseVersion,
    Event,
    EventPayload,
    FrozenText,
    Organisation,
    Programme,
    Reminder,
    Signature,
    SignatureSlot,
    Task,
)
from service.store.tables.response import AnswerKind
from states import slot
from states.access import Operation
from states.calendar import TZ, at, end_of
from states.decision import Kind, Outcome
from states.errors import Blocked, NotAllowed, NotFound, NotYours, Stale
from states.facts import control_code, from_canonical
from states.parties import Actor
from states.tokens import fingerprint
from tests.people import add_party, draft, later
from tests.service.cases import life
from tests.service.cases.coming_in import at_once, look, mailed_link, opened, signed_in, who
from tests.stores import Begun

NUMBERS = {*range(1, 13), 17, 18, 19, 21, 23}
"""Those of the list that the service of today can break: the others speak of costs, interviews, frames and follow-ups."""

CLOCK_CHANGES = (date(2027, 10, 31), date(2028, 3, 26))
SLOT_DAY = "2027-09-16"
"""The first day on which Falun is reminded of a proposal that nobody has answered."""


@pytest.fixture
def case(store: Store, begun: Begun, tmp_path: Path) -> life.Case:
    """A draft between the region and Falun."""
    return life.begun_in(store, begun, Files(tmp_path / "files"))


@pytest.fixture
def any_case(any_store: Store, begun: Begun, tmp_path: Path) -> life.Case:
    """The same on both databases."""
    return life.begun_in(any_store, begun, Files(tmp_path / "files"))


def everything(case: life.Case) -> dict[str, list[str]]:
    """Every row of every table."""
    with case.store.read() as session:
        connection = session.connection()
        return {t.name: sorted(str(tuple(row)) for row in connection.execute(t.select())) for t in METADATA.sorted_tables}


def the_database_refuses(case: life.Case, statement: str, how: type[Exception] = IntegrityError) -> None:
    """A foreign hand writes straight into the database; a key that is taken is told as Stale."""
    before = everything(case)
    with pytest.raises(how), case.store.write() as session:
        session.connection().execute(text(statement))
    assert everything(case) == before


def found(case: life.Case) -> set[str]:
    with case.store.read() as session:
        return {f.code for f in findings(session)}


def by_hand(case: life.Case, statement: str) -> None:
    """What the database cannot see is wrong: it is written, and the nightly check must find it."""
    with case.store.write() as session:
        session.connection().execute(text(statement))


def rewritten(case: life.Case, words: str = "Kommunens egna ord.") -> None:
    """Falun writes the first area anew: its head is now version 2."""
    with case.store.write() as session:
        first = case.standing(session).clauses[0]
        life.answer(session, case, case.cast.karin, later(2), life.countering(session, first, words))


def reopened(session: Session, case: life.Case, now: datetime) -> Standing:
    clause = case.standing(session).clauses[0]
    head = session.get_one(ClauseVersion, clause.head.id)
    fields = {**head.fields, "w": "Öppnat igen."}
    return reopen(session, case.cast.karin, now, case.id, clause.id, head.id, head.title, fields, "Nya förutsättningar.")


def signed(case: life.Case) -> life.Case:
    life.open_for_signing(case)
    for person in (case.cast.torun, case.cast.chair):
        life.sign_as(case, person)
    assert case.state() == "signed"
    return case


@pytest.mark.invariant(1)
def test_a_stance_names_an_existing_version_of_its_clause_and_a_party_of_the_agreement(any_case: life.Case) -> None:
    case = life.agree(life.propose(any_case))
    the_database_refuses(case, "UPDATE stance SET version_id = party_id WHERE id = (SELECT id FROM stance LIMIT 1)")
    the_database_refuses(case, "UPDATE stance SET party_id = version_id")


@pytest.mark.invariant(1)
def test_nobody_takes_a_stance_for_others_or_on_anothers_clause(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        other = draft(session, case.cast, case.cast.borlange, slug="annan")
        send_proposal(session, case.cast.elin, later(), other)
        mine, theirs = case.standing(session).clauses[0], life.Case(case.store, case.cast, other, case.files)
        before = theirs.standing(session).clauses[0]
    with case.store.write() as session:
        with pytest.raises(NotFound):
            respond.save_answer(session, case.cast.hanna, later(1), case.id, life.accepting(mine))
        with pytest.raises(NotFound):
            respond.save_answer(session, case.cast.karin, later(1), case.id, life.accepting(before))
        unknown = respond.Draft(AnswerKind.accept, mine.id, new_id())
        with pytest.raises(Stale):
            respond.save_answer(session, case.cast.karin, later(1), case.id, unknown)
    with case.store.write() as session:
        session.get_one(ClauseVersion, before.head.id).party_id = case.standing(session).parties[0].id
    assert found(case) == {"foreign-version"}


@pytest.mark.invariant(2)
def test_versions_run_from_one_without_gaps_each_from_an_earlier_one_and_there_is_one_head(any_case: life.Case) -> None:
    case = life.propose(any_case)
    rewritten(case)
    with case.store.read() as session:
        first = case.standing(session).clauses[0]
        assert [(v.seq, v.base_seq) for v in first.versions] == [(1, 0), (2, 1)]
        assert first.head is first.versions[-1]
    the_database_refuses(case, "UPDATE clause_version SET seq = 1, base_seq = 0 WHERE seq = 2", Stale)
    the_database_refuses(case, "UPDATE clause_version SET base_seq = 2 WHERE seq = 2")
    by_hand(case, "UPDATE clause_version SET seq = 4 WHERE seq = 2")
    assert "version-gap" in found(case)


@pytest.mark.invariant(2)
def test_many_who_write_at_once_leave_one_head(any_case: life.Case) -> None:
    case = life.propose(any_case)
    with case.store.read() as session:
        first = case.standing(session).clauses[0]
        drafts = {a: life.countering(session, first, f"Ord av {a.name}.") for a in (case.cast.elin, case.cast.karin)}

    def write() -> object:
        actor = case.cast.karin if len(written) % 2 else case.cast.elin
        written.append(actor)
        with suppress(Stale, Blocked, NotAllowed), case.store.write() as session:
            return life.answer(session, case, actor, later(2), drafts[actor])
        return None

    written = list[Actor]()
    at_once(6, write)
    with case.store.read() as session:
        versions = case.standing(session).clauses[0].versions
    assert [(v.seq, v.base_seq) for v in versions] == [(1, 0), (2, 1)]
    case.sound()


@pytest.mark.invariant(3)
@pytest.mark.parametrize("kind", [AnswerKind.accept, AnswerKind.counter, AnswerKind.exclude])
def test_an_answer_goes_to_the_head_or_is_refused_with_both_texts(case: life.Case, kind: AnswerKind) -> None:
    life.propose(case)
    with case.store.read() as session:
        seen = case.standing(session).clauses[0]
    rewritten(case)
    before = everything(case)
    typed = respond.Draft(kind, seen.id, seen.head.id, "Vår rubrik", {"w": "Vårt förslag."}, "Ett skäl.")
    with pytest.raises(Stale) as refused, case.store.write() as session:
        respond.save_answer(session, case.cast.elin, later(3), case.id, typed)
    (conflict,) = refused.value.conflicts
    assert conflict.base["w"] == "Scenkonst för barn och unga: w."
    assert conflict.theirs["w"] == "Kommunens egna ord."
    assert kind is not AnswerKind.counter or conflict.yours["w"] == "Vårt förslag."
    assert everything(case) == before


@pytest.mark.invariant(3)
def test_a_draft_that_the_head_has_left_behind_is_not_sent(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        clauses = case.standing(session).clauses
        rows = [respond.save_answer(session, case.cast.elin, later(1), case.id, d) for d in _rewordings(session, clauses)]
    rewritten(case)
    before = everything(case)
    with pytest.raises(Stale) as refused, case.store.write() as session:
        respond.send_response(session, case.cast.elin, later(3), case.id, rows[0].response_id)
    assert [c.clause for c in refused.value.conflicts] == [str(clauses[0].id)]
    assert everything(case) == before


def _rewordings(session: Session, clauses: Any) -> list[respond.Draft]:
    return [life.countering(session, clause, f"Regionens ord {n}.") for n, clause in enumerate(clauses)]


@pytest.mark.invariant(4)
def test_the_stored_state_is_the_one_that_follows_from_the_facts_at_every_stage(any_case: life.Case) -> None:
    case, stages = any_case, ["draft"]
    case.sound()
    steps: list[Callable[[], object]] = [
        lambda: life.propose(case),
        lambda: life.agree(case),
        lambda: life.plan_signing(case),
        lambda: boards.append(life.ask_board(case)),
        lambda: life.approve(case, boards[0]),
        lambda: life.sign_as(case, case.cast.torun),
        lambda: life.sign_as(case, case.cast.chair),
    ]
    boards = list[UUID]()
    for go in steps:
        go()
        case.sound()
        stages.append(case.state())
    assert stages == ["draft", "negotiating", "agreed", "agreed", "deciding", "signing", "signing", "signed"]
    the_database_refuses(case, "UPDATE agreement SET state = 'nearly'")
    by_hand(case, "UPDATE agreement SET state = 'signing'")
    assert "wrong-state" in found(case)


@pytest.mark.invariant(5)
def test_the_frozen_text_holds_the_heads_of_the_agreed_clauses_and_no_others(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        left_out, *rest = case.standing(session).clauses
        answers = [life.excluding(left_out), *(life.accepting(c) for c in rest)]
        life.answer(session, case, case.cast.karin, later(2), *answers)
    with case.store.read() as session:
        frozen = current_frozen(session, case.id)
        assert frozen is not None
        assert {c.version_id for c in from_canonical(frozen.canonical).clauses} == {str(c.head.id) for c in rest}
        assert frozen.control_code == control_code(frozen.canonical)
    by_hand(case, "UPDATE frozen_text SET control_code = 'x'")
    assert found(case) == {"wrong-code"}


@pytest.mark.invariant(5)
def test_a_decision_and_a_signature_on_another_text_are_refused(case: life.Case) -> None:
    life.agree(life.propose(case))
    life.plan_signing(case)
    step = life.ask_board(case)
    other = "0" * 64
    before = everything(case)
    said = decide.Decided(Outcome.approved, other, decided_on=later(120).date(), paragraph="§ 47")
    with pytest.raises(Blocked), case.store.write() as session:
        decide.record_outcome(session, case.cast.karin, later(121), step, said)
    assert everything(case) == before
    life.approve(case, step)
    before = everything(case)
    with pytest.raises(Blocked), case.store.write() as session:
        sign.sign(session, case.cast.torun, later(125), life.place_of(session, case, case.cast.torun).id, other)
    assert everything(case) == before


@pytest.mark.invariant(5)
def test_no_agreement_has_two_texts_in_force(any_case: life.Case) -> None:
    case = life.agree(life.propose(any_case))
    with case.store.write() as session:
        reopened(session, case, later(40))
    life.accept_all(case, case.cast.elin, later(41))
    assert case.state() == "agreed"
    the_database_refuses(case, "UPDATE frozen_text SET obsolete_at = NULL", Stale)


@pytest.mark.invariant(6)
def test_signed_means_that_every_place_of_every_party_is_signed_on_the_same_code(any_case: life.Case) -> None:
    case = any_case
    with case.store.write() as session:
        add_party(session, case.id, case.cast.borlange)
    life.propose(case)
    people = [case.cast.torun, case.cast.chair, case.cast.borlange_chair]
    for contact in (case.cast.karin, case.cast.hanna):
        life.accept_all(case, contact, later(5))
    with case.store.write() as session:
        parties = case.standing(session).parties
        for party, person in list(zip(parties, people, strict=True))[:2]:
            signatories.plan_slots(session, case.cast.elin, later(6), case.id, party.id, [_place(person)])
        with pytest.raises(Blocked):
            opening.open_signing(session, case.cast.elin, later(7), case.id)
        signatories.plan_slots(session, case.cast.elin, later(6), case.id, parties[2].id, [_place(people[2])])
        opening.open_signing(session, case.cast.elin, later(7), case.id)
    for person in people:
        assert case.state() == "signing"
        life.sign_as(case, person)
    assert case.state() == "signed"
    with case.store.read() as session:
        codes = session.exec(select(Signature.control_code)).all()
        assert set(codes) == {life.code_of(session, case)}
        assert len(codes) == 3
    by_hand(case, "UPDATE signature SET control_code = 'x'")
    assert "wrong-signature" in found(case)


def _place(person: Actor) -> signatories.SlotPlan:
    return signatories.SlotPlan(person.assignment, "ordförande")


@pytest.mark.invariant(6)
def test_where_nothing_is_agreed_nothing_can_be_signed(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        life.answer(session, case, case.cast.karin, later(2), *map(life.excluding, case.standing(session).clauses))
    assert case.state() == "negotiating"
    with pytest.raises(NotAllowed), case.store.write() as session:
        opening.open_signing(session, case.cast.elin, later(3), case.id)


@pytest.mark.invariant(7)
def test_nothing_of_a_signed_agreement_changes_whoever_tries_whatever(case: life.Case) -> None:
    signed(case)
    before = everything(case)
    for name, verb in CHANGES.items():
        for actor in (case.cast.elin, case.cast.karin, case.cast.chair):
            with pytest.raises((NotAllowed, NotYours, Blocked)), case.store.write() as session:  # noqa: PT012 (says who and what)
                verb(session, case, actor)
                pytest.fail(f"{name} by {actor.name} went through")
    assert everything(case) == before


Change = Callable[[Session, life.Case, Actor], object]
NOW = later(150)


def _answer(kind: AnswerKind) -> Change:
    def change(session: Session, case: life.Case, actor: Actor) -> object:
        clause = case.standing(session).clauses[0]
        typed = respond.Draft(kind, clause.id, clause.head.id, "Ny rubrik", {"w": "Ny text."}, "Ett skäl.")
        own = respond.Draft(AnswerKind.add, title="Eget", fields={"w": "Vi vill."})
        return respond.save_answer(session, actor, NOW, case.id, own if kind is AnswerKind.add else typed)

    return change


def _number(session: Session, case: life.Case, actor: Actor) -> None:
    standing = load(session, actor, Operation.set_case_number, case.id)
    set_case_number(session, actor, NOW, standing, standing.parties[1].id, "KUN 2027/9")


def _board(of: int) -> Change:
    def change(session: Session, case: life.Case, actor: Actor) -> object:
        party = case.standing(session).parties[of].id
        return decide.plan_step(session, actor, NOW, case.id, party, decide.StepPlan(Kind.resolution, "Nämnden"))

    return change


def _outcome(session: Session, case: life.Case, actor: Actor) -> object:
    said = life.decided(session, case, Outcome.referred_back, reason="Nej.")
    return decide.record_outcome(session, actor, NOW, opening.steps_of(session, case.id)[0].id, said)


def _slots(session: Session, case: life.Case, actor: Actor) -> object:
    party = case.standing(session).parties[1].id
    return signatories.plan_slots(session, actor, NOW, case.id, party, [_place(case.cast.chair)])


def _again(session: Session, case: life.Case, actor: Actor) -> object:
    clause = case.standing(session).clauses[0]
    return reopen(session, actor, NOW, case.id, clause.id, clause.head.id, "Ny", {"w": "Ny text."}, "Ett skäl.")


CHANGES: dict[str, Change] = {
    **{f"answering: {kind}": _answer(kind) for kind in AnswerKind},
    "opening again": _again,
    "taking back": lambda s, c, a: taking_back.retract(s, a, NOW, c.id, c.standing(s).clauses[0].id),
    "declining": lambda s, c, a: finish.decline(s, a, NOW, c.id, "Nej."),
    "withdrawing": lambda s, c, a: finish.withdraw(s, a, NOW, c.id, "Nej."),
    "taking up again": lambda s, c, a: finish.resume(s, a, NOW, c.id),
    "proposing": lambda s, c, a: send_proposal(s, a, NOW, c.id),
    "another day": lambda s, c, a: dates.change_due(s, a, NOW, c.id, date(2028, 1, 10), firm=True),
    "asking for a day": lambda s, c, a: dates.propose_date(s, a, NOW, c.id, date(2028, 1, 10)),
    "a case number": _number,
    "planning a board that has decided": _board(1),
    "planning a board where none was asked": _board(0),
    "asking the boards": lambda s, c, a: decide.request_decision(s, a, NOW, c.id),
    "an outcome": _outcome,
    "planning places": _slots,
    "asking to sign": lambda s, c, a: opening.open_signing(s, a, NOW, c.id),
    "signing": lambda s, c, a: sign.sign(s, a, NOW, life.place_of(s, c, c.cast.chair).id, life.code_of(s, c)),
    "refusing": lambda s, c, a: sign.refuse(s, a, NOW, life.place_of(s, c, c.cast.chair).id, "Nej."),
}


@pytest.mark.invariant(8)
@pytest.mark.parametrize("how", ["reopen", "refuse"])
def test_opening_again_voids_every_signature_on_the_old_text_in_that_transaction(any_case: life.Case, how: str) -> None:
    case = life.open_for_signing(any_case)
    life.sign_as(case, case.cast.torun)

    def back(session: Session) -> None:
        if how == "reopen":
            reopened(session, case, later(130))
        else:
            sign.refuse(session, case.cast.chair, later(130), life.place_of(session, case, case.cast.chair).id, "Nej.")

    before = everything(case)
    with suppress(InterruptedError), case.store.write() as session:
        back(session)
        raise InterruptedError
    assert everything(case) == before
    with case.store.write() as session:
        frozen, old = life.frozen_id(session, case), life.code_of(session, case)
        torun = life.place_of(session, case, case.cast.torun).id
        back(session)
        session.flush()
        states = set(session.exec(select(SignatureSlot.state).where(col(SignatureSlot.frozen_id) == frozen)))
        assert states == {slot.State.void}
    with pytest.raises(NotAllowed), case.store.write() as session:
        sign.sign(session, case.cast.torun, later(131), torun, old)
    case.sound()
    by_hand(case, "UPDATE signature_slot SET state = 'signed' WHERE frozen_id IS NOT NULL")
    assert "live-signature" in found(case)


@pytest.mark.invariant(9)
def test_a_programme_has_one_live_agreement_per_set_of_parties(any_case: life.Case) -> None:
    case = any_case
    with case.store.read() as session:
        programme = session.get_one(Agreement, case.id).programme_id

    def make() -> None:
        with suppress(Stale), case.store.write() as session:
            create_agreements(session, case.cast.elin, later(), programme, [case.cast.falun, case.cast.borlange])

    at_once(6, make)
    with case.store.read() as session:
        assert session.exec(select(func.count()).select_from(Agreement)).one() == 2
    the_database_refuses(case, "UPDATE agreement SET party_key = 'samma'", Stale)
    by_hand(case, "UPDATE agreement SET state = 'withdrawn', ended_as = 'withdrawn'")
    by_hand(case, "UPDATE agreement SET party_key = 'samma'")
    the_database_refuses(case, "UPDATE agreement SET state = 'draft', ended_as = NULL", Stale)


def swept(case: life.Case, now: datetime) -> int:
    with case.store.write() as session:
        return sweep(session, now, None, 2_000).queued


def morning(day: str, clock: time = time(9)) -> datetime:
    return datetime.combine(date.fromisoformat(day), clock, TZ)


def _ended(session: Session, case: life.Case) -> None:
    for actor in (case.cast.karin, case.cast.peter):
        assert actor.assignment
        contacts.end(session, case.cast.elin, morning("2027-09-14"), actor.assignment)


def _paused(session: Session, case: life.Case) -> None:
    session.get_one(Agreement, case.id).pause = "election"


def _closed(session: Session, case: life.Case) -> None:
    finish.decline(session, case.cast.karin, morning("2027-09-14"), case.id, "Nej.")


def _answered(session: Session, case: life.Case) -> None:
    clauses = case.standing(session).clauses
    drafts = [life.countering(session, clauses[0], "Så här."), *map(life.accepting, clauses[1:])]
    life.answer(session, case, case.cast.karin, morning("2027-09-14"), *drafts)


def _quiet(session: Session, case: life.Case) -> None:
    programme = session.get_one(Programme, session.get_one(Agreement, case.id).programme_id)
    programme.quiet_periods = [{"from": "2027-09-10", "to": "2027-09-20", "reason": "paus"}]
    session.add(programme)


@pytest.mark.invariant(10)
@pytest.mark.parametrize("spoil", [_ended, _paused, _closed, _answered, _quiet], ids=lambda f: f.__name__.strip("_"))
def test_who_owes_nothing_or_is_no_longer_there_or_rests_gets_no_reminder(
    case: life.Case, spoil: Callable[[Session, life.Case], None]
) -> None:
    life.propose(case)
    with case.store.write() as session:
        spoil(session, case)
    assert swept(case, morning(SLOT_DAY)) == 0


@pytest.mark.invariant(10)
def test_who_has_left_gets_no_reminder_and_the_colleague_does(any_case: life.Case) -> None:
    case = life.propose(any_case)
    with case.store.write() as session:
        assert case.cast.karin.assignment
        contacts.end(session, case.cast.elin, morning("2027-09-14"), case.cast.karin.assignment)
    assert swept(case, morning(SLOT_DAY)) == 1
    assert [m.recipient_name for m in case.mails("reminder_before")] == [case.cast.peter.name]


@pytest.mark.invariant(10)
@pytest.mark.parametrize(
    ("not_then", "but_then"),
    [
        (morning("2027-09-18"), morning("2027-09-20")),
        (morning("2027-09-19"), morning("2027-09-20")),
        (morning("2027-12-24"), morning("2027-12-27")),
        (morning(SLOT_DAY, time(3)), morning(SLOT_DAY)),
        (morning(SLOT_DAY, time(23)), morning("2027-09-17")),
    ],
    ids=["Saturday", "Sunday", "Christmas Eve", "night", "evening"],
)
def test_no_reminder_leaves_on_a_free_day_or_at_night(case: life.Case, not_then: datetime, but_then: datetime) -> None:
    life.propose(case)
    assert swept(case, not_then) == 0
    assert swept(case, but_then) == 1


@pytest.mark.invariant(10)
def test_a_slot_is_used_once(any_case: life.Case) -> None:
    case = life.propose(any_case)
    at_once(4, lambda: swept(case, morning(SLOT_DAY)))
    with case.store.read() as session:
        queued = session.exec(select(Reminder).where(Reminder.outcome == "queued")).all()
        assert len(queued) == 1
    assert len(case.mails("reminder_before")) == 1
    the_database_refuses(case, "INSERT INTO reminder SELECT * FROM reminder", Stale)
    the_database_refuses(case, "UPDATE message SET slot_key = 'samma'", Stale)


@pytest.mark.invariant(11)
def test_after_four_unanswered_reminders_there_is_exactly_one_call_however_long_it_goes_on(case: life.Case) -> None:
    life.propose(case)
    day, sent = morning("2027-09-14"), 0
    while day < morning("2027-11-05"):
        sent += (new := swept(case, day))
        sent += swept(case, day.replace(hour=14)) if new else 0
        day += timedelta(days=1 if sent < 4 else 3)
    with case.store.read() as session:
        calls = session.exec(select(func.count()).select_from(Task).where(Task.kind == "call")).one()
    assert (sent, calls) == (4, 1)


@pytest.mark.invariant(12)
def test_a_link_gives_the_rights_of_its_assignment_only_and_dies_with_it(case: life.Case) -> None:
    store, cast = case.store, case.cast
    life.propose(case)
    with store.write() as session:
        foreign = draft(session, cast, cast.borlange, slug="annan")
        send_proposal(session, cast.elin, later(), foreign)
    came = who(store, signed_in(store, cast.karin).cookie)
    assert came is not None
    assert (came.assignment, came.organisation, came.role) == (cast.karin.assignment, cast.falun, cast.karin.role)
    with store.write() as session:
        assert load(session, came, Operation.answer, case.id)
        with pytest.raises(NotFound):
            load(session, came, Operation.answer, foreign)
        with pytest.raises(NotYours):
            load(session, came, Operation.publish, case.id)
    unused, cookie = mailed_link(store, cast.karin), signed_in(store, cast.karin).cookie
    with store.write() as session:
        assert came.assignment
        contacts.end(session, cast.elin, later(), came.assignment)
    assert look(store, unused) == "dead"
    assert opened(store, unused) is None
    assert who(store, cookie) is None


@pytest.mark.invariant(12)
def test_a_link_that_was_moved_to_another_assignment_of_another_epoch_opens_nothing(any_case: life.Case) -> None:
    case = any_case
    token = mailed_link(case.store, case.cast.karin)
    assert token not in str(everything(case))
    assert fingerprint(token) in str(everything(case))
    by_hand(case, "UPDATE contact_assignment SET epoch = 2")
    assert opened(case.store, token) is None
    the_database_refuses(case, "UPDATE link SET assignment_id = NULL")


@pytest.mark.invariant(17)
def test_what_is_not_signed_is_not_published(case: life.Case) -> None:
    life.open_for_signing(case)
    life.sign_as(case, case.cast.torun)
    with case.store.write() as session:
        scan = life.scan(session, case, case.cast.elin)
    with pytest.raises(Blocked) as refused, case.store.write() as session:
        publish.publish(session, case.cast.elin, later(126), case.id, scan)
    assert [r.code for r in refused.value.reasons] == ["not-signed"]


@pytest.mark.invariant(17)
def test_what_holds_personal_data_is_not_published(case: life.Case) -> None:
    life.propose(case)
    rewritten(case, "Ring 023-123 45 67 eller skriv till anna.borg@falun.se, född 19640823-3234.")
    for actor in (case.cast.elin, case.cast.karin):
        life.accept_all(case, actor, later(5))
    life.plan_signing(case)
    life.approve(case, life.ask_board(case))
    for actor in (case.cast.torun, case.cast.chair):
        life.sign_as(case, actor)
    with case.store.write() as session:
        documents.finish_signed(session, case.files, later(126))
        document = documents.signed_document(session, case.id)
        assert document is not None
        with pytest.raises(Blocked) as refused:
            publish.publish(session, case.cast.elin, later(127), case.id, document.id)
    said = [(r.code, r.message.partition(": ")[2].split()[0]) for r in refused.value.reasons]
    assert said == [("personal-data-left", kind) for kind in ("telefonnummer", "e-postadress", "personnummer")]


def moves(case: life.Case) -> list[tuple[str, str]]:
    """The changes of state that the history tells."""
    with case.store.read() as session:
        query = select(EventPayload.payload).join(Event, col(Event.seq) == col(EventPayload.seq)).order_by(col(Event.seq))
        told = [p for p in session.exec(query.where(col(Event.agreement_id) == case.id)) if "source" in p]
    return [(p["source"], p["state"]) for p in told if p["source"] != p["state"]]


@pytest.mark.invariant(18)
def test_each_change_of_state_has_exactly_one_event_in_its_transaction(any_case: life.Case) -> None:
    case, boards = any_case, list[UUID]()
    steps: list[Callable[[], object]] = [
        lambda: life.propose(case),
        lambda: life.agree(case),
        lambda: life.plan_signing(case),
        lambda: boards.append(life.ask_board(case)),
        lambda: life.approve(case, boards[0]),
        lambda: life.sign_as(case, case.cast.torun),
        lambda: life.sign_as(case, case.cast.chair),
    ]
    told = moves(case)
    for go in steps:
        before = case.state()
        go()
        new, told = moves(case)[len(told) :], moves(case)
        assert new == ([(before, case.state())] if before != case.state() else [])
    assert len(told) == 5
    with case.store.read() as session:
        assert history.verify(session) is None


@pytest.mark.invariant(18)
@pytest.mark.parametrize(
    ("forged", "refused"),
    [
        ("UPDATE event SET kind = 'x'", True),
        ("DELETE FROM event", True),
        ('UPDATE event_payload SET payload = \'{"reason": "förfalskat"}\' WHERE seq = 2', False),
        ("UPDATE event_payload SET salt = 'x' WHERE seq = 2", False),
        ("UPDATE chain_head SET seq = seq - 1", False),
        ("UPDATE chain_head SET hash = 'x'", False),
    ],
)
def test_a_forged_history_is_refused_or_found(any_case: life.Case, forged: str, refused: bool) -> None:
    case = life.propose(any_case)
    if refused:
        the_database_refuses(case, forged)
    else:
        by_hand(case, forged)
        assert "broken-chain" in found(case)


@pytest.mark.invariant(18)
def test_a_change_that_fails_leaves_no_event(case: life.Case) -> None:
    before = everything(case)
    with suppress(InterruptedError), case.store.write() as session:
        send_proposal(session, case.cast.elin, later(), case.id)
        raise InterruptedError
    assert everything(case) == before


@pytest.mark.invariant(19)
def test_codes_are_text_and_keep_their_noughts(any_case: life.Case) -> None:
    case = any_case
    with case.store.write() as session:
        session.get_one(Organisation, case.cast.falun).municipality_code = "0114"
    with case.store.read() as session:
        assert session.get_one(Organisation, case.cast.falun).municipality_code == "0114"
    codes = [c for t in METADATA.sorted_tables for c in t.columns if c.name in CODES]
    assert {c.name for c in codes} == CODES
    assert {str(c.type).partition("(")[0] for c in codes} == {"VARCHAR"}


CODES = {"municipality_code", "org_no", "control_code", "case_number", "case_prefix", "slug", "paragraph", "file_sha256"}


@pytest.mark.invariant(19)
def test_a_name_is_what_was_stored_and_stands_in_the_frozen_text_whatever_the_party_is_called_later(case: life.Case) -> None:
    life.agree(life.propose(case))
    with case.store.write() as session:
        session.get_one(Organisation, case.cast.falun).name = "Falu stad"
    with case.store.read() as session:
        frozen = session.exec(select(FrozenText)).one()
        assert [p.name for p in from_canonical(frozen.canonical).parties] == ["Region Dalarna", "Falu kommun"]
    case.sound()


@pytest.mark.invariant(21)
def test_a_deadline_is_a_civil_date_in_the_store() -> None:
    days = [c for t in METADATA.sorted_tables for c in t.columns if c.name in DEADLINES]
    assert {c.name for c in days} == DEADLINES
    assert all(isinstance(c.type, Date) for c in days)


DEADLINES = {
    "due",
    "papers_due",
    "meeting_on",
    "mandate_until",
    "valid_to",
    "period_to",
    "planned_on",
    "not_before",
    "decided_on",
}


@pytest.mark.invariant(21)
@pytest.mark.parametrize("day", [*CLOCK_CHANGES, date(2027, 12, 31), date(2028, 2, 29)], ids=str)
def test_a_last_day_lasts_through_its_last_second_in_stockholm(case: life.Case, day: date) -> None:
    end = end_of(day)
    assert end + timedelta(seconds=1) == at(day + timedelta(days=1), time())
    with case.store.write() as session:
        session.get_one(Agreement, case.id).due = day
    with pytest.raises(Blocked), case.store.write() as session:
        send_proposal(session, case.cast.elin, end + timedelta(seconds=1), case.id)
    with case.store.write() as session:
        send_proposal(session, case.cast.elin, end, case.id)


@pytest.mark.invariant(21)
@pytest.mark.parametrize("day", CLOCK_CHANGES, ids=str)
def test_a_mandate_lasts_through_its_last_second_in_stockholm(case: life.Case, day: date) -> None:
    life.open_for_signing(case)
    with case.store.write() as session:
        life.place_of(session, case, case.cast.torun).mandate_until = day
    with pytest.raises(Blocked):
        life.sign_as(case, case.cast.torun, end_of(day) + timedelta(seconds=1))
    life.sign_as(case, case.cast.torun, end_of(day))


@pytest.mark.invariant(23)
def test_a_party_without_a_case_number_before_signing_is_warned_and_nothing_stops(case: life.Case) -> None:
    assert _warned(life.agree(life.propose(case))) == {case.cast.region}
    assert [m.recipient_name for m in case.mails("case_number_wanted")] == ["Karin Östlund"]
    life.plan_signing(case)
    life.approve(case, life.ask_board(case))
    assert case.state() == "signing"


@pytest.mark.invariant(23)
def test_where_every_party_has_its_number_nobody_is_warned(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        _number(session, case, case.cast.karin)
        rows = session.exec(select(AgreementParty.case_number).where(AgreementParty.agreement_id == case.id)).all()
        assert all(rows)
    assert _warned(life.agree(case)) == set()


def _warned(case: life.Case) -> set[UUID]:
    with case.store.read() as session:
        return set(session.exec(select(Task.organisation_id).where(Task.kind == MISSING, col(Task.done_at).is_(None))))


def test_every_sentence_of_the_list_is_attacked_here() -> None:
    tests = [it for name, it in globals().items() if name.startswith("test_")]
    marks = [m for it in tests for m in getattr(it, "pytestmark", ()) if m.name == "invariant"]
    assert {m.args[0] for m in marks} == NUMBERS
