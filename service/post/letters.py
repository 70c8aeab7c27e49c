"""The letters: Swedish texts with named places, filled by plain substitution; what is secret is filled in first when sending."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import yaml

from states.errors import FieldError, Invalid
from states.said import _
from states.text import TextError, clean

LINK, CODE, SITE = "[[lank]]", "[[kod]]", "[[webb]]"
"""Marks that stay in a written letter: the personal link, the code, the address of this site."""

_SHOWN = {LINK: "[personlig länk]", CODE: "[kod]", SITE: ""}

PLACES = frozenset({
    "antal", "avsandare", "dagordning", "datum", "dialog", "dnr", "fran", "kommun", "kontrollkod", "kvar", "motesdag",
    "motivering", "motpart", "namn", "namnd", "nytt_datum", "omrade", "omraden", "part", "period", "plats", "publik_lank",
    "region", "slutdatum", "svarsdatum", "telefon", "tid", "titel", "vad",
})  # fmt: skip
"""Everything a letter may speak of; a fact by another name is a slip of the pen and is refused."""

PERSONAL = frozenset({"namn", "avsandare", "telefon", "motivering", "titel", "omraden"})
"""What a subject may not hold: it is shown on locked screens, and stands in every register."""

SUBJECT_MAX, BODY_MAX = 150, 5_000

_PLACE = re.compile(r"\{\{ (\w+) \}\}")
_LOOSE_PLACE = re.compile(r"\{\{[^\S\n]*(\w+)[^\S\n]*\}\}")
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


NOT_EDITED = frozenset({LetterName.sign_in_link, LetterName.sign_in_code, LetterName.step_up_code, LetterName.problem_digest})
"""What lets people in, and what speaks of the service itself: no region writes these."""

SAMPLES: Mapping[str, str] = {
    "antal": "8",
    "avsandare": "Elin Åsberg, Region Dalarna",
    "dagordning": "09.00 Välkomna (10 min)\n09.10 Läget i kommunerna (50 min)",
    "datum": "torsdag 14 oktober 2027",
    "dialog": "Höstens kulturdialog",
    "dnr": "KS 2027/118",
    "fran": "Falu kommun",
    "kommun": "Falu kommun",
    "kontrollkod": "3f7a 91c2",
    "kvar": "2",
    "motesdag": "onsdag 15 september 2027",
    "motivering": "Nämnden vill att resorna ingår.",
    "motpart": "Region Dalarna",
    "namn": "Karin Östlund",
    "namnd": "Kulturnämnden",
    "nytt_datum": "fredag 29 oktober 2027",
    "omrade": "Bibliotek och läsning",
    "omraden": "– Bibliotek och läsning\n– Kultur och hälsa",
    "part": "Falu kommun",
    "period": "2027–2030",
    "plats": "Falun, Stora salen",
    "publik_lank": "/publikt/falun-2027",
    "region": "Region Dalarna",
    "slutdatum": "31 december 2030",
    "svarsdatum": "torsdag 30 september 2027",
    "telefon": "010-000 10 01",
    "tid": "09.00–12.00",
    "titel": "kulturnämndens ordförande",
    "vad": "skriva under",
}
"""Invented facts, for looking at a letter before it is sent to anybody."""


def render(name: LetterName, facts: Mapping[str, str], own: Mapping[LetterName, Letter] = MappingProxyType({})) -> Letter:
    """The letter with its facts filled in, in a region's own words where it has some.

    More facts than it uses are fine, unknown or missing ones raise LetterError.
    """
    template = own.get(name) or templates()[name]
    if unknown := facts.keys() - PLACES:
        raise LetterError(f"{name}: unknown facts {sorted(unknown)}")
    if missing := needs(name) - facts.keys():
        raise LetterError(f"{name}: missing facts {sorted(missing)}")
    safe = {place: value.replace("[[", "[ [") for place, value in facts.items()}
    lines = [_filled(line, safe) for line in template.body.split("\n")]
    body = _EMPTY_LINES.sub("\n\n", "\n".join(line for line in lines if line is not None))
    return Letter(" ".join((_filled(template.subject, safe) or "").split()), body.strip() + "\n")


def edited(name: LetterName, subject: str, body: str) -> Letter:
    """A letter as a region words it, in the one form we store; raises Invalid with every fault at its field.

    It may speak of what our own letter speaks of, names no person in its subject, and has link and code where ours has.
    """
    letter = Letter(_typed("subject", subject, SUBJECT_MAX, one_line=True), _typed("body", body, BODY_MAX, one_line=False))
    faults = [
        fault for field, text in (("subject", letter.subject), ("body", letter.body)) for fault in _misplaced(name, field, text)
    ]
    for mark in (LINK, CODE, SITE):
        wanted = templates()[name].body.count(mark)
        if letter.body.count(mark) != wanted:
            words = _("{mark} ska stå exakt en gång i brevet.") if wanted else _("{mark} finns inte i det här brevet.")
            faults.append(FieldError("body", "mark", words.filling(mark=mark)))
    if faults:
        raise Invalid(*faults)
    return Letter(letter.subject, letter.body + "\n")


def _typed(field: str, text: str, most: int, *, one_line: bool) -> str:
    try:
        cleaned = clean(text, max_length=most, one_line=one_line)
    except TextError as refused:
        raise Invalid(FieldError(field, refused.code, refused.message)) from None
    if not cleaned:
        raise Invalid(FieldError(field, "missing", _("Skriv en text.")))
    return _LOOSE_PLACE.sub(r"{{ \1 }}", cleaned)


def _misplaced(name: LetterName, field: str, text: str) -> Iterator[FieldError]:
    """Names that this letter does not know, persons in a subject, and braces that are no place at all."""
    known = needs(name) - PERSONAL if field == "subject" else needs(name)
    for place in dict.fromkeys(_PLACE.findall(text)):
        if place not in known:
            words = _("{place} går inte att använda här. Välj bland: {known}.", place=_braced(place), known=_listed(known))
            yield FieldError(field, "unknown-place", words)
    if re.search(r"\{\{|\}\}", _PLACE.sub("", text)):
        yield FieldError(field, "braces", _("Skriv platser så här: {place}.", place=_braced("namn")))
    if field == "subject" and "[[" in text:
        yield FieldError(field, "mark", _("Ämnesraden kan inte ha någon länk eller kod."))


def _braced(place: str) -> str:
    return f"{{{{ {place} }}}}"


def _listed(places: Iterable[str]) -> str:
    return ", ".join(map(_braced, sorted(places))) or "–"


def needs(name: LetterName) -> frozenset[str]:
    """The facts our own letter cannot be written without; they are there for a region's wording of it too."""
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
