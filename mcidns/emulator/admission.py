"""What a real server fills in and refuses for built-in kinds, as far as this project's users meet it; no storage here."""

import base64
import ipaddress
import re
from collections.abc import Callable
from typing import Any, Final

from mcidns.emulator import accounts, definitions, objects, statuses
from mcidns.emulator.resources import Resource
from mcidns.emulator.statuses import Cause, Json

Check = Callable[[Json, Json | None], list[Cause]]
_WILDCARD: Final = re.compile(r"\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def admit(obj: Json, old: Json | None, resource: Resource) -> None:
    """Default a built-in object in place; raises StatusError 422 with every violation found."""
    check = _CHECKS.get(resource.qualified)
    if check is None:
        return
    try:
        causes = check(obj, old)
    except (AttributeError, TypeError, KeyError) as error:
        text = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {error}'
        raise statuses.bad_request(text) from error
    if causes:
        raise statuses.invalid(resource, obj["metadata"]["name"], causes)


def _spec(obj: Json) -> Json:
    spec: Json = obj.setdefault("spec", {})
    return spec


def _namespace(obj: Json, old: Json | None) -> list[Cause]:
    obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"]["name"]
    if old is None:
        _spec(obj).setdefault("finalizers", ["kubernetes"])
        obj["status"] = {"phase": "Active"}
    return []


def _pod(obj: Json, old: Json | None) -> list[Cause]:
    if old is None:
        obj["status"] = {"phase": "Pending", "qosClass": "BestEffort"}
        _spec(obj).setdefault("restartPolicy", "Always")
    if not _spec(obj).get("containers"):
        return [Cause("FieldValueRequired", "Required value", "spec.containers")]
    return []


def _secret(obj: Json, old: Json | None) -> list[Cause]:
    obj.setdefault("type", old.get("type", "Opaque") if old else "Opaque")
    plain = obj.pop("stringData", None) or {}
    if plain:
        obj["data"] = (obj.get("data") or {}) | {key: base64.b64encode(v.encode()).decode() for key, v in plain.items()}
    if obj["type"] == accounts.TYPE and not (obj["metadata"].get("annotations") or {}).get(accounts.ACCOUNT_NAME):
        return [Cause("FieldValueRequired", "Required value", f"metadata.annotations[{accounts.ACCOUNT_NAME}]")]
    if old is not None and old.get("type") != obj["type"]:
        return [Cause("FieldValueInvalid", f'Invalid value: "{obj["type"]}": field is immutable', "type")]
    return []


def _service(obj: Json, old: Json | None) -> list[Cause]:
    spec = _spec(obj)
    obj.setdefault("status", {"loadBalancer": {}})
    kind = spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    causes = []
    if kind == "ExternalName":
        if not spec.get("externalName"):
            causes.append(Cause("FieldValueRequired", "Required value", "spec.externalName"))
        return causes
    if kind not in ("ClusterIP", "NodePort", "LoadBalancer"):
        text = f'Unsupported value: "{kind}": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'
        return [Cause("FieldValueNotSupported", text, "spec.type")]
    if not spec.get("ports") and spec.get("clusterIP") != "None":
        causes.append(Cause("FieldValueRequired", "Required value", "spec.ports"))
    before = (old or {}).get("spec") or {}
    number = int(obj["metadata"].get("uid", "0")[:6], 16)
    spec.setdefault("clusterIP", before.get("clusterIP") or str(ipaddress.IPv4Address("10.96.0.1") + number % 0xFFFF0))
    spec.setdefault("clusterIPs", [spec["clusterIP"]])
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    spec.setdefault("internalTrafficPolicy", "Cluster")
    for index, port in enumerate(spec.get("ports") or ()):
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))
        if not isinstance(port.get("port"), int) or not 0 < port["port"] < 65536:
            text = f"Invalid value: {port.get('port')}: must be between 1 and 65535, inclusive"
            causes.append(Cause("FieldValueInvalid", text, f"spec.ports[{index}].port"))
        if kind != "ClusterIP":
            port.setdefault("nodePort", 30000 + (number + index) % 2768)
    if kind != "ClusterIP":
        spec.setdefault("externalTrafficPolicy", "Cluster")
    return causes


def _ingress(obj: Json, old: Json | None) -> list[Cause]:
    spec = _spec(obj)
    obj.setdefault("status", {"loadBalancer": {}})
    causes = []
    if old is None and not any(spec.get(key) for key in ("defaultBackend", "rules")):
        causes.append(Cause("FieldValueInvalid", "Invalid value: either `defaultBackend` or `rules` must be specified", "spec"))
    for index, rule in enumerate(spec.get("rules") or ()):
        causes += _host(rule.get("host"), f"spec.rules[{index}].host")
        for place, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            if path.get("pathType") not in ("Exact", "Prefix", "ImplementationSpecific"):
                field = f"spec.rules[{index}].http.paths[{place}].pathType"
                causes.append(Cause("FieldValueRequired", "Required value: pathType must be specified", field))
    return causes


def _host(host: Any, field: str) -> list[Cause]:
    if not host:
        return []
    text = str(host)
    good = objects.SUBDOMAIN.fullmatch(text) or _WILDCARD.fullmatch(text)
    if good and len(text) <= 253 and not (text[-1].isdigit() and _is_address(text)):
        return []
    return [Cause("FieldValueInvalid", f'Invalid value: "{text}": {objects.SUBDOMAIN_TEXT}', field)]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _slice(obj: Json, old: Json | None) -> list[Cause]:
    kind = obj.get("addressType")
    if kind not in ("IPv4", "IPv6", "FQDN"):
        text = f'Unsupported value: "{kind}": supported values: "FQDN", "IPv4", "IPv6"'
        return [Cause("FieldValueNotSupported" if kind else "FieldValueRequired", text, "addressType")]
    if old is not None and old.get("addressType") != kind:
        return [Cause("FieldValueInvalid", f'Invalid value: "{kind}": field is immutable', "addressType")]
    obj.setdefault("endpoints", [])
    return [
        Cause("FieldValueRequired", "Required value: must contain at least 1 address", f"endpoints[{index}].addresses")
        for index, endpoint in enumerate(obj["endpoints"] or ())
        if not endpoint.get("addresses")
    ]


def _lease(obj: Json, old: Json | None) -> list[Cause]:
    del old
    seconds = _spec(obj).get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        text = f"Invalid value: {seconds}: must be greater than 0"
        return [Cause("FieldValueInvalid", text, "spec.leaseDurationSeconds")]
    return []


def _definition(obj: Json, old: Json | None) -> list[Cause]:
    del old
    definitions.fill(obj)
    return definitions.causes(obj)


_CHECKS: Final[dict[str, Check]] = {
    "namespaces": _namespace,
    "pods": _pod,
    "secrets": _secret,
    "services": _service,
    "ingresses.networking.k8s.io": _ingress,
    "endpointslices.discovery.k8s.io": _slice,
    "leases.coordination.k8s.io": _lease,
    "customresourcedefinitions.apiextensions.k8s.io": _definition,
}
