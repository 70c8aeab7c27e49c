"""A party's case number stands in the text when it comes before anybody is asked to decide or sign; later it changes nothing."""

from datetime import datetime

import pytest
from sqlmodel import Session, col, select

from service.cases.case_number import set_case_number
from service.cases.tasks import open_tasks
from service.store.standing import load
from service.store.tables import FrozenText
from states.access import Operation
from states.errors import NotAllowed
from states.facts import from_canonical
from states.parties import Actor
from tests.people import later
from tests.service.cases import life


def register(session: Session, case: life.Case, now: datetime, number: str = "KUN 2027/181", actor: Actor | None = None) -> None:
    who = actor or case.cast.karin
    standing = load(session, who, Operation.set_case_number, case.id)
    set_case_number(session, who, now, standing, standing.parties[1].id, number)


def frozen(session: Session, case: life.Case) -> list[FrozenText]:
    query = select(FrozenText).where(col(FrozenText.agreement_id) == case.id).order_by(col(FrozenText.revision))
    return list(session.exec(query).all())


def numbers(text: FrozenText) -> list[str]:
    return [p.case_number for p in from_canonical(text.canonical).parties]


def wanted(session: Session, case: life.Case) -> list[str]:
    return [due.task.title for due in open_tasks(session, case.cast.elin, later(200)) if due.task.kind == "case_number_missing"]


def test_a_number_given_while_negotiating_stands_in_the_text_and_nobody_is_asked(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        register(session, case, later(5))
    life.agree(case)
    with case.store.read() as session:
        assert [numbers(text)[1] for text in frozen(session, case)] == ["KUN 2027/181"]
        assert wanted(session, case) == []
    assert case.mails("case_number_wanted") == []


def test_who_has_none_when_the_text_freezes_is_asked(any_case: life.Case) -> None:
    case = any_case
    life.agree(life.propose(case))
    with case.store.read() as session:
        assert wanted(session, case) == ["Falu kommun har inte angett sitt diarienummer"]
    asked = case.mails("case_number_wanted")
    assert [(m.recipient_name, m.link_path) for m in asked] == [("Karin Östlund", f"/overenskommelser/{case.id}/diarienummer")]


def test_a_number_that_comes_before_anything_rests_on_the_text_replaces_it(any_case: life.Case) -> None:
    case = any_case
    life.agree(life.propose(case))
    life.plan_signing(case)
    with case.store.write() as session:
        register(session, case, later(40))
    with case.store.read() as session:
        old, new = frozen(session, case)
        assert (old.obsolete_at, new.obsolete_at) == (later(40), None)
        assert (numbers(old)[1], numbers(new)[1]) == ("", "KUN 2027/181")
        assert old.control_code != new.control_code
        assert wanted(session, case) == []
    assert {m.recipient_name for m in case.mails("case_number_set")} >= {"Karin Östlund", "Elin Åsberg"}
    life.approve(case, life.ask_board(case))
    assert case.state() == "signing"
    case.sound()


def test_the_same_number_again_changes_nothing(case: life.Case) -> None:
    life.agree(life.propose(case))
    with case.store.write() as session:
        register(session, case, later(40))
        register(session, case, later(41), " KUN 2027/181 ")
        assert len(frozen(session, case)) == 2
    assert case.kinds().count("set_case_number") == 1


def test_a_number_that_comes_after_the_board_was_asked_leaves_the_text_alone(case: life.Case) -> None:
    life.agree(life.propose(case))
    life.plan_signing(case)
    step = life.ask_board(case)
    with case.store.write() as session:
        before = life.code_of(session, case)
        register(session, case, later(40))
        assert life.code_of(session, case) == before
        assert case.standing(session).parties[1].row.case_number == "KUN 2027/181"
        assert wanted(session, case) == []
    life.approve(case, step)
    case.sound()


def test_nothing_of_a_signed_agreement_changes(case: life.Case) -> None:
    life.open_for_signing(case)
    for who in (case.cast.torun, case.cast.chair):
        life.sign_as(case, who)
    with case.store.write() as session, pytest.raises(NotAllowed):
        register(session, case, later(140))
