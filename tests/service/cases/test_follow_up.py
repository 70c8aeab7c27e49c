"""What days bring about by themselves, and what is told when something is stuck."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlmodel import col, select

from service import sweeps
from service.cases.backup import last_verified
from service.cases.contacts import confirm
from service.cases.deliver import Sent, lease, settle
from service.cases.tasks import close_task
from service.post import Outcome, Result
from service.settings import Settings, load
from service.store.tables import Agreement, ContactAssignment, Message, Task
from tests.people import later
from tests.service.cases import life
from tests.service.cases.test_remind import morning, tasks

TONIGHT = datetime(2027, 9, 14, 0, 30, tzinfo=UTC)


def signed(case: life.Case) -> life.Case:
    life.open_for_signing(case)
    life.sign_as(case, case.cast.torun)
    life.sign_as(case, case.cast.chair)
    return case


def digests(case: life.Case) -> list[Message]:
    with case.store.read() as session:
        found = list(session.exec(select(Message).where(Message.purpose == "problem_digest").order_by(col(Message.id))).all())
        session.expunge_all()
        return found


def test_a_signed_agreement_expires_the_day_after_its_last(any_case: life.Case) -> None:
    case = signed(any_case)
    assert sweeps.follow_up(case.store, morning("2030-12-31")).expired == 0
    assert sweeps.follow_up(case.store, morning("2031-01-01")).expired == 1
    assert sweeps.follow_up(case.store, morning("2031-01-01")).expired == 0
    assert case.state() == "expired"
    assert case.kinds()[-1] == "expire"
    case.sound()


def test_an_agreement_that_is_not_signed_does_not_expire(case: life.Case) -> None:
    life.propose(case)
    assert sweeps.follow_up(case.store, morning("2031-06-01")).expired == 0
    assert case.state() == "negotiating"


def test_after_an_election_the_mandates_of_each_party_are_one_task(any_case: life.Case) -> None:
    case = life.propose(any_case)
    with case.store.write() as session:
        agreement = session.get_one(Agreement, case.id)
        agreement.period_to = date(2034, 12, 31)
        session.add(agreement)
    assert [sweeps.follow_up(case.store, morning(day)).mandates for day in ("2031-01-31", "2031-02-03", "2031-02-04")] == [
        0,
        1,
        0,
    ]
    assert tasks(case, "mandate") == ["Kontrollera vilka som svarar och skriver under för Falu kommun efter valet"]


def test_a_party_that_has_confirmed_its_people_is_not_checked(case: life.Case) -> None:
    life.propose(case)
    with case.store.write() as session:
        for row in session.exec(select(ContactAssignment).where(ContactAssignment.organisation_id == case.cast.falun)).all():
            confirm(session, case.cast.elin, morning("2031-01-10"), row.id)
    assert sweeps.follow_up(case.store, morning("2031-02-03")).mandates == 0


def test_a_quiet_night_writes_to_nobody(any_case: life.Case, tmp_path: Path) -> None:
    life.propose(any_case)
    done = sweeps.nightly(any_case.store, Settings(data_dir=tmp_path), TONIGHT, TONIGHT)
    assert (done.findings, done.backups, done.digests) == (0, 0, 0)
    assert digests(any_case) == []


def test_what_is_stuck_is_told_once_a_day_to_those_who_look_after_it(any_case: life.Case, tmp_path: Path) -> None:
    case = _refused(life.propose(any_case))
    settings = load(data_dir=tmp_path, smtp_host="mail.example")
    for _ in range(2):
        sweeps.nightly(case.store, settings, TONIGHT, TONIGHT, ["Schemat deliver har ingen kommande körning."])
    assert {m.recipient_name for m in digests(case)} == {"Elin Åsberg", "Joar Hedqvist", "Siv Alm"}
    assert len(digests(case)) == 3
    assert "– Schemat deliver har ingen kommande körning.\n– Ett mejl kunde inte skickas." in digests(case)[0].body


def test_the_nights_of_a_weekend_come_in_one_mail_on_monday_morning(case: life.Case, tmp_path: Path) -> None:
    life.propose(case)
    for night in (17, 18, 19):
        at = datetime(2027, 9, night, 0, 30, tzinfo=UTC)
        sweeps.nightly(case.store, Settings(data_dir=tmp_path), at, at, ["Schemat deliver har ingen kommande körning."])
    friday, monday = (datetime(2027, 9, day, 5, 30, tzinfo=UTC) for day in (17, 20))
    assert sorted(m.next_try_at for m in digests(case)) == [friday] * 3 + [monday] * 3


def test_what_somebody_has_seen_to_is_not_told_of_again(case: life.Case, tmp_path: Path) -> None:
    _refused(life.propose(case))
    settings = load(data_dir=tmp_path, smtp_host="mail.example")
    assert sweeps.nightly(case.store, settings, TONIGHT, TONIGHT).digests == 3
    with case.store.write() as session:
        (stuck,) = session.exec(select(Task).where(Task.kind == "mail_failed")).all()
        close_task(session, case.cast.elin, TONIGHT, stuck.id)
    tomorrow = TONIGHT + timedelta(days=1)
    assert sweeps.nightly(case.store, settings, tomorrow, tomorrow).digests == 0


def _refused(case: life.Case) -> life.Case:
    """The mail server did not take the proposal."""
    with case.store.write() as session:
        (leased,) = lease(session, (b"the one key of these tests, long enough",), later(1), 1)
        settle(session, [Sent(leased.id, leased.until, Outcome(Result.permanent, "Nej."))], later(1))
    return case


def test_a_finding_of_the_check_is_told(case: life.Case, tmp_path: Path) -> None:
    signed(case)
    with case.store.write() as session:
        agreement = session.get_one(Agreement, case.id)
        agreement.state = agreement.state.__class__.agreed
        session.add(agreement)
    done = sweeps.nightly(case.store, Settings(data_dir=tmp_path), TONIGHT, TONIGHT)
    assert done.findings > 0
    assert done.digests == 3


def test_the_backup_of_the_night_is_restored_beside_before_it_counts(case: life.Case, tmp_path: Path) -> None:
    life.propose(case)
    settings = load(data_dir=tmp_path, backup_dir=tmp_path / "kopior")
    assert sweeps.nightly(case.store, settings, TONIGHT, TONIGHT).backups == 1
    found = last_verified(tmp_path)
    assert found is not None
    assert Path(found.file).exists()


def test_a_backup_that_cannot_be_made_is_told(case: life.Case, tmp_path: Path) -> None:
    life.propose(case)
    (tmp_path / "fil").write_text("ingen mapp")
    settings = load(data_dir=tmp_path, backup_dir=tmp_path / "fil" / "kopior")
    assert sweeps.nightly(case.store, settings, TONIGHT, TONIGHT).backups == 0
    assert len(digests(case)) == 3


def test_a_scheduler_that_does_not_answer_is_silent(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path, prefect_port=8439)
    assert sweeps.silent_schedules(settings, ["deliver"]) == [
        "Schemat svarar inte. Webbplatsen fungerar ändå, och inget som ska göras går förlorat."
    ]


def test_open_tasks_stay_one_each(case: life.Case) -> None:
    life.propose(case)
    for day in ("2031-02-03", "2031-03-03"):
        sweeps.follow_up(case.store, morning(day))
    with case.store.read() as session:
        assert len(session.exec(select(Task).where(Task.kind == "mandate")).all()) == 1
