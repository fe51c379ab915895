"""The directory of this test run: logs, pages and databases are kept in it until the canary search at the end.

Nothing in it leaves the machine; .artifacts/ is not part of the project. The newest ten runs are kept.
"""

import os
import shutil
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT_RUNS = 10


class Run:
    """Folders of one test run, and the counter that names files in them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs, self.pages, self.databases = (path / name for name in ("logs", "pages", "databases"))
        for folder in (self.logs, self.pages, self.databases):
            folder.mkdir(parents=True)
        self._count = 0
        self._lock = threading.Lock()

    def fresh(self, folder: Path, name: str) -> Path:
        """A path in `folder` that was not given out before; `name` keeps its suffix."""
        with self._lock:
            self._count += 1
            return folder / f"{self._count:05d}-{name}"

    def save_page(self, url_path: str, headers: str, body: bytes) -> None:
        """Keep what a browser was sent, for the canary search."""
        with self._lock, (self.pages / f"pages-{os.getpid()}.bin").open("ab") as file:
            file.write(b"\n===== %s\n%s\n\n%s\n" % (url_path.encode(), headers.encode(), body))


def begin() -> Run:
    """Make the directory of this run and drop all but the newest older ones."""
    artifacts = ROOT / ".artifacts"
    artifacts.mkdir(exist_ok=True)
    older = sorted(artifacts.glob("run-*"), key=lambda path: path.stat().st_mtime)
    for path in older[: -(KEPT_RUNS - 1)]:
        if not _alive(path.name.removeprefix("run-")):
            shutil.rmtree(path, ignore_errors=True)
    path = artifacts / f"run-{os.getpid()}"
    shutil.rmtree(path, ignore_errors=True)
    return Run(path)


def _alive(pid: str) -> bool:
    return pid.isdecimal() and Path(f"/proc/{pid}").exists()
