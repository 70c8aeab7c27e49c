"""The form in which a text or a reason is written: what it is for, what stands in it, and where it goes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from service.pages.clauses import ClauseView
from service.pages.comparison import CODES, Comparison, compare
from service.pages.rendering import Paths
from service.store.tables import Answer
from service.store.tables.response import AnswerKind
from states.agreement import FROZEN, State
from states.said import _


@dataclass(frozen=True, slots=True)
class WordingForm:
    """Everything wording.html shows; `typed` is true when it holds text the server has not stored."""

    heading: str
    sub: str
    where: str
    back: str
    action: str
    kind: str
    button: str
    values: Mapping[str, str]
    base: str = ""
    draft: str = ""
    draft_version: int = 0
    version: int = 0
    worded: bool = True
    reason: str = ""
    reason_label: str = _("Motivering")
    reason_optional: bool = True
    reason_hint: str = _("Motiveringen följer med svaret till den andra parten.")
    consequences: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    comparison: Comparison | None = None
    typed: bool = False

    def again(self, typed: Mapping[str, str], *reasons: str, comparison: Comparison | None = None) -> "WordingForm":
        """The same form with what was typed, and why it was not taken."""
        values = {code: typed.get(code, "") for code in CODES}
        return replace(self, values=values, reason=typed.get("reason", ""), reasons=reasons, comparison=comparison, typed=True)


def answer_form(paths: Paths, agreement_id: UUID, where: str, clause: ClauseView, kind: AnswerKind) -> WordingForm:
    """The form to reword an area, propose it again or leave it out, filled with the own draft or the text as it stands."""
    draft = clause.draft if clause.draft and clause.draft.kind is kind else None
    heading, button = _ANSWERS[kind]
    form = WordingForm(
        heading=heading,
        sub=_("Område {number}. {title}", number=clause.number, title=clause.head.title),
        where=where,
        back=f"{paths('agreement', agreement_id=agreement_id)}#{clause.anchor}",
        action=paths("answer", agreement_id=agreement_id, clause_id=clause.id),
        kind=kind.value,
        button=button,
        values={"t": draft.title, **draft.fields} if draft else clause.head.wording,
        base=str(clause.head.id),
        draft_version=clause.draft.version if clause.draft else 0,
        reason=draft.reason if draft else "",
        comparison=compare(clause.base.wording, clause.head.wording) if clause.outdated and clause.base else None,
    )
    return _without_text(form) if kind is AnswerKind.exclude else form


def area_form(paths: Paths, agreement_id: UUID, where: str, draft: Answer | None) -> WordingForm:
    """The form to add an own area, or change one that is not sent yet."""
    return WordingForm(
        heading=_("Lägg till ett område"),
        sub="",
        where=where,
        back=paths("agreement", agreement_id=agreement_id),
        action=paths("clauses", agreement_id=agreement_id),
        kind=AnswerKind.add.value,
        button=_("Spara området"),
        values={"t": draft.title, **draft.fields} if draft else dict.fromkeys(CODES, ""),
        draft=str(draft.id) if draft else "",
        draft_version=draft.version if draft else 0,
        reason=draft.reason if draft else "",
    )


def reopening_form(paths: Paths, agreement_id: UUID, where: str, clause: ClauseView, state: State, version: int) -> WordingForm:
    """The form to open an agreed area again: it lists what that undoes."""
    return WordingForm(
        heading=_("Öppna området igen"),
        sub=_("Område {number}. {title}", number=clause.number, title=clause.head.title),
        where=where,
        back=f"{paths('agreement', agreement_id=agreement_id)}#{clause.anchor}",
        action=paths("reopening", agreement_id=agreement_id, clause_id=clause.id),
        kind="reopen",
        button=_("Öppna området och skicka texten"),
        values=clause.head.wording,
        base=str(clause.head.id),
        version=version,
        reason_label=_("Varför behöver området öppnas igen?"),
        reason_optional=False,
        consequences=_undone(state),
    )


def _without_text(form: WordingForm) -> WordingForm:
    return replace(
        form,
        worded=False,
        reason_label=_("Varför vill ni ta bort området?"),
        reason_optional=False,
        reason_hint=_("Skälet skickas till den andra parten, men står inte i överenskommelsen."),
        consequences=(_("Området ingår inte i överenskommelsen."), _("Ni kan föreslå det igen senare.")),
    )


def _undone(state: State) -> tuple[str, ...]:
    told = _("Den andra parten får din text och ditt skäl i ett mejl direkt.")
    if state not in FROZEN:
        return (told, _("Området är inte längre överens. De andra områdena påverkas inte."))
    return (
        told,
        _("Överenskommelsen går tillbaka till förhandling, men bara det här området öppnas."),
        _("Underskrifter som redan finns gäller en äldre text. De sparas, men räknas inte."),
        _("Beslut som väntar i en nämnd märks som inaktuella."),
    )


_ANSWERS = {
    AnswerKind.counter: (_("Skriv om texten"), _("Spara svaret")),
    AnswerKind.propose_again: (_("Föreslå området igen"), _("Spara svaret")),
    AnswerKind.exclude: (_("Ta bort området"), _("Ta bort området")),
}
