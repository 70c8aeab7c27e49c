"""A mail that came in is taken apart: whom it answers, its text and files, and what a server says about one of ours."""

from email.message import EmailMessage

from service.post.inbox import taken_apart

REPORT = b"""From: MAILER-DAEMON@kommun.example
Message-ID: <dsn1@kommun.example>
Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Gick inte fram.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; kommun.example

Final-Recipient: rfc822; anna@kommun.example
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: <abc@overens.invalid>
Subject: Hej

--b--
"""


def _reply() -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Anna Öst <Anna@Kommun.example>"
    mail["Subject"] = "Sv: Överenskommelsen"
    mail["Message-ID"] = "<r1@kommun.example>"
    mail["In-Reply-To"] = "<abc@overens.invalid>"
    mail["References"] = "<first@overens.invalid> <abc@overens.invalid>"
    mail.set_content("Vi återkommer på fredag.")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="../yttrande.pdf")
    return mail


def test_a_reply_names_the_mails_it_answers_nearest_first() -> None:
    letter = taken_apart(_reply().as_bytes())
    assert letter.answers == ("<abc@overens.invalid>", "<first@overens.invalid>")
    assert letter.sender == "anna@kommun.example"
    assert "återkommer på fredag" in letter.text


def test_a_file_keeps_its_name_without_a_path() -> None:
    (file,) = taken_apart(_reply().as_bytes()).attachments
    assert (file.name, file.media_type, file.data) == ("yttrande.pdf", "application/pdf", b"%PDF-1.7")


def test_a_mail_without_message_id_is_known_again_by_its_bytes() -> None:
    mail = _reply()
    del mail["Message-ID"]
    assert taken_apart(mail.as_bytes()).message_id == taken_apart(mail.as_bytes()).message_id != ""


def test_a_bounce_names_our_mail_and_its_status() -> None:
    delivery = taken_apart(REPORT).delivery
    assert delivery is not None
    assert (delivery.original_id, delivery.status, delivery.permanent) == ("<abc@overens.invalid>", "5.1.1", True)


def test_an_ordinary_mail_is_no_bounce() -> None:
    assert taken_apart(_reply().as_bytes()).delivery is None


def test_a_reply_in_html_alone_is_read_as_words() -> None:
    mail = _reply()
    mail.clear_content()
    mail.set_content(
        "<html><head><title>x</title><style>p { color: red }</style></head>"
        "<body><p>Vi  återkommer<br>på fredag.</p><p>Anna &amp; co</p></body></html>",
        subtype="html",
    )
    assert taken_apart(mail.as_bytes()).text == "Vi återkommer\npå fredag.\nAnna & co\n"


def test_what_no_database_takes_is_left_out() -> None:
    mail = taken_apart(b"From: a@k.example\nSubject: x\xff\n y\nMessage-ID: <1@k>\n\nhej\0\xff\n")
    for text in (mail.subject, mail.text):
        text.encode()
        assert "\0" not in text
    assert mail.subject.startswith("x")
