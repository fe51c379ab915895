"""Pages are compressed, unless another site made the browser ask for them.

Whoever can make a browser ask for a page with words of their choice, and see how long the answers are, can guess what
else is on it when it is compressed (BREACH, CVE-2013-3587). So an answer is compressed only when the browser says that
one of our own pages or the person themselves asked (Sec-Fetch-Site); browsers that do not say get it as it is.
There is no Vary, because nobody may store a page.
"""

import gzip

from flask import Flask, Response, request

from app.web.assets import accepts_gzip

OWN = ("same-origin", "none")
LEAST_BYTES = 1_000
LEVEL = 5


def init_app(app: Flask) -> None:
    """Compress this application's pages where that is safe."""
    app.after_request(_compressed)


def _compressed(answer: Response) -> Response:
    if not answer.headers.get("Content-Type", "").startswith("text/html") or answer.is_streamed:
        return answer
    asked_by_own = request.headers.get("Sec-Fetch-Site") in OWN
    if asked_by_own and accepts_gzip(request.headers.get("Accept-Encoding")):
        page = answer.get_data()
        if len(page) >= LEAST_BYTES:
            answer.set_data(gzip.compress(page, LEVEL, mtime=0))
            answer.headers["Content-Encoding"] = "gzip"
    return answer
