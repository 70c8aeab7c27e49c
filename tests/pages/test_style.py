"""The style sheet keeps its contrast, its size and its layers; templates hold nothing the content policy would have to allow."""

import gzip
import re
from hashlib import sha256
from pathlib import Path

import pytest

from service.pages.rendering import HERE

STATIC, TEMPLATES = HERE / "static", HERE / "templates"
CSS = (STATIC / "overens.css").read_text()
HTMX = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
AXE = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
TONES = ("act", "wait", "ok", "signed", "out", "late", "note")
# Ratios of interface.md A2: token, ground, light, dark.
PROMISED = (
    ("ink", "ground", 17.8, 15.3),
    ("muted", "ground", 7.1, 8.6),
    ("act", "ground", 8.1, 9.3),
    ("wait", "ground", 8.8, 9.3),
    ("ok", "ground", 6.5, 10.0),
    ("signed", "ground", 7.8, 10.3),
    ("out", "ground", 9.1, 9.6),
    ("late", "ground", 7.8, 9.3),
    ("ins", "ins-ground", 9.1, 9.7),
    ("del", "del-ground", 8.5, 9.0),
)
FORBIDDEN = {
    "event attribute": r"\bhx-on|\son[a-z]+\s*=",
    "script in a value": r"\bjs:|javascript:",
    "trigger filter": r"hx-trigger\s*=\s*[\"'][^\"']*\[",
    "confirmation by script": r"hx-confirm",
    "inline style": r"<style|\sstyle\s*=",
    "inline script": r"<script(?![^>]*\ssrc=)",
    "unescaped text": r"\|\s*safe\b|autoescape false|Markup",
}

RGB = tuple[float, float, float]


def colour(text: str) -> RGB:
    digits = text.strip().lstrip("#")
    wide = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    return int(wide[:2], 16), int(wide[2:4], 16), int(wide[4:], 16)


def tokens(dark: bool) -> dict[str, RGB]:
    pairs = re.findall(r"--([a-z-]+): light-dark\((#\w+), (#\w+)\);", CSS)
    return {name: colour(night if dark else day) for name, day, night in pairs}


def luminance(rgb: RGB) -> float:
    parts = [c / 255 for c in rgb]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: RGB, other: RGB) -> float:
    light, shade = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (shade + 0.05)


def mixed(part: float, tone: RGB, ground: RGB) -> RGB:
    red, green, blue = (part * a + (1 - part) * b for a, b in zip(tone, ground, strict=True))
    return red, green, blue


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_promised_pair_has_its_contrast(dark: bool) -> None:
    values = tokens(dark)
    for token, ground, light, night in PROMISED:
        # The table gives one decimal; 0.05 is its rounding.
        assert contrast(values[token], values[ground]) >= (night if dark else light) - 0.05, token


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_is_readable_on_every_ground_it_can_meet(dark: bool) -> None:
    values = tokens(dark)
    for tone in TONES:
        tint = mixed(0.07, values[tone], values["ground"])
        for word in (tone, "ink", "muted", "act"):
            assert contrast(values[word], tint) >= 4.5, (word, tone)
    for word in ("ink", "muted", *TONES):
        assert contrast(values[word], values["soft"]) >= 4.5, word
    for ground in ("ground", "soft"):
        assert contrast(values["edge"], values[ground]) >= 3, ground


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_words_of_a_button_stay_readable_when_it_is_pointed_at(dark: bool) -> None:
    values = tokens(dark)
    for tone in ("act", "late"):
        assert contrast(values["ground"], mixed(0.84, values[tone], values["ink"])) >= 4.5, tone


def test_the_mixes_the_tests_compute_are_those_of_the_style_sheet() -> None:
    assert "--tint: color-mix(in srgb, var(--tone) 7%, var(--ground))" in CSS
    assert "color-mix(in srgb, var(--tone) 84%, var(--ink))" in CSS


def test_colours_stand_only_among_the_tokens() -> None:
    outside = re.sub(r"@layer tokens \{.*?\n\}", "", CSS, flags=re.S)
    assert re.findall(r"#[0-9a-f]{6}\b|#fff\b|\brgba?\(", outside) == []


def test_the_style_sheet_has_its_layers_and_keeps_its_weight() -> None:
    assert "@layer reset, tokens, base, layout, parts, states, print;" in CSS
    assert len(gzip.compress(CSS.encode(), 9)) <= 10 * 1024
    assert "prefers-color-scheme" in CSS or "light-dark(" in CSS
    assert "forced-colors: active" in CSS


def test_directions_are_logical() -> None:
    assert re.findall(r"(?:margin|padding|border)-(?:left|right|top|bottom)|(?<![-\w])(?:left|right|width|height): ", CSS) == []


def test_our_script_stays_small() -> None:
    assert (STATIC / "overens.js").stat().st_size < 4096


@pytest.mark.parametrize(
    ("path", "digest"), [(STATIC / "htmx.js", HTMX), (Path(__file__).parent / "axe" / "axe.min.js", AXE)], ids=["htmx", "axe"]
)
def test_vendored_scripts_are_the_published_ones(path: Path, digest: str) -> None:
    assert sha256(path.read_bytes()).hexdigest() == digest


def test_the_licence_of_htmx_lies_beside_it() -> None:
    assert "Zero-Clause BSD" in (STATIC / "licences" / "htmx.txt").read_text()


def test_the_first_view_is_light() -> None:
    first = ("overens.css", "overens.js", "htmx.js", "symbols.svg", "favicon.svg")
    assert sum(len(gzip.compress((STATIC / name).read_bytes(), 9)) for name in first) <= 40 * 1024


@pytest.mark.parametrize("template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.relative_to(TEMPLATES).as_posix())
@pytest.mark.parametrize("rule", FORBIDDEN)
def test_templates_hold_nothing_the_content_policy_forbids(template: Path, rule: str) -> None:
    text = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.S)
    assert re.findall(FORBIDDEN[rule], text) == []


def test_every_symbol_that_is_used_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([a-z]+)"', (STATIC / "symbols.svg").read_text()))
    text = "".join(path.read_text() for path in TEMPLATES.rglob("*.html"))
    assert set(re.findall(r"symbol\(\"([a-z]+)\"\)", text)) <= drawn
    matrix = {
        "agreed",
        "municipality",
        "region",
        "both",
        "excluded",
        "withdrawn",
        "absent",
        "reworded",
        "own",
        "reopened",
        "late",
    }
    assert matrix <= drawn
