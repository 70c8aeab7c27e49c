"""Deciding and signing: boards, order, mandates, paper, refusals, and what a reopening does to all of it."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from sqlmodel import Session, select

from service.cases.decide import StepPlan, plan_step, record_outcome, request_decision, send_papers
from service.cases.finish import resume
from service.cases.opening import open_signing, open_when_decided, slots_of, steps_of
from service.cases.reopen import reopen
from service.cases.sign import record_paper, refuse, sign, verify_paper
from service.cases.signatories import SlotPlan, plan_slots
from service.store.standing import current_frozen
from service.store.tables import ContactAssignment, Person, Signature, SignatureSlot
from states import decision, slot
from states.decision import Kind, Outcome
from states.errors import Blocked, Invalid, NotAllowed, NotFound, NotYours, OverensError, Stale
from states.parties import Role
from tests.people import join, later
from tests.service.cases import life


def codes(refused: pytest.ExceptionInfo[Blocked]) -> list[str]:
    return [r.code for r in refused.value.reasons]


def test_a_decision_is_asked_for_only_when_somebody_decides(case: life.Case) -> None:
    life.agree(life.propose(case))
    with case.store.write() as session, pytest.raises(Blocked) as refused:
        request_decision(session, case.cast.elin, later(31), case.id)
    assert codes(refused) == ["no-decision-step"]
    with case.store.write() as session, pytest.raises(NotFound):
        request_decision(session, case.cast.hanna, later(31), case.id)


def test_without_a_board_the_signing_opens_at_once_when_everybody_is_named(case: life.Case) -> None:
    life.agree(life.propose(case))
    with case.store.write() as session, pytest.raises(Blocked) as refused:
        open_signing(session, case.cast.elin, later(31), case.id)
    assert codes(refused) == ["slots-missing", "slots-missing"]
    life.plan_signing(case)
    with case.store.write() as session:
        open_signing(session, case.cast.elin, later(32), case.id)
    assert case.state() == "signing"
    case.sound()


def test_a_contact_speaks_for_the_own_party_only(case: life.Case) -> None:
    life.agree(life.propose(case))
    with case.store.write() as session:
        region = case.standing(session).region.id
        with pytest.raises(NotYours):
            plan_step(session, case.cast.karin, later(31), case.id, region, StepPlan(Kind.resolution, "Nämnden"))
        with pytest.raises(NotYours):
            plan_slots(session, case.cast.karin, later(31), case.id, region, [SlotPlan(None, "direktör")])


def test_a_signatory_must_be_the_partys_own(case: life.Case) -> None:
    life.agree(life.propose(case))
    with case.store.write() as session:
        falun = case.standing(session).party_of(case.cast.karin).id
        for stranger in (case.cast.torun, case.cast.karin):
            with pytest.raises(Invalid):
                plan_slots(session, case.cast.elin, later(31), case.id, falun, [SlotPlan(stranger.assignment, "ordförande")])


def test_a_decision_on_another_text_or_from_the_future_is_refused(case: life.Case) -> None:
    life.agree(life.propose(case))
    step = life.ask_board(case)
    with case.store.write() as session:
        good = life.decided(session, case)
        wrong = type(good)(good.outcome, "0" * 64, good.decided_on, good.paragraph)
        with pytest.raises(Blocked) as refused:
            record_outcome(session, case.cast.karin, later(121), step, wrong)
        for bad in (life.decided(session, case, decided_on=later(300).date()), life.decided(session, case, paragraph="")):
            with pytest.raises(Invalid):
                record_outcome(session, case.cast.karin, later(121), step, bad)
        with pytest.raises(Stale):
            record_outcome(session, case.cast.karin, later(121), step, good, version=99)
    assert codes(refused) == ["not-the-frozen-text"]


def test_late_papers_are_noted_with_a_task(case: life.Case) -> None:
    life.agree(life.propose(case))
    step = life.ask_board(case)
    with case.store.write() as session:
        assert send_papers(session, case.cast.karin, later(110), step).state is decision.State.papers_sent


def test_the_last_approval_waits_for_names_and_then_opens_the_signing(case: life.Case) -> None:
    life.agree(life.propose(case))
    life.approve(case, life.ask_board(case))
    assert case.state() == "deciding"
    life.plan_signing(case)
    assert case.state() == "signing"
    with case.store.write() as session:
        assert open_when_decided(session, case.cast.elin, later(130), case.standing(session)).agreement.state == "signing"
    case.sound()


def test_a_board_that_joins_while_others_decide_is_asked_about_the_same_text(case: life.Case) -> None:
    life.agree(life.propose(case))
    life.plan_signing(case)
    step = life.ask_board(case)
    with case.store.write() as session:
        region = case.standing(session).region.id
        late = plan_step(session, case.cast.elin, later(40), case.id, region, StepPlan(Kind.delegated, "Förvaltningschefen"))
        assert late.frozen_id == life.frozen_id(session, case)
        with pytest.raises(Blocked) as refused:
            plan_step(session, case.cast.elin, later(40), case.id, region, StepPlan(Kind.notice, "Förvaltningschefen"))
    assert codes(refused) == ["decision-requested"]
    life.approve(case, step)
    assert case.state() == "deciding"
    with case.store.write() as session:
        record_outcome(session, case.cast.elin, later(122), late.id, life.decided(session, case))
    assert case.state() == "signing"
    case.sound()


def test_a_referral_back_takes_the_partys_own_yes_back(case: life.Case) -> None:
    life.agree(life.propose(case))
    life.plan_signing(case)
    step = life.ask_board(case)
    with case.store.write() as session:
        clause = case.standing(session).clauses[1]
        back = life.decided(session, case, Outcome.referred_back, reason="Nämnden vill ha fler bokbussar.", clauses=(clause.id,))
        standing = record_outcome(session, case.cast.karin, later(121), step, back)
        assert standing.waiting_on() == {standing.party_of(case.cast.karin).id}
        assert [standing.state_of(c) for c in standing.clauses] == ["agreed", "proposed", "agreed"]
        assert current_frozen(session, case.id) is None
        assert [s.state for s in steps_of(session, case.id)] == [decision.State.planned]
    assert "bokbussar" in case.mails("decision_referred_back")[0].body
    case.sound()


def test_a_tabled_matter_gets_a_new_meeting(case: life.Case) -> None:
    life.agree(life.propose(case))
    step = life.ask_board(case)
    with case.store.write() as session:
        later_on = life.decided(session, case, Outcome.tabled, reason="Tiden räckte inte.", next_meeting=date(2027, 10, 13))
        record_outcome(session, case.cast.karin, later(121), step, later_on)
        row = steps_of(session, case.id)[0]
        assert (row.state, row.meeting_on, row.outcome) == (decision.State.planned, date(2027, 10, 13), None)
    assert case.state() == "deciding"
    case.sound()


def test_a_rejection_ends_it_and_it_can_be_taken_up_again(case: life.Case) -> None:
    life.agree(life.propose(case))
    step = life.ask_board(case)
    with case.store.write() as session:
        record_outcome(
            session, case.cast.karin, later(121), step, life.decided(session, case, Outcome.rejected, reason="För dyrt.")
        )
    assert case.state() == "declined"
    case.sound()
    with case.store.write() as session:
        resume(session, case.cast.karin, later(130), case.id)
    assert case.state() == "agreed"
    assert case.kinds()[-3:] == ["reject", "resume", "settle"]
    case.sound()


def test_signatories_are_asked_in_order(case: life.Case) -> None:
    life.open_for_signing(case, region_first=True)
    assert [m.recipient_name for m in case.mails("sign_request")] == ["Torun Hällgren"]
    with pytest.raises(Blocked) as refused:
        life.sign_as(case, case.cast.chair)
    assert codes(refused) == ["out-of-order"]
    life.sign_as(case, case.cast.torun)
    assert len(case.mails("sign_request")) == 2
    life.sign_as(case, case.cast.chair)
    assert case.state() == "signed"
    assert len(case.mails("signed")) == 3
    case.sound()


def test_nobody_signs_for_another_or_another_text_or_after_the_mandate(case: life.Case) -> None:
    life.open_for_signing(case)
    with case.store.write() as session:
        place, code = life.place_of(session, case, case.cast.chair), life.code_of(session, case)
        with pytest.raises(NotYours):
            sign(session, case.cast.torun, later(125), place.id, code)
        with pytest.raises(NotFound):
            sign(session, case.cast.borlange_chair, later(125), place.id, code)
        with pytest.raises(Blocked) as refused:
            sign(session, case.cast.chair, later(125), place.id, "0" * 64)
        assert codes(refused) == ["wrong-text"]
        place.mandate_until = later(100).date()
        session.flush()
        with pytest.raises(Blocked) as refused:
            sign(session, case.cast.chair, later(125), place.id, code)
        assert codes(refused) == ["no-mandate"]


def test_a_slot_is_signed_once(case: life.Case) -> None:
    life.open_for_signing(case)
    life.sign_as(case, case.cast.chair)
    with pytest.raises(NotAllowed):
        life.sign_as(case, case.cast.chair)


def test_a_scan_counts_when_another_person_at_the_region_has_compared_it(case: life.Case) -> None:
    life.open_for_signing(case)
    with case.store.write() as session:
        place, code = life.place_of(session, case, case.cast.torun), life.code_of(session, case)
        scan = life.scan(session, case, case.cast.elin)
        paper = record_paper(session, case.cast.elin, later(126), place.id, code, scan, date(2027, 9, 10))
        with pytest.raises(Blocked) as refused:
            verify_paper(session, case.cast.elin, later(127), paper.id, holds=True)
        assert codes(refused) == ["same-person"]
        twin = join(session, "Elin som registrator", case.cast.region, Role.registrar)
        session.get_one(ContactAssignment, twin.assignment).person_id = case.cast.elin.person or place.id
        twin = replace(twin, person=case.cast.elin.person)
        with pytest.raises(Blocked):
            verify_paper(session, twin, later(127), paper.id, holds=True)
        with pytest.raises(NotYours):
            verify_paper(session, case.cast.karin, later(127), paper.id, holds=True)
        with pytest.raises(Blocked) as refused:
            record_paper(session, case.cast.elin, later(127), place.id, code, scan, date(2027, 9, 10))
        assert codes(refused) == ["already-uploaded"]
        verify_paper(session, case.cast.joar, later(127), paper.id, holds=True)
        assert place.state is slot.State.signed
    case.sound()


def test_a_scan_of_another_paper_is_set_aside_with_a_reason(case: life.Case) -> None:
    life.open_for_signing(case)
    with case.store.write() as session:
        place, code = life.place_of(session, case, case.cast.chair), life.code_of(session, case)
        scan = life.scan(session, case, case.cast.karin)
        with pytest.raises(Invalid):
            record_paper(session, case.cast.karin, later(126), place.id, code, scan, later(300).date())
        other = life.place_of(session, case, case.cast.torun)
        with pytest.raises(NotYours):
            record_paper(session, case.cast.karin, later(126), other.id, code, scan, later(120).date())
        paper = record_paper(session, case.cast.karin, later(126), place.id, code, scan, later(120).date())
        with pytest.raises(Invalid):
            verify_paper(session, case.cast.joar, later(127), paper.id, holds=False)
        verify_paper(session, case.cast.joar, later(127), paper.id, holds=False, why="Sidan med koden saknas.")
        assert place.state is slot.State.requested
        with pytest.raises(NotAllowed):
            verify_paper(session, case.cast.joar, later(128), paper.id, holds=True)
        record_paper(session, case.cast.karin, later(128), place.id, code, scan, later(120).date())
    case.sound()


def test_reopening_voids_every_signature_in_that_transaction_and_keeps_it(any_case: life.Case) -> None:
    case = any_case
    life.open_for_signing(case)
    life.sign_as(case, case.cast.torun)
    with case.store.write() as session:
        old = life.frozen_id(session, case)
        _reopen(session, case)
        assert {s.state for s in _places(session, case, old)} == {slot.State.void}
        assert [s.state for s in slots_of(session, case.id)] == [slot.State.pending, slot.State.pending]
        assert len(session.exec(select(Signature).where(Signature.frozen_id == old)).all()) == 1
    assert case.state() == "negotiating"
    assert "Texten har öppnats" in str(_late(case, old))
    case.sound()


def _reopen(session: Session, case: life.Case) -> None:
    clause = case.standing(session).clauses[0]
    new = life.countering(session, clause, "Alla barn, också på fritiden.")
    with pytest.raises(Invalid):
        reopen(session, case.cast.karin, later(126), case.id, clause.id, clause.head.id, new.title, new.fields, "")
    reopen(session, case.cast.karin, later(126), case.id, clause.id, clause.head.id, new.title, new.fields, "Ny nämnd.")


def _places(session: Session, case: life.Case, frozen: UUID) -> list[SignatureSlot]:
    return list(session.exec(select(SignatureSlot).where(SignatureSlot.frozen_id == frozen)).all())


def _late(case: life.Case, frozen: UUID) -> OverensError:
    """The chair signs after all are agreed again, but with the old link's slot."""
    life.accept_all(case, case.cast.elin, later(127))
    with case.store.write() as session:
        step = steps_of(session, case.id)[0].id
        request_decision(session, case.cast.karin, later(127), case.id)
    life.approve(case, step)
    with case.store.write() as session:
        place = next(s for s in _places(session, case, frozen) if s.assignment_id == case.cast.chair.assignment)
        with pytest.raises(Blocked) as refused:
            sign(session, case.cast.chair, later(130), place.id, life.code_of(session, case))
    return refused.value


