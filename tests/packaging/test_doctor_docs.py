"""docs/doctor.md tells of every finding as the code has it, and the package brings what the doctor compares with."""

import tomllib

from tests.packaging import findings
from tests.packaging.charts import ROOT


def test_the_table_of_findings_is_the_codes() -> None:
    text = findings.DOC.read_text(encoding="utf-8")
    assert findings.written(text) == text, "run python -m tests.packaging.findings"


def test_rights_go_with_the_wheel_and_into_the_image() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    for name in ("host-rbac.yaml", "member-rbac.yaml"):
        assert included[f"docs/{name}"] == f"mcidns/rights/{name}"
        assert f"docs/{name}" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
        assert f"!docs/{name}" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
