"""Small writers of Word's markup as text: paragraph, control, bookmark, table, signature line, and the one escape function."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    f'xmlns:r="{OFFICE}/relationships" xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
)
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_BREAKS = re.compile("[\t\n]")


class IllegalCharacter(ValueError):
    """Texten innehåller ett tecken som inte kan stå i ett Word-dokument."""

    def __init__(self, text: str, at: int) -> None:
        around = _ILLEGAL.sub("�", text[max(0, at - 15) : at + 15])
        super().__init__(
            f"Texten innehåller ett tecken (U+{ord(text[at]):04X}) som inte kan stå i ett Word-dokument: ”{around}”."
        )


class Ids:
    """Ids counted in document order: unique, and the same each time."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = 100

    def __call__(self) -> int:
        self._last += 1
        return self._last


def escape(text: str) -> str:
    """Text as XML; raises IllegalCharacter for what XML 1.0 cannot hold."""
    if found := _ILLEGAL.search(text):
        raise IllegalCharacter(text, found.start())
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def attribute(text: str) -> str:
    """Text as the value of an attribute, on one line: a parser would turn a newline there into a space anyway."""
    return escape(" ".join(text.split()))


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text: one per line; lines without words only made space, which styles do here."""
    return [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]


def run(text: str, style: str = "") -> str:
    """One run of text; a tab becomes Word's tab, a newline its line break."""
    properties = f'<w:rPr><w:rStyle w:val="{style}"/></w:rPr>' if style else ""
    body = f'<w:t xml:space="preserve">{escape(text)}</w:t>'
    if _BREAKS.search(text):
        body = body.replace("\t", '</w:t><w:tab/><w:t xml:space="preserve">')
        body = body.replace("\n", '</w:t><w:br/><w:t xml:space="preserve">')
        body = body.replace('<w:t xml:space="preserve"></w:t>', "")
    return f"<w:r>{properties}{body}</w:r>"


def tab() -> str:
    return "<w:r><w:tab/></w:r>"


def paragraph(inner: str, style: str = "", *, keep_next: bool = False, new_page: bool = False) -> str:
    """One paragraph; `keep_next` ties it to the paragraph below where the style does not, `new_page` starts a page with it."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    properties = f"{named}{'<w:keepNext/>' if keep_next else ''}{'<w:pageBreakBefore/>' if new_page else ''}"
    return f"<w:p><w:pPr>{properties}</w:pPr>{inner}</w:p>" if properties else f"<w:p>{inner}</w:p>"


def control(tag: str, alias: str, inner: str, ids: Ids, *, locked: bool, placeholder: bool = False) -> str:
    """A content control within a line. It cannot be removed; its text can be edited unless it is locked."""
    lock = "sdtContentLocked" if locked else "sdtLocked"
    showing = "<w:showingPlcHdr/>" if placeholder else ""
    return (
        f'<w:sdt><w:sdtPr><w:alias w:val="{attribute(alias)}"/><w:tag w:val="{tag}"/><w:id w:val="{ids()}"/>'
        f'<w:lock w:val="{lock}"/>{showing}'
        f"</w:sdtPr><w:sdtContent>{inner}</w:sdtContent></w:sdt>"
    )


def bookmarked(name: str, inner: Sequence[str], ids: Ids) -> list[str]:
    """The contents of successive paragraphs with one bookmark from inside the first to inside the last."""
    mark = ids()
    marked = list(inner)
    marked[0] = f'<w:bookmarkStart w:id="{mark}" w:name="{name}"/>{marked[0]}'
    marked[-1] += f'<w:bookmarkEnd w:id="{mark}"/>'
    return marked


def table(header: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], *, caption: str, description: str) -> str:
    """A real table: a header row that repeats on each page, rows that never break, a caption and an alternative text."""
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    look = '<w:tblLook w:val="04A0" w:firstRow="1" w:lastRow="0" w:firstColumn="1" w:lastColumn="0" w:noHBand="0" w:noVBand="1"/>'
    return (
        f'<w:tbl><w:tblPr><w:tblStyle w:val="Avtalstabell"/><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        f'<w:tblLayout w:type="fixed"/>{look}'
        f'<w:tblCaption w:val="{attribute(caption)}"/><w:tblDescription w:val="{attribute(description)}"/></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{_row(header, widths, header=True)}{''.join(_row(row, widths) for row in rows)}</w:tbl>"
    )


def _row(cells: Sequence[str], widths: Sequence[int], *, header: bool = False) -> str:
    repeat = "<w:tblHeader/>" if header else ""
    filled = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>{paragraph(run(cell), "Tabelltext", keep_next=header)}</w:tc>'
        for cell, width in zip(cells, widths, strict=True)
    )
    return f"<w:tr><w:trPr><w:cantSplit/>{repeat}</w:trPr>{filled}</w:tr>"


@dataclass(frozen=True, slots=True)
class Line:
    """A signature line: its number in the document, its fixed setup id, who is expected to sign, the picture shown until then."""

    number: int
    setup_id: str
    signer: str
    title: str
    picture: str


_FRAME = (
    '<v:shapetype id="_x0000_t75" coordsize="21600,21600" o:spt="75" o:preferrelative="t" path="m@4@5l@4@11@9@11@9@5xe" '
    'filled="f" '
    'stroked="f"><v:path o:extrusionok="f" gradientshapeok="t" o:connecttype="rect"/><o:lock v:ext="edit" aspectratio="t"/>'
    "</v:shapetype>"
)
_INSTRUCTIONS = "Granska texten innan du skriver under."


def signature_line(line: Line) -> str:
    """A signature line as Word makes it: a picture frame that carries `o:signatureline` and an alternative text.

    Word's schema wants `o:signinginstructions` qualified, and `signinginstructionsset` without a prefix beside it.
    """
    shape = (
        f'<v:shape id="_x0000_i{1024 + line.number}" type="#_x0000_t75" alt="Underskriftsrad: {attribute(line.signer)}" '
        f'style="width:272.5pt;height:56pt"><v:imagedata r:id="{line.picture}" o:title=""/>'
        '<o:lock v:ext="edit" ungrouping="t" rotation="t" cropping="t" verticies="t" text="t" grouping="t"/>'
        f'<o:signatureline v:ext="edit" id="{{{line.setup_id}}}" provid="{{00000000-0000-0000-0000-000000000000}}" '
        f'o:suggestedsigner="{attribute(line.signer)}" o:suggestedsigner2="{attribute(line.title)}" '
        f'o:signinginstructions="{_INSTRUCTIONS}" signinginstructionsset="t" allowcomments="t" issignatureline="t"/></v:shape>'
    )
    return f"<w:r><w:pict>{_FRAME if line.number == 1 else ''}{shape}</w:pict></w:r>"
