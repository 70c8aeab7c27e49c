"""What a real mail server says becomes an outcome: sent, try again, or give up."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.post import Outcome, Outgoing, Post, Result, SmtpSettings, compose
from tests.certificates import issued
from tests.postoffice import PostOffice, text
from tests.service.post.test_compose import OUT


def a_mail(number: int = 1, **changes: str) -> Outgoing:
    return replace(OUT, message_id=f"<{number}@overens.invalid>", attachment=None, **changes)  # type: ignore[arg-type]


def test_a_mail_arrives_with_its_letters_whole(post_office: PostOffice) -> None:
    with Post(post_office.settings) as post:
        assert post.send(compose(OUT)).result is Result.sent
    (mail,) = post_office.mails
    assert text(mail).replace("\r\n", "\n") == OUT.body
    assert mail["Message-ID"] == OUT.message_id


def test_a_batch_goes_over_one_connection(post_office: PostOffice) -> None:
    with Post(post_office.settings) as post:
        for number in range(5):
            post.send(compose(a_mail(number)))
    assert len(post_office.taken) == 5
    assert post_office.connections == 1


@pytest.mark.parametrize(
    ("answer", "result"),
    [("451 4.3.0 Try again later", Result.temporary), ("554 5.7.1 Spam: https://x.example/k/hemlig", Result.permanent)],
)
def test_temporary_and_permanent_are_told_apart_without_the_servers_words(
    post_office: PostOffice, answer: str, result: Result
) -> None:
    post_office.next_answers = [answer]
    with Post(post_office.settings) as post:
        outcome = post.send(compose(a_mail()))
        assert outcome.result is result
        assert answer[:9] in outcome.words
        assert "hemlig" not in outcome.words
        assert post.send(compose(a_mail(2))).result is Result.sent


def test_a_refused_recipient_is_remembered_as_such(post_office: PostOffice) -> None:
    post_office.refused_recipients = {OUT.recipient: "550 5.1.1 No such user"}
    with Post(post_office.settings) as post:
        outcome = post.send(compose(a_mail()))
    assert outcome.result is Result.permanent
    assert outcome.recipient_refused


def test_a_full_mailbox_is_tried_again(post_office: PostOffice) -> None:
    post_office.refused_recipients = {OUT.recipient: "452 4.2.2 Mailbox full"}
    with Post(post_office.settings) as post:
        outcome = post.send(compose(a_mail()))
    assert outcome.result is Result.temporary
    assert not outcome.recipient_refused


def test_a_server_that_is_away_is_told_from_one_that_refuses_a_mail(post_office: PostOffice) -> None:
    settings = replace(post_office.settings, port=1)
    with Post(settings) as post:
        assert post.send(compose(a_mail())).result is Result.away


def test_a_server_without_the_protection_we_ask_for_gets_nothing(post_office: PostOffice) -> None:
    with Post(replace(post_office.settings, security="starttls")) as post:
        outcome = post.send(compose(a_mail()))
    assert outcome == Outcome(Result.away, "Mejlservern erbjuder inte den kryptering eller inloggning som är vald.")
    assert post_office.taken == []


pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")  # the test server does not see its own TLS


@pytest.fixture(params=["starttls", "tls"])
def guarded(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostOffice]:
    """A post office with a certificate that we believe, and a password."""
    root, context = issued(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    office = PostOffice(context, "ett losenord", from_the_start=request.param == "tls")
    office.open()
    yield office
    office.close()


def with_password(office: PostOffice, password: str = "ett losenord") -> SmtpSettings:
    return replace(office.settings, user="overens", password=password)


def test_a_protected_line_takes_a_batch_after_one_login(guarded: PostOffice) -> None:
    with Post(with_password(guarded)) as post:
        assert [post.send(compose(a_mail(n))).result for n in range(3)] == [Result.sent] * 3
    assert len(guarded.taken) == 3
    assert guarded.logins == 1


def test_a_wrong_password_says_that_it_is_not_the_mails_fault(guarded: PostOffice) -> None:
    with Post(with_password(guarded, "fel")) as post:
        outcome = post.send(compose(a_mail()))
    assert outcome.result is Result.away
    assert outcome.words.startswith("Mejlservern släppte inte in oss (535")
    assert guarded.taken == []


def test_a_certificate_nobody_vouches_for_gets_neither_mail_nor_password(
    guarded: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with Post(with_password(guarded)) as post:
        assert post.send(compose(a_mail())) == Outcome(Result.away, "Mejlserverns certifikat godtogs inte.")
    assert (guarded.taken, guarded.logins) == ([], 0)


def test_the_password_is_never_shown(post_office: PostOffice) -> None:
    assert "hemlig" not in repr(replace(post_office.settings, password="hemlig"))
