"""Mail leaves once, comes back unchanged when it must be tried again, and never puts a secret in the database."""

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import Session, select

from service.cases.contacts import end
from service.cases.deliver import FIRST_WAIT, LEASE, LONGEST_WAIT, MOST_TRIES, lease, send, settle, text_with_secrets, wait
from service.post import Post
from service.post.letters import CODE
from service.store import outbox
from service.store.columns import new_id
from service.store.files import Files
from service.store.session import Store
from service.store.tables import Code, ContactAssignment, Link, Message, Task
from states.errors import NotAllowed
from states.message import State
from states.tokens import code, fingerprint
from tests.people import later
from tests.postoffice import PostOffice, text
from tests.service.cases import life

KEYS = (b"the first key of these tests, long enough", b"the key before it, which still opens links")
SITE = "https://overens.example"
TOKEN = re.compile(rf"{SITE}/k/([\w-]{{43}})")


def once(case: life.Case, office: PostOffice, now: datetime, only: list[UUID] | None = None) -> int:
    """One round of the loop: lease, send, settle; returns how many were tried."""
    with case.store.write() as session:
        leased = lease(session, KEYS, now, 50, only)
    with Post(office.settings) as post:
        sent = send(post, leased, SITE, case.files)
    with case.store.write() as session:
        settle(session, sent, now)
    return len(leased)


def only_mail(store: Store) -> Message:
    with store.read() as session:
        found = session.exec(select(Message)).one()
        session.expunge_all()
        return found


def change(store: Store, act: Callable[[Session, Message], object]) -> None:
    with store.write() as session:
        act(session, session.exec(select(Message)).one())


def test_a_proposal_arrives_with_a_link_that_the_store_knows(any_case: life.Case, post_office: PostOffice) -> None:
    case = life.propose(any_case)
    assert once(case, post_office, later()) == 1
    (mail,) = post_office.mails
    found = TOKEN.search(text(mail))
    assert found
    with case.store.read() as session:
        link = session.get_one(Link, fingerprint(found[1]))
        session.expunge_all()
    message = only_mail(case.store)
    assert (link.assignment_id, link.path) == (case.cast.karin.assignment, f"/overenskommelser/{case.id}")
    assert (message.state, message.sent_at, message.leased_until) == (State.sent, later(), None)
    assert mail["Overens-Head"] == message.head
    assert once(case, post_office, later(1)) == 0


def test_no_link_or_code_lies_in_the_database_or_its_log(case: life.Case, post_office: PostOffice, tmp_path: Path) -> None:
    life.propose(case)
    with case.store.write() as session:
        message = _code_mail(session, case)
    once(case, post_office, later())
    bodies = [text(m) for m in post_office.mails]
    secrets = [found for body in bodies for found in TOKEN.findall(body)]
    secrets.append(code(KEYS[0], str(message.id), str(message.assignment_id), message.epoch))
    assert len(secrets) == 2
    assert any(secrets[1] in body for body in bodies)
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(b"PROPOSAL" in data.upper() for data in kept)
    for secret in secrets:
        assert not any(secret.encode() in data for data in kept)


def test_a_temporary_failure_is_tried_again_with_the_same_bytes(any_case: life.Case, post_office: PostOffice) -> None:
    case = life.propose(any_case)
    post_office.next_answers = ["451 4.3.0 later", "250 taken, but nobody heard it"]
    once(case, post_office, later())
    waiting = only_mail(case.store)
    assert (waiting.state, waiting.attempts) == (State.queued, 1)
    assert "451 4.3.0" in waiting.reason
    assert once(case, post_office, later()) == 0

    with case.store.write() as session:
        leased = lease(session, KEYS, waiting.next_try_at, 50)
    with Post(post_office.settings) as post:
        send(post, leased, SITE, case.files)  # killed before it could settle
    after_the_lease = waiting.next_try_at + LEASE
    assert once(case, post_office, after_the_lease - timedelta(seconds=1)) == 0
    assert once(case, post_office, after_the_lease) == 1
    first, second = post_office.taken
    assert first == second
    assert only_mail(case.store).state is State.sent


