"""A small authoritative DNS server with RFC 2136 updates, for the demo and for tests on machines without BIND.

Nothing of the controller lives here, and nothing here is meant for serving the public.
"""

from mcidns.nameserver.counters import AppliedUpdate, Counters
from mcidns.nameserver.faults import Faults
from mcidns.nameserver.server import NameServer

__all__ = ["AppliedUpdate", "Counters", "Faults", "NameServer"]
