"""Reads our own Word files back in tests: parts, and what stands in each control and under each bookmark."""

import io
import zipfile
from collections.abc import Iterator

from docx.oxml.ns import qn
from lxml import etree

from documents import anchors

Fields = dict[tuple[str, str], list[str]]
"""Clause id (32 digits) and field code → paragraphs."""


def parts(docx: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        return {name: package.read(name) for name in package.namelist()}


def part(docx: bytes, name: str) -> etree._Element:
    return etree.fromstring(parts(docx)[name])


def attributes(root: etree._Element, tag: str, name: str = "w:val") -> list[str]:
    return [element.get(qn(name), "") for element in root.iter(qn(tag))]


def text(element: etree._Element) -> str:
    return "".join(t.text or "" for t in element.iter(qn("w:t")))


def styled(root: etree._Element) -> list[tuple[str, str]]:
    """Style and text of every paragraph of the body, tables included."""
    found = []
    for paragraph in root.iter(qn("w:p")):
        style = paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
        found.append(("" if style is None else style.get(qn("w:val"), ""), text(paragraph)))
    return found


def by_controls(root: etree._Element) -> Fields:
    """What the controls of the clauses hold; a prompt that nobody has written over holds nothing."""
    found: Fields = {}
    for control in root.iter(qn("w:sdt")):
        properties, content = control[0], control[1]
        anchor = anchors.parse_tag(attributes(properties, "w:tag")[0])
        if isinstance(anchor, anchors.Anchor):
            prompt = properties.find(qn("w:showingPlcHdr")) is not None
            found.setdefault((anchor.clause, anchor.field), []).extend([] if prompt else [text(content)])
            assert prompt or anchor.paragraph == len(found[anchor.clause, anchor.field]) - 1
    return found


def by_bookmarks(root: etree._Element) -> Fields:
    """What stands between the start and the end of each bookmark, paragraph by paragraph."""
    found: Fields = {}
    for name, paragraphs in _bookmarked(root):
        anchor = anchors.parse_bookmark(name)
        if isinstance(anchor, anchors.Anchor):
            found[anchor.clause, anchor.field] = paragraphs
    return found


def _bookmarked(root: etree._Element) -> Iterator[tuple[str, list[str]]]:
    name, collected = "", [""]
    for element in root.iter(qn("w:bookmarkStart"), qn("w:bookmarkEnd"), qn("w:p"), qn("w:t")):
        if element.tag == qn("w:bookmarkStart"):
            name, collected = element.get(qn("w:name"), ""), [""]
        elif element.tag == qn("w:bookmarkEnd"):
            yield name, collected
            collected = [""]
        elif element.tag == qn("w:p"):
            collected.append("")
        else:
            collected[-1] += element.text or ""
