"""A programme from a file: the example is read whole, and every fault is named by line and key."""

from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.cases.plan_file import read_plan
from service.cases.programmes import create_programme
from service.store.session import Store
from states.errors import Invalid
from tests.people import NOW, arrive

EXAMPLE = (Path(__file__).parents[3] / "service" / "examples" / "dalarna.yaml").read_text(encoding="utf-8")
GOOD = """\
kortnamn: prov
namn: Provplan
period: {från: 2027-01-01, till: 2030-12-31}
teman:
  - {id: t1, namn: Barn}
områden:
  - nummer: 1
    tema: t1
    rubrik: Läsning
    vill: Fler ska läsa.
"""


def test_the_example_is_a_programme(store: Store) -> None:
    plan = read_plan(EXAMPLE)
    assert (plan.slug, plan.due, plan.due_firm) == ("dalarna-2027", date(2027, 6, 15), False)
    assert [a.number for a in plan.areas] == list(range(1, 9))
    assert plan.areas[0].fields["k"].startswith("Kommunen utser ett kulturombud")
    assert plan.policy == {"before": [14, 3], "after": [1, 10], "window": ["07:30", "16:30"], "max_unanswered": 4}
    assert {s["place"] for s in plan.template["sections"]} == {"before", "after"}
    with store.write() as session:
        assert create_programme(session, arrive(session).elin, NOW, plan).name == "Kultur- och bildningsplan 2027–2030"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("namn: Provplan\n", "", "Rad 1, namn: Nyckeln saknas."),
        ("namn: Provplan", "namn: ''", "Rad 2, namn: Här ska det stå en text."),
        ("namn: Provplan", "nam: Provplan", "Rad 2, nam: Nyckeln är okänd."),
        ("namn: Provplan", "namn: A\nnamn: B", "Rad 3, namn: Nyckeln står två gånger."),
        ("2027-01-01", "1 januari", "Rad 3, från: Skriv datumet som 2027-09-30."),
        ("2030-12-31", "2026-12-31", "Rad 3, till: Perioden slutar före den börjar."),
        ("period: {från: 2027-01-01, till: 2030-12-31}", "period: alltid", "Rad 3, period: Här ska det stå nycklar med värden"),
        ("nummer: 1", "nummer: ett", "Rad 7, nummer: Skriv områdets nummer"),
        ("tema: t1", "tema: t9", "Rad 8, tema: Temat t9 finns inte under teman."),
        ("vill: Fler ska läsa.", "vill: ''", "Rad 7, vill: Skriv vad ni vill göra tillsammans."),
        ("rubrik: Läsning", "rubrik: [Läsning]", "Rad 9, rubrik: Här ska det stå en text."),
        ("rubrik: Läsning", 'rubrik: "a\\0b"', "Rad 9, rubrik: Texten innehåller ett osynligt styrtecken."),
        ("kortnamn: prov\n", "kortnamn: prov\nsvarsdag: {dag: 2027-06-15, fast: kanske}\n", "Rad 2, fast: Skriv ja eller nej."),
        ("kortnamn: prov\n", "kortnamn: prov\npåminnelser: {dagar före: [fjorton]}\n", "Rad 2, dagar före: Ange antal dagar"),
        ("kortnamn: prov\n", "kortnamn: prov\npåminnelser: {klockan: &a [*a]}\n", "Rad 2, klockan: Ange två klockslag"),
        ("områden:", "områden: [", "Filen går inte att läsa här."),
        ("  - nummer: 1", "  - nummer: 1\n   x", "Rad 8: Filen går inte att läsa här."),
    ],
)
def test_each_fault_is_named_by_line_and_key(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(Invalid) as refused:
        read_plan(GOOD.replace(old, new))
    assert any(message in f.message for f in refused.value.fields), [f.message for f in refused.value.fields]
    assert all(f.field and f.code for f in refused.value.fields)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        read_plan(GOOD.replace("nummer: 1", "nummer: x").replace("t1, namn", "t2, namn").replace("prov\n", "''\n"))
    assert len(refused.value.fields) == 3


@pytest.mark.parametrize(
    "broken", ["", "\x00", "\ud800", "- 1", "!!python/object:os.system {}", "a: " + "[" * 2000, "{" * 400, '"\\ud800": 1']
)
def test_what_is_no_plan_at_all_is_refused_in_words(broken: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_plan(broken)
    assert refused.value.fields
    assert all((f.field + f.message).encode() for f in refused.value.fields)


@settings(max_examples=60, derandomize=True, database=None, deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 12), st.text(max_size=6))
def test_no_damage_to_a_file_ends_in_anything_but_words(at: int, gone: int, put: str) -> None:
    with suppress(Invalid):
        read_plan(GOOD[:at] + put + GOOD[at + gone :])
