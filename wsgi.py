"""What gunicorn and the flask command load: `gunicorn wsgi:app`, `flask --app wsgi …`."""

import os
import sys

from app import create_app
from app.assembly import recover_answers, require_working_keys
from app.errors import SettingsError

# gunicorn stops when a worker leaves with 3 (it cannot boot) and tries again for ever with any other status.
COMMAND_LINE = os.environ.get("FLASK_RUN_FROM_CLI") == "true"
CANNOT_BOOT = 1 if COMMAND_LINE else 3

os.umask(0o077)  # what is written here is for this user alone: SQLite's files, and answers that wait to be stored

try:
    app = create_app()
    if not COMMAND_LINE:
        require_working_keys(app)
        recover_answers(app)
except SettingsError as error:
    for problem in error.problems:
        print(f"settings: {problem}", file=sys.stderr)  # noqa: T201 - logging is not set up without settings
    raise SystemExit(CANNOT_BOOT) from None
