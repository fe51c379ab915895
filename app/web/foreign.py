"""Text from elsewhere, made fit to be shown on one line. Templates isolate it as well (bdi) and escape it."""

import re

MISSING = "–"
"""What stands where nothing is known."""
# Directional overrides and isolates reach beyond their own text; line separators end lines in scripts and logs.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb]")
_BREAKS = re.compile(r"[\t\r\n\u2028\u2029]+")


def plain(value: object) -> str:
    """One line of text: breaks become blanks, control and direction-override characters become visible."""
    return _UNSAFE.sub("\ufffd", _BREAKS.sub(" ", str(value)))
