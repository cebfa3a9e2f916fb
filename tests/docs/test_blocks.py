"""Every block of the pages is tried: manifests by schema and parser, values by Helm, verbs by options, configs by their servers."""

import base64
import contextlib
import itertools
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from mcidns.cli import commands
from mcidns.emulator import rules
from mcidns.emulator.statuses import Cause
from mcidns.hub import local
from mcidns.hub.unreadable import Unreadable
from mcidns.kube import kinds
from mcidns.model.secrets import Secret
from mcidns.program.plugins import ProviderSpec, open_provider
from mcidns.provider import ProviderSettings
from tests.docs import pages, playing
from tests.docs.pages import PAGES, ROOT, Block
from tests.packaging import charts
from tests.packaging.test_crds import KINDS, PARSERS, at, defaulted, manifest, plain, validator

OURS = {(kind.api_version, kind.kind): kind for kind in KINDS}
FOREIGN = {
    ("apps/v1", "Deployment"): "Kubernetes' own; applied by the quick starts",
    ("v1", "Service"): "Kubernetes' own; applied by the quick starts",
    ("types.kubefed.io/v1beta1", "FederatedIngress"): "KubeFed's; tests/scenario/test_installed.py applies one",
    ("cluster.karmada.io/v1alpha1", "Cluster"): "Karmada's; tests/scenario/test_fleets.py applies one",
    (
        "authentication.open-cluster-management.io/v1beta1",
        "ManagedServiceAccount",
    ): "Open Cluster Management's; mcidns reads what it makes",
}
"""Kinds of others in our pages, and why they are not judged here."""
SECRETS = {
    "rfc2136": {"tsigSecret": base64.b64encode(b"0" * 32).decode()},
    "route53": {"accessKeyID": "AKIAMCIDNS", "secretAccessKey": "secret"},
    "designate": {"applicationCredentialSecret": "secret"},
    "webhook": {"authorization": "Bearer secret"},
}
"""What stands in the Secret of each provider that the pages show."""
NOT_RUN = {
    "kubectl": "outside of the quick starts it needs the reader's clusters; the files it names must exist",
    "helm": "its values and the chart are rendered here, and tests/scenario/test_installed.py installs them",
    "docker": "there is no container runtime",
    "kind": "there is no container runtime",
    "aws": "there is no AWS",
    "openstack": "its command line is not installed",
    "pdnsutil": "needs PowerDNS; tests/component/rfc2136/launchers.py runs the same commands where it is installed",
    "external-dns": "a program of others; tests/component/webhook plays its rounds",
    "dig": "outside of the quick starts it asks the reader's name server",
    "curl": "asks the running pod",
    "grep": "reads what comes before it",
    "tail": "reads what comes before it",
    "pytest": "tests/contract/test_readme.py runs the example",
}
"""Programs that no test of this file runs, and why."""
ALL = [block for path in PAGES for block in pages.blocks(path)]
QUICK = {"docs/quickstart-kind.md", "docs/quickstart-aws.md", "docs/quickstart-openstack.md"}


def of(*languages: str) -> list[Any]:
    return [pytest.param(block, id=block.where) for block in ALL if block.language in languages]


def judged(document: dict[str, Any]) -> None:
    """As the API server and the controller see it."""
    kind = OURS[document["apiVersion"], document["kind"]]
    schema = validator(kind).schema
    whole = defaulted(plain(schema), document)
    validator(kind).validate(whole)
    causes: list[Cause] = []
    spec = document if kind is kinds.KUBEFED_DOMAIN else document["spec"]
    part = {**at(kind, "spec")} if kind is not kinds.KUBEFED_DOMAIN else {}
    if part:
        rules.check(defaulted(part, spec), None, part, causes)
    assert causes == []
    parsed = PARSERS[kind.kind](document)
    assert not isinstance(parsed, Unreadable), parsed
    if kind is kinds.DNS_PROVIDER:
        opened(spec["type"], spec.get("config", {}), secret="secretRef" in spec)


def opened(type_: str, config: dict[str, Any], *, secret: bool) -> None:
    """The provider takes its config."""
    held = {key: Secret(value) for key, value in SECRETS[type_].items()} if secret else {}
    assert open_provider(ProviderSpec(type_, ProviderSettings("docs", config, held))) is not None


def fragment(document: dict[str, Any], folder: Path) -> None:
    """A part of something: values of the chart, of a GlobalHost's spec, of a DNSZone, or a file of the command line."""
    keys = set(document)
    if keys <= set(charts.schema()["properties"]) and keys != {"providers"}:
        charts.texts({**charts.IMAGE, **document})
    elif keys <= {"health", "routing"}:
        judged(manifest(kinds.GLOBAL_HOST, document))
    elif keys == {"spec"}:
        judged(manifest(kinds.DNS_ZONE, {"domain": "example.org", **document["spec"]}))
    elif keys == {"providers"}:
        (folder / "providers.yaml").write_text(yaml.safe_dump(document))
        assert local.read_providers(folder / "providers.yaml")
    else:
        assert keys == {"config", "secretFiles"}, keys
        opened("rfc2136", document["config"], secret=bool(document["secretFiles"]))


