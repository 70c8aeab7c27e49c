"""A programme read from a YAML file that a strategist writes, with every fault named by line and key.

kortnamn: dalarna-2027              # i webbadressen
namn: Kultur- och bildningsplan 2027–2030
period: {från: 2027-01-01, till: 2030-12-31}
svarsdag: {dag: 2027-06-15, fast: nej}                              # får utelämnas
teman: [{id: t1, namn: Barn och unga}]                              # får utelämnas
tysta perioder: [{från: 2027-06-21, till: 2027-08-15, orsak: sommar}]
påminnelser: {dagar före: [14, 3], dagar efter: [1, 10], klockan: ["07:30", "16:30"], högst utan svar: 4}
mall:
  rubrik: Överenskommelse om samverkan {{ period }}
  avsnitt: [{rubrik: Parter, plats: före områdena, text: …}]        # eller: efter områdena
områden:
  - {nummer: 1, tema: t1, rubrik: …, vill: …, mål: …, regionen gör: …, kommunen gör: …, följs upp: …}
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

import yaml

from service.cases.programmes import AreaPlan, ProgrammePlan
from states.errors import FieldError, Invalid
from states.policy import Policy
from states.said import _
from states.text import FIELD_MAX, TITLE_MAX, TextError, clean

T = TypeVar("T")

FIELDS = {"vill": "w", "mål": "g", "regionen gör": "r", "kommunen gör": "k", "följs upp": "f"}
_POLICY = {
    "dagar före": "before",
    "dagar efter": "after",
    "klockan": "window",
    "högst utan svar": "max_unanswered",
    "dagar efter begärd underskrift": "signature_after",
}
_PLACES = {"före områdena": "before", "efter områdena": "after"}
_TRUTH = {"ja": True, "nej": False, "true": True, "false": False}


def read_plan(text: str) -> ProgrammePlan:
    """The plan that a YAML text says; Invalid with one FieldError per fault, each with its line and key in Swedish."""
    reading = _Reading()
    root = _parsed(text, reading)
    plan = reading.mapping(root, "filen", *_KEYS) if root is not None else None
    found = _plan(reading, plan) if plan is not None else None
    if reading.faults or found is None:
        raise Invalid(*reading.faults)
    return found


_KEYS = ("kortnamn", "namn", "period", "svarsdag", "teman", "tysta perioder", "påminnelser", "mall", "områden")


@dataclass(slots=True)
class _Map:
    """A mapping of the file: values by key, and where it begins."""

    node: yaml.MappingNode
    values: dict[str, yaml.Node]


@dataclass(slots=True)
class _Reading:
    """One reading of a file: takes what can be taken and remembers every fault."""

    faults: list[FieldError] = field(default_factory=list)

    def fault(self, node: yaml.Node, key: str, code: str, message: str) -> None:
        line, key = node.start_mark.line + 1, key.encode(errors="replace").decode()  # an escape can make half a character
        self.faults.append(
            FieldError(f"rad {line}: {key}", code, _("Rad {line}, {key}: {message}", line=line, key=key, message=message))
        )

    def mapping(self, node: yaml.Node, key: str, *known: str) -> _Map | None:
        """A mapping with no other keys than the known ones, each once."""
        if not isinstance(node, yaml.MappingNode):
            self.fault(node, key, "not-a-mapping", _("Här ska det stå nycklar med värden, till exempel namn: Barn och unga."))
            return None
        values: dict[str, yaml.Node] = {}
        for name, value in node.value:
            said = name.value if isinstance(name, yaml.ScalarNode) else ""
            if said not in known:
                self.fault(
                    name, said or key, "unknown-key", _("Nyckeln är okänd. Här kan det stå: {keys}.", keys=", ".join(known))
                )
            elif said in values:
                self.fault(name, said, "twice", _("Nyckeln står två gånger."))
            else:
                values[said] = value
        return _Map(node, values)

    def items(self, parent: _Map, key: str) -> Iterator[yaml.Node]:
        node = parent.values.get(key)
        if node is None:
            return
        if not isinstance(node, yaml.SequenceNode):
            self.fault(node, key, "not-a-list", _("Här ska det stå en lista, en rad för varje med streck framför."))
            return
        yield from node.value

    def take(
        self, parent: _Map, key: str, turn: Callable[[str], T], code: str, message: str, *, default: T | None = None
    ) -> T | None:
        """A single value, turned; a fault when it is missing without a default, or cannot be turned."""
        node = parent.values.get(key)
        if node is None:
            if default is None:
                self.fault(parent.node, key, "missing", _("Nyckeln saknas."))
            return default
        if isinstance(node, yaml.ScalarNode):
            try:
                return turn(node.value)
            except TextError as error:
                self.fault(node, key, error.code, error.message)
                return default
            except (ValueError, KeyError):
                pass
        self.fault(node, key, code, message)
        return default

    def words(self, parent: _Map, key: str, *, default: str | None = None, limit: int = TITLE_MAX, one_line: bool = True) -> str:
        def turn(said: str) -> str:
            cleaned = clean(said, max_length=limit, one_line=one_line)
            if not cleaned and default is None:
                raise ValueError
            return cleaned

        return self.take(parent, key, turn, "missing", _("Här ska det stå en text."), default=default) or ""

    def day(self, parent: _Map, key: str) -> date | None:
        return self.take(parent, key, date.fromisoformat, "not-a-date", _("Skriv datumet som 2027-09-30."))


def _parsed(text: str, reading: _Reading) -> yaml.Node | None:
    """The file as a tree that knows its lines; never built into objects, so a naked `no` stays a word."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        said = _("Filen går inte att läsa här. Kontrollera indrag, citattecken och kolon.")
        reading.faults.append(FieldError(f"rad {line}", "broken-yaml", _("Rad {line}: {message}", line=line, message=said)))
        return None
    except (yaml.YAMLError, RecursionError):
        said = _("Filen innehåller ett tecken som inte går att läsa, eller är för djupt nästlad.")
        reading.faults.append(FieldError("filen", "broken-yaml", said))
        return None
    if root is None:
        reading.faults.append(FieldError("filen", "empty", _("Filen är tom.")))
    return root


