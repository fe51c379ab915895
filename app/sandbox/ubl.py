"""placeholder"""

from app.sandbox.documents import Document


def rendered(document: Document) -> bytes:
    return b"<Invoice/>"
