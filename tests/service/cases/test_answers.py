"""Answering: drafts of one side, batches, two writers, undoing and taking back."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import Session, select

from service.cases import contacts
from service.cases.propose import send_proposal
from service.cases.reopen import reopen
from service.cases.respond import (
    Draft,
    answers_of,
    drop_answer,
    open_response,
    save_answer,
    send_response,
)
from service.cases.taking_back import recall_response, retract
from service.store.tables import ClauseVersion, Message, Response, Stance
from service.store.tables.response import AnswerKind
from states import clause as core
from states.clause import StanceKind
from states.errors import Blocked, Invalid, NotAllowed, NotFound, NotYours, OverensError, Stale
from states.message import State as MessageState
from states.parties import Actor, Role
from tests.people import add_party, join, later
from tests.service.cases import life


def codes(refused: pytest.ExceptionInfo[Blocked]) -> list[str]:
    return [r.code for r in refused.value.reasons]


def test_a_proposal_needs_a_contact_and_a_day_that_has_not_passed(case: life.Case) -> None:
    with case.store.write() as session:
        for who in (case.cast.karin, case.cast.peter):
            assert who.assignment
            contacts.end(session, case.cast.elin, later(), who.assignment)
    with case.store.write() as session, pytest.raises(Blocked) as refused:
        send_proposal(session, case.cast.elin, later(), case.id, due=later(-1).date())
    assert codes(refused) == ["no-contact", "due-passed"]
    assert case.state() == "draft"


def test_only_a_strategist_sends_the_proposal_and_only_once(case: life.Case) -> None:
    with case.store.write() as session, pytest.raises(NotYours):
        send_proposal(session, case.cast.registrar, later(), case.id)
    life.propose(case)
    with case.store.write() as session, pytest.raises(NotAllowed):
        send_proposal(session, case.cast.elin, later(), case.id)
    with case.store.write() as session, pytest.raises(Stale):
        send_proposal(session, case.cast.elin, later(), case.id, version=1)


def test_drafts_are_the_sides_own_and_are_sent_as_one(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        first, second, _ = case.standing(session).clauses
        save_answer(session, case.cast.karin, later(1), case.id, life.accepting(first))
        row = save_answer(session, case.cast.peter, later(1), case.id, life.excluding(second))
        party = case.standing(session).party_of(case.cast.elin)
        assert open_response(session, party) is None
        with pytest.raises(NotFound):
            drop_answer(session, case.cast.elin, case.id, row.id)
        drop_answer(session, case.cast.karin, case.id, row.id)
        mine = open_response(session, case.standing(session).party_of(case.cast.karin))
        assert [a.kind for a in answers_of(session, mine)] == ["accept"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda d: Draft(d.kind, d.clause, d.base, "Rubrik", {"w": "a\x00b"}), "w"),
        (lambda d: Draft(d.kind, d.clause, d.base, "", {"w": "Text"}), "t"),
        (lambda d: Draft(AnswerKind.exclude, d.clause, d.base), "reason"),
        (lambda d: Draft(AnswerKind.add, d.clause, d.base, "Rubrik", {"w": "Text"}), "kind"),
        (lambda d: Draft(AnswerKind.accept), "kind"),
    ],
    ids=["control character", "no heading", "no reason", "an addition to a clause", "an acceptance of nothing"],
)
def test_what_cannot_be_taken_names_its_field(case: life.Case, change: Callable[[Draft], Draft], field: str) -> None:
    life.propose(case)
    with case.store.write() as session:
        good = life.countering(session, case.standing(session).clauses[0], "Ny text.")
        with pytest.raises(Invalid) as refused:
            save_answer(session, case.cast.karin, later(1), case.id, change(good))
    assert [f.field for f in refused.value.fields] == [field]


def test_a_text_that_somebody_is_still_writing_is_not_sent_and_waits_for_the_next_response(case: life.Case) -> None:
    life.propose(case)
    karin, peter = case.cast.karin, case.cast.peter
    with case.store.write() as session:
        first, second, _ = case.standing(session).clauses
        half, whole = (
            life.countering(session, first, "Vi vill gärna att"),
            life.countering(session, first, "Vi vill åka mer buss."),
        )
        row = save_answer(session, karin, later(2), case.id, half, finished=False)
        alone = row.response_id
    with case.store.write() as session, pytest.raises(Blocked) as refused:
        send_response(session, peter, later(3), case.id, alone)
    assert codes(refused) == ["nothing-to-send"]
    with case.store.write() as session:
        save_answer(session, peter, later(3), case.id, life.accepting(second))
        sent = send_response(session, peter, later(4), case.id, alone)
        kept = open_response(session, case.standing(session).party_of(karin))
        assert [a.clause_id for a in answers_of(session, sent)] == [second.id]
        assert [(a.clause_id, a.finished) for a in answers_of(session, kept)] == [(first.id, False)]
        assert len(case.standing(session).clause(first.id).versions) == 1
    with case.store.write() as session:
        assert save_answer(session, karin, later(5), case.id, whole).finished
        assert save_answer(session, karin, later(5), case.id, whole, finished=False).finished, "the same text again"
        assert not save_answer(session, karin, later(6), case.id, half, finished=False).finished
        save_answer(session, karin, later(7), case.id, whole)
        assert kept is not None
        send_response(session, karin, later(8), case.id, kept.id)
        assert len(case.standing(session).clause(first.id).versions) == 2
    case.sound()


def test_an_unchanged_text_is_no_answer(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        clause = case.standing(session).clauses[0]
        head = session.get_one(ClauseVersion, clause.head.id)
        same = Draft(AnswerKind.counter, clause.id, clause.head.id, head.title, head.fields)
        with pytest.raises(Blocked) as refused:
            save_answer(session, case.cast.karin, later(1), case.id, same)
    assert codes(refused) == ["unchanged-text"]


def test_nothing_is_sent_twice_and_nothing_from_an_empty_batch(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        row = save_answer(session, case.cast.karin, later(1), case.id, life.accepting(case.standing(session).clauses[0]))
        drop_answer(session, case.cast.karin, case.id, row.id)
        with pytest.raises(Blocked) as refused:
            send_response(session, case.cast.karin, later(1), case.id, row.response_id)
    assert codes(refused) == ["nothing-to-send"]


def test_two_people_of_one_side_see_each_others_texts(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        clause = case.standing(session).clauses[0]
        mine, hers = life.countering(session, clause, "Karins text."), life.countering(session, clause, "Peters text.")
        save_answer(session, case.cast.karin, later(1), case.id, mine, answer_version=0)
    with case.store.write() as session, pytest.raises(Stale) as refused:
        save_answer(session, case.cast.peter, later(1), case.id, hers, answer_version=0)
    conflict = refused.value.conflicts[0]
    assert (conflict.theirs["w"], conflict.yours["w"]) == ("Karins text.", "Peters text.")
    assert conflict.base["w"] == "Scenkonst för barn och unga: w."


def test_two_parties_at_once_one_wins_and_the_other_sees_both_texts(any_case: life.Case) -> None:
    case = any_case
    life.propose(case)
    with case.store.write() as session:
        standing = case.standing(session)
        add = Draft(AnswerKind.add, title="Eget", fields={"w": "Falun vill."})
        life.answer(session, case, case.cast.karin, later(1), add)
        clause = case.standing(session).clauses[-1]
        drafts = {a: life.countering(session, clause, f"{a.name} skrev.") for a in (case.cast.elin, case.cast.karin)}
        rows = {a: save_answer(session, a, later(2), case.id, d).response_id for a, d in drafts.items()}
        assert standing.agreement.id == case.id

    def send(actor: Actor) -> OverensError | None:
        try:
            with case.store.write() as session:
                send_response(session, actor, later(3), case.id, rows[actor])
        except Stale as lost:
            return lost
        return None

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(send, rows))
    lost = [o for o in outcomes if o is not None]
    assert len(lost) == 1
    assert isinstance(lost[0], Stale)
    conflict = lost[0].conflicts[0]
    assert conflict.theirs["w"].endswith("skrev.")
    assert conflict.yours["w"].endswith("skrev.")
    assert conflict.theirs["w"] != conflict.yours["w"]
    with case.store.read() as session:
        assert len(life.answers_in(session)) == 3  # the loser's draft is still there
    case.sound()


def test_a_stale_acceptance_is_refused_with_the_new_text(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        clause = case.standing(session).clauses[0]
        life.answer(session, case, case.cast.karin, later(1), life.countering(session, clause, "Ny text."))
    with case.store.write() as session, pytest.raises(Stale) as refused:
        save_answer(session, case.cast.elin, later(2), case.id, life.accepting(clause))
    assert refused.value.conflicts[0].theirs["w"] == "Ny text."


def test_twenty_four_sends_of_one_response_have_one_effect(any_case: life.Case) -> None:
    case = any_case
    life.propose(case)
    with case.store.write() as session:
        first, *_ = case.standing(session).clauses
        row = save_answer(session, case.cast.karin, later(1), case.id, life.countering(session, first, "Ny text."))

    def send(_: int) -> None:
        with case.store.write() as session:
            send_response(session, case.cast.karin, later(2), case.id, row.response_id)

    with ThreadPoolExecutor(24) as pool:
        list(pool.map(send, range(24)))
    assert case.kinds().count("send_response") == 1
    assert len(case.mails("response_received")) == 2  # one to each strategist
    with case.store.read() as session:
        assert len(session.exec(select(ClauseVersion).where(ClauseVersion.clause_id == first.id)).all()) == 2
    case.sound()


def _sent(case: life.Case) -> tuple[Response, core.Negotiated]:
    life.propose(case)
    with case.store.write() as session:
        first, second, third = case.standing(session).clauses
        drafts = life.countering(session, first, "Ny text."), life.excluding(second), life.accepting(third)
        response = life.answer(
            session, case, case.cast.karin, later(1), *drafts, Draft(AnswerKind.add, title="Eget", fields={"w": "x"})
        )
        return response, first


def test_within_a_minute_a_response_is_unsent_and_its_drafts_are_back(case: life.Case) -> None:
    response, first = _sent(case)
    with case.store.write() as session:
        recall_response(session, case.cast.karin, later(1, seconds=50), case.id, response.id)
    with case.store.read() as session:
        standing = case.standing(session)
        states = [standing.state_of(c) for c in standing.clauses]
        head = session.get_one(ClauseVersion, standing.clause(first.id).head.id)
        assert (head.seq, head.fields["w"]) == (3, "Scenkonst för barn och unga: w.")
        assert states[1:3] == [core.State.proposed, core.State.proposed]
        assert states[3] is core.State.excluded
        drafts = answers_of(session, open_response(session, standing.party_of(case.cast.karin)))
        assert sorted(d.kind for d in drafts) == ["accept", "add", "counter", "exclude"]
        waiting = session.exec(select(Message).where(Message.purpose == "response_received")).all()
        assert {m.state for m in waiting} == {MessageState.suppressed}
    case.sound()


def test_after_a_minute_or_an_answer_it_is_too_late(case: life.Case) -> None:
    response, _ = _sent(case)
    with case.store.write() as session, pytest.raises(Blocked) as refused:
        recall_response(session, case.cast.karin, later(1, seconds=61), case.id, response.id)
    assert codes(refused) == ["too-late"]
    with case.store.write() as session:
        own = case.standing(session).clauses[0]
        life.answer(session, case, case.cast.elin, later(1, seconds=10), life.accepting(own))
        with pytest.raises(Blocked):
            recall_response(session, case.cast.karin, later(1, seconds=20), case.id, response.id)


def test_a_text_nobody_answered_can_be_taken_back(case: life.Case) -> None:
    _, first = _sent(case)
    with case.store.write() as session:
        retract(session, case.cast.karin, later(2), case.id, first.id)
    with case.store.write() as session:
        clause = case.standing(session).clause(first.id)
        assert clause.head.party == case.standing(session).region.id
        assert case.standing(session).party_of(case.cast.karin).id in case.standing(session).clause_waits_on(clause)
    assert len(case.mails("clause_retracted")) == 2
    case.sound()


def test_what_the_other_side_took_back_is_not_ours_to_bring_back(case: life.Case) -> None:
    _, first = _sent(case)
    with case.store.write() as session:
        retract(session, case.cast.karin, later(2), case.id, first.id)
        with pytest.raises(NotAllowed):
            retract(session, case.cast.elin, later(3), case.id, first.id)


def test_taking_a_new_proposal_back_leaves_the_area_left_out_as_it_was(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        first, *rest = case.standing(session).clauses
        life.answer(session, case, case.cast.karin, later(1), life.excluding(first), life.accepting(rest[0]))
        head = session.get_one(ClauseVersion, first.head.id)
        again = Draft(AnswerKind.propose_again, first.id, first.head.id, head.title, {**head.fields, "w": "Ny."})
        response = life.answer(session, case, case.cast.elin, later(2), again)
    with case.store.write() as session:
        recall_response(session, case.cast.elin, later(2, seconds=5), case.id, response.id)
    with case.store.read() as session:
        standing = case.standing(session)
        assert standing.state_of(standing.clause(first.id)) is core.State.excluded
    case.sound()


def test_what_was_answered_cannot_be_taken_back(case: life.Case) -> None:
    case_id = _sent(case)[1].id
    with case.store.write() as session:
        clause = case.standing(session).clause(case_id)
        session.add(
            Stance(
                version_id=clause.head.id, party_id=case.standing(session).region.id, seq=9, kind=StanceKind.exclude, at=later(2)
            )
        )
        session.flush()
        with pytest.raises(OverensError):
            retract(session, case.cast.karin, later(3), case.id, case_id)


def _three(case: life.Case) -> Actor:
    """Borlänge joins as the third party."""
    with case.store.write() as session:
        add_party(session, case.id, case.cast.borlange)
    life.propose(case)
    return case.cast.hanna


def test_with_three_parties_everybody_must_accept_and_one_can_leave_an_area_out(any_case: life.Case) -> None:
    case = any_case
    hanna = _three(case)
    life.accept_all(case, case.cast.karin, later(1))
    assert case.state() == "negotiating"
    with case.store.write() as session:
        first, *rest = case.standing(session).clauses
        life.answer(session, case, hanna, later(2), life.excluding(first), *(life.accepting(c) for c in rest))
    assert case.state() == "agreed"
    assert {m.recipient_name for m in case.mails("agreed")} == {"Elin Åsberg", "Joar Hedqvist", "Karin Östlund", "Hanna Qvist"}
    case.sound()


def test_an_agreed_area_is_opened_by_any_of_three_and_waits_on_the_others(case: life.Case) -> None:
    hanna = _three(case)
    for who in (case.cast.karin, hanna):
        life.accept_all(case, who, later(2))
    assert case.state() == "agreed"
    with case.store.write() as session:
        clause = case.standing(session).clauses[0]
        new = life.countering(session, clause, "Hannas text.")
        standing = reopen(session, hanna, later(3), case.id, clause.id, clause.head.id, new.title, new.fields, "Ny nämnd.")
        assert standing.waiting_on() == {p.id for p in standing.parties if p.organisation.id != case.cast.borlange}
    assert {m.recipient_name for m in case.mails("reopened")} == {"Elin Åsberg", "Joar Hedqvist", "Karin Östlund"}
    case.sound()


def test_a_deputy_answers_and_a_reader_does_not(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        clause = case.standing(session).clauses[0]
        save_answer(session, case.cast.peter, later(1), case.id, life.accepting(clause))
        reader = join(session, "Lisa Läsare", case.cast.falun, Role.reader)
        for other, refusal in ((reader, NotYours), (case.cast.hanna, NotFound), (case.cast.chair, NotYours)):
            with pytest.raises(refusal):
                _answers(session, case, other, clause)


def _answers(session: Session, case: life.Case, actor: Actor, clause: core.Negotiated) -> None:
    save_answer(session, actor, later(1), case.id, life.accepting(clause))