@pytest.mark.parametrize("block", of("yaml"))
def test_a_manifest_is_accepted_by_the_schema_its_rules_and_the_controller(block: Block, tmp_path: Path) -> None:
    documents = block.documents()
    assert documents
    for document in documents:
        kind = document.get("apiVersion"), document.get("kind")
        if kind in OURS:
            judged(document)
        elif kind == (None, None):
            fragment(document, tmp_path)
        else:
            assert kind in FOREIGN, f"{kind}: name in FOREIGN why it is not judged"


@pytest.mark.parametrize("block", of("json"))
def test_json_is_json(block: Block) -> None:
    assert json.loads(block.text)


def words(block: Block) -> list[list[str]]:
    """The simple commands of a block; what stands in $(…) is for the eye."""
    found: list[list[str]] = []
    for line in pages.commands(block):
        parts = shlex.shlex(re.sub(r"\$\(.*\)", "X", line.replace("…", "X")), posix=True, punctuation_chars="|&")
        parts.whitespace_split = True
        groups = itertools.groupby(parts, lambda one: set(one) <= set("|&"))
        found += [list(group) for is_operator, group in groups if not is_operator]
    return found


@pytest.mark.parametrize("block", [one for one in of("sh", "console") if one.values[0].page not in QUICK])
def test_a_command_is_one_that_there_is_with_options_that_it_has(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in words(block):
        match command[0]:
            case "mcidns":
                understood(command[1:])
            case "make":
                assert f"\n{command[1]}:" in (ROOT / "Makefile").read_text(encoding="utf-8"), command
            case "pip":
                assert command[1] == "install"
            case program:
                assert program in NOT_RUN, f"{program}: name in NOT_RUN why it is not run"
                for file in (command[i + 1] for i, one in enumerate(command) if one == "-f"):
                    assert file == "values.yaml" or (ROOT / file).exists(), command


def understood(arguments: list[str]) -> None:
    """The verb takes these options; files that must exist are put there."""
    for one in arguments:
        if one.endswith((".yaml", ".pem", "key")) and not one.startswith(("/", "-")):
            Path(one).touch()
    command: click.Command = commands
    context = click.Context(commands)
    while isinstance(command, click.Group):
        verb, *arguments = arguments
        found = command.get_command(context, verb)
        assert found is not None, verb
        command = found
    with contextlib.suppress(click.exceptions.Exit):  # --help
        command.make_context(command.name or "", arguments)


def test_the_extras_that_the_pages_install_exist() -> None:
    known = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("[project.optional-dependencies]")[2]
    texts = [path.read_text(encoding="utf-8") for path in PAGES if path != ROOT / "providers" / "README.md"]  # its own example's
    extras = {extra for text in texts for found in re.findall(r"(?:mcidns|'\.)\[([\w,]+)\]", text) for extra in found.split(",")}
    assert extras
    assert {extra for extra in extras if f"\n{extra} = [" not in known} == set()


@pytest.mark.parametrize("block", of("named"))
def test_bind_takes_what_the_pages_say_of_it(block: Block, tmp_path: Path) -> None:
    playing.needs("named-checkconf")
    text = block.text.replace('"…"', f'"{SECRETS["rfc2136"]["tsigSecret"]}"').replace("{ …;", '{ type primary; file "x";')
    (tmp_path / "named.conf").write_text(text)
    checked("named-checkconf", str(tmp_path / "named.conf"))


@pytest.mark.parametrize("block", of("knot"))
def test_knot_takes_what_the_pages_say_of_it(block: Block, tmp_path: Path) -> None:
    playing.needs("knotc")
    (tmp_path / "knot.conf").write_text(block.text.replace("…", SECRETS["rfc2136"]["tsigSecret"]))
    checked("knotc", "-c", str(tmp_path / "knot.conf"), "conf-check")


def checked(program: str, *arguments: str) -> None:
    path = next(str(one) for one in (Path("/usr/sbin", program), Path("/usr/bin", program)) if one.exists())
    done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_block_is_of_a_kind_that_nobody_tries() -> None:
    tried = {"yaml", "json", "sh", "console", "named", "knot"}
    elsewhere = {
        "": "a drawing, nothing to run",
        "text": "what a command prints; the quick starts' tests compare it",
        "conf": "a file of a quick start, used by its test",
        "toml": "tests/contract/test_readme.py installs it",
        "python": "tests/contract/test_readme.py runs it",
    }
    assert {block.where: block.language for block in ALL if block.language not in tried | elsewhere.keys()} == {}
    drawings = [block.where for block in ALL if block.language == "" and not re.search("[─│┌►]", block.text)]
    assert drawings == []
    assert {block.page for block in ALL if block.language in ("text", "conf")} <= QUICK
