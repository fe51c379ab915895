"""`python -m tests.support.coverage_bars coverage.json`: prints line and branch coverage; exits 1 under the bars."""

import json
import sys
from pathlib import Path

LINES, BRANCHES = 95.0, 90.0  # per cent of app/


def main(report: Path) -> int:
    """Both figures on one line, and whether they reach the bars."""
    totals = json.loads(report.read_text(encoding="utf-8"))["totals"]
    lines = 100 * totals["covered_lines"] / totals["num_statements"]
    branches = 100 * totals["covered_branches"] / totals["num_branches"]
    enough = lines >= LINES and branches >= BRANCHES
    sys.stdout.write(
        f"coverage of app/: lines {lines:.1f} % (bar {LINES:.0f}), branches {branches:.1f} % (bar {BRANCHES:.0f})\n"
    )
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
