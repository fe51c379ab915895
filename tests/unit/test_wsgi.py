"""What gunicorn and the flask command load."""

import subprocess
import sys
from pathlib import Path

from tests.support.environment import settings_for
from tests.support.processes import clean_environment
from tests.support.run import ROOT

MIGRATE = (sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade")


def test_what_is_written_is_for_its_user_alone(tmp_path: Path, encryption_keys: str) -> None:
    file = tmp_path / "new.sqlite3"
    environment = clean_environment(**settings_for("http://127.0.0.1:8000", f"sqlite:///{file}", encryption_keys))

    subprocess.run(MIGRATE, env=environment, cwd=ROOT, check=True, capture_output=True, timeout=60, umask=0o022)

    assert file.stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}
