"""Kubeconfigs for an emulated server; nothing is written to disk here."""

import base64

from mcidns.emulator.statuses import Json


def of(name: str, url: str, token: str | None, ca: str | None) -> Json:
    """A kubeconfig with one cluster, user and context, all of this name; `ca` is PEM text."""
    cluster: Json = {"server": url}
    if ca is not None:
        cluster["certificate-authority-data"] = base64.b64encode(ca.encode()).decode()
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": {"token": token} if token else {}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}],
        "current-context": name,
        "preferences": {},
    }
