"""The season: what Dalarna gets by mail from the 22nd of March 2027 to the 10th of January 2028, and what is never sent.

season.yaml says what each party does, season_states.yaml where that must have led on the 20th of September, and season_mails.txt
is every mail, silence and task. It has been read line by line; a line that changes is to be read again before it is kept:

    OVERENS_TEST_REWRITE=1 python -m pytest -n0 tests/journeys/test_season.py
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, time
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from service.cases.owed import QUEUED
from service.cases.reminder_letters import REMINDERS
from service.post.letters import LetterName
from service.settings import Settings
from service.store.files import Files
from service.store.schema import migrate
from service.store.session import Store
from service.store.tables import ContactAssignment, DateRequest, Invitation, Message, Programme, Reminder, Response, RoundMessage
from states.calendar import TZ, QuietPeriod, at, civil, is_workday, quiet
from states.message import State
from states.reminders import SKIP_WORDS, Purpose, SkipReason
from tests.journeys.season import Season
from tests.journeys.season_lines import lines
from tests.journeys.season_stage import Stage, script
from tests.journeys.season_standing import differences, towns
from tests.postoffice import PostOffice
from tests.stores import migrated_file, postgres_beside

__all__ = ["migrated_file"]

pytestmark = pytest.mark.long

GOLDEN = Path(__file__).with_name("season_mails.txt")
REWRITE = os.environ.get("OVERENS_TEST_REWRITE") == "1"
COMPARED = at(date(2027, 9, 20), time(8))
END = datetime(2028, 1, 10, 20, tzinfo=UTC)
A_DAY = frozenset({*REMINDERS, LetterName.problem_digest})


class Played:
    """A season that is over, with what differed from the known states on the way."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        season = Season(stage, script())
        season.play(COMPARED)
        self.differing = differences(stage, COMPARED)
        season.play(END)
        self.lines = lines(stage)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.soak])])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """The whole season, once; on PostgreSQL only before a release, because it takes a minute or more on either."""
    folder, office = tmp_path_factory.mktemp("season"), PostOffice()
    with ExitStack() as after:
        office.open()
        after.callback(office.close)
        store = Store(after.enter_context(postgres_beside()) if request.param == "postgresql" else f"sqlite:///{folder / 'rows'}")
        after.callback(store.close)
        migrate(store)
        mail = office.settings
        settings = Settings(data_dir=folder, smtp_host=mail.host, smtp_port=mail.port, smtp_tls="none", smtp_sender=mail.sender)
        yield Played(Stage(store, Files(settings.files_dir), settings, office))


@pytest.mark.parametrize("town", towns())
def test_on_the_twentieth_of_september_every_agreement_stands_where_it_should(played: Played, town: str) -> None:
    assert played.differing[town] == []


def test_the_mails_silences_and_tasks_are_those_that_have_been_read(played: Played) -> None:
    if REWRITE:
        GOLDEN.write_text("".join(f"{line}\n" for line in played.lines), encoding="utf-8")
    assert played.lines == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_everything_written_has_left_once_or_says_why_it_did_not(played: Played) -> None:
    with played.stage.store.read() as session:
        rows = session.exec(select(Message)).all()
        left = Counter(letter.message_id for letter in played.stage.letters)
        assert {m.message_id for m in rows if m.state is State.sent} == left.keys()
        assert set(left.values()) == {1}
        assert all(m.reason for m in rows if m.state is not State.sent)
        assert not [m.subject for m in rows if m.state is State.queued]


def test_nobody_gets_more_than_one_reminder_or_digest_a_day(played: Played) -> None:
    with played.stage.store.read() as session:
        people = dict(session.exec(select(ContactAssignment.id, ContactAssignment.person_id)).all())
        sent = {m.message_id: m for m in session.exec(select(Message).where(col(Message.purpose).in_(A_DAY)))}
        a_day = Counter(
            (people[row.assignment_id], civil(letter.at))
            for letter in played.stage.letters
            if (row := sent.get(letter.message_id)) and row.assignment_id
        )
    assert len(a_day) > 100
    assert set(a_day.values()) == {1}


def test_nobody_is_reminded_of_what_they_were_mailed_about_the_same_day(played: Played) -> None:
    with played.stage.store.read() as session:
        mailed = _mailed(session)
        rows = session.exec(select(Reminder).where(col(Reminder.message_id).is_not(None))).all()
        for row in rows:
            before = [
                m for m in mailed[_matter(session, row), row.assignment_id] if m.id != row.message_id and m.written_at <= row.at
            ]
            assert not [m.subject for m in before if civil(m.written_at) == civil(row.at)], row.key


def _mailed(session: Session) -> dict[tuple[UUID | None, UUID | None], list[Message]]:
    """What each assignment has been written to about each agreement and each round."""
    rounds = dict(session.exec(select(RoundMessage.message_id, RoundMessage.round_id)).all())
    found: dict[tuple[UUID | None, UUID | None], list[Message]] = defaultdict(list)
    for message in session.exec(select(Message)):
        for about in (message.agreement_id, rounds.get(message.id)):
            if about:
                found[about, message.assignment_id].append(message)
    return found


def _matter(session: Session, row: Reminder) -> UUID | None:
    """The agreement or the round that a reminder is about."""
    return session.get_one(Invitation, row.subject_id).round_id if row.purpose == Purpose.rsvp else row.agreement_id


def test_nobody_has_more_than_four_unanswered_reminders(played: Played) -> None:
    with played.stage.store.read() as session:
        words = defaultdict(list)
        for party, said in session.exec(select(Response.party_id, Response.sent_at).where(col(Response.sent_at).is_not(None))):
            words[party].append(said)
        for party, said in session.exec(select(DateRequest.party_id, DateRequest.at)):
            words[party].append(said)
        runs = Counter(
            (row.purpose, row.subject_id, row.assignment_id, sum(said < row.at for said in words[row.subject_id] if said))
            for row in session.exec(select(Reminder).where(Reminder.outcome == QUEUED))
        )
    assert max(runs.values()) == 4


def test_every_silence_has_a_row_with_its_reason(played: Played) -> None:
    assert played.stage.unnoted == []
    with played.stage.store.read() as session:
        silent = session.exec(select(Reminder.outcome).where(col(Reminder.message_id).is_(None))).all()
    assert all(SKIP_WORDS[SkipReason(outcome)] for outcome in silent)
    assert {"answered", "turn_changed"} & set(silent)


def test_every_reminder_comes_at_half_past_seven_on_a_workday_that_is_not_quiet_whatever_the_clock_was_set_to(
    played: Played,
) -> None:
    with played.stage.store.read() as session:
        by_the_sweep = select(Reminder.message_id).where(Reminder.outcome == QUEUED)
        reminders = set(session.exec(select(Message.message_id).where(col(Message.id).in_(by_the_sweep))).all())
        programme = session.exec(select(Programme)).one()
    resting = [QuietPeriod(date.fromisoformat(q["from"]), date.fromisoformat(q["to"])) for q in programme.quiet_periods]
    moments = [letter.at.astimezone(TZ) for letter in played.stage.letters if letter.message_id in reminders]
    assert {f"{moment:%H.%M}" for moment in moments} <= {"07.30", "07.31"}
    assert all(is_workday(moment.date()) and not quiet(moment.date(), resting) for moment in moments)
    assert {moment.utcoffset() for moment in moments} == {moments[0].utcoffset(), moments[40].utcoffset()}
