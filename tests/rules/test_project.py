"""What the project carries: pins above known holes, an image without the sandbox, no place of one machine."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.rules.source import ROOT

FLOORS = {
    "gunicorn": (26, 1),
    "werkzeug": (3, 1, 6),
    "flask": (3, 1, 3),
    "authlib": (1, 6, 11),
}
"""Oldest versions without holes known when this was written (catalogue of attacks, supply chain)."""

MACHINE_PLACES = re.compile(rb"(?<![\w.])/(?:work|root|home/\w+|Users/\w+)/")
REGISTRY = re.compile(rb"(?:pypi|npmjs|pythonhosted|deb\.debian)\.(?:org|net)")


def tracked() -> list[Path]:
    """Files git knows, or all files outside ignored folders where there is no git."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode == 0 and done.stdout:
        return [ROOT / name for name in done.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    ignored = {".git", ".venv", "node_modules", ".artifacts", "instance"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not ignored & set(path.parts)]


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_with_hashes(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert lines
    assert [line[:60] for line in lines if not re.match(r"[\w.\[\]-]+==\S+.*--hash=sha256:", line)] == []


def test_pinned_versions_are_above_known_holes() -> None:
    pinned = dict(
        re.findall(
            r"^([\w.-]+)(?:\[[^\]]+\])?==([\d.]+)",
            (ROOT / "requirements.txt").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    )
    low = {name: pinned[name] for name, floor in FLOORS.items() if tuple(map(int, pinned[name].split("."))) < floor}
    assert low == {}


def test_every_requirement_is_named_with_a_reason() -> None:
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("#")


def test_the_image_has_no_sandbox_and_no_tests() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {"app/sandbox", "tests", "instance", ".env", ".git"} <= set(ignored)
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes" in image
    assert re.search(r"^USER (?!root)", image, re.MULTILINE)
    assert "HEALTHCHECK" in image


def test_no_place_of_one_machine_and_no_registry_host_is_written_down() -> None:
    found = []
    for path in tracked():
        content = path.read_bytes()
        if path != Path(__file__).resolve() and (MACHINE_PLACES.search(content) or REGISTRY.search(content)):
            found.append(str(path.relative_to(ROOT)))
    assert found == []


def test_nothing_is_left_to_be_done_in_the_code() -> None:
    marks = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "X" * 3 + r"\b")))
    code = [path for path in tracked() if path.suffix in (".py", ".html", ".js", ".css", ".md", ".sh")]
    found = [str(path.relative_to(ROOT)) for path in code if marks.search(path.read_text(encoding="utf-8"))]
    assert found == []