def test_a_new_key_leaves_the_link_of_an_earlier_try_alone(case: life.Case, post_office: PostOffice) -> None:
    life.propose(case)
    with case.store.write() as session:
        (before,) = lease(session, KEYS[1:], later(), 50)
    with case.store.write() as session:
        (after,) = lease(session, KEYS, later() + LEASE, 50)
    assert before.token == after.token


def test_a_refusal_for_good_fails_with_a_task_and_can_be_sent_again(any_case: life.Case, post_office: PostOffice) -> None:
    case = life.propose(any_case)
    address = only_mail(case.store).recipient
    post_office.refused_recipients = {address: "550 5.1.1 unknown"}
    once(case, post_office, later())
    assert only_mail(case.store).state is State.failed
    with case.store.read() as session:
        (task,) = session.exec(select(Task)).all()
        assert (task.kind, task.organisation_id, task.agreement_id) == ("mail_failed", case.cast.region, case.id)
        assert session.get_one(ContactAssignment, case.cast.karin.assignment).bounced

    post_office.refused_recipients = {}
    change(case.store, lambda s, m: outbox.resend(s, m, later(1)))
    assert once(case, post_office, later(1)) == 1
    assert only_mail(case.store).state is State.sent
    with case.store.read() as session:
        assert not session.get_one(ContactAssignment, case.cast.karin.assignment).bounced


def test_after_the_last_try_the_message_is_given_up(case: life.Case, post_office: PostOffice) -> None:
    life.propose(case)
    now, tries = later(), 0
    while only_mail(case.store).state is State.queued:
        post_office.next_answers = ["451 later"]
        tries += once(case, post_office, now)
        now = only_mail(case.store).next_try_at
    assert tries == MOST_TRIES
    assert only_mail(case.store).state is State.failed
    with case.store.read() as session:
        assert session.exec(select(Task)).one().kind == "mail_failed"


def test_the_waits_grow_from_a_minute_to_five_hours_and_are_spread() -> None:
    ids = [new_id() for _ in range(50)]
    first = [wait(i, 1) for i in ids]
    assert all(FIRST_WAIT * 0.8 <= w <= FIRST_WAIT * 1.2 for w in first)
    assert len(set(first)) == len(ids)
    assert wait(ids[0], 3) == wait(ids[0], 3)
    assert all(LONGEST_WAIT * 0.8 <= wait(i, MOST_TRIES) <= LONGEST_WAIT for i in ids)


def test_mail_to_an_ended_assignment_is_suppressed_and_says_so(any_case: life.Case, post_office: PostOffice) -> None:
    case = life.propose(any_case)
    with case.store.write() as session:
        assert case.cast.karin.assignment
        end(session, case.cast.elin, later(), case.cast.karin.assignment)
    once(case, post_office, later())
    (proposal,) = case.mails("proposal")
    assert (proposal.state, proposal.reason) == (State.suppressed, "assignment_ended")
    assert not any(m["To"].addresses[0].addr_spec == proposal.recipient for m in post_office.mails)


def test_a_code_that_has_run_out_is_not_sent(case: life.Case, post_office: PostOffice) -> None:
    with case.store.write() as session:
        _code_mail(session, case)
    assert once(case, post_office, later(seconds=601)) == 0
    assert only_mail(case.store).reason == "expired"


def test_a_held_message_waits_until_it_is_released(case: life.Case, post_office: PostOffice) -> None:
    life.propose(case)
    change(case.store, outbox.hold)
    assert once(case, post_office, later()) == 0
    change(case.store, outbox.release)
    assert once(case, post_office, later()) == 1
    with pytest.raises(NotAllowed):
        change(case.store, outbox.hold)


def test_only_the_named_messages_are_leased(case: life.Case, post_office: PostOffice) -> None:
    life.propose(case)
    assert once(case, post_office, later(), [new_id()]) == 0
    assert once(case, post_office, later(), [only_mail(case.store).id]) == 1


