"""The letters: Swedish texts with named places, filled by plain substitution; what is secret is filled in first when sending."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import yaml

LINK, CODE, SITE = "[[lank]]", "[[kod]]", "[[webb]]"
"""Marks that stay in a written letter: the personal link, the code, the address of this site."""

_SHOWN = {LINK: "[personlig länk]", CODE: "[kod]", SITE: ""}

PLACES = frozenset({
    "antal", "avsandare", "dagordning", "datum", "dialog", "dnr", "fran", "kommun", "kontrollkod", "kvar", "motesdag",
    "motivering", "motpart", "namn", "namnd", "nytt_datum", "omrade", "omraden", "part", "period", "plats", "publik_lank",
    "region", "slutdatum", "svarsdatum", "telefon", "tid", "titel", "vad",
})  # fmt: skip
"""Everything a letter may speak of; a fact by another name is a slip of the pen and is refused."""

_PLACE = re.compile(r"\{\{ (\w+) \}\}")
_EMPTY_LINES = re.compile(r"\n{3,}")


class LetterName(StrEnum):
    """Every letter there is; also the purpose of its message."""

    proposal = "proposal"
    response_received = "response_received"
    response_recalled = "response_recalled"
    clause_retracted = "clause_retracted"
    reopened = "reopened"
    agreed = "agreed"
    decision_requested = "decision_requested"
    decision_referred_back = "decision_referred_back"
    decision_rejected = "decision_rejected"
    sign_request = "sign_request"
    signatory_replaced = "signatory_replaced"
    sign_refused = "sign_refused"
    paper_to_verify = "paper_to_verify"
    signed = "signed"
    signed_to_registry = "signed_to_registry"
    published = "published"
    declined = "declined"
    withdrawn = "withdrawn"
    resumed = "resumed"
    date_requested = "date_requested"
    date_granted = "date_granted"
    date_refused = "date_refused"
    contact_missing = "contact_missing"
    contact_changed = "contact_changed"
    case_number_wanted = "case_number_wanted"
    case_number_set = "case_number_set"
    reminder_before = "reminder_before"
    reminder_after = "reminder_after"
    reminder_papers = "reminder_papers"
    reminder_outcome = "reminder_outcome"
    reminder_signature = "reminder_signature"
    reminder_report_back = "reminder_report_back"
    reminder_confirm_contact = "reminder_confirm_contact"
    reminder_several = "reminder_several"
    dialogue_invitation = "dialogue_invitation"
    dialogue_reminder = "dialogue_reminder"
    dialogue_rescheduled = "dialogue_rescheduled"
    dialogue_cancelled = "dialogue_cancelled"
    dialogue_seat = "dialogue_seat"
    dialogue_substitute = "dialogue_substitute"
    dialogue_substitute_off = "dialogue_substitute_off"
    dialogue_notes = "dialogue_notes"
    consultation = "consultation"
    consultation_cancelled = "consultation_cancelled"
    consultation_reminder = "consultation_reminder"
    problem_digest = "problem_digest"
    sign_in_link = "sign_in_link"
    sign_in_code = "sign_in_code"
    step_up_code = "step_up_code"


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it is stored: link and code are still marks."""

    subject: str
    body: str


class LetterError(ValueError):
    """A letter was asked for with a fact it does not know, or without one it needs."""


def render(name: LetterName, facts: Mapping[str, str]) -> Letter:
    """The letter with its facts filled in; more facts than it uses are fine, unknown or missing ones raise LetterError."""
    template = templates()[name]
    if unknown := facts.keys() - PLACES:
        raise LetterError(f"{name}: unknown facts {sorted(unknown)}")
    if missing := needs(name) - facts.keys():
        raise LetterError(f"{name}: missing facts {sorted(missing)}")
    safe = {place: value.replace("[[", "[ [") for place, value in facts.items()}
    lines = [_filled(line, safe) for line in template.body.split("\n")]
    body = _EMPTY_LINES.sub("\n\n", "\n".join(line for line in lines if line is not None))
    return Letter(" ".join((_filled(template.subject, safe) or "").split()), body.strip() + "\n")


def needs(name: LetterName) -> frozenset[str]:
    """The facts a letter cannot be written without."""
    template = templates()[name]
    return frozenset(_PLACE.findall(template.subject + template.body))


def shown(body: str) -> str:
    """A stored letter the way pages show it: words where link and code will stand."""
    for mark, words in _SHOWN.items():
        body = body.replace(mark, words)
    return body


@lru_cache(maxsize=1)
def templates() -> dict[LetterName, Letter]:
    """Every letter before it is filled in."""
    raw = yaml.safe_load((Path(__file__).parent / "letters.yaml").read_text(encoding="utf-8"))
    return {LetterName(name): Letter(text["subject"], text["body"]) for name, text in raw.items()}


def _filled(line: str, facts: Mapping[str, str]) -> str | None:
    """One line with its facts, or None when it has places and every one of them is empty."""
    places = _PLACE.findall(line)
    if places and not any(facts[place] for place in places):
        return None
    return _PLACE.sub(lambda found: facts[found[1]], line)
