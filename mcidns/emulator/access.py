"""Who may do what: bearer tokens, roles, and the RBAC objects for service accounts; no request is answered here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from mcidns.emulator import statuses
from mcidns.emulator.accounts import Accounts
from mcidns.emulator.resources import Registry, Resource
from mcidns.emulator.statuses import Json, StatusError
from mcidns.emulator.storage import Storage

Role = Literal["admin", "read-only", "rbac"]
READS: Final = frozenset({"get", "list", "watch"})
_RBAC: Final = "rbac.authorization.k8s.io"
_ABOUT_ONESELF: Final = frozenset({"selfsubjectaccessreviews", "selfsubjectrulesreviews"})


@dataclass(frozen=True, slots=True)
class User:
    """Who a token stands for; `rbac` users may do what (Cluster)Roles bound to them say."""

    name: str
    role: Role = "admin"
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """What a request wants to do."""

    verb: str
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def path(self) -> str:
        """The resource as RBAC rules name it: `ingresses` or `ingresses/status`."""
        return f"{self.resource.plural}/{self.subresource}" if self.subresource else self.resource.plural


ANYBODY: Final = User("system:anonymous")


class Access:
    """The tokens one server knows. Until the first is allowed, everybody may do everything."""

    def __init__(self, storage: Storage, registry: Registry, accounts: Accounts) -> None:
        self.accounts = accounts
        self._storage = storage
        self._registry = registry
        self._users: dict[str, User] = {}
        self._open = True

    def allow(self, token: str, role: Role = "admin", name: str = "", groups: tuple[str, ...] = ()) -> None:
        """Accept a token from now on; `read-only` may get, list and watch, `rbac` what its bindings say."""
        self._open = False
        self._users[token] = User(name or ("admin" if role == "admin" else f"{role}-user"), role, groups)

    def revoke(self, token: str) -> None:
        """Answer 401 to this token from now on; open watches keep the identity they were opened with."""
        self._users.pop(token, None)

    def issue(self, namespace: str, account: str) -> str:
        """A token of a service account for a day; raises StatusError 404."""
        return self.accounts.issue(namespace, account)

    def user(self, header: str) -> User:
        """Who sends this Authorization header; raises StatusError 401."""
        token = header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else ""
        found = self._users.get(token) or self._of_account(token)
        if found is None and not self._open:
            raise statuses.unauthorized()
        return found or ANYBODY

    def _of_account(self, token: str) -> User | None:
        account = self.accounts.name(token)
        if account is None:
            return None
        namespace, name = account
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        return User(f"system:serviceaccount:{namespace}:{name}", "rbac", groups)

    def check(self, user: User, action: Action) -> None:
        """Raise StatusError 403 unless the user may."""
        if not self.may(user, action):
            raise _forbidden(user, action)

    def may(self, user: User, action: Action) -> bool:
        """The user may do this."""
        if user.role == "admin" or action.resource.plural in _ABOUT_ONESELF:
            return True
        if user.role == "read-only":
            return action.verb in READS
        return any(_grants(rule, action) for rule in self.rules(user, action.namespace))

    def rules(self, user: User, namespace: str) -> Iterator[Json]:
        """Every RBAC rule that holds for the user in a namespace (empty: cluster-wide)."""
        yield from self._bound(user, "clusterrolebindings", "")
        if namespace:
            yield from self._bound(user, "rolebindings", namespace)

    def _bound(self, user: User, plural: str, namespace: str) -> Iterator[Json]:
        for binding in self._objects(plural):
            meta, ref = binding["metadata"], binding.get("roleRef") or {}
            if meta.get("namespace", "") != namespace or not any(_is(s, user) for s in binding.get("subjects") or ()):
                continue
            roles, inside = ("clusterroles", "") if ref.get("kind") == "ClusterRole" else ("roles", namespace)
            for role in self._objects(roles):
                if (role["metadata"]["name"], role["metadata"].get("namespace", "")) == (ref.get("name"), inside):
                    yield from role.get("rules") or ()

    def _objects(self, plural: str) -> Iterator[Json]:
        resource = self._registry.find(_RBAC, "v1", plural)
        if resource is not None:
            for stored in self._storage.ordered(resource.key):
                yield stored.decoded(resource)


def _is(subject: Json, user: User) -> bool:
    kind, name = subject.get("kind"), subject.get("name")
    if kind == "ServiceAccount":
        return user.name == f"system:serviceaccount:{subject.get('namespace')}:{name}"
    return (kind == "User" and name == user.name) or (kind == "Group" and name in user.groups)


def _grants(rule: Json, action: Action) -> bool:
    def has(key: str, value: str) -> bool:
        listed: Any = rule.get(key) or ()
        return "*" in listed or value in listed

    names = rule.get("resourceNames")
    return (
        has("verbs", action.verb)
        and has("apiGroups", action.resource.group)
        and has("resources", action.path)
        and (not names or action.name in names)
    )


def _forbidden(user: User, action: Action) -> StatusError:
    where = f'in the namespace "{action.namespace}"' if action.namespace else "at the cluster scope"
    why = f'User "{user.name}" cannot {action.verb} resource "{action.path}" in API group "{action.resource.group}" {where}'
    return statuses.forbidden(action.resource, action.name, why)