@pytest.mark.postgres
def test_two_processes_never_lease_the_same_message(pg_store: Store, post_office: PostOffice, tmp_path: Path) -> None:
    case = life.propose(life.begin(pg_store, Files(tmp_path)))
    with pg_store.write() as first:
        mine = lease(first, KEYS, later(), 50)
        with pg_store.write() as second:
            theirs = lease(second, KEYS, later(), 50)
    assert (len(mine), len(theirs)) == (1, 0)
    assert case.id


def test_a_key_queues_once(any_case: life.Case) -> None:
    with any_case.store.write() as session:
        first, second = (_plain(session, "samma") for _ in range(2))
    assert first is not None
    assert second is None


def test_an_address_that_cannot_be_written_fails_alone(case: life.Case, post_office: PostOffice) -> None:
    with case.store.write() as session:
        _plain(session, "trasig", recipient="inte en adress")
        _plain(session, "hel")
    assert once(case, post_office, later()) == 2
    assert len(post_office.taken) == 1
    with case.store.read() as session:
        states = {m.slot_key: m.state for m in session.exec(select(Message))}
    assert states == {"trasig": State.failed, "hel": State.sent}


def test_the_demonstration_shows_a_link_that_works_more_than_once(case: life.Case) -> None:
    life.propose(case)
    for _ in range(2):
        with case.store.write() as session:
            message = session.exec(select(Message)).one()
            shown = text_with_secrets(session, KEYS, message, SITE, later())
            found = TOKEN.search(shown)
            assert found
            link = session.get_one(Link, fingerprint(found[1]))
            assert link.used_at is None
            link.used_at = later()


def test_a_process_killed_between_queueing_and_sending_repeats_one_message_id(
    case: life.Case, post_office: PostOffice, tmp_path: Path
) -> None:
    life.propose(case)
    kills = 3
    for number in range(kills):
        now = later() + LEASE * number
        script = (
            "import os, sys; from datetime import datetime; from pathlib import Path\n"
            "from service.cases.deliver import lease, send; from service.post import Post, SmtpSettings\n"
            "from service.store.files import Files; from service.store.session import Store\n"
            "store = Store(sys.argv[1])\n"
            f"with store.write() as session: leased = lease(session, ({KEYS[0]!r},), datetime.fromisoformat(sys.argv[3]), 50)\n"
            "post = Post(SmtpSettings('127.0.0.1', int(sys.argv[2]), 'none', 'overens@region.example'))\n"
            f"send(post, leased, {SITE!r}, Files(Path(sys.argv[1])))\n"
            "os.kill(os.getpid(), 9)\n"
        )
        arguments = [case.store.url, str(post_office.settings.port), now.isoformat()]
        assert subprocess.run([sys.executable, "-c", script, *arguments], check=False).returncode == -9
    once(case, post_office, later() + LEASE * kills)
    assert len(post_office.taken) == kills + 1
    assert len({m["Message-ID"] for m in post_office.mails}) == 1
    assert len({raw.replace(b"\r\n", b"\n") for raw in post_office.taken}) == 1
    assert only_mail(case.store).state is State.sent


def _plain(session: Session, key: str, recipient: str = "x@kommun.example") -> Message | None:
    return outbox.queue(
        session, later(), key=key, purpose="test", subject="Hej", body="Hej!", recipient=recipient, recipient_name="X"
    )


def _code_mail(session: Session, case: life.Case) -> Message:
    assignment = session.get_one(ContactAssignment, case.cast.karin.assignment)
    message = outbox.queue(
        session,
        later(),
        key="kod",
        purpose="sign_in_code",
        subject="Din kod",
        body=f"Koden:\n{CODE}\n",
        recipient="karin@falun.example",
        assignment=assignment,
    )
    assert message
    session.add(
        Code(
            message_id=message.id,
            assignment_id=assignment.id,
            epoch=assignment.epoch,
            purpose="sign_in",
            browser_sha256="0" * 64,
            created_at=later(),
            expires_at=later(seconds=600),
        )
    )
    return message
