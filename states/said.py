"""Texts for people that remember how they were made, so that a door can say them in another language than Swedish."""

from collections.abc import Iterable, Mapping, Sequence


class Said(str):
    """A Swedish text with its msgid and the values put into it: a plain string for everybody who does not translate.

    Named placeholders are filled as `str.format` does; an empty value at either end leaves no space behind.
    """

    msgid: str
    plural: str
    number: int
    values: Mapping[str, object]

    def __new__(cls, msgid: str, plural: str = "", count: int = 1, values: Mapping[str, object] | None = None) -> "Said":
        text = msgid if count == 1 or not plural else plural
        made = super().__new__(cls, filled(text, values) if values else text)
        made.msgid, made.plural, made.number, made.values = msgid, plural, count, values or {}
        return made

    def __getnewargs__(self) -> tuple[str, str, int, Mapping[str, object]]:  # type: ignore[override]
        """What a copy is made of."""
        return self.msgid, self.plural, self.number, self.values

    def __format__(self, how: str) -> str:
        """In a sentence: `{role:lower}` stands there with a small letter first, where the language wants that."""
        return f"{self[:1].lower()}{self[1:]}" if how == "lower" else format(str(self), how)

    def filling(self, **values: object) -> "Said":
        """The same text with values in it, for sentences that stand in a table; `count` chooses the form where there are two."""
        count = values.get("count", self.number)
        return Said(self.msgid, self.plural, count if isinstance(count, int) else self.number, values)


def filled(text: str, values: Mapping[str, object]) -> str:
    return text.format(**values).strip()


def _(msgid: str, /, **values: object) -> Said:
    """Mark a text for translation; it is Swedish until somebody shows it in another language."""
    return Said(msgid, values=values)


def ngettext(one: str, many: str, count: int | None = None, /, **values: object) -> Said:
    """As `_`, in the form that fits `count`, which both forms may name; without a count for a table, to be filled later."""
    return Said(one, many) if count is None else Said(one, many, count, {"count": count, **values})


def joined(separator: str, parts: Iterable[str]) -> Said:
    """Complete texts beside each other, such as the members of a list; never the pieces of a sentence."""
    named = {f"p{number}": part for number, part in enumerate(parts)}
    return Said(separator.join(f"{{{name}}}" for name in named), values=named)


def marked(text: str) -> Said:
    """A text that is a msgid by the place where it is written: the docstring of an error, the sentence of a reason."""
    return text if isinstance(text, Said) else Said(text)


def listed(names: Sequence[str]) -> str:
    """Names as people say them: one, "a och b", "a, b och c"."""
    return _("{first} och {last}", first=", ".join(names[:-1]), last=names[-1]) if len(names) > 1 else "".join(names)