def _plan(reading: _Reading, plan: _Map) -> ProgrammePlan | None:
    slug, name = reading.words(plan, "kortnamn"), reading.words(plan, "namn")
    first, last = _period(reading, plan)
    due, firm = _due(reading, plan)
    themes = _themes(reading, plan)
    areas = _areas(reading, plan, {theme["id"] for theme in themes})
    quiet, policy, template = _quiet(reading, plan), _policy(reading, plan), _template(reading, plan)
    if first is None or last is None:
        return None
    return ProgrammePlan(slug, name, first, last, due, firm, themes, quiet, policy, template, areas)


def _inner(reading: _Reading, parent: _Map, key: str, *known: str, required: bool = False) -> _Map | None:
    node = parent.values.get(key)
    if node is None:
        if required:
            reading.fault(parent.node, key, "missing", _("Nyckeln saknas."))
        return None
    return reading.mapping(node, key, *known)


def _period(reading: _Reading, plan: _Map) -> tuple[date | None, date | None]:
    period = _inner(reading, plan, "period", "från", "till", required=True)
    if period is None:
        return None, None
    first, last = reading.day(period, "från"), reading.day(period, "till")
    if first and last and last < first:
        reading.fault(period.node, "till", "before-start", _("Perioden slutar före den börjar."))
    return first, last


def _due(reading: _Reading, plan: _Map) -> tuple[date | None, bool]:
    due = _inner(reading, plan, "svarsdag", "dag", "fast")
    if due is None:
        return None, False
    firm = reading.take(
        due, "fast", lambda said: _TRUTH[said.strip().lower()], "not-yes-or-no", _("Skriv ja eller nej."), default=False
    )
    return reading.day(due, "dag"), bool(firm)


