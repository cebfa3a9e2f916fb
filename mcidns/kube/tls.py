"""TLS contexts for API servers from PEM texts; which server they are for, and plain HTTP, are the client's business."""

import os
import ssl
import tempfile
from pathlib import Path

from mcidns.errors import ConfigError
from mcidns.model.secrets import Secret

REMEDY_CA = "give the PEM text of the cluster's CA (BEGIN CERTIFICATE)"


def check_authority(where: str, pem: str) -> None:
    """Refuse a CA that is none. Raises ConfigError."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(where, "holds no certificate in PEM form", REMEDY_CA) from error


def context(ca: str, *, insecure: bool = False, certificate: str = "", key: Secret | None = None) -> ssl.SSLContext:
    """A client's context; `ca` empty means the system's. Reads and writes files: call it in a thread. Raises ConfigError."""
    made = ssl.create_default_context(cadata=ca or None)
    # Python 3.13 turned on checks that many clusters' own CAs fail (no Authority Key Identifier).
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if certificate and key is not None:
        _present(made, certificate, key)
    return made


def _present(made: ssl.SSLContext, certificate: str, key: Secret) -> None:
    # The standard library takes a client certificate from a file only; 0600, gone as soon as it is read.
    handle, name = tempfile.mkstemp(prefix="mcidns-", suffix=".pem")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{certificate.rstrip()}\n{key.value.rstrip()}\n")
        # An encrypted key would otherwise ask for its password at the terminal.
        made.load_cert_chain(name, password=lambda: b"")
    except (ssl.SSLError, ValueError, OSError) as error:
        remedy = "give a PEM certificate and its own unencrypted PEM key"
        raise ConfigError("client-certificate-data", "does not form a pair with client-key-data", remedy) from error
    finally:
        Path(name).unlink(missing_ok=True)
