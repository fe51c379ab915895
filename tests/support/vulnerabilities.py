"""`python -m tests.support.vulnerabilities FILE…`: asks for known vulnerabilities of what the files pin.

pip-audit answers "none found" also when the advisory service knows nothing at all, as behind a registry mirror. This
tells the two apart, and says NOT AUDITED where nothing was.
"""

import json
import subprocess
import sys
from typing import Any


def main(files: list[str]) -> int:
    """1 when something pinned is known to be vulnerable."""
    return max(_audit(file) for file in files)


def _audit(file: str) -> int:
    command = [sys.executable, "-m", "pip_audit", "-r", file, "--require-hashes", "--disable-pip", "--format=json"]
    done = subprocess.run([*command, "--progress-spinner=off"], capture_output=True, text=True, check=False)
    try:
        dependencies = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return _say(f"{file}: NOT AUDITED, the advisory service gave no answer: {done.stderr.strip()[-200:]}", 0)
    audited = [item for item in dependencies if "vulns" in item]
    if not audited:
        return _say(f"{file}: NOT AUDITED, the advisory service cannot be reached from this machine", 0)
    found = [f"{item['name']} {item['version']}: {_ids(item)}" for item in audited if item["vulns"]]
    return _say(f"{file}: {len(audited)} audited, {len(found)} vulnerable {found or ''}", 1 if found else 0)


def _ids(item: dict[str, Any]) -> str:
    return ", ".join(
        f"{vuln['id']} (fixed in {', '.join(vuln['fix_versions']) or 'nothing yet'})" for vuln in item["vulns"]
    )


def _say(text: str, code: int) -> int:
    sys.stdout.write(text + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
