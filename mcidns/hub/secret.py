"""The content of a Secret as Secret values; what its fields mean is known to who asked for it."""

import base64
import binascii

from mcidns.model.secrets import Secret


def content(data: object) -> dict[str, Secret]:
    """What stands in `data` of a Secret object; what is no text, such as a keytab, stays in base64."""
    found: dict[str, Secret] = {}
    for key, value in (data if isinstance(data, dict) else {}).items():
        try:
            held = base64.b64decode(str(value))
        except (binascii.Error, ValueError):
            continue  # no API server lets this pass
        try:
            found[str(key)] = Secret(held.decode("utf-8"))
        except UnicodeDecodeError:
            found[str(key)] = Secret(str(value))
    return found
