"""Two people wrote the same area at once: base, theirs and yours side by side, merged where only one of them changed a field."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from service.pages.clauses import ClauseView
from service.pages.comparison import CODES, merge
from service.pages.negotiation_view import Negotiation
from service.pages.rendering import Paths, instant
from service.store.negotiation import name_of
from service.store.tables import Answer
from service.store.tables.response import AnswerKind
from states import clause as rule
from states.errors import Conflict
from states.said import _, joined

NAMES = {
    "t": _("Rubrik"),
    "w": _("Vad vi vill"),
    "g": _("Mål"),
    "r": _("Regionen gör"),
    "k": _("Kommunen gör"),
    "f": _("Så följer vi upp"),
}
Rows = tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class Clash:
    """One area in conflict.html; `hidden` carries the merged text against what stands now, `accept` what giving in means."""

    title: str
    message: str
    base: Rows
    theirs: Rows
    yours: Rows
    base_by: str
    their_heading: str
    their_by: str
    clashing: bool
    mine: bool
    action: str
    hidden: tuple[tuple[str, str], ...]
    accept_action: str
    accept: tuple[tuple[str, str], ...]
    accept_label: str
    version: int = 0


def clash_of(
    session: Session, paths: Paths, n: Negotiation, conflict: Conflict, typed: Mapping[str, str], *, action: str = ""
) -> Clash:
    """The clash of one area as it stands now; a colleague's draft and the other party's new text differ only in their words."""
    clause = n.clause(UUID(conflict.clause)) if conflict.clause else None
    colleague = _colleagues_draft(n, clause, conflict, typed)
    by = _by_colleague(session, colleague) if colleague else _by_other(clause)
    merged = merge(conflict.base, conflict.theirs, conflict.yours)
    answer = paths("answer", agreement_id=n.agreement.id, clause_id=clause.id) if clause else ""
    return Clash(
        title=f"{clause.number}. {clause.head.title}" if clause else conflict.yours.get("t", ""),
        message=_(
            "{who} sparade en ny text {when}. Jämför och välj vilken som ska gälla. Din text är kvar.",
            who=by[0],
            when=by[1],
        ),
        base=_rows(conflict.base, conflict, frozenset()),
        theirs=_rows(conflict.theirs, conflict, merged.clashes),
        yours=_rows(conflict.yours, conflict, merged.clashes),
        base_by=_base_by(clause, conflict),
        their_heading=_("Din kollegas svar") if colleague else _("Den nya texten"),
        their_by=joined(", ", filter(None, by)),
        clashing=bool(merged.clashes),
        mine=bool(conflict.yours.get("t")),
        action=action or answer or paths("clauses", agreement_id=n.agreement.id),
        hidden=_hidden(clause, colleague, merged.wording, typed),
        accept_action="" if colleague else answer,
        accept=_acceptance(clause),
        accept_label=_("Behåll kollegans svar") if colleague else _("Godta deras"),
        version=n.agreement.version if action else 0,
    )


def _colleagues_draft(n: Negotiation, clause: ClauseView | None, conflict: Conflict, typed: Mapping[str, str]) -> Answer | None:
    """The own side's draft that was saved first, when that and not a new head is what the typed text ran into."""
    if clause is None:
        return next((a for a in n.new_areas if str(a.id) == typed.get("draft")), None)
    draft = clause.draft
    if draft is None or conflict.theirs != {"t": draft.title, **draft.fields}:
        return None
    return draft


def _by_colleague(session: Session, draft: Answer) -> tuple[str, str]:
    return name_of(session, draft.author_id) or _("En kollega"), instant(draft.saved_at)


def _by_other(clause: ClauseView | None) -> tuple[str, str]:
    if clause is None:
        return _("En kollega"), ""
    return f"{clause.head.author or clause.speaker} ({clause.speaker})", instant(clause.head.at)


def _base_by(clause: ClauseView | None, conflict: Conflict) -> str:
    if clause is None:
        return ""
    return next((_("Version {number}", number=t.seq) for t in reversed(clause.history) if t.wording == conflict.base), "")


def _rows(wording: Mapping[str, str], conflict: Conflict, clashes: frozenset[str]) -> Rows:
    shown = [c for c in CODES if any(w.get(c) for w in (conflict.base, conflict.theirs, conflict.yours))]
    return tuple((NAMES[c], wording.get(c, "") or "–", c in clashes) for c in shown)


def _hidden(
    clause: ClauseView | None, colleague: Answer | None, wording: Mapping[str, str], typed: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """The merged text as an answer to what stands now."""
    draft = colleague or (clause.draft if clause else None)
    kind = typed.get("kind", AnswerKind.counter)
    if clause is not None and kind != "reopen":
        kind = AnswerKind.propose_again if clause.state is rule.State.excluded else AnswerKind.counter
    about = {
        "kind": str(kind),
        "base": str(clause.head.id) if clause else "",
        "draft": str(draft.id) if draft and clause is None else "",
        "draft_version": str(draft.version if draft else 0),
        "reason": typed.get("reason", ""),
    }
    return (*about.items(), *wording.items())


def _acceptance(clause: ClauseView | None) -> tuple[tuple[str, str], ...]:
    if clause is None:
        return ()
    version = clause.draft.version if clause.draft else 0
    return (("kind", AnswerKind.accept.value), ("base", str(clause.head.id)), ("draft_version", str(version)))
