"""The base package of every Word file, built once per process by python-docx and slimmed: styles, settings, header and footer."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Literal

from docx import Document
from docx.document import Document as Docx
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.shared import Cm
from docx.text.paragraph import Paragraph

from documents import package
from documents.markup import DECLARATION, NAMESPACES, OFFICE, escape, run, tab
from documents.styles import fonts_xml, styles_xml

Kind = Literal["draft", "frozen"]
STAMP_NAMESPACE = "urn:overens:avtal:1"
STAMP, CORE, DOCUMENT = "customXml/item1.xml", "docProps/core.xml", "word/document.xml"
HEADER_LEFT, HEADER_RIGHT, FOOTER_LEFT, FOOTER_BELOW = "@@HL@@", "@@HR@@", "@@FL@@", "@@FB@@"
_EFFECTS = "http://schemas.microsoft.com/office/2007/relationships/stylesWithEffects"
_SETTINGS, _APP = "word/settings.xml", "docProps/app.xml"


@dataclass(frozen=True, slots=True)
class Base:
    """The package less what changes: members in order, the two settings, the running texts, the page set-up, the picture's id."""

    order: tuple[str, ...]
    static: Mapping[str, package.Member]
    settings: Mapping[Kind, package.Member]
    running: Mapping[str, str]
    section: str
    picture: str

    def write(self, kind: Kind, fresh: Mapping[str, str]) -> bytes:
        """The finished file: `fresh` holds the parts that differ from document to document."""
        members = {
            **self.static,
            _SETTINGS: self.settings[kind],
            **{name: package.pack(text.encode()) for name, text in fresh.items()},
        }
        return package.write((name, members[name]) for name in self.order)

    def running_with(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Header and footer with their four texts; all marks in one pass, so that no text is taken for a mark."""
        return {
            name: re.sub("@@[A-Z]{2}@@", lambda mark: escape(texts[mark[0]]), template) for name, template in self.running.items()
        }


@cache
def base() -> Base:
    """Built at the first call. It holds no clock and no chance, so each process builds the same."""
    document = _document()
    picture, _ = document.part.get_or_add_image(io.BytesIO(_signature_picture()))
    _slim(document)
    _add_stamp(document)
    parts = _parts(document)
    parts["_rels/.rels"] = _numbered(parts["_rels/.rels"])
    parts[_APP] = _app_xml().encode()
    running = {
        name: text.decode() for name, text in parts.items() if HEADER_LEFT.encode() in text or FOOTER_LEFT.encode() in text
    }
    changing = {DOCUMENT, CORE, STAMP, _SETTINGS, *running}
    first = ["[Content_Types].xml", "_rels/.rels"]
    return Base(
        order=(*first, *sorted(parts.keys() - set(first))),
        static={name: package.pack(data, 9) for name, data in parts.items() if name not in changing},
        settings={
            "draft": package.pack(_settings_xml("draft").encode(), 9),
            "frozen": package.pack(_settings_xml("frozen").encode(), 9),
        },
        running=running,
        section=_section(parts[DOCUMENT].decode()),
        picture=picture,
    )


def core_properties(title: str, subject: str, *, owner: str, revision: int, identifier: str, modified: datetime) -> str:
    """The properties of a document; the time is written in UTC whatever zone it came in."""
    if modified.tzinfo is None:
        raise ValueError("modified must be aware of its time zone")
    time = modified.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        f'{DECLARATION}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(title)}</dc:title><dc:subject>{escape(subject)}</dc:subject><dc:creator>{escape(owner)}</dc:creator>"
        f"<cp:lastModifiedBy>{escape(owner)}</cp:lastModifiedBy><cp:revision>{revision}</cp:revision>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{time}</dcterms:created>'
        f'<dcterms:modified xsi:type="dcterms:W3CDTF">{time}</dcterms:modified>'
        f"<dc:identifier>{escape(identifier)}</dc:identifier><dc:language>sv-SE</dc:language>"
        "</cp:coreProperties>"
    )


def _document() -> Docx:
    document = Document()
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2.5)
    page.top_margin, page.bottom_margin = Cm(2.8), Cm(2.6)
    page.header_distance = page.footer_distance = Cm(1.25)
    _fill(page.header.paragraphs[0], run(HEADER_LEFT), tab(), run(HEADER_RIGHT, "Strong"))
    _fill(page.footer.paragraphs[0], run(FOOTER_LEFT), tab(), run("Sida "), _field("PAGE"), run(" av "), _field("NUMPAGES"))
    below = page.footer.add_paragraph()
    below.style = page.footer.paragraphs[0].style
    _fill(below, run(FOOTER_BELOW))
    return document


def _fill(paragraph: Paragraph, *runs: str) -> None:
    for child in list(parse_xml(f"<w:p {NAMESPACES}>{''.join(runs)}</w:p>")):
        paragraph._p.append(child)  # type: ignore[arg-type]  # typed as if a paragraph held only paragraphs


def _field(name: str) -> str:
    """A number that Word counts when it lays out the page."""
    marks = [f'<w:r><w:fldChar w:fldCharType="{mark}"/></w:r>' for mark in ("begin", "separate", "end")]
    return f'{marks[0]}<w:r><w:instrText xml:space="preserve"> {name} </w:instrText></w:r>{marks[1]}{run("1")}{marks[2]}'


def _slim(document: Docx) -> None:
    """Drop what the template brings and we do not use; it unpacks to 864 kB."""
    unused = (_EFFECTS, RT.CUSTOM_XML, RT.NUMBERING, RT.WEB_SETTINGS)
    for rels, kinds in ((document.part.rels, unused), (document.part.package.rels, (RT.THUMBNAIL,))):
        for key in [key for key, link in rels.items() if link.reltype in kinds]:
            del rels[key]
    for link in document.part.rels.values():
        if link.reltype == RT.FONT_TABLE:
            link.target_part._blob = fonts_xml().encode()
        elif link.reltype == RT.STYLES:
            link.target_part._element = parse_xml(styles_xml().encode())


def _add_stamp(document: Docx) -> None:
    """The custom XML part that says which agreement this is, and the part of properties that names its schema."""
    opc = document.part.package
    stamp = Part(PackURI(f"/{STAMP}"), "application/xml", b"", opc)
    properties = Part(
        PackURI("/customXml/itemProps1.xml"),
        "application/vnd.openxmlformats-officedocument.customXmlProperties+xml",
        (
            f'{DECLARATION}<ds:datastoreItem ds:itemID="{{1B9F6D5E-3C0A-4E57-9C1B-0F5E8A2D7C41}}" xmlns:ds="{OFFICE}/customXml">'
            f'<ds:schemaRefs><ds:schemaRef ds:uri="{STAMP_NAMESPACE}"/></ds:schemaRefs></ds:datastoreItem>'
        ).encode(),
        opc,
    )
    stamp.relate_to(properties, RT.CUSTOM_XML_PROPS)
    document.part.relate_to(stamp, RT.CUSTOM_XML)


def _parts(document: Docx) -> dict[str, bytes]:
    saved = io.BytesIO()
    document.save(saved)
    with zipfile.ZipFile(saved) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def _numbered(relationships: bytes) -> bytes:
    """Ids rId1..n without gaps: LibreOffice numbers by counting when it signs, and a gap gives two relationships one id."""
    ids = iter(range(1, 100))
    return re.sub(r'Id="rId\d+"', lambda _: f'Id="rId{next(ids)}"', relationships.decode()).encode()


def _section(document: str) -> str:
    found = re.search(r"<w:sectPr.*</w:sectPr>", document, re.DOTALL)
    if found is None:
        raise ValueError("python-docx wrote a document without page set-up")
    return re.sub(r' w:rsid\w*="[^"]*"', "", found[0])


def _settings_xml(kind: Kind) -> str:
    """A draft asks for tracked changes, without a password: a courtesy, not a lock. A frozen text has its clauses locked instead
    (see agreement.py), so that place and date can be typed and a signature line used."""
    tracked = '<w:trackRevisions/><w:documentProtection w:edit="trackedChanges" w:enforcement="1"/>' if kind == "draft" else ""
    modern = "".join(
        f'<w:compatSetting w:name="{name}" w:uri="http://schemas.microsoft.com/office/word" w:val="{value}"/>'
        for name, value in (
            ("compatibilityMode", 15),
            ("overrideTableStyleFontSizeAndJustification", 1),
            ("doNotFlipMirrorIndents", 1),
        )
    )
    return (
        f'{DECLARATION}<w:settings {NAMESPACES}><w:zoom w:percent="100"/>{tracked}<w:defaultTabStop w:val="720"/>'
        f'<w:characterSpacingControl w:val="doNotCompress"/><w:compat>{modern}</w:compat><w:themeFontLang w:val="sv-SE"/>'
        '<w:decimalSymbol w:val=","/><w:listSeparator w:val=";"/></w:settings>'
    )


def _app_xml() -> str:
    return (
        f'{DECLARATION}<Properties xmlns="{OFFICE}/extended-properties"><Application>Överens</Application><DocSecurity>'
        "0</DocSecurity>"
        "<AppVersion>1.0000</AppVersion></Properties>"
    )


def _signature_picture() -> bytes:
    """What a signature line shows until someone signs: a small cross and a rule, grey on white, as PNG (2 dots a point)."""
    width, height, rule, cross = 545, 112, 108, 18
    rows = [bytearray(b"\xff" * width) for _ in range(height)]
    for y in (rule, rule + 1):
        rows[y] = bytearray(b"\x59" * width)
    for step in range(cross):
        row = rows[rule - 8 - cross + step]
        for x in (4 + step, 4 + cross - step):
            row[x : x + 3] = b"\x59" * 3
    pixels = b"".join(b"\0" + bytes(row) for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(pixels, 9)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
