"""What is written about the project is true: settings, commands and files it names exist."""

import re

from app.settings import SECRETS, Settings
from tests.rules.source import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([A-Z_]+)`.*\|$", re.MULTILINE)
OF_THE_SERVER = {
    "BIND",
    "WEB_WORKERS",
    "WEB_THREADS",
    "REQUEST_SECONDS",
    "GUNICORN_LOG_LEVEL",
    "PROMETHEUS_MULTIPROC_DIR",
}
OF_THE_SCRIPT = {"PORT", "SANDBOX_PORT"}


def documented() -> set[str]:
    return {
        name
        for line in README.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([A-Z][A-Z_]+)`", line.split("|")[1])
    }


def test_the_readme_has_every_setting_and_no_other() -> None:
    assert documented() == {name.upper() for name in Settings.model_fields} | OF_THE_SERVER | OF_THE_SCRIPT


def test_defaults_in_the_readme_are_the_defaults() -> None:
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    wrong = []
    for name, field in Settings.model_fields.items():
        row = next(line for line in rows if f"`{name.upper()}`" in line.split("|")[1])
        default = field.default
        if isinstance(default, str | int | float) and name not in SECRETS:
            shown = (
                str(default).lower()
                if isinstance(default, bool)
                else f"{default:g}"
                if isinstance(default, float)
                else str(default)
            )
            wrong += [name] if f"`{shown}`" not in row else []
    assert wrong == []


def test_the_readme_opens_with_the_two_commands_and_a_picture() -> None:
    opening = README[:1500]
    assert "./dev run" in opening
    assert "./dev test" in opening
    assert re.search(r"!\[[^\]]+\]\(docs/screenshots/[a-z0-9-]+\.png\)", opening)


def test_every_file_the_documents_point_to_exists() -> None:
    documents = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
    missing = [
        f"{document.name}: {target}"
        for document in documents
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert missing == []
