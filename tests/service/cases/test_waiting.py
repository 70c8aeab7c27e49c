"""The number in the menu is the number of lines on Att göra, whatever the agreements have come to."""

from datetime import date, datetime
from pathlib import Path

from sqlalchemy import event
from sqlmodel import Session

from service.cases import dates, demo
from service.cases.sign import record_paper, refuse
from service.cases.taking_back import retract
from service.cases.tasks import open_tasks
from service.store import desk, waiting
from service.store.session import Store
from states.parties import Actor, Role
from tests.people import later
from tests.service.cases import life
from tests.stores import Demonstration


def lines(session: Session, actor: Actor, now: datetime) -> int:
    """What Att göra shows, counted line by line."""
    tasks = [due for due in open_tasks(session, actor, now) if due.task.kind != waiting.BESIDE]
    answers, asked = desk.to_review(session, actor), desk.date_requests(session, actor)
    return (
        len(tasks) + len(answers) + len(asked) + len(desk.scans(session, actor)) + len(desk.standing_still(session, actor, now))
    )


def same(case: life.Case, days: float) -> int:
    with case.store.read() as session:
        expected = lines(session, case.cast.elin, later(days))
        assert waiting.count(session, case.cast.elin, later(days)) == expected
        assert waiting.count(session, case.cast.joar, later(days)) == expected
        return expected


def test_it_follows_an_agreement_through_its_life(any_case: life.Case) -> None:
    case, cast = any_case, any_case.cast
    assert same(case, 0) == 0
    life.propose(case)
    assert same(case, 1) == 0
    with case.store.write() as session:
        dates.propose_date(session, cast.karin, later(1), case.id, date(2027, 10, 14))
    assert same(case, 2) == 1
    with case.store.write() as session:
        first, second, third = case.standing(session).clauses
        drafts = life.accepting(first), life.countering(session, second, "Alla barn."), life.excluding(third)
        life.answer(session, case, cast.karin, later(3), *drafts)
    assert same(case, 4) == 2
    with case.store.write() as session:
        retract(session, cast.karin, later(5), case.id, case.standing(session).clauses[1].id)
    assert same(case, 6) == 1
    life.accept_all(case, cast.karin, later(7))
    assert same(case, 8) == 1, "Falun's case number is missing, and nothing else"
    life.plan_signing(case)
    life.approve(case, life.ask_board(case))
    assert same(case, 122) == 1
    assert same(case, 140) == 3, "both signatures stand still"
    paper(case)
    assert same(case, 140) == 3, "one stands still, one scan is to be verified"
    with case.store.write() as session:
        refuse(session, cast.torun, later(141), life.place_of(session, case, cast.torun).id, "Beloppet stämmer inte.")
    assert same(case, 142) == 1, "the region objects, so the region answers first"


def test_it_is_one_query_and_right_for_the_whole_demonstration(
    store: Store, demonstration: Demonstration, tmp_path: Path
) -> None:
    demonstration.laid_in(store, tmp_path / "files")
    now = demo.demo_clock()
    with store.read() as session:
        assignment = next(a for _, a, _ in demo.demo_people(session) if a.role is Role.strategist)
        actor = Actor(assignment.id, assignment.person_id, assignment.organisation_id, assignment.role, "Elin")
        expected = lines(session, actor, now)
        asked: list[str] = []
        event.listen(store.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
        assert waiting.count(session, actor, now) == expected > 3
    assert len([said for said in asked if said.startswith("SELECT")]) == 1


def paper(case: life.Case) -> None:
    with case.store.write() as session:
        place = life.place_of(session, case, case.cast.chair)
        scan = life.scan(session, case, case.cast.karin)
        record_paper(session, case.cast.karin, later(126), place.id, life.code_of(session, case), scan, later(124).date())
