"""Gateway API objects as a member's API shows them."""

from typing import Any

Object = dict[str, Any]

GROUP = "gateway.networking.k8s.io"


def listener(name: str = "web", hostname: str = "", protocol: str = "HTTP", port: int = 80, **more: Any) -> Object:
    """One listener; `spread` is the word of `allowedRoutes.namespaces.from`, `kinds` the kinds of routes it takes."""
    allowed: Object = {}
    if "spread" in more:
        allowed["namespaces"] = {"from": more.pop("spread"), **({"selector": more.pop("selector")} if "selector" in more else {})}
    if "kinds" in more:
        allowed["kinds"] = [{"group": GROUP, "kind": kind} for kind in more.pop("kinds")]
    found: Object = {"name": name, "protocol": protocol, "port": port, **more}
    return {**found, **({"hostname": hostname} if hostname else {}), **({"allowedRoutes": allowed} if allowed else {})}


def gateway(*addresses: str | Object, listeners: list[Object] | None = None, name: str = "public", **more: Any) -> Object:
    """A Gateway with these addresses; `namespace`, `annotations`, `conditions` and `refused` (listeners) as given."""
    entries = [{"type": "IPAddress", "value": one} if isinstance(one, str) else one for one in addresses]
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": more.get("namespace", "shop"), "annotations": more.get("annotations", {})},
        "spec": {"gatewayClassName": "any", "listeners": [listener()] if listeners is None else listeners},
        "status": {
            "addresses": entries,
            "conditions": more.get("conditions", [{"type": "Programmed", "status": "True"}]),
            "listeners": [
                {"name": one, "conditions": [{"type": "Accepted", "status": "False"}]} for one in more.get("refused", ())
            ],
        },
    }


def parent(name: str = "public", **more: Any) -> Object:
    """A parentRef; `namespace`, `sectionName`, `port`, `kind`, `group` as given."""
    return {"name": name, **more}


def route(*hostnames: str, kind: str = "HTTPRoute", parents: list[Object] | None = None, **more: Any) -> Object:
    """A route named shop to the Service web; `accepted` are the parentRefs whose controller took it, all unless given."""
    refs = [parent()] if parents is None else parents
    accepted = more.get("accepted", refs)
    backends = more.get("backends", [{"name": "web", "port": 80}])
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": kind,
        "metadata": {
            "name": more.get("name", "shop"),
            "namespace": more.get("namespace", "shop"),
            "annotations": more.get("annotations", {}),
        },
        "spec": {"parentRefs": refs, "hostnames": list(hostnames), "rules": [{"backendRefs": backends}]},
        "status": {
            "parents": [
                {
                    "parentRef": ref,
                    "controllerName": "example.org/controller",
                    "conditions": [{"type": "Accepted", "status": "True" if ref in accepted else "False"}],
                }
                for ref in refs
            ]
        },
    }


def namespace(name: str = "shop", **labels: str) -> Object:
    """A Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
