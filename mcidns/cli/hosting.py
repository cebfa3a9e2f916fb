"""Where a verb finds the host cluster: the options for it, and the access they name."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from mcidns.kube import access
from mcidns.kube.access import Access

Verb = TypeVar("Verb", bound=Callable[..., Any])


def options(verb: Verb) -> Verb:
    """`--kubeconfig` and `--context`."""
    context = click.option("--context", default="", help="Context of the kubeconfig; default its current one.")
    kubeconfig = click.option(
        "--kubeconfig", default="", help="The host cluster; default $KUBECONFIG or ~/.kube/config, in a pod its service account."
    )
    return kubeconfig(context(verb))


def reach(kubeconfig: str, context: str) -> Access:
    """What these options name. Raises ConfigError."""
    if not kubeconfig and not context and "KUBERNETES_SERVICE_HOST" in os.environ:
        return access.in_cluster()
    return access.from_default_kubeconfig(kubeconfig or None, context or None)
