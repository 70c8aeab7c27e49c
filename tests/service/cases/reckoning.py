"""What the rows alone say must hold: the design's sentences told once more, by none of the product's own rules."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping
from sqlmodel import Session

from service.store.tables import METADATA

LIVE = {"draft", "negotiating", "agreed", "deciding", "signing", "signed"}
FROZEN = {"agreed", "deciding", "signing", "signed"}
CLOSED_CLAUSE = {"agreed", "excluded", "withdrawn"}
TABLES = (
    "agreement", "agreement_party", "clause", "clause_version", "stance", "frozen_text", "decision_step", "signature_slot",
    "signature", "event", "event_payload",
)  # fmt: skip


class Books:
    """Every row of the negotiations as it lies in the store, oldest first."""

    def __init__(self, session: Session) -> None:
        connection = session.connection()
        tables = {name: METADATA.tables[name] for name in TABLES}
        self.rows: dict[str, list[RowMapping]] = {
            name: list(connection.execute(table.select().order_by(*table.primary_key)).mappings())
            for name, table in tables.items()
        }

    def __getitem__(self, table: str) -> list[RowMapping]:
        return self.rows[table]

    def by_id(self, table: str) -> dict[UUID, RowMapping]:
        return {row["id"]: row for row in self[table]}

    @cached_property
    def parties(self) -> dict[UUID, list[UUID]]:
        """The parties of each agreement."""
        return _grouped(self["agreement_party"], "agreement_id")

    @cached_property
    def clauses(self) -> dict[UUID, list[UUID]]:
        return _grouped(self["clause"], "agreement_id")

    @cached_property
    def versions(self) -> dict[UUID, list[RowMapping]]:
        """The texts of each clause by number."""
        found: dict[UUID, list[RowMapping]] = defaultdict(list)
        for row in sorted(self["clause_version"], key=lambda v: v["seq"]):
            found[row["clause_id"]].append(row)
        return found

    def states(self) -> dict[UUID, str]:
        """Where each agreement says that it stands."""
        return {row["id"]: str(row["state"]) for row in self["agreement"]}

    def clause_states(self, agreement: UUID) -> dict[UUID, str]:
        """The core rule from the beginning: head, stances on it, nothing else."""
        return {clause: self._clause_state(clause, self.parties[agreement]) for clause in self.clauses[agreement]}

    def _clause_state(self, clause: UUID, parties: list[UUID]) -> str:
        head = self.versions[clause][-1]
        stances: dict[UUID, str] = {head["party_id"]: "accept"}
        for said in self["stance"]:
            if said["version_id"] == head["id"]:
                stances[said["party_id"]] = str(said["kind"])
        if "exclude" in stances.values():
            return "excluded"
        return "agreed" if all(stances.get(p) == "accept" for p in parties) else "open"

    def in_force(self, agreement: UUID) -> RowMapping | None:
        texts = [t for t in self["frozen_text"] if t["agreement_id"] == agreement and t["obsolete_at"] is None]
        assert len(texts) < 2
        return texts[0] if texts else None

    def places(self, text: RowMapping) -> list[RowMapping]:
        """The places to sign one text, the void ones left out."""
        return [s for s in self["signature_slot"] if s["frozen_id"] == text["id"] and s["state"] != "void"]

    def moves(self) -> list[tuple[UUID, str, str]]:
        """Every change of state that the history tells: whose, from where, to where."""
        payloads = {row["seq"]: row["payload"] for row in self["event_payload"]}
        told = [(e["agreement_id"], payloads[e["seq"]]) for e in self["event"]]
        return [(of, p["source"], p["state"]) for of, p in told if p.get("source") != p.get("state")]


def _grouped(rows: list[RowMapping], key: str) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for row in rows:
        found[row[key]].append(row["id"])
    return found


def stances_name_a_version_and_a_party_of_the_same_agreement(books: Books) -> None:
    """Invariant 1."""
    versions, clauses, parties = books.by_id("clause_version"), books.by_id("clause"), books.by_id("agreement_party")
    for said in [*books["stance"], *books["clause_version"]]:
        version = versions[said["version_id"]] if "version_id" in said else said
        assert clauses[version["clause_id"]]["agreement_id"] == parties[said["party_id"]]["agreement_id"]


def versions_run_without_gaps(books: Books) -> None:
    """Invariant 2."""
    assert set(books.versions) == {c["id"] for c in books["clause"]}
    for texts in books.versions.values():
        assert [v["seq"] for v in texts] == list(range(1, len(texts) + 1))
        assert all(v["base_seq"] < v["seq"] for v in texts)


def only_heads_were_answered(books: Books) -> None:
    """Invariant 3: each text was written from the head of its day, and nobody spoke of a text after the next one had come."""
    for texts in books.versions.values():
        for before, after in pairwise(texts):
            assert after["base_seq"] == before["seq"]
            assert all(s["at"] <= after["at"] for s in books["stance"] if s["version_id"] == before["id"])


def stored_states_follow_from_the_facts(books: Books) -> None:
    """Invariant 4."""
    for row in books["agreement"]:
        assert str(row["state"]) == _followed(books, row)


def _followed(books: Books, row: RowMapping) -> str:
    if row["ended_as"] is not None:
        return str(row["ended_as"])
    if row["proposed_at"] is None:
        return "draft"
    states = set(books.clause_states(row["id"]).values())
    if "agreed" not in states or not states <= CLOSED_CLAUSE:
        return "negotiating"
    text = books.in_force(row["id"])
    assert text is not None
    if places := books.places(text):
        return "signed" if all(s["state"] == "signed" for s in places) else "signing"
    return "deciding" if any(_binds(step, text) for step in books["decision_step"]) else "agreed"


def _binds(step: RowMapping, text: RowMapping) -> bool:
    return step["frozen_id"] == text["id"] and step["kind"] in ("resolution", "delegated") and step["state"] != "cancelled"


def frozen_texts_hold_the_agreed_heads(books: Books) -> None:
    """Invariant 5: the manifest, the code, and that decisions and signatures bind to it."""
    for row in books["agreement"]:
        text = books.in_force(row["id"])
        assert (text is not None) or row["state"] not in FROZEN
        if text is not None and row["ended_as"] is None:
            agreed = {str(books.versions[c][-1]["id"]) for c, s in books.clause_states(row["id"]).items() if s == "agreed"}
            assert agreed == {c["version_id"] for c in json.loads(text["canonical"])["clauses"]}
    texts, slots = books.by_id("frozen_text"), books.by_id("signature_slot")
    for text in texts.values():
        assert hashlib.sha256(text["canonical"].encode()).hexdigest() == text["control_code"]
    for given in books["signature"]:
        assert given["control_code"] == texts[given["frozen_id"]]["control_code"]
        assert given["frozen_id"] == slots[given["slot_id"]]["frozen_id"]
    for step in books["decision_step"]:
        assert step["outcome"] is None or texts[step["frozen_id"]]["agreement_id"] == step["agreement_id"]


def signed_means_signed_by_all(books: Books) -> None:
    """Invariant 6."""
    for row in books["agreement"]:
        if row["state"] != "signed":
            continue
        text = books.in_force(row["id"])
        assert text is not None
        assert "agreed" in books.clause_states(row["id"]).values()
        places = books.places(text)
        assert {s["party_id"] for s in places} == set(books.parties[row["id"]])
        signed = {(g["slot_id"], g["control_code"]) for g in books["signature"] if g["verified_at"]}
        assert {(s["id"], text["control_code"]) for s in places} <= signed


def signatures_on_an_old_text_are_void(books: Books) -> None:
    """Invariant 8; that they stay on file is seen from one step to the next."""
    texts = books.by_id("frozen_text")
    for place in books["signature_slot"]:
        obsolete = place["frozen_id"] is not None and texts[place["frozen_id"]]["obsolete_at"] is not None
        assert obsolete == (place["state"] == "void")


def no_two_live_agreements_of_the_same_parties(books: Books) -> None:
    """Invariant 9, from the parties themselves."""
    organisations = {p["id"]: p["organisation_id"] for p in books["agreement_party"]}
    live = [row for row in books["agreement"] if str(row["state"]) in LIVE]
    sets = [(row["programme_id"], frozenset(organisations[p] for p in books.parties[row["id"]])) for row in live]
    assert len(sets) == len(set(sets))


def the_history_is_one_chain(books: Books) -> None:
    """Invariant 18: no link is missing or changed."""
    payloads = {row["seq"]: row for row in books["event_payload"]}
    previous = "0" * 64
    for number, event in enumerate(books["event"], 1):
        body = json.loads(event["body"])
        assert (event["seq"], event["previous"], body["seq"], body["kind"]) == (number, previous, number, event["kind"])
        previous = _sha256(f"{previous}\n{event['body']}")
        assert event["hash"] == previous
        told = payloads[number]
        assert body["payload"] == _sha256(told["salt"] + _canonical(told["payload"]))


def _canonical(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def one_event_for_each_change(before: Books, after: Books) -> None:
    """Invariant 18: between two commits the history tells every change of state once, and no other."""
    told = after.moves()[len(before.moves()) :]
    reached = dict(before.states())
    for agreement, source, state in told:
        assert reached.get(agreement, "draft") == source
        reached[agreement] = state
    assert {**dict.fromkeys(after.states(), "draft"), **reached} == after.states()


def nothing_on_file_is_lost(before: Books, after: Books) -> None:
    """Invariants 7 and 8: texts, stances, frozen texts, signatures and events only grow, and stay as they were."""
    for table in ("clause_version", "stance", "signature", "event", "event_payload"):
        assert after[table][: len(before[table])] == before[table]
    assert [t["canonical"] for t in after["frozen_text"]][: len(before["frozen_text"])] == [
        t["canonical"] for t in before["frozen_text"]
    ]


def nothing_of_a_signed_one_has_changed(before: Books, after: Books) -> None:
    """Invariant 7, from one commit to the next."""
    signed = {a for a, state in before.states().items() if state == "signed"}
    assert list(_belonging(before, signed)) == list(_belonging(after, signed))


def _belonging(books: Books, agreements: set[UUID]) -> Iterator[RowMapping]:
    for table in ("agreement_party", "clause", "frozen_text", "decision_step", "signature_slot"):
        yield from (row for row in books[table] if row["agreement_id"] in agreements)
    for agreement in sorted(agreements):
        for clause in books.clauses[agreement]:
            yield from books.versions[clause]
