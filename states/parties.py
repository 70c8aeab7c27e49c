"""Who takes part: kinds of organisations, roles of people, and the person who asks for something right now."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class OrganisationKind(StrEnum):
    """What a party or a guest is."""

    region = "region"
    municipality = "municipality"
    federation = "federation"
    institution = "institution"
    folk_high_school = "folk_high_school"
    association = "association"
    authority = "authority"
    company = "company"


class Role(StrEnum):
    """What an assignment entitles to.

    A `guest` comes to one dialogue in somebody's place; `flow` is the product's own scheduled work and command line.
    """

    strategist = "strategist"
    administrator = "administrator"
    registrar = "registrar"
    main = "main"
    deputy = "deputy"
    signatory = "signatory"
    reader = "reader"
    guest = "guest"
    flow = "flow"


NOBODY: frozenset[Role] = frozenset()
STRATEGIST = frozenset({Role.strategist})
CONTACT = frozenset({Role.main, Role.deputy})
SIGNATORY = frozenset({Role.signatory})
NEGOTIATORS = STRATEGIST | CONTACT
RECORDERS = NEGOTIATORS | {Role.registrar}
ADMINISTRATOR = frozenset({Role.administrator})
STAFF = STRATEGIST | ADMINISTRATOR | {Role.registrar}
"""The roles of the region's own people, who sign in with a password; a party has a registrar of its own."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: an assignment with its person, role, organisation and its kind and, where it is limited to one, its programme."""

    assignment: UUID | None
    person: UUID | None
    organisation: UUID | None
    role: Role
    name: str
    programme: UUID | None = None
    session: UUID | None = None
    kind: OrganisationKind | None = None

    @property
    def staff(self) -> bool:
        """One of a region's own people; a registrar of a municipality is not."""
        return self.role in STAFF and self.kind is OrganisationKind.region


FLOW = Actor(None, None, None, Role.flow, "Överens")
"""The product itself, when the clock or the command line asks."""
