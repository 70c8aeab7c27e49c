"""Where an agreement must stand, computed anew from facts alone: what the stored state is checked against (invariant 4)."""

from dataclasses import dataclass

from states.agreement import State


@dataclass(frozen=True, slots=True)
class Standing:
    """The facts that decide; what is `bound` is bound to the frozen text in force, and slots that are void do not count."""

    proposed: bool
    ended_as: State | None
    settled: bool
    bound_steps: int = 0
    bound_slots: int = 0
    signed_slots: int = 0


def state(facts: Standing) -> State:
    """The only state these facts allow.

    1. An ending counts until it is taken back; what was never proposed is a draft.
    2. An open clause, or none agreed: negotiating.
    3. Slots bound to the text in force: signing, and signed when all of them are.
    4. A required decision bound to it: deciding. Nothing bound: agreed.
    """
    if facts.ended_as is not None:
        return facts.ended_as
    if not facts.proposed:
        return State.draft
    if not facts.settled:
        return State.negotiating
    if facts.bound_slots:
        return State.signed if facts.signed_slots == facts.bound_slots else State.signing
    return State.deciding if facts.bound_steps else State.agreed
