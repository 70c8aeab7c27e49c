"""How an agreement looks: the paragraph, character and table styles of every Word file, as one table."""

from dataclasses import dataclass

from documents.markup import DECLARATION, NAMESPACES

FONT, SUBSTITUTE = "Arial", "Liberation Sans"  # the same widths: a page breaks alike where either is installed
TEXT_WIDTH = 9070  # twentieths of a point: A4 less two margins of 2.5 cm
_INK, _SOFT, _LINE = "1A1A1A", "595959", "8C8C8C"
VALUE_AT, RULE_ENDS = 2550, 8000  # where the value of a signature row starts, and where its empty rule ends


@dataclass(frozen=True, slots=True)
class Style:
    """A paragraph style: size in half points, spacing in twentieths of a point, line in 240ths; level is the outline's, from "
    "0."""

    id: str
    name: str
    size: int
    before: int = 0
    after: int = 0
    line: int = 276
    bold: bool = False
    color: str = _INK
    follow: str = "Normal"
    level: int | None = None
    keep_next: bool = False
    keep_lines: bool = False
    more: str = ""
    """Markup that stands between keepLines and spacing: borders and tabs."""
    indent: str = ""


_FAR_RIGHT = f'<w:tabs><w:tab w:val="right" w:pos="{TEXT_WIDTH}"/></w:tabs>'
_SIGN = (
    f'<w:tabs><w:tab w:val="left" w:pos="{VALUE_AT}"/><w:tab w:val="right" w:leader="underscore" w:pos="{RULE_ENDS}"/></w:tabs>'
)
_HANGING = f'<w:ind w:left="{VALUE_AT}" w:hanging="{VALUE_AT}"/>'


def _border(side: str, size: int = 4, space: int = 6) -> str:
    return f'<w:pBdr><w:{side} w:val="single" w:sz="{size}" w:space="{space}" w:color="{_LINE}"/></w:pBdr>'


PARAGRAPHS = (
    Style("Normal", "Normal", 21, after=120, follow=""),
    Style("Title", "Title", 40, before=240, after=120, line=252, bold=True, keep_next=True, keep_lines=True, follow="Subtitle"),
    Style("Subtitle", "Subtitle", 24, after=60, line=264, keep_next=True, keep_lines=True),
    Style("Giltighet", "Giltighet", 21, after=240, color=_SOFT, more=_border("bottom", 6, 12), keep_lines=True),
    Style("Heading1", "heading 1", 28, before=400, after=100, line=252, bold=True, level=0, keep_next=True, keep_lines=True),
    Style("Heading2", "heading 2", 23, before=300, after=60, line=252, bold=True, level=1, keep_next=True, keep_lines=True),
    Style(
        "Heading3",
        "heading 3",
        19,
        before=120,
        after=10,
        line=252,
        bold=True,
        color=_SOFT,
        level=2,
        keep_next=True,
        keep_lines=True,
    ),
    Style("Anvisning", "Anvisning", 19, after=100, color=_SOFT, keep_next=True),
    Style("Tabelltext", "Tabelltext", 19, before=50, after=50, line=252, follow="Tabelltext"),
    Style(
        "Underskriftsrad",
        "Underskriftsrad",
        19,
        before=200,
        line=240,
        keep_next=True,
        keep_lines=True,
        more=_SIGN,
        indent=_HANGING,
    ),
    Style(
        "Underskriftsslut", "Underskriftsslut", 19, before=200, after=320, line=240, keep_lines=True, more=_SIGN, indent=_HANGING
    ),
    Style("Header", "header", 17, line=240, color=_SOFT, more=_FAR_RIGHT, follow="Header"),
    Style("Footer", "footer", 17, line=252, color=_SOFT, more=_FAR_RIGHT, follow="Footer"),
)

_OWN = {"Giltighet", "Anvisning", "Tabelltext", "Underskriftsrad", "Underskriftsslut"}

