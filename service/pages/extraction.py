"""What Babel collects from Python: marked texts, sentences of errors and reasons, and the docstrings that errors speak with."""

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any, TypeAlias

Found: TypeAlias = tuple[int, str, str | tuple[str, str], list[str]]
"""Line, function, msgid or both its forms, comments: what Babel asks of an extraction method."""

_PLACES = {"_": 0, "FieldError": 2, "Reason": 1, "Refused": 1, "NotFound": 0, "StoreUnavailable": 0}
"""The argument that is a text for people, by what is called; a keyword argument of these names is one too."""

_NAMED = {"message", "missing"}


def extract(
    file: IO[bytes],
    keywords: Mapping[str, Any],  # noqa: ARG001 (ours stand above)
    comment_tags: Collection[str],  # noqa: ARG001
    options: Mapping[str, Any],  # noqa: ARG001
) -> Iterator[Found]:
    """The texts of one Python file, as Babel's extraction methods give them."""
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.ClassDef) and _speaks(node):
            yield node.lineno, "_", (ast.get_docstring(node) or ""), []
        elif isinstance(node, ast.Call):
            yield from _called(node)


def _speaks(node: ast.ClassDef) -> bool:
    """Whether a class is an error with a code, whose docstring is its message."""
    names = [target for each in node.body for target in _targets(each)]
    return "code" in names and bool(ast.get_docstring(node)) and any(isinstance(base, ast.Name) for base in node.bases)


def _targets(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _called(call: ast.Call) -> Iterator[Found]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    texts = [each.value if isinstance(each, ast.Constant) and isinstance(each.value, str) else None for each in call.args]
    if name == "ngettext" and len(texts) > 1 and texts[0] and texts[1]:
        yield call.lineno, name, (texts[0], texts[1]), []
        return
    place = _PLACES.get(name, len(texts))
    wanted = [*texts[place : place + 1], *(_text(each) for each in call.keywords if each.arg in _NAMED)]
    yield from ((call.lineno, "_", text, []) for text in wanted if text)


def _text(given: ast.keyword) -> str | None:
    return given.value.value if isinstance(given.value, ast.Constant) and isinstance(given.value.value, str) else None
