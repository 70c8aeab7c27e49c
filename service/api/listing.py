"""How lists are cut: `limit` and `page`, for growing lists also `after`; no totals, but `?count=capped` up to a thousand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import BaseModel
from sqlmodel import Session, func, select

MOST_PAGES, COUNTED = 50, 1000

Row = TypeVar("Row")
Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """A part of a list: `next` is the address of the part after it, null at the end; `count` only when it was asked for."""

    items: list[Item]
    next: str | None = None
    count: str | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """Which part of a list is asked for."""

    request: Request
    limit: int
    page: int
    counted: bool

    @property
    def skipped(self) -> int:
        return (self.page - 1) * self.limit

    def address(self, **changed: object) -> str:
        """This request's address with another place in the list."""
        url = self.request.url.remove_query_params(["page", "after"]).include_query_params(**changed)
        return f"{url.path}?{url.query}"

    def whole(self, items: Sequence[Item]) -> Page[Item]:
        """A part of a short list that is read whole: an agreement's clauses, a programme's areas."""
        part = list(items[self.skipped : self.skipped + self.limit])
        more = self.skipped + self.limit < len(items) and self.page < MOST_PAGES
        return Page[Item](items=part, next=self.address(page=self.page + 1) if more else None, count=self._count(len(items)))

    def growing(
        self,
        session: Session,
        query: Any,
        key: Any,
        show: Callable[[Any], Item],
        *,
        after: object = None,
        newest_first: bool = False,
    ) -> Page[Item]:
        """A part of a list that grows, in the order of a unique key that its items show: nothing is seen twice or missed."""
        part = query if after is None else query.where(key < after if newest_first else key > after)
        part = part.order_by(key.desc() if newest_first else key).offset(self.skipped if after is None else 0)
        items = [show(row) for row in session.exec(part.limit(self.limit + 1))]
        more = items[self.limit - 1] if len(items) > self.limit else None
        return Page[Item](
            items=items[: self.limit],
            next=self.address(after=getattr(more, key.key)) if more is not None else None,
            count=self._count(_number(session, query)) if self.counted else None,
        )

    def _count(self, number: int) -> str | None:
        if not self.counted:
            return None
        return str(number) if number <= COUNTED else f"{COUNTED}+"


def _cut(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    page: Annotated[int, Query(ge=1, le=MOST_PAGES)] = 1,
    count: Annotated[Literal["capped"] | None, Query(description='"1000+" above a thousand')] = None,
) -> Cut:
    return Cut(request, limit, page, count is not None)


Asked = Annotated[Cut, Depends(_cut)]
After = Annotated[UUID | None, Query(description="The last id seen; `next` has it")]


def _number(session: Session, query: Any) -> int:
    """How many there are; nobody waits for more than a thousand and one to be counted."""
    few = query.limit(COUNTED + 1).subquery()
    return int(session.exec(select(func.count()).select_from(few)).one())
