"""A mail is the same bytes at every try, and nothing in a name or text can break out of its place."""

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from service.post.compose import HEAD, Attachment, Outgoing, Unaddressable, compose, html
from tests.postoffice import read, text

OUT = Outgoing(
    message_id="<0193@overens.invalid>",
    written_at=datetime(2027, 9, 20, 6, tzinfo=UTC),
    sender="overens@region.example",
    recipient="karin@falun.example",
    recipient_name="Karin Östlund",
    subject="Förslag till överenskommelse – Falu kommun och Region Dalarna",
    body="Hej Karin!\n\nLäs och svara:\nhttps://overens.example/k/abc_-9\n\nVänliga hälsningar\nElin & <Joar>\n",
    head="ab" * 32,
    attachment=Attachment("overenskommelse.docx", "application/msword", b"PK\x03\x04 word"),
)


def test_the_same_row_gives_the_same_bytes() -> None:
    assert compose(OUT).as_bytes() == compose(OUT).as_bytes()


def test_another_message_has_other_boundaries() -> None:
    other = compose(replace(OUT, message_id="<0194@overens.invalid>"))
    assert other.get_boundary() != compose(OUT).get_boundary()


def test_a_mail_carries_text_html_file_and_the_head_of_the_history() -> None:
    mail = read(compose(OUT).as_bytes())
    assert mail["Subject"] == OUT.subject
    assert mail["From"] == "Överens <overens@region.example>"
    assert mail["To"] == "Karin Östlund <karin@falun.example>"
    assert mail["Message-ID"] == OUT.message_id
    assert mail["Date"].datetime == OUT.written_at
    assert mail[HEAD] == OUT.head
    assert text(mail) == OUT.body
    (file,) = mail.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("overenskommelse.docx", b"PK\x03\x04 word")


def test_the_html_is_the_same_words_with_a_link_and_nothing_to_fetch() -> None:
    made = html(OUT.subject, OUT.body)
    assert '<a href="https://overens.example/k/abc_-9">https://overens.example/k/abc_-9</a>' in made
    assert "Elin &amp; &lt;Joar&gt;" in made
    assert "src=" not in made


@pytest.mark.parametrize(
    "typed",
    [
        '"><script>x</script> https://ond.example/"onmouseover="x',
        "https://ond.example/'onmouseover='x",
        "https://ond.example/{title}&quot;<img src=x>",
        "javascript:alert(1) <https://ond.example/x>.",
    ],
)
def test_what_people_typed_never_becomes_markup(typed: str) -> None:
    reader = _Tags()
    reader.feed(html(typed, typed))
    assert {name for name, _ in reader.found} <= {"html", "head", "meta", "title", "body", "p", "a"}
    assert {names for name, names in reader.found if name == "a"} <= {("href",)}
    assert "".join(reader.said).count(typed) == 2


def test_a_full_stop_after_an_address_is_no_part_of_it() -> None:
    made = html("", "Se https://overens.example/k/abc. Eller <https://overens.example/a?b=1&c=2>!")
    assert '<a href="https://overens.example/k/abc">https://overens.example/k/abc</a>.' in made
    assert '&lt;<a href="https://overens.example/a?b=1&amp;c=2">' in made


class _Tags(HTMLParser):
    """The elements of a page with the names of their attributes, and its words."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.said.append(data)


@pytest.mark.parametrize("address", ["", "inte en adress", "a@b\r\nBcc: c@d.example", "a@", "@b.example", "a b@c.example", "<>"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(Unaddressable):
        compose(replace(OUT, recipient=address))


def test_a_name_with_a_line_break_is_refused() -> None:
    with pytest.raises(Unaddressable):
        compose(replace(OUT, recipient_name="Karin\r\nBcc: alla@kommun.example"))
