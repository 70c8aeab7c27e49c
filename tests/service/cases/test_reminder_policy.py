"""A policy is tried before it is saved, and one agreement may do otherwise than its programme."""

from datetime import datetime
from uuid import UUID

import pytest
from sqlmodel import select

from service.cases.reminder_policy import (
    change_agreement,
    change_programme,
    policy_of,
    quiet_of,
    try_agreement,
    try_programme,
)
from service.store.tables import Agreement, Programme, Reminder
from states.errors import Invalid, NotYours, Stale
from states.policy import Policy, merged
from states.reminders import Status
from tests.service.cases import life
from tests.service.cases.test_remind import every_day, morning

NOW: datetime = morning("2027-09-13")


def programme_of(case: life.Case) -> UUID:
    with case.store.read() as session:
        return case.standing(session).agreement.programme_id


def test_an_agreement_says_only_what_differs_from_its_programme() -> None:
    assert merged({"before": [7]}, {}) == Policy(before=(7,))
    assert merged({"before": [7], "max_unanswered": 2}, {"before": [5]}) == Policy(before=(5,), max_unanswered=2)


def test_a_dry_run_tells_next_week_with_and_without_the_change_and_writes_nothing(any_case: life.Case) -> None:
    life.propose(any_case)
    with any_case.store.read() as session:
        programme = session.get_one(Programme, programme_of(any_case))
        tried = try_programme(session, NOW, programme, {"before": [16, 15, 14]}, [], 7)
        assert (tried.sent_now, tried.sent_then) == (1, 3)
        assert [str(one.on) for one in tried.then] == ["2027-09-14", "2027-09-15", "2027-09-16"]
        silent = try_programme(session, NOW, programme, {}, [{"from": "2027-09-13", "to": "2027-10-31", "reason": ""}], 7)
        assert silent.sent_then == 0
        assert session.exec(select(Reminder)).all() == []


def test_a_dry_run_says_why_not(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        agreement = session.get_one(Agreement, case.id)
        agreement.pause = "date_proposed"
        session.add(agreement)
    with case.store.read() as session:
        tried = try_agreement(session, NOW, case.standing(session).agreement, {"before": [14]}, 7)
    assert {(one.status, one.why) for one in tried.then} == {(Status.skipped, ("Ingen påminnelse: ärendet är pausat.",))}


def test_what_was_tried_is_what_the_sweep_does_once_it_is_saved(any_case: life.Case) -> None:
    life.propose(any_case)
    with any_case.store.write() as session:
        change_programme(session, any_case.cast.administrator, NOW, programme_of(any_case), {"before": [16, 15]}, [], 1)
    assert every_day(any_case, "2027-09-13", "2027-09-17") == ["2027-09-14", "2027-09-15"]


def test_one_agreement_is_reminded_otherwise_than_its_programme(any_case: life.Case) -> None:
    life.propose(any_case)
    with any_case.store.write() as session:
        change_agreement(session, any_case.cast.elin, NOW, any_case.id, {"before": [13], "after": []})
    assert every_day(any_case, "2027-09-13", "2027-10-15") == ["2027-09-17"]
    assert any_case.kinds()[-1] == "override_reminders"


def test_a_page_that_is_too_old_and_a_person_who_may_not_are_refused(case: life.Case) -> None:
    life.propose(case)
    with pytest.raises(Stale), case.store.write() as session:
        change_programme(session, case.cast.elin, NOW, programme_of(case), {}, [], 7)
    with pytest.raises(NotYours), case.store.write() as session:
        change_agreement(session, case.cast.karin, NOW, case.id, {})


def test_what_was_typed_becomes_a_policy() -> None:
    assert policy_of({"before": "3, 14", "after": "", "max_unanswered": " 2 "}) == {"before": [3, 14], "max_unanswered": 2}
    assert policy_of({"after": "inga"}) == {"after": []}
    assert policy_of({}, whole=True) == {"before": [], "after": [], "signature_after": []}
    assert quiet_of("2027-06-21 – 2027-08-15 sommar och sol\n\n") == [
        {"from": "2027-06-21", "to": "2027-08-15", "reason": "sommar och sol"}
    ]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"before": "snart"}, "before"),
        ({"after": "1, 400"}, "after"),
        ({"signature_after": "1.5"}, "signature_after"),
        ({"opens": "16:30", "closes": "07:30"}, "opens"),
        ({"opens": "07:30"}, "opens"),
        ({"max_unanswered": "många"}, "max_unanswered"),
    ],
)
def test_every_fault_stands_at_its_field(typed: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        policy_of(typed)
    assert [error.field for error in refused.value.fields] == [field]


@pytest.mark.parametrize("line", ["sommar", "2027-06-21", "2027-06-21 snart", "2027-08-15 2027-06-21 bakvänt"])
def test_a_line_that_is_no_period_is_named(line: str) -> None:
    with pytest.raises(Invalid) as refused:
        quiet_of(f"2027-01-01 2027-01-02\n{line}")
    assert refused.value.fields[0].message.startswith("Rad 2:")
