"""Mail that comes in is filed once on the right agreement, or set aside; none of it is answered."""

from sqlmodel import col, select

from service.cases.receive import receive
from service.post.inbox import Attachment, Letter
from service.store import outbox
from service.store.kept import kept
from service.store.tables import ContactAssignment, Message, Organisation, Person, ReceivedFile, ReceivedMail, Task
from states.incoming import Delivery, Reason, State
from states.message import State as MessageState
from tests.people import later
from tests.service.cases import life


def reply(to: Message, sender: str = "", **changed: object) -> Letter:
    made = {
        "message_id": "<r1@kommun.example>",
        "sender": sender or to.recipient.lower(),
        "subject": "Sv: Överenskommelsen",
        "text": "Vi återkommer.",
        "answers": (to.message_id,),
        "headers": {"subject": "Sv: Överenskommelsen"},
    }
    return Letter(**{**made, **changed})  # type: ignore[arg-type]


def sent(case: life.Case) -> Message:
    """The proposal's mail, as if it had left us."""
    life.propose(case)
    with case.store.write() as session:
        message = session.exec(select(Message)).one()
        message.state = MessageState.sent
        session.add(message)
        session.flush()
        session.refresh(message)
        session.expunge(message)
    return message


def take(case: life.Case, letter: Letter) -> tuple[State, Reason | None] | None:
    with case.store.write() as session:
        mail = receive(session, case.files, later(1), letter)
        return (mail.state, mail.reason) if mail else None


def test_a_reply_with_a_file_is_filed_once_on_its_agreement(any_case: life.Case) -> None:
    message = sent(any_case)
    letter = reply(message, attachments=(Attachment("yttrande.pdf", "application/pdf", b"%PDF"),))
    assert take(any_case, letter) == (State.filed, None)
    assert take(any_case, letter) is None
    with any_case.store.read() as session:
        mail = session.exec(select(ReceivedMail)).one()
        file = session.exec(select(ReceivedFile)).one()
        task = session.exec(select(Task).where(col(Task.kind) == "mail_reply")).one()
        assert mail.agreement_id == any_case.id == task.agreement_id
        assert any_case.files.get(file.sha256) == b"%PDF"
        assert file.sha256 in {one.sha256 for one in kept(session)}, "no backup would take it along"
        assert task.title.startswith("Svar per mejl från ")
        assert len(session.exec(select(Message)).all()) == 1


def test_machines_loops_and_strangers_are_set_aside(any_case: life.Case) -> None:
    message = sent(any_case)
    vacation = reply(message, message_id="<v@k.example>", headers={"auto-submitted": "auto-replied"})
    assert take(any_case, vacation) == (State.set_aside, Reason.automatic)
    assert take(any_case, reply(message, message_id=message.message_id)) == (State.set_aside, Reason.loop)
    assert take(any_case, reply(message, "okand@annan.example")) == (State.set_aside, Reason.stranger)
    with any_case.store.read() as session:
        assert session.exec(select(Task).where(col(Task.kind) == "mail_reply")).all() == []
        assert len(session.exec(select(Message)).all()) == 1
        for mail in session.exec(select(ReceivedMail)):
            assert mail.region_id == any_case.cast.region
            assert mail.text == ("" if mail.reason is Reason.loop else "Vi återkommer.")


def test_a_known_persons_mail_about_nothing_we_know_waits_for_the_strategist(any_case: life.Case) -> None:
    message = sent(any_case)
    assert take(any_case, reply(message, message_id="<n@k.example>", answers=())) == (State.set_aside, Reason.unmatched)
    with any_case.store.read() as session:
        task = session.exec(select(Task).where(col(Task.kind) == "mail_reply")).one()
        assert (task.organisation_id, task.agreement_id) == (any_case.cast.region, None)


def test_a_mail_naming_anothers_letter_is_not_filed_there(any_case: life.Case) -> None:
    message = sent(any_case)
    with any_case.store.read() as session:
        hanna = session.get_one(Person, any_case.cast.hanna.person).email
    assert take(any_case, reply(message, hanna)) == (State.set_aside, Reason.unmatched)
    with any_case.store.read() as session:
        assert session.exec(select(ReceivedMail)).one().agreement_id is None


def test_a_registrars_office_can_answer_what_it_was_sent(any_case: life.Case) -> None:
    with any_case.store.write() as session:
        office = session.get_one(Organisation, any_case.cast.falun).registry_email
        message = outbox.queue(
            session,
            later(),
            key="r",
            purpose="signed_to_registry",
            subject="s",
            body="b",
            recipient=office,
            agreement_id=any_case.id,
        )
        assert message
        letter = reply(message)
    assert take(any_case, letter) == (State.filed, None)


def test_a_quoted_link_opens_nothing_for_who_reads_the_row(any_case: life.Case) -> None:
    message, link = sent(any_case), "https://overens.example/k/" + "a" * 43
    take(any_case, reply(message, text=f"Ja.\n> Läs:\n> {link}\n"))
    with any_case.store.read() as session:
        assert session.exec(select(ReceivedMail)).one().text == "Ja.\n> Läs:\n> [personlig länk]\n"


def test_a_delayed_mail_is_noted_and_a_bounce_marks_the_contact(any_case: life.Case) -> None:
    message = sent(any_case)
    delayed = reply(message, message_id="<d1@k.example>", delivery=Delivery(message.message_id, "4.4.1"))
    assert take(any_case, delayed) == (State.set_aside, Reason.delayed)
    with any_case.store.read() as session:
        assert not session.get_one(ContactAssignment, message.assignment_id).bounced
    final = reply(message, message_id="<d2@k.example>", delivery=Delivery(message.message_id, "5.1.1"))
    assert take(any_case, final) == (State.set_aside, Reason.bounce)
    with any_case.store.read() as session:
        assert session.get_one(ContactAssignment, message.assignment_id).bounced
        assert session.get_one(Message, message.id).state is MessageState.bounced
        assert session.exec(select(Task).where(col(Task.kind) == "mail_failed")).one().subject_id == message.id
