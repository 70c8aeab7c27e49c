"""Text is cleaned to one form, or refused in words that say what to do."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from states.errors import Invalid
from states.text import FIELD_MAX, TextError, clean


def refusal(value: str, *, max_length: int = 20, one_line: bool = False) -> TextError:
    with pytest.raises(TextError) as caught:
        clean(value, max_length=max_length, one_line=one_line)
    return caught.value


def test_line_breaks_become_one_kind_and_the_ends_are_trimmed() -> None:
    assert clean("  ett\r\ntvå\rtre\u2028fyra \n", max_length=50, one_line=False) == "ett\ntvå\ntre\nfyra"


def test_letters_are_composed() -> None:
    assert clean(unicodedata.normalize("NFD", "Åsberg"), max_length=6, one_line=True) == "Åsberg"


def test_a_tab_from_a_spreadsheet_becomes_a_space() -> None:
    assert clean("ett\ttvå", max_length=50, one_line=True) == "ett två"


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x0b", "\x1b", "\x7f", "\x85", "\x9f"])
def test_control_characters_are_refused(sign: str) -> None:
    error = refusal(f"a{sign}b")
    assert error.code == "control-character"
    assert "styrtecken" in error.message


@pytest.mark.parametrize("sign", ["\ud800", "\ufffe", "\uffff", "\U0001ffff", "\U0010fffe"])
def test_what_is_no_character_is_refused(sign: str) -> None:
    assert refusal(f"a{sign}b").code == "broken-character"


@pytest.mark.parametrize("sign", ["\ufffc", "\ufffd", "😀", "ĺ", "\u00ad", "\u202f"])
def test_rare_but_real_characters_are_kept(sign: str) -> None:
    assert clean(f"a{sign}b", max_length=20, one_line=True) == f"a{sign}b"


def test_a_title_has_one_line() -> None:
    assert refusal("ett\ntvå", one_line=True).code == "line-break"
    assert clean("ett\n", max_length=3, one_line=True) == "ett"


def test_too_long_says_how_long_and_how_long_it_may_be() -> None:
    error = refusal("a" * 12_345, max_length=FIELD_MAX)
    assert error.code == "too-long"
    assert error.message == "Texten är för lång: 12\u00a0345 tecken. Den får vara högst 10\u00a0000."
    assert clean("a" * FIELD_MAX, max_length=FIELD_MAX, one_line=False)


def test_a_refused_text_is_an_invalid_field_to_whoever_does_not_name_it() -> None:
    error = refusal("a\x00")
    assert isinstance(error, Invalid)
    assert [field.code for field in error.fields] == [error.code]


@given(st.text(st.characters(codec=None), max_size=50), st.booleans())
def test_what_is_taken_can_be_stored_and_is_already_clean(value: str, one_line: bool) -> None:
    try:
        text = clean(value, max_length=60, one_line=one_line)
    except TextError:
        return
    assert text.encode().decode() == text == text.strip()
    assert clean(text, max_length=60, one_line=one_line) == text
    assert not any(unicodedata.category(sign) in ("Cc", "Cs") and sign != "\n" for sign in text)
