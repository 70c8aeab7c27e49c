"""The small writers: what is escaped, what is refused, what becomes a paragraph."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from documents import markup
from tests.documents.reading import text

legal = st.text(st.characters(codec="utf-8", exclude_characters="".join(map(chr, (*range(32), 0xFFFE, 0xFFFF)))))


def _parsed(inner: str) -> etree._Element:
    return etree.fromstring(f"<w:p {markup.NAMESPACES}>{inner}</w:p>")


@given(legal)
def test_any_legal_text_comes_back_unchanged(written: str) -> None:
    assert text(_parsed(markup.run(written))) == written


def test_tabs_and_line_breaks_become_words_own_marks() -> None:
    kinds = [etree.QName(child).localname for child in _parsed(markup.run("a\tb\n\nc"))[0]]
    assert kinds == ["t", "tab", "t", "br", "br", "t"]


@pytest.mark.parametrize("bad", ["\x00", "\x08", "\x0b", "\x1f", "\ufffe", "\ud800"])
def test_a_character_xml_cannot_hold_is_refused_with_its_number_and_surroundings(bad: str) -> None:
    with pytest.raises(markup.IllegalCharacter, match=rf"U\+{ord(bad):04X}.*Mål för�2027") as refusal:
        markup.run(f"Mål för{bad}2027")
    assert isinstance(refusal.value, ValueError)
    str(refusal.value).encode()


def test_each_line_is_a_paragraph_and_empty_lines_are_none() -> None:
    assert markup.paragraphs("Ett.\r\n\n  \nTvå.\rTre.\n") == ["Ett.", "Två.", "Tre."]


def test_an_attribute_is_one_line() -> None:
    assert markup.attribute(' a\n"b"  <c> ') == "a &quot;b&quot; &lt;c&gt;"
