"""Get and list: versions, pages and selections over the storage; encoding and HTTP are elsewhere."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from mcidns.emulator import statuses
from mcidns.emulator.selectors import Selection
from mcidns.emulator.statuses import Cause
from mcidns.emulator.storage import Storage, Stored


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list."""

    items: list[Stored]
    version: int
    token: str = ""
    remaining: int | None = None

    def metadata(self) -> dict[str, object]:
        """ListMeta."""
        meta: dict[str, object] = {"resourceVersion": str(self.version)}
        if self.token:
            meta["continue"] = self.token
        if self.remaining is not None:
            meta["remainingItemCount"] = self.remaining
        return meta


def listing(storage: Storage, selection: Selection, query: Mapping[str, str]) -> Listing:
    """One page as `limit`, `continue`, `resourceVersion` and `resourceVersionMatch` ask for it.

    Raises StatusError 400 for a token or limit that is none, 410 for a version or page no longer kept, 504 for a
    version still to come.
    """
    limit = _number(query.get("limit") or "0", "limit")
    if token := query.get("continue"):
        version, found = storage.page(_opened(token))
        if query.get("resourceVersion") not in (None, "", "0"):
            raise statuses.bad_request("specifying resource version is not allowed when using continue")
    else:
        version, everything = _at(storage, selection, query)
        found = [one for one in everything if selection.matches(one)]
    if not limit or len(found) <= limit:
        return Listing(found, version)
    rest = found[limit:]
    kept = _sealed(storage.keep_page(version, rest), version)
    return Listing(found[:limit], version, kept, None if selection.narrowed else len(rest))


def _at(storage: Storage, selection: Selection, query: Mapping[str, str]) -> tuple[int, list[Stored]]:
    text, match = query.get("resourceVersion", ""), query.get("resourceVersionMatch", "")
    key = selection.resource.key
    if match and not text:
        text = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
        cause = Cause("FieldValueForbidden", text, "resourceVersionMatch")
        raise statuses.invalid_kind(("ListOptions", "meta.k8s.io"), "", [cause])
    asked = _number(text or "0", "resourceVersion")
    if asked > storage.version:
        raise statuses.too_large_version(asked, storage.version)
    if match == "Exact" and asked:
        return asked, storage.at(key, asked)
    return storage.version, storage.ordered(key)


def _number(text: str, what: str) -> int:
    if not text.isdigit():
        raise statuses.bad_request(f'Invalid value: "{text}": {what} must be a number')
    return int(text)


def _sealed(page: str, version: int) -> str:
    raw = msgspec.json.encode({"v": "meta.k8s.io/v1", "rv": version, "start": page})
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _opened(token: str) -> str:
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        return str(msgspec.json.decode(raw, type=dict[str, str | int])["start"])
    except (binascii.Error, ValueError, KeyError, msgspec.MsgspecError) as error:
        raise statuses.bad_request(f"continue key is not valid: {error}") from error
