"""A Kubernetes API server on aiohttp for tests and demonstrations, public for plug-in authors, without the rest of mcidns."""

from mcidns.emulator.access import Role, User
from mcidns.emulator.catalogue import CATALOGUE
from mcidns.emulator.faults import Fault, Faults
from mcidns.emulator.resources import Column, Resource
from mcidns.emulator.server import ApiServer, Tls
from mcidns.emulator.statuses import StatusError

__all__ = ["CATALOGUE", "ApiServer", "Column", "Fault", "Faults", "Resource", "Role", "StatusError", "Tls", "User"]