def _themes(reading: _Reading, plan: _Map) -> list[dict[str, str]]:
    found = (reading.mapping(node, "teman", "id", "namn") for node in reading.items(plan, "teman"))
    return [{"id": reading.words(t, "id"), "name": reading.words(t, "namn")} for t in found if t is not None]


def _quiet(reading: _Reading, plan: _Map) -> list[dict[str, str]]:
    periods = []
    for node in reading.items(plan, "tysta perioder"):
        period = reading.mapping(node, "tysta perioder", "från", "till", "orsak")
        if period is None:
            continue
        first, last = reading.day(period, "från"), reading.day(period, "till")
        if first and last and last < first:
            reading.fault(node, "till", "before-start", _("Den tysta perioden slutar före den börjar."))
        periods.append({"from": str(first), "to": str(last), "reason": reading.words(period, "orsak", default="")})
    return periods


def _policy(reading: _Reading, plan: _Map) -> dict[str, object]:
    given = _inner(reading, plan, "påminnelser", *_POLICY)
    if given is None:
        return {}
    raw: dict[str, object] = {}
    for key, node in given.values.items():
        try:
            raw |= (part := {_POLICY[key]: _plain(node)})
            Policy.from_dict(part)
        except Invalid as error:
            reading.fault(node, key, "policy", error.fields[0].message)
    return raw


def _plain(node: yaml.Node) -> object:
    """A whole number, a text or a list of them; anything deeper is a text that no setting takes."""
    return [_scalar(item) for item in node.value] if isinstance(node, yaml.SequenceNode) else _scalar(node)


def _scalar(node: yaml.Node) -> int | str:
    said = node.value if isinstance(node, yaml.ScalarNode) else ""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 9 else str(said)


def _template(reading: _Reading, plan: _Map) -> dict[str, object]:
    template = _inner(reading, plan, "mall", "rubrik", "avsnitt")
    if template is None:
        return {}
    sections = []
    for node in reading.items(template, "avsnitt"):
        section = reading.mapping(node, "avsnitt", "rubrik", "plats", "text")
        if section is None:
            continue
        place = reading.take(
            section,
            "plats",
            _PLACES.__getitem__,
            "unknown-place",
            _("Skriv något av det här: {places}.", places=", ".join(_PLACES)),
        )
        text = reading.words(section, "text", limit=FIELD_MAX, one_line=False)
        sections.append({"heading": reading.words(section, "rubrik"), "text": text, "place": place or ""})
    return {"title": reading.words(template, "rubrik"), "sections": sections}


def _areas(reading: _Reading, plan: _Map, themes: set[str]) -> list[AreaPlan]:
    areas: list[AreaPlan] = []
    for node in reading.items(plan, "områden"):
        area = reading.mapping(node, "områden", "nummer", "tema", "rubrik", *FIELDS)
        if area is None:
            continue
        number = reading.take(area, "nummer", _number, "not-a-number", _("Skriv områdets nummer, till exempel 3."))
        if number in {a.number for a in areas}:
            reading.fault(area.values["nummer"], "nummer", "number-taken", _("Två områden har nummer {number}.", number=number))
        theme = reading.words(area, "tema", default="")
        if theme and theme not in themes:
            reading.fault(area.values["tema"], "tema", "unknown-theme", _("Temat {theme} finns inte under teman.", theme=theme))
        fields = {code: reading.words(area, key, default="", limit=FIELD_MAX, one_line=False) for key, code in FIELDS.items()}
        if not any(fields.values()):
            reading.fault(node, "vill", "missing", _("Skriv vad ni vill göra tillsammans."))
        areas.append(AreaPlan(number or 0, reading.words(area, "rubrik"), fields, theme))
    return areas


def _number(said: str) -> int:
    number = int(said)
    if not 0 < number < 1000:
        raise ValueError
    return number
