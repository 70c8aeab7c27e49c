"""What people read for every state and kind, in Swedish, per audience where the audiences differ."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from states import agreement, clause, decision, message, slot
from states.deadlines import spoken
from states.parties import OrganisationKind, Role


class Audience(StrEnum):
    """Who reads: the region, the party whose agreement it is, anybody."""

    region = "region"
    own = "own"
    public = "public"


NOT_YET = "Ännu ingen överenskommelse"
"""All that anybody outside sees until something signed is published, declined offers included."""

_TURN: dict[frozenset[str], tuple[str, str]] = {
    frozenset({"municipality"}): ("Hos kommunen", "Väntar på er"),
    frozenset({"region"}): ("Hos regionen", "Hos regionen"),
    frozenset({"region", "municipality"}): ("Hos båda", "Väntar på er och regionen"),
}

_AGREEMENT: dict[agreement.State, tuple[str, str | None]] = {
    agreement.State.draft: ("Utkast", None),
    agreement.State.agreed: ("Överens", "Vi är överens"),
    agreement.State.deciding: ("Hos nämnden", "Hos er nämnd"),
    agreement.State.signing: ("För underskrift", "För underskrift"),
    agreement.State.signed: ("Undertecknad", "Undertecknad"),
    agreement.State.declined: ("Avböjd", "Ni har tackat nej"),
    agreement.State.withdrawn: ("Återkallad", "Regionen har dragit tillbaka förslaget"),
    agreement.State.terminated: ("Uppsagd", "Uppsagd"),
    agreement.State.expired: ("Upphörd", "Har upphört"),
    agreement.State.superseded: ("Ersatt", "Ersatt"),
}
"""What the region and the own party see; negotiating is missing because it depends on whose turn it is."""

_PUBLISHED: dict[agreement.State, tuple[str, str]] = {
    agreement.State.signed: ("Gäller", "Gäller från {day}"),
    agreement.State.terminated: ("Uppsagd", "Uppsagd, upphör {day}"),
    agreement.State.expired: ("Har upphört", "Har upphört"),
    agreement.State.superseded: ("Ersatt av en nyare", "Ersatt av en nyare"),
}
"""What anybody sees of a published agreement, without and with a day still to come."""


def agreement_label(
    state: agreement.State, waiting_on: frozenset[str], audience: Audience, *, published: bool = True, day: date | None = None
) -> str | None:
    """The label of an agreement; None where the audience is not shown it.

    `waiting_on` holds kinds of parties; all but "region" read as a municipality, and nobody (every area left out) as the region.
    `published` and `day` (when it starts to be in force, or ends, if that is still to come) matter to the public only.
    """
    if audience is Audience.public:
        return _public(state, published, day)
    if state is agreement.State.negotiating:
        turn = frozenset(kind if kind == "region" else "municipality" for kind in waiting_on)
        return _TURN[turn or frozenset({"region"})][audience is Audience.own]
    return _AGREEMENT[state][audience is Audience.own]


def _public(state: agreement.State, published: bool, day: date | None) -> str:
    if not published or state not in _PUBLISHED:
        return NOT_YET
    now, later = _PUBLISHED[state]
    return later.format(day=f"{spoken(day)} {day.year}") if day else now


def label(value: StrEnum) -> str:
    """The label of any value that reads the same for all who may see it."""
    return LABELS[type(value)][value]


LABELS: Mapping[type[StrEnum], Mapping[StrEnum, str]] = {
    clause.State: {
        clause.State.proposed: "Föreslaget",
        clause.State.countered: "Ny text föreslagen",
        clause.State.agreed: "Överens",
        clause.State.excluded: "Ingår inte",
        clause.State.withdrawn: "Indraget av regionen",
    },
    clause.Command: {
        clause.Command.accept: "Godta texten",
        clause.Command.counter: "Skriv om texten",
        clause.Command.exclude: "Ta bort området",
        clause.Command.propose_again: "Föreslå området igen",
        clause.Command.retract: "Ta tillbaka förslaget",
        clause.Command.reopen: "Öppna igen",
        clause.Command.dissent: "Ta tillbaka ställningstagandet",
        clause.Command.withdraw_area: "Dra in området",
    },
    clause.StanceKind: {
        clause.StanceKind.accept: "Godtar texten",
        clause.StanceKind.exclude: "Tar inte med området",
        clause.StanceKind.withdraw: "Har tagit tillbaka sitt svar",
    },
    agreement.Event: {
        agreement.Event.send_proposal: "Förslaget skickat",
        agreement.Event.send_response: "Svar skickat",
        agreement.Event.settle: "Parterna är överens",
        agreement.Event.request_decision: "Beslut begärt",
        agreement.Event.open_signing: "Klart för underskrift",
        agreement.Event.approve: "Beslut: bifall",
        agreement.Event.refer_back: "Beslut: återremiss",
        agreement.Event.reject: "Beslut: avslag",
        agreement.Event.table: "Beslut: bordlagd",
        agreement.Event.reopen: "Öppnad igen",
        agreement.Event.sign: "En underskrift lämnad",
        agreement.Event.complete: "Undertecknad av alla",
        agreement.Event.refuse: "Underskrift nekad",
        agreement.Event.decline: "Tackat nej",
        agreement.Event.withdraw: "Förslaget tillbakadraget",
        agreement.Event.resume: "Återupptagen",
        agreement.Event.redraft: "Åter ett utkast",
        agreement.Event.terminate: "Uppsagd",
        agreement.Event.expire: "Har upphört",
        agreement.Event.supersede: "Ersatt av en nyare",
    },
    decision.State: {
        decision.State.planned: "Planerat",
        decision.State.papers_sent: "Handlingar skickade",
        decision.State.decided: "Beslutat",
        decision.State.cancelled: "Inställt",
    },
    decision.Kind: {
        decision.Kind.resolution: "Beslut",
        decision.Kind.delegated: "Delegationsbeslut",
        decision.Kind.notice: "Anmälan",
        decision.Kind.information: "Information",
    },
    decision.Outcome: {
        decision.Outcome.approved: "Bifall",
        decision.Outcome.rejected: "Avslag",
        decision.Outcome.referred_back: "Återremiss",
        decision.Outcome.tabled: "Bordlagd",
    },
    slot.State: {
        slot.State.pending: "Väntar",
        slot.State.requested: "Begärd",
        slot.State.signed: "Underskriven",
        slot.State.refused: "Nekad",
        slot.State.expired: "Tiden har gått ut",
        slot.State.void: "Gäller en äldre text",
    },
    slot.Method: {
        slot.Method.code: "Med kod",
        slot.Method.paper: "På papper",
    },
    message.State: {
        message.State.queued: "På väg",
        message.State.sent: "Skickat",
        message.State.delivered: "Framme",
        message.State.bounced: "Kom inte fram",
        message.State.failed: "Kunde inte skickas",
        message.State.suppressed: "Stoppat",
    },
    Role: {
        Role.strategist: "Samverkansstrateg",
        Role.administrator: "Administratör",
        Role.registrar: "Registrator",
        Role.main: "Kontaktperson",
        Role.deputy: "Ersättare för kontaktpersonen",
        Role.signatory: "Undertecknare",
        Role.reader: "Läsare",
        Role.flow: "Överens",
    },
    OrganisationKind: {
        OrganisationKind.region: "Region",
        OrganisationKind.municipality: "Kommun",
        OrganisationKind.federation: "Kommunalförbund",
        OrganisationKind.institution: "Institution",
        OrganisationKind.folk_high_school: "Folkhögskola",
        OrganisationKind.association: "Förening",
        OrganisationKind.authority: "Myndighet",
        OrganisationKind.company: "Företag",
    },
}
