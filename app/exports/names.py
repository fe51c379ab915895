"""Names for files in an archive that every system can unpack: no folders, no device names, no two alike, all scripts.

Refuses nothing: a name that cannot stand is changed until it can.
Sources: ZIP APPNOTE 4.4.17, Microsoft "Naming Files", Zip Slip (CWE-22).
"""

import re
import unicodedata

LONGEST_BYTES = 180  # of UTF-8; file systems allow 255, and people add to names
LONGEST_SUFFIX = 12
NAMELESS = "document"
FORBIDDEN = re.compile(r'[<>:"/\\|?*%]')
DEVICES = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\.|$)", re.IGNORECASE)
UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class Names:
    """Hands out safe names, each once, also on file systems that do not know upper from lower case."""

    def __init__(self, *taken: str) -> None:
        self._taken = {_folded(name) for name in taken}
        self._next: dict[str, int] = {}

    def free(self, wanted: str) -> str:
        """A safe name close to the wanted one that was not given before: a.xml, a (2).xml, a (3).xml."""
        name = safe_name(wanted)
        key, found = _folded(name), name
        while _folded(found) in self._taken:
            self._next[key] = self._next.get(key, 1) + 1
            stem, suffix = _split(name)
            found = f"{stem} ({self._next[key]}){suffix}"
        self._taken.add(_folded(found))
        return found


def safe_name(wanted: str) -> str:
    """A name without path, control or direction characters, at most LONGEST_BYTES of UTF-8, never empty."""
    text = "".join(" " if unicodedata.category(each) in UNPRINTABLE else each for each in _composed(wanted))
    stem, suffix = _split(_tidy(FORBIDDEN.sub("_", text)))
    stem = stem.encode()[: LONGEST_BYTES - len(suffix.encode())].decode(errors="ignore")
    name = _tidy(stem + suffix) or NAMELESS
    return f"_{name}" if DEVICES.match(name) else name


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text[: 4 * LONGEST_BYTES])


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(". ")


def _split(name: str) -> tuple[str, str]:
    stem, dot, suffix = name.rpartition(".")
    return (stem, dot + suffix) if stem and len(suffix) <= LONGEST_SUFFIX else (name, "")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
