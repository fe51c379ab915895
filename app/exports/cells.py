"""One cell of a CSV file, safe to open in a spreadsheet. Refuses to hand on anything that could be taken for a formula.

RFC 4180 quoting alone does not help: a spreadsheet unquotes first and then looks at the first character (CWE-1236).
Text gets an apostrophe in front when what comes first, blanks, quotes and invisible characters aside, starts a formula;
the same after each separator inside, because Excel splits at the separator of its own language, whatever the file has.
"""

import re
import unicodedata

STARTS = frozenset("=+-@−")
NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,12})?")
SEPARATOR = re.compile(r"([,;|\t\r\n])")
BROKEN_UP = frozenset("\t\r\n\x00")  # in front they end or empty the cell in some programs
QUOTES = frozenset("\"'`´‘’“”«»")
HIDDEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me"})  # control, format, blanks, marks without a width
PLAIN = re.compile(r"\w[\w .:/()@-]*")  # begins with a letter or digit and has no separator: most cells, at a glance
# What formats.plain replaces on pages, but for line ends, which RFC 4180 allows inside quotes.
UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff\ufeff\ufff9-\ufffb]"
)


def text_cell(value: str) -> str:
    """Text as a quoted cell. Nothing becomes nothing."""
    if PLAIN.fullmatch(value):
        return f'"{value}"'
    return '"' + _disarmed(value).replace('"', '""') + '"' if value else ""


def number_cell(value: str) -> str:
    """A decimal number as it is, without quotes. Anything else is text."""
    return value if NUMBER.fullmatch(value) else text_cell(value)


def _disarmed(value: str) -> str:
    text = "".join(_guarded(part) for part in SEPARATOR.split(UNSAFE.sub("\ufffd", value)))
    return f"'{text}" if value[0] in BROKEN_UP and text[0] != "'" else text


def _guarded(part: str) -> str:
    """A part between separators, with an apostrophe in front when it begins like a formula."""
    for character in part:
        if character in QUOTES or character == "\ufffd" or unicodedata.category(character) in HIDDEN:
            continue
        plain = unicodedata.normalize("NFKC", character)[:1]
        return f"'{part}" if plain in STARTS or character in STARTS else part
    return part
