"""The client's network address as it is logged, stored and counted: one spelling, or "unknown".

With proxies in front it comes from a header, so it could be anything: nothing but an IP address is let through. Some
proxies add the port; an IPv4 address that arrives as IPv6 is the IPv4 address; a zone means nothing outside its host.
"""

import re
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from flask import request

UNKNOWN = "unknown"
LONGEST = 64  # letters, port and brackets included
WITH_PORT = re.compile(r"(?P<four>[0-9.]+)(:[0-9]{1,5})?|\[(?P<six>[0-9A-Fa-f:.]+)\](:[0-9]{1,5})?")


def client_address() -> str:
    """Who sends the request being answered, as far as the trusted proxies know."""
    given = request.remote_addr or ""
    return one_spelling(given) if len(given) <= LONGEST else UNKNOWN


@lru_cache(maxsize=4096)
def one_spelling(text: str) -> str:
    """An IP address without port, shortest form; UNKNOWN for anything else."""
    found = WITH_PORT.fullmatch(text)
    bare = (found["four"] or found["six"]) if found else text
    try:
        address = ip_address(bare)
    except ValueError:
        return UNKNOWN
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return UNKNOWN
        return str(address.ipv4_mapped or address)
    return str(address)
