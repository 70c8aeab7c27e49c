"""People answer the mail they got, by a real mail server and a real mailbox: the right thing lands on the right agreement."""

from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from imap_tools.mailbox import MailBoxUnencrypted
from sqlmodel import col, select

from service.cases.propose import send_proposal
from service.post.inbox import ImapSettings, MailboxAway
from service.settings import Settings, load
from service.store.files import Files
from service.store.session import Store
from service.store.tables import ContactAssignment, Message, ReceivedFile, ReceivedMail, Task
from service.sweeps import Received, deliver_outbox, read_inbox
from states.incoming import Reason
from tests.dovecot import mailbox
from tests.people import draft, later
from tests.postoffice import PostOffice, post_office, text
from tests.postoffice import read as read_mail
from tests.service.cases import life
from tests.stores import migrated_file, store

__all__ = ["migrated_file", "post_office", "store"]
pytestmark = pytest.mark.imap

REPLIES = "svar@region.example"


@pytest.fixture
def box() -> Iterator[ImapSettings]:
    with mailbox() as opened:
        yield opened


@pytest.fixture
def settings(box: ImapSettings, post_office: PostOffice, tmp_path: Path) -> Settings:
    return load(
        data_dir=tmp_path,
        smtp_host=post_office.settings.host,
        smtp_port=post_office.settings.port,
        smtp_tls="none",
        smtp_sender="overens@region.example",
        imap_host=box.host,
        imap_port=box.port,
        imap_tls="none",
        imap_user=box.user,
        imap_password=box.password,
        imap_address=REPLIES,
    )


def now() -> datetime:
    return later(1)


def arrive(box: ImapSettings, mail: EmailMessage) -> None:
    with MailBoxUnencrypted(box.host, box.port).login(box.user, box.password) as opened:
        opened.append(mail.as_bytes())


def answer(to: EmailMessage, sender: str = "", **headers: str) -> EmailMessage:
    """What a mail program makes of "reply": to where replies go, naming what it answers and quoting it."""
    mail = EmailMessage()
    mail["From"] = sender or str(to["To"])
    mail["To"] = str(to["Reply-To"])
    mail["Subject"] = f"Sv: {to['Subject']}"
    mail["In-Reply-To"] = to["Message-ID"]
    mail["Message-ID"] = f"<{len(headers)}.{abs(hash(sender))}@kommun.example>"
    for name, value in headers.items():
        del mail[name.replace("_", "-")]
        mail[name.replace("_", "-")] = value
    mail.set_content(f"Vi svarar på fredag.\n\n> {text(to)}")
    return mail


def test_replies_find_their_agreement_and_machines_and_strangers_do_not(
    store: Store, settings: Settings, box: ImapSettings, post_office: PostOffice
) -> None:
    case = life.propose(life.begin(store, Files(settings.files_dir)))
    with store.write() as session:
        other = draft(session, case.cast, case.cast.borlange, "en-till")
        send_proposal(session, case.cast.elin, later(), other)
    deliver_outbox(store, settings, now)
    to_falun, to_borlange = sorted(post_office.mails, key=lambda mail: "Borlänge" in mail["Subject"])
    assert str(to_falun["Reply-To"]) == f"Överens <{REPLIES}>"

    with_a_file = answer(to_falun)
    with_a_file.add_attachment(b"%PDF-1.7 yttrande", maintype="application", subtype="pdf", filename="yttrande.pdf")
    arrive(box, with_a_file)
    arrive(box, answer(to_borlange, Message_ID="<vacation@kommun.example>", Auto_Submitted="auto-replied"))
    arrive(box, answer(to_falun, "frammande@annan.example"))
    arrive(box, post_office.mails[0])

    assert read_inbox(store, settings, now) == Received(filed=1, set_aside=3)
    assert read_inbox(store, settings, now) == Received()
    with store.read() as session:
        found = {mail.reason: mail for mail in session.exec(select(ReceivedMail))}
        assert found.keys() == {None, Reason.automatic, Reason.stranger, Reason.loop}
        assert found[None].agreement_id == case.id
        assert "Vi svarar på fredag." in found[None].text
        assert "/k/" not in found[None].text
        file = session.exec(select(ReceivedFile)).one()
        assert (file.mail_id, file.name) == (found[None].id, "yttrande.pdf")
        assert case.files.get(file.sha256) == b"%PDF-1.7 yttrande"
        (task,) = session.exec(select(Task).where(col(Task.kind) == "mail_reply"))
        assert (task.agreement_id, task.organisation_id) == (case.id, case.cast.region)
        assert len(session.exec(select(Message)).all()) == 2


def test_a_bounce_marks_its_contact_and_is_a_task_and_a_late_one_is_neither(
    store: Store, settings: Settings, box: ImapSettings, post_office: PostOffice
) -> None:
    case = life.propose(life.begin(store, Files(settings.files_dir)))
    deliver_outbox(store, settings, now)
    (mail,) = post_office.mails
    for number, (status, reason) in enumerate([("4.4.1", Reason.delayed), ("5.1.1", Reason.bounce)]):
        arrive(box, report(mail, number, status))
        assert read_inbox(store, settings, now) == Received(set_aside=1)
        with store.read() as session:
            assert session.exec(select(ReceivedMail).order_by(col(ReceivedMail.id).desc())).first().reason is reason  # type: ignore[union-attr]
            marked = session.get_one(ContactAssignment, case.cast.karin.assignment).bounced
            tasks = session.exec(select(Task).where(col(Task.kind) == "mail_failed")).all()
            assert (marked, len(tasks)) == ((True, 1) if reason is Reason.bounce else (False, 0))


def report(about: EmailMessage, number: int, status: str) -> EmailMessage:
    """What a mail server says about a mail that it could not hand over (RFC 3464)."""
    fields = (
        f"Reporting-MTA: dns; kommun.example\n\nFinal-Recipient: rfc822; x@kommun.example\nAction: failed\nStatus: {status}\n"
    )
    parts = [
        ("text/plain", "Gick inte fram."),
        ("message/delivery-status", fields),
        ("text/rfc822-headers", f"Message-ID: {about['Message-ID']}\nSubject: x\n"),
    ]
    lines = [f'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\nMessage-ID: <dsn{number}@k.example>\n']
    lines += [f"\n--b\nContent-Type: {kind}\n\n{text}" for kind, text in parts]
    return read_mail(("From: MAILER-DAEMON@kommun.example\n" + "".join(lines) + "\n--b--\n").encode())


def test_a_wrong_password_is_said_in_words_and_never_repeated(settings: Settings, store: Store) -> None:
    wrong = settings.model_copy(update={"imap_password": type(settings.imap_password)("fel lösenord")})  # type: ignore[misc]
    with pytest.raises(MailboxAway, match="lösenord eller mapp godtogs inte") as said:
        read_inbox(store, wrong, now)
    assert "fel lösenord" not in str(said.value)
