"""Every letter can be written, and is written the way people can read it."""

import re

import pytest

from service.post.letters import (
    CODE,
    LINK,
    NOT_EDITED,
    PLACES,
    SITE,
    Letter,
    LetterError,
    LetterName,
    edited,
    needs,
    render,
    shown,
    templates,
)

FACTS = {place: f"‹{place}›" for place in PLACES}
WITHOUT_SENDER = {LetterName.sign_in_link, LetterName.sign_in_code, LetterName.problem_digest}


def test_there_is_a_text_for_every_letter_and_no_other() -> None:
    assert set(templates()) == set(LetterName)


def test_every_place_is_used_by_some_letter() -> None:
    assert frozenset().union(*(needs(name) for name in LetterName)) == PLACES


@pytest.mark.parametrize("name", LetterName)
def test_every_letter_is_filled_in_whole(name: LetterName) -> None:
    letter = render(name, FACTS)
    for place in needs(name):
        assert f"‹{place}›" in letter.subject + letter.body
    assert "{{" not in letter.subject + letter.body
    assert "\n" not in letter.subject


@pytest.mark.parametrize("name", LetterName)
def test_a_letter_has_one_link_or_code_at_most_and_the_subject_none(name: LetterName) -> None:
    letter = templates()[name]
    assert sum(letter.body.count(mark) for mark in (LINK, CODE, SITE)) <= 1
    assert "[[" not in letter.subject


@pytest.mark.parametrize("name", LetterName)
def test_a_subject_names_no_person_and_no_reason(name: LetterName) -> None:
    personal = {"namn", "avsandare", "telefon", "motivering", "titel", "omraden"}
    assert not set(re.findall(r"\{\{ (\w+) \}\}", templates()[name].subject)) & personal


@pytest.mark.parametrize("name", [n for n in LetterName if n not in WITHOUT_SENDER])
def test_a_letter_comes_from_somebody_with_a_phone(name: LetterName) -> None:
    assert {"avsandare", "telefon"} <= needs(name)


@pytest.mark.parametrize("name", LetterName)
def test_no_sentence_is_longer_than_twenty_words(name: LetterName) -> None:
    for sentence in re.split(r"[.!?:]\s|\n", templates()[name].body):
        assert len(re.sub(r"\{\{ \w+ \}\}", "ord", sentence).split()) <= 20, sentence


@pytest.mark.parametrize("name", LetterName)
def test_every_missing_fact_is_an_error(name: LetterName) -> None:
    for place in needs(name):
        with pytest.raises(LetterError, match=place):
            render(name, {k: v for k, v in FACTS.items() if k != place})


@pytest.mark.parametrize("name", [n for n in LetterName if n not in NOT_EDITED])
def test_our_own_letters_hold_the_rules_of_edited_ones(name: LetterName) -> None:
    ours = templates()[name]
    assert edited(name, ours.subject, ours.body) == Letter(ours.subject, ours.body.strip() + "\n")


def test_an_unknown_fact_is_an_error() -> None:
    with pytest.raises(LetterError, match="svarsdag"):
        render(LetterName.sign_in_link, {"svarsdag": "i morgon"})


def test_a_line_whose_facts_are_all_empty_is_left_out() -> None:
    letter = render(LetterName.date_requested, {**FACTS, "motivering": ""})
    assert "Skäl" not in letter.body
    assert "\n\n\n" not in letter.body


def test_what_people_typed_can_neither_be_a_place_nor_a_mark() -> None:
    letter = render(LetterName.reopened, {**FACTS, "motivering": "{{ telefon }} [[lank]] [[kod]]"})
    assert "{{ telefon }}" in letter.body
    assert letter.body.count(LINK) == 1
    assert CODE not in letter.body


def test_a_subject_stays_one_line_whatever_is_put_in_it() -> None:
    letter = render(LetterName.signed, {**FACTS, "kommun": "Falu\r\nBcc: alla@kommun.example"})
    assert letter.subject.splitlines() == [letter.subject]


def test_the_page_shows_words_where_link_and_code_will_stand() -> None:
    assert shown(f"{LINK} {CODE} {SITE}/publikt/falun") == "[personlig länk] [kod] /publikt/falun"
