"""One diff engine: exact, deterministic, and readable as phrases."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from states.words import Kind, Piece, changes_in_words, diff, likeness, rewritten, tokens

WORDS = st.sampled_from(
    ["kommunen", "regionen", "barns", "ungas", "och", "scenkonst", "e-post", "kl.", "§", ",", ".", "(", " ", "  ", "\n", "a"]
)
TEXTS = st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=30).map("".join), st.lists(WORDS, max_size=30).map(" ".join))


def joined(pieces: tuple[Piece, ...], *kinds: Kind) -> str:
    return "".join(piece.text for piece in pieces if piece.kind in kinds)


@given(TEXTS, TEXTS)
def test_same_and_deleted_are_the_old_text_same_and_inserted_the_new(old: str, new: str) -> None:
    pieces = diff(old, new)
    assert joined(pieces, Kind.same, Kind.deleted) == old
    assert joined(pieces, Kind.same, Kind.inserted) == new


@given(TEXTS, TEXTS)
def test_no_piece_is_empty_and_no_two_neighbours_are_of_one_kind(old: str, new: str) -> None:
    pieces = diff(old, new)
    assert all(piece.text for piece in pieces)
    assert all(one.kind is not other.kind for one, other in pairwise(pieces))
    assert all((one.kind, other.kind) != (Kind.inserted, Kind.deleted) for one, other in pairwise(pieces))


@given(TEXTS, TEXTS)
def test_likeness_is_symmetric_and_between_nought_and_one(old: str, new: str) -> None:
    assert likeness(old, new) == likeness(new, old)
    assert 0 <= likeness(old, new) <= 1


@given(TEXTS)
def test_equal_texts_are_alike_and_unchanged(text: str) -> None:
    assert likeness(text, text) == 1
    assert not rewritten(text, text)
    assert joined(diff(text, text), Kind.deleted, Kind.inserted) == ""
    assert changes_in_words(text, text) == ()


@given(TEXTS, TEXTS)
def test_the_same_texts_give_the_same_answer_and_every_difference_is_said(old: str, new: str) -> None:
    assert diff(old, new) == diff(old, new)
    assert bool(changes_in_words(old, new)) is (old != new)


@given(TEXTS)
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(tokens(text)) == text


def test_words_keep_their_inner_signs() -> None:
    assert tokens("EU:s e-post, kl 10.30 (Växjö)") == [
        "EU:s",
        " ",
        "e-post",
        ",",
        " ",
        "kl",
        " ",
        "10.30",
        " ",
        "(",
        "Växjö",
        ")",
    ]


def test_spaces_between_two_changes_make_one_phrase() -> None:
    assert diff("för elevernas skull", "för alla barns och ungas skull") == (
        Piece(Kind.same, "för "),
        Piece(Kind.deleted, "elevernas"),
        Piece(Kind.inserted, "alla barns och ungas"),
        Piece(Kind.same, " skull"),
    )
    assert Piece(Kind.deleted, "b c") in diff("a b c d", "a x y d")


def test_an_insertion_never_marks_a_space_as_changed() -> None:
    assert diff("scenkonst i skolan", "scenkonst, både i skolan") == (
        Piece(Kind.same, "scenkonst"),
        Piece(Kind.inserted, ", både"),
        Piece(Kind.same, " i skolan"),
    )
    assert not joined(diff("Ord två", "Ord, (två"), Kind.deleted)


def test_a_line_break_keeps_changes_apart() -> None:
    assert Piece(Kind.same, "\n") in diff("ett\ntvå", "tre\nfyra")


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        ("för elevernas skull", "för alla barns och ungas skull", ("Ersatt ”elevernas” med ”alla barns och ungas”.",)),
        ("scenkonst i skolan", "scenkonst, både i skolan", ("Lagt till ”, både” efter ”scenkonst”.",)),
        ("varje år i maj", "varje år", ("Tagit bort ”i maj”.",)),
        ("möts", "Parterna möts", ("Lagt till ”Parterna” i början.",)),
        ("Ord två", "Ord, (två", ("Lagt till ”,” efter ”Ord”.", "Lagt till ”(” efter ”,”.")),
        ("ett\ntvå", "ett\n\ntvå", ("Ändrat bara mellanslag eller radbrytningar.",)),
        ("", "Ny\ntext", ("Lagt till ”Ny text” i början.",)),
    ],
)
def test_changes_are_said_as_people_say_them(old: str, new: str, sentences: tuple[str, ...]) -> None:
    assert changes_in_words(old, new) == sentences


def test_likeness_does_not_count_spaces() -> None:
    assert likeness("a b", "a   b") == 1
    assert likeness("a b c d", "a x y z") == 0.25
    assert likeness("", "") == 1


def test_a_text_below_two_fifths_is_rewritten() -> None:
    assert rewritten("a b c d", "a x y z")
    assert not rewritten("a b c d e", "a b x y z")  # exactly 0.4


def test_long_odd_texts_are_compared_in_time() -> None:
    """Ten thousand signs a side, the most a field holds; a quadratic search would take minutes."""
    assert changes_in_words("a-" * 5_000, "b." * 5_000)
    assert changes_in_words("a" * 9_990 + " x", "a" * 9_990 + " y, z")
