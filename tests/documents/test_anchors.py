"""The grammar of anchors: what is written is parsed back, and names of others are left alone."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import anchors
from documents.anchors import Anchor, Slot
from states.facts import FIELD_CODES

fields = st.sampled_from((anchors.TITLE, *FIELD_CODES, "abc"))


@given(st.uuids(), fields, st.integers(0, 500))
def test_written_anchors_are_parsed_back(clause: UUID, field: str, paragraph: int) -> None:
    assert anchors.parse_bookmark(anchors.bookmark(str(clause), field)) == Anchor(clause.hex, field)
    assert anchors.parse_tag(anchors.tag(str(clause), field, paragraph)) == Anchor(clause.hex, field, paragraph)


@given(st.uuids(), fields)
def test_a_bookmark_is_hidden_and_within_the_length_word_allows(clause: UUID, field: str) -> None:
    name = anchors.bookmark(str(clause), field)
    assert name.startswith("_")
    assert len(name) <= 40


@given(st.integers(1, 99), fields)
def test_slots_are_parsed_back(number: int, field: str) -> None:
    assert anchors.parse_bookmark(anchors.slot_bookmark(number)) == Slot(number)
    assert anchors.parse_tag(anchors.slot_tag(number, field)) == Slot(number, field, 0)


def test_a_shortened_or_upper_case_bookmark_is_still_read() -> None:
    assert anchors.parse_bookmark("_OV_0123456789ABCDEF_W") == Anchor("0123456789abcdef", "w")


@pytest.mark.parametrize("name", ["", "_GoBack", "_Toc123", "_ov_xyz_w", "a:1:w:0", "_ov_0123456789abcdef", "_ov_new_"])
def test_names_of_others_are_left_alone(name: str) -> None:
    assert anchors.parse_bookmark(name) is None
    assert anchors.parse_tag(name) is None


def test_a_clause_id_that_is_no_uuid_is_refused() -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        anchors.bookmark("område 1", "w")
