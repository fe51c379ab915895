"""Values for `next` that have led people astray elsewhere, generated from the families OR-01 to OR-18.

Each shape comes raw, encoded once and twice, in upper and lower hex. Some are harmless on purpose.
"""

from collections.abc import Iterator
from itertools import product
from urllib.parse import quote

EVIL = "evil.test"
OWN = "app.test"
CONTROLS = [chr(number) for number in (*range(0x21), 0x7F)]
UNICODE = (
    "\u3002\uff0f\uff3c\u2044\u2215\u29f8\u3003\u3005\uff0e\uff61\u00a0"
    "\u1680\u2028\u2029\u3000\ufeff\u200b\u202e\u560a\u560d"
)
SCHEMES = ("https:", "http:", "HTTPS:", "hTtP:", "ftp:", "ws:", "file:")
OTHERS = ("javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x")
MORE_OTHERS = (
    "blob:https://evil.test/x",
    "view-source:https://evil.test",
    "mailto:a@evil.test",
    "myapp://evil.test",
    "about:blank",
)
HOSTS = (
    EVIL,
    f"{EVIL}:443",
    f"{OWN}@{EVIL}",
    f"{OWN}:443@{EVIL}",
    f"{OWN}%40{EVIL}",
    f";@{EVIL}",
    f"{OWN}.{EVIL}",
    f"evil-{OWN}",
    f"not{OWN}",
    f"{EVIL}.",
    f"{OWN}:8443",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "2130706433",
    "0x7f000001",
    "017700000001",
    "127.1",
    "ｅｖｉｌ.test",
    "evil。test",
    "xn--vil-8na.test",
)


def _absolute() -> Iterator[str]:  # OR-01, OR-05, OR-07, OR-08, OR-10
    yield from (
        f"{scheme}{slashes}{host}"
        for scheme, slashes, host in product(SCHEMES, ("//", "/", "", "\\", "\\\\", "///"), HOSTS)
    )


def _scheme_relative() -> Iterator[str]:  # OR-02, OR-03
    for slashes in ("//", "///", "////", "/////", "\\\\", "/\\", "\\/", "/\\/", "/\\\\", "//\\", "\\\\\\", "\\"):
        yield from (f"{slashes}{host}{path}" for host, path in product(HOSTS, ("", "/", "/documents")))


def _blanks() -> Iterator[str]:  # OR-04
    for control in CONTROLS:
        for shape in (
            "{c}//{h}",
            "/{c}/{h}",
            "//{c}{h}",
            "/{c}\\{h}",
            "{c}https://{h}",
            "ht{c}tps://{h}",
            "\\{c}\\{h}",
            "//{h}{c}",
        ):
            yield shape.format(c=control, h=EVIL)


def _dots() -> Iterator[str]:  # OR-06
    for front in (
        "/.",
        "/..",
        "/./",
        "/../",
        "/documents/..",
        "/documents/../",
        "/documents/../..",
        "/%2e",
        "/%2e%2e",
        "/.%2e",
        "/%2E./",
    ):
        yield from (f"{front}{slashes}{EVIL}" for slashes in ("/", "//", "\\", "/\\", "///", "%2f", "%2f%2f", "%5c"))


def _confusions() -> Iterator[str]:  # OR-09
    for mark in ("#", "?", "\\", "%5c", "%23", "%3f", ";", ":", "%00", "@", "#@", "?@", "\\@", "%5c@"):
        yield from (
            f"https://{OWN}{mark}{EVIL}",
            f"https://{EVIL}{mark}{OWN}",
            f"//{OWN}{mark}{EVIL}",
            f"/{mark}//{EVIL}",
            f"/documents{mark}//{EVIL}",
        )


def _letters() -> Iterator[str]:  # OR-10
    for letter in UNICODE:
        yield from (
            f"/{letter}{EVIL}",
            f"/{letter}/{EVIL}",
            f"{letter}{letter}{EVIL}",
            f"//evil{letter}test",
            f"{letter}//{EVIL}",
            f"/documents{letter}",
        )


def _encoded() -> Iterator[str]:  # OR-11
    for slash in (
        "%2f",
        "%2F",
        "%5c",
        "%5C",
        "%09/",
        "%252f",
        "%255c",
        "%25%32%66",
        "%c0%af",
        "%u2215",
        "%0a/",
        "%0d/",
        "%00/",
    ):
        yield from (
            f"/{slash}{EVIL}",
            f"{slash}/{EVIL}",
            f"{slash}{slash}{EVIL}",
            f"/{slash}{slash}{EVIL}",
            f"/documents{slash}{slash}{EVIL}",
        )


def _splitting() -> Iterator[str]:  # OR-13
    for end in ("%0d%0a", "%0a", "%0d", "\r\n", "\n", "\r", "\u560d\u560a", "%E5%98%8D%E5%98%8A", "%250d%250a"):
        yield from (
            f"/{end}Location: https://{EVIL}",
            f"/documents{end}Set-Cookie: x=1",
            f"{end}{end}<script>",
            f"/documents?x={end}Location:{EVIL}",
        )


def _nested() -> Iterator[str]:  # OR-14, OR-18
    for route in (
        "/auth/login",
        "/auth/callback",
        "/auth/logout",
        "/documents",
        "/documents/",
        "/account",
        "/static/x",
        "/language",
        "//documents",
    ):
        yield from (
            f"{route}?next=//{EVIL}",
            f"{route}?next=https://{EVIL}",
            f"{route}//{EVIL}",
            f"{route}/..//{EVIL}",
            f"{route}@{EVIL}",
            f"{route}?next=%2f%2f{EVIL}",
        )


def _relative() -> Iterator[str]:  # OR-15, OR-16
    yield from (
        EVIL,
        f".{EVIL}",
        f"@{EVIL}",
        f":443@{EVIL}",
        "?x",
        "#x",
        "../",
        "..",
        ".",
        "",
        " ",
        "x" * 5000,
        "/" * 5000,
        "/" + "a/" * 2500,
    )
    yield from (f"/{'documents/' * 300}", "%", "%%", "%2", "/%", "/documents/%", "{{7*7}}", "${7*7}", "/\ud800")


FAMILIES = (
    _absolute,
    _scheme_relative,
    _blanks,
    _dots,
    _confusions,
    _letters,
    _encoded,
    _splitting,
    _nested,
    _relative,
)


def _spellings(shape: str) -> Iterator[str]:
    yield shape
    encoded = quote(shape, safe="", errors="replace")
    yield encoded
    yield encoded.lower()
    yield quote(encoded, safe="")
    yield "/" + encoded


RAW: list[str] = list(
    dict.fromkeys([shape for family in FAMILIES for shape in family()] + list(OTHERS) + list(MORE_OTHERS))
)
SHAPES: list[str] = list(dict.fromkeys(spelling for shape in RAW for spelling in _spellings(shape)))
