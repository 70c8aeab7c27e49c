"""Frozen values documents, pages and signatures share; their canonical JSON is the text, its SHA-256 the control code."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date

FIELD_CODES = ("w", "g", "r", "k", "f")
"""The five fields of an area in order: vill, mål, regionen gör, kommunen gör, följs upp. `t` is the title (word.md §3)."""

TEMPLATE_VERSION = "1"


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """A party as it stands in the agreement: official name, kind, organisation number, its own case number, official address."""

    organisation_id: str
    kind: str
    name: str
    org_no: str
    case_number: str
    registry_email: str


@dataclass(frozen=True, slots=True)
class ClauseFacts:
    """One agreed area: clause id, its number in the agreement, the version it froze, title and the five fields by code."""

    clause_id: str
    number: int
    version_id: str
    seq: int
    title: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class SectionFacts:
    """A fixed section of the template with its placeholders already filled; paragraphs are separated by a newline."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class AgreementFacts:
    """The frozen text: all that is agreed. `history_head` is the newest hash of the history before the freeze (hexadecimal)."""

    reference: str
    revision: int
    title: str
    parties: tuple[PartyFacts, ...]
    valid_from: date
    valid_to: date
    before: tuple[SectionFacts, ...]
    clauses: tuple[ClauseFacts, ...]
    after: tuple[SectionFacts, ...]
    history_head: str
    template_version: str = TEMPLATE_VERSION


@dataclass(frozen=True, slots=True)
class SignatoryFacts:
    """One place of the signature block: the party's official name, title, authority, the name when it is known.

    `signed` says when and how it was signed, in the signed file only.
    """

    party: str
    title: str
    authority: str
    name: str = ""
    signed: str = ""


def canonical(facts: AgreementFacts) -> str:
    """Canonical JSON of the frozen text: sorted keys, no spaces, UTF-8 text as it is, dates as ISO 8601."""
    return json.dumps(asdict(facts), ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=date.isoformat)


def control_code(canonical_json: str) -> str:
    """SHA-256 of the canonical JSON in hexadecimal: what decisions, slots and signatures bind to."""
    return hashlib.sha256(canonical_json.encode()).hexdigest()


def spoken(code: str) -> str:
    """A control code the way people read it aloud: the first 16 digits in groups of four."""
    return "-".join(code[i : i + 4] for i in range(0, 16, 4)).upper()


def from_canonical(text: str) -> AgreementFacts:
    """The value that `canonical` wrote; raises KeyError, TypeError or ValueError on anything else."""
    raw = json.loads(text)
    raw["parties"] = tuple(PartyFacts(**p) for p in raw["parties"])
    raw["clauses"] = tuple(ClauseFacts(**c) for c in raw["clauses"])
    raw["before"] = tuple(SectionFacts(**s) for s in raw["before"])
    raw["after"] = tuple(SectionFacts(**s) for s in raw["after"])
    raw["valid_from"], raw["valid_to"] = date.fromisoformat(raw["valid_from"]), date.fromisoformat(raw["valid_to"])
    return AgreementFacts(**raw)
