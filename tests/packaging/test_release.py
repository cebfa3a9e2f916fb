"""What is released: one version everywhere, packages that hold what they should, an image and workflows that are modest."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from fnmatch import fnmatch
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import yaml

import mcidns
from mcidns.cli import commands, version
from mcidns.program import plugins
from tests.leaks import CliRunner
from tests.packaging.charts import CHART, ROOT

PACKAGES = ("mcidns", "mcidns_rfc2136", "mcidns_route53", "mcidns_designate", "mcidns_webhook")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))

Files = dict[str, bytes]


def project() -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def build(folder: Path, target: str, into: Path) -> Path:
    """An sdist or wheel of what lies in a folder, without network."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(into)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=100)
    [built] = into.iterdir()
    return built


def content(wheel: Path) -> Files:
    """The files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist of this checkout, unpacked."""
    built = build(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(built) as archive:
        archive.extractall(folder, filter="data")
    return folder / built.name.removesuffix(".tar.gz")


def test_package_chart_and_changelog_name_one_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    released = [one for one in headings if one != "Unreleased"]
    assert {project()["project"]["version"], mcidns.__version__, chart["appVersion"], chart["version"]} == {mcidns.__version__}
    assert headings.index("Unreleased") == 0 if "Unreleased" in headings else released
    assert released[:1] in ([], [mcidns.__version__]), "the newest release in the changelog is another version"
    assert re.search(
        rf"^ARG VERSION={re.escape(mcidns.__version__)}$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE
    )


def test_the_wheel_holds_packages_types_and_crds_and_no_tests(wheel: Path) -> None:
    files = content(wheel)
    info = f"mcidns-{mcidns.__version__}.dist-info"
    assert {name.partition("/")[0] for name in files} == {*PACKAGES, info}
    assert [f"{one}/py.typed" for one in PACKAGES if f"{one}/py.typed" not in files] == []
    crds = {path.name: path.read_bytes() for path in (ROOT / "crds").iterdir()}
    assert {name.removeprefix("mcidns/crds/"): text for name, text in files.items() if name.startswith("mcidns/crds/")} == crds
    assert files["mcidns/rights/member-rbac.yaml"] == (ROOT / "docs" / "member-rbac.yaml").read_bytes()
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "mcidns").rglob("*.py")}
    assert modules - set(files) == set()
    served = {str(path.relative_to(ROOT)) for path in (ROOT / "mcidns" / "page" / "files").iterdir()}
    assert len(served) == 7
    assert served - set(files) == set(), "the status page is served from the package"
    assert f"{info}/licenses/LICENSE" in files
    assert b"mcidns = mcidns.cli:main" in files[f"{info}/entry_points.txt"]


def test_the_sdist_makes_the_same_wheel_and_brings_what_its_tests_need(wheel: Path, unpacked: Path, tmp_path: Path) -> None:
    assert content(build(unpacked, "wheel", tmp_path)) == content(wheel)
    for needed in ("charts/mcidns/Chart.yaml", "tests/conftest.py", "docs/install.md", "Dockerfile", ".github/workflows/test.yaml"):
        assert (unpacked / needed).is_file(), needed
    assert not list(unpacked.rglob("__pycache__"))


def test_the_wheel_runs_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    modules = "mcidns, mcidns.demo.manifests as m, mcidns.joining.rights as r"
    code = f"import {modules}; print(mcidns.__file__, len(m.crds()), len(r.manifests()))"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    assert ran.stdout.split() == [str(tmp_path / "mcidns" / "__init__.py"), str(len(list((ROOT / "crds").iterdir()))), "4"]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments, in order."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1].strip()) for line in lines]


def stages() -> list[list[tuple[str, str]]]:
    """The same by stage."""
    found: list[list[tuple[str, str]]] = []
    for one in instructions():
        if one[0] == "FROM":
            found.append([])
        if found:
            found[-1].append(one)
    return found


def test_the_image_is_built_in_two_stages_from_a_pinned_base() -> None:
    [base] = [value.partition("=")[2] for word, value in instructions() if word == "ARG" and value.startswith("PYTHON=")]
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", base)
    supported = {one.rpartition(" ")[2] for one in project()["project"]["classifiers"] if "Python :: 3." in one}
    assert base.removeprefix("python:").rpartition("-slim")[0].rpartition(".")[0] in supported
    assert [stage[0] for stage in stages()] == [("FROM", "${PYTHON} AS build"), ("FROM", "${PYTHON}")]


def test_the_image_runs_as_nobody_in_particular_and_needs_no_shell() -> None:
    final = dict(stages()[1])
    assert final["USER"] == "65532:65532"
    assert json.loads(final["ENTRYPOINT"]) == ["/opt/mcidns/bin/mcidns"]
    assert json.loads(final["CMD"]) == ["run"]
    assert "RUN" not in final
    assert final["COPY"] == "--from=build /opt/mcidns /opt/mcidns"
    assert yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))["runAsUser"] == 65532
    for label in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in final["LABEL"]


