"""The application under its real server: gunicorn with gunicorn.conf.py, on free ports, with a database of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support import processes
from tests.support.run import ROOT, Run
from tests.support.stored import Stored

GUNICORN = (sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:app")


class Instance:
    """One gunicorn: its address, its log and its processes."""

    def __init__(self, port: int, environment: Mapping[str, str], log: Path) -> None:
        self.base, self.log = f"http://127.0.0.1:{port}", log
        self.environment = dict(environment) | {"BIND": f"127.0.0.1:{port}"}
        self.process = processes.start(GUNICORN, log, self.environment)

    def wait(self) -> None:
        """Return when it is ready; StartFailed with the end of its log otherwise."""
        processes.wait_until_answers(f"{self.base}/health/ready", self.process, self.log)

    @property
    def workers(self) -> list[int]:
        """Process ids of the workers living now."""
        return processes.children_of(self.process.pid)

    def kill_worker(self, which: int = 0, signal_number: int = signal.SIGKILL) -> int:
        """Send a signal to one worker; answers its process id."""
        pid = self.workers[which]
        os.kill(pid, signal_number)
        return pid


class Served:
    """One deployment: one or more instances over one database, reached under the address of the first."""

    def __init__(self, run: Run, environment: Mapping[str, str], ports: Sequence[int]) -> None:
        self.environment = dict(environment)
        self.base = environment["PUBLIC_URL"]
        self.host = self.base.removeprefix("http://")
        self.database_url = environment["DATABASE_URL"]
        self.stored = Stored(self.database_url)
        self.instances = [Instance(port, environment, run.fresh(run.logs, "app.log")) for port in ports]
        try:
            for instance in self.instances:
                instance.wait()
        except BaseException:
            self.stop()
            raise

    @property
    def bases(self) -> list[str]:
        """The address of each instance. All but the first answer only with the Host header `host`."""
        return [instance.base for instance in self.instances]

    @property
    def logs(self) -> list[Path]:
        """The log file of each instance."""
        return [instance.log for instance in self.instances]

    @property
    def log_text(self) -> str:
        """Everything logged so far by all instances."""
        return "".join(log.read_text(encoding="utf-8", errors="replace") for log in self.logs)

    def command(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `flask --app wsgi <words>` with this deployment's settings."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *words],
            env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"flask {' '.join(words)} exited {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def stop(self) -> None:
        """Stop every instance gracefully."""
        for instance in self.instances:
            instance.process.poll() is None and instance.process.terminate()
        for instance in self.instances:
            processes.stop(instance.process)
