"""Tokens of service accounts: what TokenRequest and the token controller give, and for how long they hold; RBAC lives in access."""

import base64
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from mcidns.emulator import objects, statuses
from mcidns.emulator.objects import Clock
from mcidns.emulator.resources import Registry, Resource
from mcidns.emulator.statuses import Cause, Json
from mcidns.emulator.storage import Storage, Stored

TYPE: Final = "kubernetes.io/service-account-token"
ACCOUNT_NAME: Final = "kubernetes.io/service-account.name"
ACCOUNT_UID: Final = "kubernetes.io/service-account.uid"
ACCOUNTS: Final = ("", "serviceaccounts")
SECRETS: Final = ("", "secrets")

_SHORTEST: Final = 600
_LONGEST: Final = 1 << 32
_AUDIENCE: Final = "https://kubernetes.default.svc.cluster.local"
_LEGACY: Final = "kubernetes.io/serviceaccount"
_Place = tuple[str, str, str]
"""Namespace, name and uid."""


@dataclass(frozen=True, slots=True)
class _Grant:
    account: _Place
    until: datetime | None = None
    bound: _Place | None = None


class Accounts:
    """The tokens one server gave. `longest` seconds bound what a TokenRequest is given, as a provider may have configured it.

    While `idle`, no token controller runs: token Secrets stay empty.
    """

    def __init__(self, storage: Storage, registry: Registry, clock: Clock, ca: str) -> None:
        self.longest = _LONGEST
        self.idle = False
        self._storage = storage
        self._registry = registry
        self._clock = clock
        self._ca = ca
        self._grants: dict[str, _Grant] = {}

    def name(self, token: str) -> tuple[str, str] | None:
        """Namespace and name of whom a token stands for, None if it is none of ours; raises StatusError 401 once it is dead."""
        grant = self._grants.get(token)
        if grant is None:
            return None
        late = grant.until is not None and self._clock() >= grant.until
        if late or not self._lives(ACCOUNTS, grant.account) or (grant.bound and not self._lives(SECRETS, grant.bound)):
            raise statuses.unauthorized()
        return grant.account[:2]

    def _lives(self, key: tuple[str, str], place: _Place) -> bool:
        found = self._storage.get(key, *place[:2])
        return found is not None and found.uid == place[2]

    def issue(self, namespace: str, name: str) -> str:
        """A token of an account for a day; raises StatusError 404."""
        account = self._storage.get(ACCOUNTS, namespace, name)
        if account is None:
            raise statuses.not_found(self._resource(ACCOUNTS), name)
        return str(self.request(account, {"spec": {"expirationSeconds": 86_400}})["status"]["token"])

    def request(self, account: Stored, body: Json) -> Json:
        """Answer a TokenRequest; raises StatusError (400, 404, 409, 422)."""
        spec: Json = body.get("spec") or {}
        seconds = spec.get("expirationSeconds") or 3600
        problem = "less than 10 minutes" if seconds < _SHORTEST else "larger than 2^32 seconds" if seconds > _LONGEST else ""
        if problem:
            text = f"Invalid value: {seconds}: may not specify a duration {problem}"
            cause = Cause("FieldValueInvalid", text, "spec.expirationSeconds")
            raise statuses.invalid_kind(("TokenRequest", "authentication.k8s.io"), account.name, [cause])
        seconds = min(seconds, self.longest)
        bound = self._bound(account.namespace, spec.get("boundObjectRef"))
        now = self._clock()
        until = now + timedelta(seconds=seconds)
        claims = {
            "aud": spec.get("audiences") or [_AUDIENCE],
            "exp": int(until.timestamp()),
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "jti": str(uuid.uuid4()),
            "kubernetes.io": {
                "namespace": account.namespace,
                "serviceaccount": {"name": account.name, "uid": account.uid},
                **({"secret": {"name": bound[1], "uid": bound[2]}} if bound else {}),
            },
        }
        token = self._signed(account, claims, _Grant((*account.key, account.uid), until, bound))
        head = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "metadata": _metadata(account, now)}
        spec = spec | {"audiences": claims["aud"], "expirationSeconds": seconds}
        return head | {"spec": spec, "status": {"token": token, "expirationTimestamp": objects.stamp(until)}}

    def _bound(self, namespace: str, ref: Json | None) -> _Place | None:
        if not ref:
            return None
        if (ref.get("apiVersion"), ref.get("kind")) != ("v1", "Secret"):
            raise statuses.bad_request(f"cannot bind token to object of type {ref.get('kind')}")
        found = self._storage.get(SECRETS, namespace, str(ref.get("name")))
        resource = self._resource(SECRETS)
        if found is None:
            raise statuses.not_found(resource, str(ref.get("name")))
        if ref.get("uid") not in (None, "", found.uid):
            why = f"the UID in the bound object reference ({ref['uid']}) does not match the UID in record ({found.uid})"
            raise statuses.conflict(resource, found.name, f"{why}. The object might have been deleted and then recreated")
        return (*found.key, found.uid)

    def fill(self, obj: Json) -> None:
        """What the token controller does once a token Secret was written: put its token in, or take it away without an account."""
        meta = obj["metadata"]
        if self.idle or obj.get("type") != TYPE or (obj.get("data") or {}).get("token"):
            return
        notes = meta.get("annotations") or {}
        stored = self._storage.get(SECRETS, meta["namespace"], meta["name"])
        account = self._storage.get(ACCOUNTS, meta["namespace"], notes.get(ACCOUNT_NAME, ""))
        if stored is None:
            return
        if account is None or notes.get(ACCOUNT_UID) not in (None, account.uid):
            self._storage.remove(SECRETS, stored)
            return
        claims = {
            f"{_LEGACY}/namespace": account.namespace,
            f"{_LEGACY}/secret.name": stored.name,
            f"{_LEGACY}/service-account.name": account.name,
            f"{_LEGACY}/service-account.uid": account.uid,
        }
        token = self._signed(account, claims, _Grant((*account.key, account.uid), bound=(*stored.key, stored.uid)))
        content = {"token": token, "ca.crt": self._ca, "namespace": account.namespace}
        filled = stored.decoded(self._resource(SECRETS))
        filled["data"] = (filled.get("data") or {}) | {key: _base64(text) for key, text in content.items()}
        filled["metadata"]["annotations"] = notes | {ACCOUNT_UID: account.uid}
        self._storage.put(SECRETS, filled)

    def forget(self, account: Stored) -> None:
        """What the token controller does once an account has gone: its token Secrets go too."""
        resource = self._resource(SECRETS)
        for one in [] if self.idle else self._storage.ordered(SECRETS):
            if one.namespace == account.namespace and TYPE.encode() in one.body:
                obj = one.decoded(resource)
                if (obj["metadata"].get("annotations") or {}).get(ACCOUNT_UID) == account.uid and obj["type"] == TYPE:
                    self._storage.remove(SECRETS, one)

    def _resource(self, key: tuple[str, str]) -> Resource:
        found = self._registry.of_key(key)
        if found is None:
            raise statuses.no_such_path()
        return found

    def _signed(self, account: Stored, claims: dict[str, Any], grant: _Grant) -> str:
        who = {"iss": _AUDIENCE, "sub": f"system:serviceaccount:{account.namespace}:{account.name}"}
        parts = (
            msgspec.json.encode({"alg": "RS256", "kid": "emulated"}),
            msgspec.json.encode(claims | who),
            secrets.token_bytes(32),
        )
        token = ".".join(base64.urlsafe_b64encode(part).decode("ascii").rstrip("=") for part in parts)
        self._grants[token] = grant
        return token


def _metadata(account: Stored, now: datetime) -> Json:
    return {"name": account.name, "namespace": account.namespace, "creationTimestamp": objects.stamp(now.astimezone(UTC))}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
