"""Access reviews: what the server answers to "may I?" and "may they?"; the rules themselves are in `access`."""

from typing import Any, Final

import msgspec

from mcidns.emulator import statuses
from mcidns.emulator.access import Access, Action, User
from mcidns.emulator.resources import Resource
from mcidns.emulator.statuses import Cause, Json

GROUP: Final = "authorization.k8s.io"
_EVERYTHING: Final = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
_FOR_ALL: Final = ("/healthz", "/livez", "/readyz", "/version", "/api", "/apis", "/openapi")
"""Paths that the role system:discovery opens to whoever is logged in."""


def answer(access: Access, user: User, kind: str, body: Json) -> bytes:
    """The review with its status; raises StatusError 422 for one that asks nothing, or about nobody."""
    found = body.get("spec")
    spec: Json = found if isinstance(found, dict) else {}
    if kind == "SelfSubjectRulesReview":
        status = _rules(access, user, str(spec.get("namespace", "")))
    else:
        status = _access(access, _subject(user, kind, spec), kind, spec)
    return msgspec.json.encode({"kind": kind, "apiVersion": f"{GROUP}/v1"} | body | {"status": status})


def _subject(user: User, kind: str, spec: Json) -> User:
    """Whom the review is about. A subject by name has the rights that RBAC gives it, whatever tokens stand for it."""
    if kind == "SelfSubjectAccessReview":
        return user
    name, groups = str(spec.get("user") or ""), tuple(map(str, spec.get("groups") or ()))
    if not name and not groups:
        text = "Invalid value: at least one of user or group must be specified"
        raise statuses.invalid_kind((kind, GROUP), "", [Cause("FieldValueInvalid", text, "spec.user")])
    return User(name, "admin" if "system:masters" in groups else "rbac", groups)


def _access(access: Access, subject: User, kind: str, spec: Json) -> Json:
    wanted, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (wanted is None) == (path is None):
        text = "Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise statuses.invalid_kind((kind, GROUP), "", [Cause("FieldValueInvalid", text, "spec.resourceAttributes")])
    if path is not None:
        asked = str(path.get("path", ""))
        return {"allowed": subject.role == "admin" or any(asked == one or asked.startswith(f"{one}/") for one in _FOR_ALL)}
    return {"allowed": access.may(subject, _action(wanted or {}))}


def _action(wanted: Json) -> Action:
    # RBAC compares words: whether the resource is served at all makes no difference.
    resource = Resource(str(wanted.get("group", "")), "", str(wanted.get("resource", "")), "")
    return Action(
        str(wanted.get("verb", "")),
        resource,
        str(wanted.get("namespace", "")),
        str(wanted.get("name", "")),
        str(wanted.get("subresource", "")),
    )


def _rules(access: Access, user: User, namespace: str) -> Json:
    rules: list[Any] = list(access.rules(user, namespace))
    if user.role != "rbac":
        rules = [_EVERYTHING if user.role == "admin" else _EVERYTHING | {"verbs": ["get", "list", "watch"]}]
    return {"resourceRules": rules, "nonResourceRules": [], "incomplete": False}