def test_the_image_has_every_provider() -> None:
    [install] = [value for word, value in stages()[0] if word == "RUN" and "pip install" in value]
    extras = re.search(r"\[([a-z0-9,]+)\]", install)
    assert extras is not None
    assert set(extras[1].split(",")) == set(project()["project"]["entry-points"]["mcidns.providers"])


def test_what_the_image_copies_is_let_through_and_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    let_through = {line[1:] for line in ignored if line.startswith("!")}
    sources = [value.split()[:-1] for word, value in stages()[0] if word == "COPY"]
    copied = {source for line in sources for source in line}
    assert "*" in ignored
    assert copied == let_through
    (tmp_path / "src").mkdir()
    for source in copied:
        path, target = ROOT / source, tmp_path / "src" / source
        target.parent.mkdir(exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, target, ignore=lambda _, names: [one for one in names if fnmatch(one, "__pycache__")])
        else:
            shutil.copyfile(path, target)
    assert content(build(tmp_path / "src", "wheel", tmp_path / "dist")) == content(wheel)


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in WORKFLOWS])
def test_a_workflow_pins_its_actions_and_may_only_read_unless_a_job_says_so(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    flow = yaml.safe_load(text)
    assert flow["permissions"] == {"contents": "read"}
    used = re.findall(r"uses: (\S+)", text)
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w-]+/[\w-]+@v\d+|\./\.github/workflows/\w+\.yaml", one)] == []
    for name, job in flow["jobs"].items():
        rights = job.get("permissions", {})
        assert "write" not in rights.values() or path.stem == "release", name
        assert "timeout-minutes" in job or "uses" in job, name
        for step in job.get("steps", []):
            assert "${{" not in step.get("run", ""), f"{name}: text from outside must not become a command; hand it over by env"
            if str(step.get("uses", "")).startswith("actions/checkout@"):
                assert step["with"] == {"persist-credentials": False}, name


def test_the_workflows_use_what_there_is() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    told = "\n".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    for target in re.findall(r"make (\w+)", told):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for path in re.findall(r"(?:tests|charts|crds)/[\w/.]+", told):
        assert (ROOT / path.rstrip("/.")).exists(), path
    assert {path.stem for path in WORKFLOWS} == {"test", "chart", "release"}
    assert "ghcr.io/${{ github.repository }}" in told


def test_a_released_chart_has_the_image_of_its_repository() -> None:
    [step] = [line for line in (ROOT / ".github/workflows/release.yaml").read_text(encoding="utf-8").splitlines() if "sed " in line]
    values = (CHART / "values.yaml").read_text(encoding="utf-8")
    command = (
        step.strip()
        .replace("${GITHUB_REPOSITORY,,}", "example/mcidns")
        .replace("--in-place ", "")
        .removesuffix("charts/mcidns/values.yaml")
    )
    ran = subprocess.run(["sh", "-c", command], input=values, capture_output=True, text=True, check=True)
    before, after = yaml.safe_load(values), yaml.safe_load(ran.stdout)
    assert after["image"]["repository"] == "ghcr.io/example/mcidns"
    assert after | {"image": before["image"]} == before


def test_version_tells_programs_what_is_installed() -> None:
    ran = CliRunner().invoke(commands, ["version", "-o", "json"], standalone_mode=False)
    told = json.loads(ran.output)
    assert (told["version"], told["python"]) == (mcidns.__version__, sys.version.split()[0])
    ours = [one for one in told["providers"] if one["type"] in project()["project"]["entry-points"]["mcidns.providers"]]
    assert [(one["type"], one["usable"], one["problem"]) for one in ours] == [
        (name, True, "") for name in ("designate", "rfc2136", "route53", "webhook")
    ]


def test_version_tells_people_too() -> None:
    ran = CliRunner().invoke(commands, ["version"], standalone_mode=False)
    assert ran.output.splitlines()[0] == f"mcidns {mcidns.__version__}, Python {sys.version.split()[0]}"
    assert re.search(r"^  rfc2136 +usable \(mcidns ", ran.output, re.MULTILINE)


def test_a_provider_whose_sdk_is_missing_is_listed_with_what_to_install() -> None:
    points = [
        EntryPoint("route53", "sdk_that_is_not_installed:Provider", plugins.GROUP),
        EntryPoint("twice", "one:Provider", plugins.GROUP),
        EntryPoint("twice", "other:Provider", plugins.GROUP),
    ]
    missing, twice = version.installed(points)
    assert (missing.type, missing.usable) == ("route53", False)
    assert (
        missing.problem
        == "provider 'route53' needs sdk_that_is_not_installed, which is not installed; pip install 'mcidns[route53]'"
    )
    assert not twice.usable
    assert "one:Provider" in twice.problem
    assert "other:Provider" in twice.problem
