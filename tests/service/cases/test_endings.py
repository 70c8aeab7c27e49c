"""Ending and starting again, other days, contacts that change, and the programme itself."""

from datetime import date, timedelta

import pytest
from sqlmodel import Session, select

from service.cases import contacts, dates, programmes, tasks
from service.cases.contacts import NewContact
from service.cases.finish import decline, resume, withdraw
from service.cases.propose import send_proposal
from service.cases.respond import save_answer
from service.store.columns import new_id
from service.store.standing import view
from service.store.tables import Agreement, ContactAssignment, CooperationArea, Message, Programme, Task
from states.calendar import civil
from states.errors import Blocked, Invalid, NotAllowed, NotFound, NotYours, Stale
from states.parties import Role
from tests.people import NOW, draft, later, plan
from tests.service.cases import life


def codes(refused: pytest.ExceptionInfo[Blocked]) -> list[str]:
    return [r.code for r in refused.value.reasons]


def test_declining_needs_a_reason_tells_all_and_can_be_undone(any_case: life.Case) -> None:
    case = any_case
    life.propose(case)
    with case.store.write() as session:
        with pytest.raises(Invalid):
            decline(session, case.cast.karin, later(5), case.id, "")
        with pytest.raises(NotYours):
            decline(session, case.cast.elin, later(5), case.id, "Nej.")
        decline(session, case.cast.karin, later(5), case.id, "Vi prioriterar annat.")
    assert case.state() == "declined"
    assert {m.recipient_name for m in case.mails("declined")} == {"Elin Åsberg", "Joar Hedqvist", "Karin Östlund"}
    with case.store.write() as session:
        with pytest.raises(NotAllowed):
            decline(session, case.cast.karin, later(6), case.id, "Igen.")
        resume(session, case.cast.karin, later(7), case.id)
    assert case.state() == "negotiating"
    case.sound()


def test_a_signing_that_is_declined_and_resumed_is_agreed_on_a_new_text(case: life.Case) -> None:
    life.open_for_signing(case)
    life.sign_as(case, case.cast.torun)
    with case.store.write() as session:
        old = life.code_of(session, case)
        decline(session, case.cast.karin, later(126), case.id, "Nytt läge.")
    case.sound()
    with case.store.write() as session:
        resume(session, case.cast.elin, later(127), case.id)
        assert life.code_of(session, case) != old
    assert case.state() == "agreed"
    case.sound()


def test_a_withdrawn_draft_is_a_draft_again_and_nobody_is_told(case: life.Case) -> None:
    with case.store.write() as session:
        withdraw(session, case.cast.elin, later(1), case.id, "Vi väntar.")
        resume(session, case.cast.elin, later(2), case.id)
    assert case.state() == "draft"
    assert case.mails("withdrawn") == case.mails("resumed") == []
    case.sound()


