"""The text of named.conf for a test's BIND. Running it never happens here."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EMPTY_ZONE = """\
$TTL 60
@ IN SOA ns1 hostmaster 1 3600 600 86400 60
@ IN NS ns1
ns1 IN A 127.0.0.1
"""

# At level info named writes a line for every record of an update, which would dominate any test of many records.
_OPTIONS = """\
options {{
  directory "{folder}"; pid-file "named.pid"; session-keyfile "session.key"; lock-file none;
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; dnssec-validation no; empty-zones-enable no; notify no;
  allow-query {{ any; }}; allow-transfer {{ none; }}; tcp-clients 400;
  {extra}
}};
logging {{
  channel quiet {{ stderr; severity error; }};
  category update {{ quiet; }}; category update-security {{ quiet; }};
}};"""


@dataclass(frozen=True, slots=True)
class BindZone:
    """One primary zone as named.conf describes it.

    `text` is master file text (None: an SOA, one NS and its address). `update` is a whole statement, such as
    `update-policy { ... };` ("": no updates); None lets every key update. `transfer` and `extra` are statements too.
    """

    text: str | None = None
    update: str | None = None
    transfer: str | None = None
    extra: str = ""


def zone_file(name: str) -> str:
    """The name of a zone's file."""
    return f"{name.rstrip('.').replace('/', '_') or 'root'}.zone"


def key(name: str, algorithm: str, secret: bytes) -> str:
    """One key statement."""
    return f'key "{name}" {{ algorithm {algorithm.rstrip(".")}; secret "{base64.b64encode(secret).decode()}"; }};'


def server(folder: Path, port: int, rndc_port: int, options: Sequence[str]) -> str:
    """The options, logging and controls of a server on 127.0.0.1."""
    controls = f"controls {{ inet 127.0.0.1 port {rndc_port} allow {{ 127.0.0.1; }} keys {{ rndc-key; }}; }};"
    return _OPTIONS.format(folder=folder, port=port, extra="\n  ".join(options)) + "\n" + controls


def zone(name: str, described: BindZone, keys: Sequence[str]) -> str:
    """One zone statement; `keys` are the names that may update and transfer where the zone does not say otherwise."""
    allowed = "".join(f'key "{allowed}"; ' for allowed in keys) or "none; "
    update = f"allow-update {{ {allowed}}};" if described.update is None else described.update
    transfer = f"allow-transfer {{ {allowed}}};" if described.transfer is None else described.transfer
    return f'zone "{name}" {{ type primary; file "{zone_file(name)}"; {update} {transfer} {described.extra} }};'
