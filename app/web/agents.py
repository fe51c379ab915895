"""A browser's User-Agent in a few words, so that a person recognises their own. A guess, used for nothing else."""

from flask_babel import gettext as _

from app.web.foreign import plain

# First match wins: most browsers also name the ones they descend from.
BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
LONGEST = 60


def browser_name(user_agent: str) -> str:
    """Firefox on Windows; the beginning of the text itself when nothing in it is known."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in SYSTEMS if mark in user_agent), None)
    if browser and system:
        return str(_("%(browser)s on %(system)s", browser=browser, system=system))
    return browser or system or plain(user_agent[:LONGEST]) or str(_("Unknown browser"))