_DEFAULTS = (
    f'<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="{FONT}" w:eastAsia="{FONT}" w:hAnsi="{FONT}" w:cs="{FONT}"/>'
    '<w:sz w:val="21"/><w:szCs w:val="21"/><w:lang w:val="sv-SE" w:eastAsia="sv-SE" w:bidi="ar-SA"/></w:rPr></w:rPrDefault>'
    "<w:pPrDefault><w:pPr><w:widowControl/></w:pPr></w:pPrDefault></w:docDefaults>"
)
_CHARACTERS = (
    '<w:style w:type="character" w:default="1" w:styleId="DefaultParagraphFont"><w:name w:val="Default Paragraph Font"/>'
    '<w:uiPriority w:val="1"/><w:semiHidden/><w:unhideWhenUsed/></w:style>'
    '<w:style w:type="character" w:styleId="PlaceholderText"><w:name w:val="Placeholder Text"/>'
    '<w:basedOn w:val="DefaultParagraphFont"/>'
    f'<w:uiPriority w:val="99"/><w:rPr><w:color w:val="{_SOFT}"/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="Strong"><w:name w:val="Strong"/><w:basedOn w:val="DefaultParagraphFont"/>'
    '<w:uiPriority w:val="22"/><w:qFormat/><w:rPr><w:b/><w:bCs/></w:rPr></w:style>'
    '<w:style w:type="character" w:customStyle="1" w:styleId="Etikett"><w:name w:val="Etikett"/>'
    '<w:basedOn w:val="DefaultParagraphFont"/>'
    f'<w:rPr><w:color w:val="{_SOFT}"/></w:rPr></w:style>'
    '<w:style w:type="numbering" w:default="1" w:styleId="NoList"><w:name w:val="No List"/>'
    '<w:uiPriority w:val="99"/><w:semiHidden/><w:unhideWhenUsed/></w:style>'
)
_TABLES = (
    '<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/><w:uiPriority w:val="99"/>'
    "<w:semiHidden/>"
    '<w:unhideWhenUsed/><w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar><w:top w:w="0" w:type="dxa"/>'
    '<w:left w:w="108" w:type="dxa"/>'
    '<w:bottom w:w="0" w:type="dxa"/><w:right w:w="108" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>'
    '<w:style w:type="table" w:customStyle="1" w:styleId="Avtalstabell"><w:name w:val="Avtalstabell"/>'
    '<w:basedOn w:val="TableNormal"/>'
    f'<w:tblPr><w:tblBorders><w:top w:val="single" w:sz="8" w:space="0" w:color="{_INK}"/>'
    f'<w:bottom w:val="single" w:sz="8" w:space="0" w:color="{_INK}"/>'
    f'<w:insideH w:val="single" w:sz="4" w:space="0" w:color="{_LINE}"/>'
    "</w:tblBorders></w:tblPr>"
    '<w:tblStylePr w:type="firstRow"><w:rPr><w:b/><w:bCs/></w:rPr><w:tcPr>'
    '<w:shd w:val="clear" w:color="auto" w:fill="F0F0F0"/></w:tcPr>'
    "</w:tblStylePr></w:style>"
)


def styles_xml() -> str:
    """The whole styles part."""
    written = "".join(map(_paragraph_style, PARAGRAPHS))
    return f"{DECLARATION}<w:styles {NAMESPACES}>{_DEFAULTS}{written}{_CHARACTERS}{_TABLES}</w:styles>"


def fonts_xml() -> str:
    """The font table: which font to take where ours is missing."""
    return (
        f'{DECLARATION}<w:fonts {NAMESPACES}><w:font w:name="{FONT}"><w:altName w:val="{SUBSTITUTE}"/>'
        '<w:panose1 w:val="020B0604020202020204"/>'
        '<w:charset w:val="00"/><w:family w:val="swiss"/><w:pitch w:val="variable"/></w:font></w:fonts>'
    )


def _paragraph_style(style: Style) -> str:
    kind = ' w:default="1"' if style.id == "Normal" else ' w:customStyle="1"' if style.id in _OWN else ""
    family = "" if style.id == "Normal" else '<w:basedOn w:val="Normal"/>'
    follow = f'<w:next w:val="{style.follow}"/>' if style.follow else ""
    return (
        f'<w:style w:type="paragraph"{kind} w:styleId="{style.id}"><w:name w:val="{style.name}"/>{family}{follow}<w:qFormat/>'
        f"<w:pPr>{_paragraph_properties(style)}</w:pPr><w:rPr>{_letters(style)}</w:rPr></w:style>"
    )


def _paragraph_properties(style: Style) -> str:
    """In the order the schema asks for."""
    return "".join(
        (
            "<w:keepNext/>" if style.keep_next else "",
            "<w:keepLines/>" if style.keep_lines else "",
            style.more,
            f'<w:spacing w:before="{style.before}" w:after="{style.after}" w:line="{style.line}" w:lineRule="auto"/>',
            style.indent,
            '<w:jc w:val="left"/>',  # ragged right: even spaces between words are easier to read
            "" if style.level is None else f'<w:outlineLvl w:val="{style.level}"/>',
        )
    )


def _letters(style: Style) -> str:
    bold = "<w:b/><w:bCs/>" if style.bold else ""
    return f'{bold}<w:color w:val="{style.color}"/><w:sz w:val="{style.size}"/><w:szCs w:val="{style.size}"/>'
