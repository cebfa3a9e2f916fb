"""The response codes of DNS (RFC 1035, RFC 2136 §2.2) and what each means for a request of ours."""

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
YXDOMAIN, YXRRSET, NXRRSET, NOTAUTH, NOTZONE = range(6, 11)

PREREQUISITE = frozenset({NXDOMAIN, YXDOMAIN, YXRRSET, NXRRSET})
"""A prerequisite of an update did not hold (for an update; NXDOMAIN means something else for a query)."""

OFTEN_UNSIGNED = frozenset({FORMERR, SERVFAIL, NOTIMP})
"""Refusals that servers send before they have looked at our signature, so that theirs is missing."""

_NAMES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE")


def name(rcode: int) -> str:
    """The code's mnemonic."""
    return _NAMES[rcode] if rcode < len(_NAMES) else f"rcode {rcode}"
