"""A week without the service: whoever should have had mail in that time gets one, by a real mail server, and nobody seven."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service import sweeps
from service.cases.propose import send_proposal
from service.settings import Settings, load
from service.store.files import Files
from service.store.session import Store
from service.store.tables import Agreement, Programme
from states.calendar import is_workday
from tests.people import draft, later
from tests.postoffice import PostOffice
from tests.service.cases import life
from tests.service.cases.test_remind import morning
from tests.stores import migrated_file, store

__all__ = ["migrated_file", "store"]

DOWN = range(21, 28)
"""The days of September that nobody swept; the answer is due on the 30th, with a reminder on every day before it."""


@pytest.fixture
def post() -> Iterator[PostOffice]:
    office = PostOffice()
    office.open()
    with closing(office):
        yield office


def test_after_a_week_down_one_start_sends_each_person_one_mail(store: Store, post: PostOffice, tmp_path: Path) -> None:
    case = life.propose(life.begin(store, Files(tmp_path / "files")))
    settings = load(
        data_dir=tmp_path,
        smtp_host=post.settings.host,
        smtp_port=post.settings.port,
        smtp_tls="none",
        smtp_sender=post.settings.sender,
    )
    _two_more_matters(case)
    assert _started(case, settings, post, "2027-09-20") == {"Karin Östlund": 1, "Hanna Qvist": 1}
    assert sum(is_workday(datetime(2027, 9, day, tzinfo=UTC).date()) for day in DOWN) == 5
    assert _started(case, settings, post, "2027-09-28", late_runs=5) == {"Karin Östlund": 1, "Hanna Qvist": 1}
    assert _started(case, settings, post, "2027-09-28") == {}


def _two_more_matters(case: life.Case) -> None:
    """Another plan with Falun and with Borlänge; both plans remind every day before the due."""
    with case.store.write() as session:
        ids = [case.id]
        for slug, town in (("en-till", case.cast.falun), ("en-tredje", case.cast.borlange)):
            ids.append(draft(session, case.cast, town, slug))
            send_proposal(session, case.cast.elin, later(), ids[-1])
        for agreement_id in ids:
            programme = session.get_one(Programme, session.get_one(Agreement, agreement_id).programme_id)
            programme.policy = {"before": list(range(1, 15)), "max_unanswered": 20}
            session.add(programme)


def _started(case: life.Case, settings: Settings, post: PostOffice, day: str, late_runs: int = 0) -> dict[str, int]:
    """The catch-up of a start, and the runs that the scheduler still had waiting; who got how many mails by it."""
    before, moment = len(post.mails), morning(day)
    for run in range(1 + late_runs):
        now = moment + timedelta(minutes=run)
        sweeps.sweep_reminders(case.store, now)
        sweeps.deliver_outbox(case.store, settings, lambda now=now: now)  # type: ignore[misc]
    reached = [mail for mail in post.mails[before:] if "minnelse" in str(mail["Subject"])]
    return dict(Counter(str(mail["To"]).split(" <")[0].strip('"') for mail in reached))