def test_one_signs_and_the_other_refuses(case: life.Case) -> None:
    life.open_for_signing(case)
    life.sign_as(case, case.cast.torun)
    with case.store.write() as session:
        place = life.place_of(session, case, case.cast.chair)
        with pytest.raises(Invalid):
            refuse(session, case.cast.chair, later(126), place.id, " ")
    with case.store.write() as session:
        place = life.place_of(session, case, case.cast.chair)
        standing = refuse(session, case.cast.chair, later(126), place.id, "Nämnden har ångrat sig.")
        assert standing.waiting_on() == {standing.party_of(case.cast.karin).id}
        assert standing.agreement.reopened_at == later(126)
        assert session.exec(select(Signature)).one().control_code
    assert case.state() == "negotiating"
    told = case.mails("sign_refused")
    assert {m.recipient_name for m in told} == {"Elin Åsberg", "Joar Hedqvist", "Karin Östlund"}
    assert all("ångrat" in m.body for m in told)
    signed_by = {m.recipient_name: m.body.rsplit("Vänliga hälsningar\n")[-1] for m in told}
    assert signed_by["Elin Åsberg"] == "Överens\n", "nobody gets a letter from themselves"
    assert signed_by["Karin Östlund"].startswith("Elin Åsberg, Region Dalarna")
    case.sound()


def test_nothing_of_a_signed_agreement_changes(case: life.Case) -> None:
    life.open_for_signing(case)
    for who in (case.cast.torun, case.cast.chair):
        life.sign_as(case, who)
    with case.store.write() as session:
        clause = case.standing(session).clauses[0]
        new = life.countering(session, clause, "Annat.")
        args = (later(140), case.id, clause.id, clause.head.id, new.title, new.fields, "Skäl.")
        with pytest.raises(NotAllowed):
            reopen(session, case.cast.elin, *args)
        with pytest.raises(NotAllowed):
            life.answer(session, case, case.cast.karin, later(140), new)
        with pytest.raises(NotAllowed):
            plan_slots(session, case.cast.elin, later(140), case.id, case.standing(session).region.id, [])
        with pytest.raises(NotAllowed):
            plan_step(session, case.cast.elin, later(140), case.id, case.standing(session).region.id, StepPlan(Kind.notice, "X"))
        assert session.get_one(Person, case.cast.chair.person).name == "Anna Borg"
