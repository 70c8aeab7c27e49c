"""The frozen text: what goes into it, which one is in force, and what happens to its papers when it no longer holds."""

from datetime import datetime
from typing import Any

from babel.dates import format_date
from sqlmodel import Session, col, select

from service.store import history
from service.store.standing import Standing, current_frozen
from service.store.tables import Agreement, ClauseVersion, DecisionStep, FrozenText, Programme, SignatureSlot
from states import clause as rule
from states import decision, slot
from states.errors import Blocked, Reason
from states.facts import AgreementFacts, ClauseFacts, PartyFacts, SectionFacts, canonical, control_code


def frozen_text(session: Session, standing: Standing) -> FrozenText:
    """The text in force; Blocked while the parties have not agreed on one."""
    frozen = current_frozen(session, standing.agreement.id)
    if frozen is None:
        raise Blocked(Reason("not-frozen", "Texten är inte låst ännu. Parterna behöver bli överens om alla områden först."))
    return frozen


def freeze(session: Session, now: datetime, standing: Standing) -> FrozenText:
    """Put the text as it stands under the next revision and its control code."""
    facts = frozen_facts(session, standing, revision=_last_revision(session, standing) + 1)
    text = canonical(facts)
    frozen = FrozenText(
        agreement_id=standing.agreement.id, revision=facts.revision, canonical=text, control_code=control_code(text), at=now
    )
    session.add(frozen)
    session.flush()
    return frozen


def make_obsolete(session: Session, now: datetime, standing: Standing) -> FrozenText | None:
    """The frozen text no longer holds: its signatures are void but kept, decisions are cancelled and planned anew."""
    frozen = current_frozen(session, standing.agreement.id)
    if frozen is None:
        return None
    frozen.obsolete_at = now
    session.add(frozen)
    for place in _live_slots(session, standing.agreement):
        _renew_slot(session, place)
    for planned in _live_steps(session, standing.agreement):
        _renew_step(session, planned)
    session.flush()
    return frozen


def frozen_facts(session: Session, standing: Standing, *, revision: int) -> AgreementFacts:
    """The text as it stands: heads of the agreed clauses; for a draft (revision 0) of all that are not left out."""
    agreement = standing.agreement
    template = session.get_one(Programme, agreement.programme_id).template
    values = _placeholders(standing)
    return AgreementFacts(
        reference=standing.region.row.case_number,
        revision=revision,
        title=agreement.title,
        parties=tuple(
            PartyFacts(
                organisation_id=str(p.organisation.id),
                kind=p.organisation.kind.value,
                name=p.organisation.name,
                org_no=p.organisation.org_no,
                case_number=p.row.case_number,
                registry_email=p.organisation.registry_email,
            )
            for p in standing.parties
        ),
        valid_from=agreement.period_from,
        valid_to=agreement.period_to,
        before=_sections(template, "before", values),
        clauses=_clauses(session, standing, draft=revision == 0),
        after=_sections(template, "after", values),
        history_head=history.newest(session) if revision else "",
    )


def _clauses(session: Session, standing: Standing, *, draft: bool) -> tuple[ClauseFacts, ...]:
    wanted = (rule.State.agreed, *rule.OPEN) if draft else (rule.State.agreed,)
    kept = [c for c in standing.clauses if standing.state_of(c) in wanted]
    heads = {
        v.id: v for v in session.exec(select(ClauseVersion).where(col(ClauseVersion.id).in_([c.head.id for c in kept]))).all()
    }
    return tuple(
        ClauseFacts(
            clause_id=str(c.id), number=n, version_id=str(c.head.id), seq=c.head.seq, title=heads[c.head.id].title,
            fields=heads[c.head.id].fields,
        )
        for n, c in enumerate(kept, 1)
    )  # fmt: skip


def _placeholders(standing: Standing) -> dict[str, str]:
    """What a template's sections may speak of; contacts are named by office and official address, never by person."""
    agreement, region = standing.agreement, standing.region.organisation
    other = standing.others(standing.region)[0].organisation
    return {
        "region": region.name,
        "region_orgnr": region.org_no or "(anges före underskrift)",
        "region_kontakt": f"ansvarig strateg, {region.registry_email}",
        "kommun": " och ".join(p.organisation.name for p in standing.others(standing.region)),
        "kommun_orgnr": other.org_no or "(anges före underskrift)",
        "kommun_kontakt": f"ansvarig förvaltning, {other.registry_email}",
        "fran": format_date(agreement.period_from, "d MMMM y", "sv"),
        "till": format_date(agreement.period_to, "d MMMM y", "sv"),
        "period": f"{agreement.period_from.year}–{agreement.period_to.year}",
        "uppfoljningsmanad": "mars",
    }


def _sections(template: dict[str, Any], place: str, values: dict[str, str]) -> tuple[SectionFacts, ...]:
    return tuple(
        SectionFacts(s["heading"], _filled(s["text"], values)) for s in template.get("sections", []) if s.get("place") == place
    )


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace("{{ " + name + " }}", value)
    return text


def _last_revision(session: Session, standing: Standing) -> int:
    made = session.exec(select(FrozenText.revision).where(col(FrozenText.agreement_id) == standing.agreement.id)).all()
    return max(made, default=0)


def _live_slots(session: Session, agreement: Agreement) -> list[SignatureSlot]:
    query = select(SignatureSlot).where(
        col(SignatureSlot.agreement_id) == agreement.id,
        col(SignatureSlot.frozen_id).is_not(None),
        col(SignatureSlot.state) != slot.State.void,
    )
    return list(session.exec(query).all())


def _renew_slot(session: Session, place: SignatureSlot) -> None:
    """Void the place under the old text and keep the same person for the next."""
    slot.advance(place, slot.Event.void)
    place.version += 1
    session.add(place)
    session.add(
        SignatureSlot(
            agreement_id=place.agreement_id,
            party_id=place.party_id,
            position=place.position,
            title=place.title,
            authority=place.authority,
            mandate_until=place.mandate_until,
            assignment_id=place.assignment_id,
        )
    )


def _live_steps(session: Session, agreement: Agreement) -> list[DecisionStep]:
    query = select(DecisionStep).where(
        col(DecisionStep.agreement_id) == agreement.id,
        col(DecisionStep.frozen_id).is_not(None),
        col(DecisionStep.state) != decision.State.cancelled,
    )
    return list(session.exec(query).all())


def _renew_step(session: Session, old: DecisionStep) -> None:
    """Cancel the step with its text and plan the same decision again; its meeting must be chosen anew."""
    decision.advance(old, decision.Event.cancel)
    old.version += 1
    session.add(old)
    session.flush()
    session.add(DecisionStep(agreement_id=old.agreement_id, party_id=old.party_id, kind=old.kind, body=old.body))