def test_an_ended_one_is_not_resumed_beside_a_new_one_or_after_the_period(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        with pytest.raises(NotYours):
            withdraw(session, case.cast.karin, later(1), case.id, "Nej.")
        withdraw(session, case.cast.elin, later(1), case.id, "Vi börjar om.")
        programme = session.get_one(Agreement, case.id).programme_id
        programmes.create_agreements(session, case.cast.elin, later(2), programme, [case.cast.falun])
        with pytest.raises(Blocked) as refused:
            resume(session, case.cast.elin, later(3), case.id)
        assert codes(refused) == ["live-agreement-exists"]
        with pytest.raises(Blocked) as refused:
            resume(session, case.cast.elin, later(2000), case.id)
        assert codes(refused) == ["programme-over"]
    case.sound()


def test_one_live_agreement_per_programme_and_set_of_parties(case: life.Case) -> None:
    with case.store.write() as session:
        programme = session.get_one(Agreement, case.id).programme_id
        made = programmes.create_agreements(session, case.cast.elin, NOW, programme, [case.cast.falun, case.cast.borlange])
        assert len(made.agreements) == 1
        assert [r.code for r in made.skipped] == ["live-agreement-exists"]
    with pytest.raises(Stale):
        _twin(case)
    case.sound()


def _twin(case: life.Case) -> None:
    """The database itself refuses a second live one."""
    with case.store.write() as session:
        agreement = session.get_one(Agreement, case.id)
        session.add(Agreement(**{**agreement.model_dump(), "id": new_id()}))


def test_programmes_belong_to_their_region_and_are_checked(case: life.Case) -> None:
    with case.store.write() as session:
        with pytest.raises(Invalid) as refused:
            programmes.create_programme(session, case.cast.elin, NOW, plan())
        assert [f.code for f in refused.value.fields] == ["slug-taken"]
        for odd in ("Dalarna", "dalarna–2027", 'dal"arna', "dalarna/2027", "-"):
            with pytest.raises(Invalid) as refused:
                programmes.create_programme(session, case.cast.elin, NOW, plan(odd))
            assert [f.code for f in refused.value.fields] == ["not-a-slug"]
        with pytest.raises(NotYours):
            programmes.create_programme(session, case.cast.karin, NOW, plan("ny"))
        programme = session.exec(select(Programme)).one()
        with pytest.raises(Invalid):
            programmes.add_area(session, case.cast.elin, NOW, programme, plan().areas[0])
        with pytest.raises(NotFound):
            programmes.create_agreements(session, case.cast.karin, NOW, programme.id, [case.cast.falun])
        area = session.exec(select(CooperationArea)).first()
        assert area is not None
        programmes.reword_area(session, case.cast.elin, NOW, area.id, "Ny rubrik", {"w": "Ny text."}, 1)
        with pytest.raises(Stale):
            programmes.reword_area(session, case.cast.elin, NOW, area.id, "Ny rubrik", {"w": "Ny text."}, 1)
        empty = programmes.create_programme(session, case.cast.elin, NOW, plan("tom", ()))
        with pytest.raises(Blocked) as blocked:
            programmes.create_agreements(session, case.cast.elin, NOW, empty.id, [case.cast.falun])
        assert codes(blocked) == ["no-clause"]


def test_another_day_pauses_the_reminders_until_the_region_answers(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        with pytest.raises(Invalid):
            dates.propose_date(session, case.cast.karin, later(1), case.id, civil(later()))
        asked = dates.propose_date(session, case.cast.karin, later(1), case.id, date(2027, 10, 16), "Nämnden möts den 13.")
        with pytest.raises(Blocked) as refused:
            dates.propose_date(session, case.cast.karin, later(1), case.id, date(2027, 10, 16))
        assert codes(refused) == ["date-request-open"]
        agreement = case.standing(session).agreement
        assert agreement.pause == "date_proposed"
        assert "möts" in case_mail(session, "date_requested")
        with pytest.raises(NotYours):
            dates.answer_date(session, case.cast.karin, later(2), asked.id, granted=True)
        before = agreement.due_round
        dates.answer_date(session, case.cast.elin, later(2), asked.id, granted=True)
        assert agreement.pause is None
        assert agreement.due == date(2027, 10, 18)  # the 16th is a Saturday
        assert agreement.due_round == before + 1
        with pytest.raises(NotAllowed):
            dates.answer_date(session, case.cast.elin, later(2), asked.id, granted=False)
        dates.change_due(session, case.cast.elin, later(3), case.id, date(2027, 11, 1), firm=False)
        assert (agreement.due, agreement.due_firm) == (date(2027, 11, 1), False)
    case.sound()


def case_mail(session: Session, purpose: str) -> str:
    return "\n".join(m.body for m in session.exec(select(Message).where(Message.purpose == purpose)).all())


def test_the_only_contact_leaves_and_the_case_waits_for_a_new_one(any_case: life.Case) -> None:
    case = any_case
    life.propose(case)
    with case.store.write() as session:
        save_answer(session, case.cast.karin, later(1), case.id, life.accepting(case.standing(session).clauses[0]))
        peter, karin = case.cast.peter.assignment, case.cast.karin.assignment
        assert peter
        assert karin
        assert contacts.end(session, case.cast.elin, later(2), peter) == ()
        assert contacts.end(session, case.cast.elin, later(2), karin) == (case.id,)
        with pytest.raises(NotAllowed):
            contacts.end(session, case.cast.elin, later(3), karin)
        old = session.get_one(ContactAssignment, karin)
        assert (old.valid_to, old.epoch) == (civil(later(2)) - timedelta(days=1), 2)
        assert case.standing(session).agreement.pause == "contact_missing"
        assert [t.kind for t in session.exec(select(Task)).all()] == ["contact_missing"]
    assert [m.recipient_name for m in case.mails("contact_missing")] == ["Falu kommun"]
    with case.store.write() as session:
        new = NewContact("Nina Ny", "nina.ny@falun.example", Role.main)
        with pytest.raises(NotFound):
            contacts.assign(session, case.cast.hanna, later(4), case.cast.falun, None, new)
        contacts.assign(session, case.cast.elin, later(4), case.cast.falun, None, new)
        assert case.standing(session).agreement.pause is None
        assert len(life.answers_in(session)) == 1
    assert [m.recipient_name for m in case.mails("contact_changed")] == ["Nina Ny"]
    case.sound()


def test_a_hand_over_leaves_no_gap_and_a_block_kills_the_links(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        karin = case.cast.karin.assignment
        assert karin
        new = NewContact("Nina Ny", "NINA.ny@falun.example ", Role.main)
        row = contacts.hand_over(session, case.cast.karin, later(1), karin, new)
        assert case.standing(session).agreement.pause is None
        assert contacts.block(session, case.cast.administrator, later(2), row.id, blocked=True).epoch == 2
        for bad in (NewContact("", "a@b.example", Role.main), NewContact("A", "ingen adress", Role.main)):
            with pytest.raises(Invalid):
                contacts.assign(session, case.cast.elin, later(3), case.cast.falun, None, bad)
        staff = NewContact("Ny Strateg", "ny@region.example", Role.strategist)
        with pytest.raises(NotYours):
            contacts.assign(session, case.cast.elin, later(3), case.cast.region, None, staff)


def test_a_task_is_closed_once_or_put_off(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        dates.propose_date(session, case.cast.karin, later(1), case.id, date(2027, 10, 15))
        found = tasks.open_tasks(session, case.cast.elin, later(1))[0].task
        with pytest.raises(Invalid):
            tasks.close_task(session, case.cast.elin, later(1), found.id, put_off_to=civil(later(1)))
        tasks.close_task(session, case.cast.elin, later(1), found.id, put_off_to=civil(later(5)))
        assert tasks.open_tasks(session, case.cast.elin, later(2)) == []
        assert len(tasks.open_tasks(session, case.cast.elin, later(5))) == 1
        tasks.close_task(session, case.cast.joar, later(5), found.id, "Jag har ringt.")
        with pytest.raises(NotAllowed):
            tasks.close_task(session, case.cast.joar, later(5), found.id)
        with pytest.raises(NotYours):
            tasks.open_tasks(session, case.cast.karin, later(5))


def test_a_proposal_of_another_region_is_not_there(case: life.Case) -> None:
    with case.store.write() as session:
        other = draft(session, case.cast, case.cast.borlange, slug="annan")
        send_proposal(session, case.cast.elin, later(), other)
        with pytest.raises(NotFound):
            view(session, case.cast.karin, other)
        assert view(session, case.cast.hanna, other).agreement.id == other
