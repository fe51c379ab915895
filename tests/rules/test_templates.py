"""Templates: nothing unescaped without a reason beside it, nothing inline, nothing from elsewhere."""

import re
from pathlib import Path

import pytest

from tests.rules.source import ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))

FORBIDDEN = {
    "event handler attribute": re.compile(r"""<[^>]*\son[a-z]+\s*=\s*["']"""),
    "style attribute": re.compile(r"""<[^>]*\sstyle\s*=\s*["']"""),
    "javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "resource from elsewhere": re.compile(r"""<(?:script|link|img|iframe)[^>]*(?:src|href)\s*=\s*["'](?:https?:)?//"""),
    "autoescape switched off": re.compile(r"{%-?\s*autoescape\s+false"),
}
RAW = re.compile(r"\|\s*safe\b|Markup\(")
REASON = re.compile(r"{#.*safe.*#}")
INLINE_SCRIPT = re.compile(r"<(script|style)\b(?![^>]*\bsrc=)(?![^>]*nonce=)[^>]*>")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_is_safe(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = [what for what, pattern in FORBIDDEN.items() if pattern.search(text)]
    found += ["inline script or style without nonce"] if INLINE_SCRIPT.search(text) else []
    lines = text.splitlines()
    found += [
        f"line {n + 1}: |safe without a reason"
        for n, line in enumerate(lines)
        if RAW.search(line) and not _reasoned(lines, n)
    ]
    assert found == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_post_form_carries_the_csrf_field(path: Path) -> None:
    forms = re.findall(r"<form\b.*?</form>", path.read_text(encoding="utf-8"), re.DOTALL)
    posts = [form for form in forms if re.search(r"""method=["']post""", form, re.IGNORECASE)]
    assert [form[:80] for form in posts if "csrf_field()" not in form] == []


def test_there_are_templates() -> None:
    assert TEMPLATES


def _reasoned(lines: list[str], number: int) -> bool:
    return any(REASON.search(line) for line in lines[max(0, number - 1) : number + 1])
