"""How our own column kinds are written in a revision: as what the database sees, so that old revisions never import our code."""

from typing import Literal

from alembic.autogenerate.api import AutogenContext
from sqlmodel import AutoString

from service.store.columns import Instant


def render(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    """The source of one column type, or False to leave it to Alembic."""
    if kind == "type" and isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False
