"""Words and headers of the sandbox's few pages, in English and Swedish."""

EXTRA_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "; ".join(
        ("default-src 'none'", "style-src 'self'", "img-src data:", "base-uri 'none'", "frame-ancestors 'none'")
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

WORDS = {
    "en": {
        "title": "Sign in – Sandbox Pagero",
        "brand": "Sandbox Pagero",
        "heading": "Sign in",
        "lead": "This page plays Pagero’s login page. Nothing here is real: pick anybody.",
        "username": "Username",
        "password": "Password",
        "hint": "Everybody’s password is",
        "sign_in": "Sign in",
        "deny": "Deny",
        "deny_hint": "Deny sends you back without signing in.",
        "wrong": "Wrong username or password.",
        "who": "Who can sign in",
        "refused_title": "Request refused – Sandbox Pagero",
        "refused": "This request cannot be answered",
        "refused_lead": "The application that sent you here made a mistake, so you were not sent back to it:",
    },
    "sv": {
        "title": "Logga in – Sandlåda Pagero",
        "brand": "Sandlåda Pagero",
        "heading": "Logga in",
        "lead": "Den här sidan spelar Pageros inloggningssida. Inget här är på riktigt: välj vem som helst.",
        "username": "Användarnamn",
        "password": "Lösenord",
        "hint": "Allas lösenord är",
        "sign_in": "Logga in",
        "deny": "Neka",
        "deny_hint": "Neka skickar tillbaka dig utan att logga in.",
        "wrong": "Fel användarnamn eller lösenord.",
        "who": "Vilka som kan logga in",
        "refused_title": "Begäran nekades – Sandlåda Pagero",
        "refused": "Begäran kan inte besvaras",
        "refused_lead": "Programmet som skickade dig hit gjorde ett fel, så du skickades inte tillbaka:",
    },
}


def language_of(ui_locales: str) -> str:
    """The first of the wished languages that the pages have (OpenID Connect Core section 3.1.2.1), else English."""
    for tag in ui_locales.split():
        if tag.split("-")[0].lower() in WORDS:
            return tag.split("-")[0].lower()
    return "en"


def words_in(language: str) -> dict[str, str]:
    """All words of the pages."""
    return WORDS[language]
