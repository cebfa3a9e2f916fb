"""Which certificates probes accept: the system's authorities and one more file; who is asked is not known here."""

import asyncio
import ssl
from enum import Enum, auto
from pathlib import Path

from mcidns.errors import ConfigError


class Check(Enum):
    """How much of a certificate is verified: signature, dates and name; all but the name; nothing."""

    FULL = auto()
    ANY_NAME = auto()
    NONE = auto()


class Trust:
    """TLS contexts, one per Check, made when first needed, in a thread: reading the system's store takes tens of milliseconds.

    `ca_file` (PEM) is trusted besides the system's store. Raises ConfigError when it cannot be read.
    """

    def __init__(self, ca_file: Path | None = None) -> None:
        self._ca_file = ca_file
        self._contexts: dict[Check, ssl.SSLContext] = {}
        self._making = asyncio.Lock()
        if ca_file is not None:
            _read(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ca_file)

    async def context(self, check: Check) -> ssl.SSLContext:
        """The context for this much verification."""
        found = self._contexts.get(check)
        if found is None:
            async with self._making:
                found = self._contexts.get(check)
                if found is None:
                    found = self._contexts[check] = await asyncio.to_thread(self._make, check)
        return found

    def _make(self, check: Check) -> ssl.SSLContext:
        if check is Check.NONE:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        else:
            context = ssl.create_default_context()
            context.check_hostname = check is Check.FULL
            context.hostname_checks_common_name = False
            if self._ca_file is not None:
                _read(context, self._ca_file)
        context.set_alpn_protocols(["http/1.1"])
        return context


def _read(context: ssl.SSLContext, ca_file: Path) -> None:
    try:
        context.load_verify_locations(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(
            "probe-ca-file", f"{ca_file} cannot be read as PEM certificates: {error}", "name a file of CA certificates in PEM"
        ) from error
