"""The coming reminders can be seen before they go, and nothing is written by looking."""

from sqlmodel import select

from service.cases.forecast import plan
from service.store.tables import Agreement, Reminder
from states.reminders import Purpose, Status
from tests.service.cases import life
from tests.service.cases.test_remind import morning


def test_the_plan_shows_who_is_reminded_when_and_writes_nothing(case: life.Case) -> None:
    life.propose(case)
    with case.store.read() as session:
        found = plan(session, morning("2027-09-13"), 30)
        assert session.exec(select(Reminder)).all() == []
    assert [str(p.on) for p in found] == ["2027-09-16", "2027-09-27", "2027-10-01", "2027-10-11"]
    assert {(p.recipient, p.organisation, p.purpose, p.status) for p in found} == {
        ("Karin Östlund", "Falu kommun", Purpose.answer, Status.future)
    }
    assert found[-1].why == ("Flyttad: dagen är ingen arbetsdag.",)


def test_the_plan_says_why_nobody_is_reminded_and_keeps_to_its_region(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        agreement = session.get_one(Agreement, case.id)
        agreement.pause = "date_proposed"
        session.add(agreement)
    with case.store.read() as session:
        assert {p.why for p in plan(session, morning("2027-09-13"))} == {("Ingen påminnelse: ärendet är pausat.",)}
        assert plan(session, morning("2027-09-13"), region=case.cast.falun) == []
