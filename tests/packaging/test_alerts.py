"""The alerts, evaluated by Prometheus itself on what a controller really exposes: each fires when it should, and none at rest."""

import asyncio
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import click
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from mcidns.cli import commands
from mcidns.demo import manifests
from tests.packaging import events
from tests.packaging.charts import CHART, ROOT
from tests.scenario.stage import global_host, raised

ALERTS = CHART / "files" / "alerts.yaml"
RUNBOOK = ROOT / "docs" / "runbook.md"
RULES: list[dict[str, Any]] = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
LENGTH = 90
"""Minutes for which each test feeds series, one sample a minute."""
SCRAPED = {"namespace": "mcidns-system", "pod": "mcidns-0"}

Series = dict[str, str]
"""What happens to a series, in promtool's notation."""


@pytest.fixture(scope="module")
def promtool() -> str:
    """Where promtool is; skips where it is not."""
    found = shutil.which("promtool") or shutil.which("promtool", path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip("promtool is not installed: `sh tests/servers.sh promtool` fetches it on Debian")
    return found


async def _scrape() -> str:
    async with raised(running=False) as stage:
        stage.settings = replace(stage.settings, http=("127.0.0.1", 0))
        await stage.start()
        stage.host.put(global_host())
        await stage.until_answer("shop.example.org", "192.0.2.1", "192.0.2.2", "192.0.2.3")
        stage.members["r1"].put(manifests.endpoints(ready=False))
        await stage.until_answer("shop.example.org", "192.0.2.2", "192.0.2.3")
        stage.members["r1"].put(manifests.endpoints(ready=True))
        await stage.until_answer("shop.example.org", "192.0.2.1", "192.0.2.2", "192.0.2.3")
        await stage.until_true(lambda: stage.reason("Healthy") == ("True", "AllHealthy"), "everything to be well again")
        assert stage.app is not None
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{stage.app.http_port}/metrics") as answer:
            return await answer.text()


@pytest.fixture(scope="module")
def exposition() -> str:
    """What a controller serves whose regions have failed and come back."""
    return asyncio.run(_scrape())


@pytest.fixture(scope="module")
def healthy(exposition: str) -> Series:
    """Every series of a controller whose members, zone and host are well; nothing happens."""
    families = text_string_to_metric_families(exposition)
    return {_named(one.name, one.labels): f"{one.value:g}x{LENGTH}" for family in families for one in family.samples}


def _named(name: str, labels: dict[str, str]) -> str:
    told = ",".join(f'{label}="{value}"' for label, value in sorted((labels | SCRAPED).items()))
    return f"{name}{{{told}}}"


def series(name: str, **labels: str) -> str:
    return _named(f"mcidns_{name}", {label.rstrip("_"): value for label, value in labels.items()})


@dataclass(frozen=True)
class Moment:
    """After so many minutes just these alerts fire (of `of`, if given)."""

    minute: int
    alerts: tuple[str, ...] = ()
    of: str = ".+"


def evaluate(promtool: str, folder: Path, *courses: tuple[Series, tuple[Moment, ...]]) -> None:
    """Let Prometheus evaluate the rules while the series take their course; fails with what it says."""
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in given.items()],
            "promql_expr_test": [
                {
                    "expr": f'ALERTS{{alertstate="firing",alertname=~"{one.of}"}}',
                    "eval_time": f"{one.minute}m",
                    "exp_samples": [{"labels": alert, "value": 1} for alert in one.alerts],
                }
                for one in moments
            ],
        }
        for given, moments in courses
    ]
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": tests}))
    done = subprocess.run([promtool, "test", "rules", str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def alert(name: str, labels: dict[str, str]) -> str:
    """The series by which Prometheus tells of an alert that fires."""
    severity = next(rule["labels"]["severity"] for rule in RULES if rule["alert"] == name)
    where = {"namespace": SCRAPED["namespace"]} if name != "McidnsAbsent" else {}
    told = {"alertname": name, "alertstate": "firing", "severity": severity, **where, **labels}
    return f"ALERTS{{{', '.join(f'{label}={value!r}' for label, value in told.items())}}}".replace("'", '"')


ZONE = "example-org"


@dataclass(frozen=True)
class Case:
    """`happens` to series of the healthy controller; `never` is what is near to that and must not fire it."""

    alert: str
    labels: dict[str, str]
    happens: Series
    quiet_until: int
    fires_at: int
    never: Series


def gone(*names: str) -> Series:
    return dict.fromkeys(names, "_")


def flat(value: float) -> str:
    return f"{value}x{LENGTH}"


MEMBERS = [series("member_reachable", cluster=f"r{number}") for number in (1, 2, 3)]


def case(alert: str, labels: dict[str, str], happens: Series, *, after: tuple[int, int], never: Series | None = None) -> Any:
    return pytest.param(Case(alert, labels, happens, *after, never or {}), id=alert)


def bucket(bound: str) -> str:
    return series("event_to_answer_seconds_bucket", zone=ZONE, le=bound)


BOUNDS = ("0.001", "0.0025", "0.005", "0.01", "0.02", "0.03", "0.05", "0.1", "0.15", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0")
COUNT = series("event_to_answer_seconds_count", zone=ZONE)


def slow(a_minute: float) -> Series:
    """Every change takes between 30 and 60 seconds."""
    growing = f"0+{a_minute}x{LENGTH}"
    late = {bucket("60.0"): growing, bucket("+Inf"): growing, COUNT: growing}
    return {bucket(bound): flat(0) for bound in (*BOUNDS, "30.0")} | late


CASES = [
    case("McidnsAbsent", {}, gone(series("hosts")), after=(4, 6)),
    case("McidnsNoLeader", {}, {series("leader"): flat(0)}, after=(0, 2), never={series("leader"): "1x20 0 1x60"}),
    case(
        "McidnsAllMembersUnreachable",
        {},
        dict.fromkeys(MEMBERS, flat(0)),
        after=(1, 3),
        never=dict.fromkeys(MEMBERS[1:], flat(0)),
    ),
    case("McidnsMemberUnreachable", {"cluster": "r2"}, {MEMBERS[1]: flat(0)}, after=(9, 11), never={MEMBERS[1]: "1x20 0x8 1x60"}),
    case(
        "McidnsMemberFlapping",
        {"cluster": "r2"},
        {series("member_lost_total", cluster="r2", reason="Timeout"): f"0+0.5x{LENGTH}"},
        after=(8, 40),
        never={series("member_lost_total", cluster="r2", reason="Timeout"): f"0x5 1x{LENGTH}"},
    ),
    case(
        "McidnsZoneNotReady",
        {"zone": ZONE},
        {series("zone_ready", zone=ZONE): flat(0)},
        after=(4, 6),
        never={series("zone_ready", zone=ZONE): f"0x3 1x{LENGTH}"},
    ),
    case(
        "McidnsZoneBehind",
        {"zone": ZONE},
        {series("zone_waiting_names", zone=ZONE): f"0x10 7x{LENGTH}"},
        after=(19, 27),
        never={series("zone_waiting_names", zone=ZONE): "7 7 0 9 9 9 9 0 4 4 4 4 4 0 2 2 2 2 0 1 1 1 1 1 1 0 1 1 1 0 1 1 1 1 0 1"},
    ),
    case("McidnsAnswersSlow", {"zone": ZONE}, slow(1.0), after=(4, 40), never=slow(0.1)),
    case("McidnsPlanHeld", {"zone": ZONE}, {series("zone_plan_held", zone=ZONE): f"0x5 1x{LENGTH}"}, after=(5, 8)),
    case(
        "McidnsChangesRefused",
        {"zone": ZONE},
        {series("zone_quarantined", zone=ZONE): f"0x5 2x{LENGTH}"},
        after=(19, 22),
        never={series("zone_quarantined", zone=ZONE): f"0x5 2x10 0x{LENGTH}"},
    ),
    case(
        "McidnsConflicts",
        {"zone": ZONE},
        {series("zone_errors_total", zone=ZONE, class_="Conflict"): f"0+3x{LENGTH}"},
        after=(15, 40),
        never={series("zone_errors_total", zone=ZONE, class_="Conflict"): f"0x10 15x{LENGTH}"},
    ),
    case(
        "McidnsThrottled",
        {"zone": ZONE},
        {series("zone_errors_total", zone=ZONE, class_="Throttled"): f"0+2x{LENGTH}"},
        after=(5, 25),
        never={series("zone_errors_total", zone=ZONE, class_="Throttled"): f"0x10 5x{LENGTH}"},
    ),
    case(
        "McidnsRateLimitReached",
        {"zone": ZONE},
        {series("zone_rate_limit_wait_seconds_total", zone=ZONE): f"0+45x{LENGTH}"},
        after=(14, 35),
        never={series("zone_rate_limit_wait_seconds_total", zone=ZONE): f"0x10 300x{LENGTH}"},
    ),
    case(
        "McidnsHostsWithoutRegion",
        {},
        {series("host_conditions", condition="FailOpen", status="True", reason="NoneHealthy"): f"_x5 2x{LENGTH}"},
        after=(9, 12),
    ),
    case(
        "McidnsProbesContradictPods",
        {"cluster": "r2"},
        {series("probe_disagreements", cluster="r2", says="dead"): f"0x5 3x{LENGTH}"},
        after=(19, 22),
        never={series("probe_disagreements", cluster="r2", says="alive"): flat(3)},
    ),
    case(
        "McidnsProbesUnable",
        {},
        {series("probes_total", protocol="HTTP", result="unable"): f"0+30x{LENGTH}"},
        after=(14, 30),
        never={series("probes_total", protocol="HTTP", result="refused"): f"0+30x{LENGTH}"},
    ),
    case(
        "McidnsApiWritesFail",
        {"kind": "GlobalHost", "result": "Forbidden"},
        {series("api_writes_total", kind="GlobalHost", result="Forbidden"): f"0+1x{LENGTH}"},
        after=(14, 30),
        never={series("api_writes_total", kind="GlobalHost", result="Conflict"): f"0+9x{LENGTH}"},
    ),
    case(
        "McidnsHostWatchRestarts",
        {},
        {series("hub_watch_restarts_total"): f"0+0.5x{LENGTH}"},
        after=(8, 40),
        never={series("hub_watch_restarts_total"): f"0x5 2x{LENGTH}"},
    ),
]
BORN_OF_TROUBLE = re.compile(r'condition="FailOpen",.*status="True"|probe_disagreements|probes_total|result="(Forbidden|Conflict)"')
"""Series that a healthy controller does not have; test_metrics in tests/scenario and tests/component see them made."""


def test_nothing_fires_on_a_healthy_and_quiet_system(promtool: str, healthy: Series, tmp_path: Path) -> None:
    assert len(healthy) > 80
    evaluate(promtool, tmp_path, (healthy, tuple(Moment(minute) for minute in (1, 6, 20, LENGTH))))


@pytest.mark.parametrize("case", CASES)
def test_an_alert_fires_when_it_should_and_alone(promtool: str, healthy: Series, tmp_path: Path, case: Case) -> None:
    assert [one for one in {*case.happens, *case.never} - {*healthy} if not BORN_OF_TROUBLE.search(one)] == []
    happens = (Moment(case.quiet_until), Moment(case.fires_at, (alert(case.alert, case.labels),)))
    never = tuple(Moment(minute, of=case.alert) for minute in (20, 45, 80))
    evaluate(promtool, tmp_path, (healthy | case.happens, happens), (healthy | case.never, never))


def test_every_alert_is_fired_here() -> None:
    assert [case.values[0].alert for case in CASES] == [rule["alert"] for rule in RULES]


def test_promtool_finds_no_fault_in_the_rules(promtool: str) -> None:
    done = subprocess.run([promtool, "check", "rules", str(ALERTS)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_finds_no_fault_in_an_exposition(promtool: str, exposition: str) -> None:
    done = subprocess.run([promtool, "check", "metrics"], input=exposition, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def _sections() -> dict[str, dict[str, str]]:
    """Part by heading, by alert."""
    found: dict[str, dict[str, str]] = {}
    for section in RUNBOOK.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        if title.startswith("Mcidns"):
            found[title] = dict(re.findall(r"^\*\*([^*]+)\.\*\* (.+?)(?=\n\*\*|\Z)", body.strip(), re.DOTALL | re.MULTILINE))
    return found


def test_the_runbook_has_a_section_for_each_alert_and_no_other() -> None:
    assert [*_sections()] == [rule["alert"] for rule in RULES]
    assert [rule["annotations"]["runbook_url"] for rule in RULES] == [f"docs/runbook.md#{rule['alert'].lower()}" for rule in RULES]


@pytest.mark.parametrize("alert", [rule["alert"] for rule in RULES])
def test_a_section_says_what_it_means_what_users_notice_where_to_look_how_to_mend_and_when_to_escalate(alert: str) -> None:
    parts = _sections()[alert]
    assert list(parts) == ["Means", "Users notice", "Look", "Mend", "Escalate"]
    commands = re.findall(r"^(?:kubectl|mcidns|dig|curl) .*$", parts["Look"] + parts["Mend"], re.MULTILINE)
    assert commands, "at three in the morning nobody wants to make up commands"


def _commands() -> list[str]:
    return re.findall(r"^mcidns .*$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("command", sorted({*_commands()}))
def test_the_commands_of_the_runbook_are_ones_that_mcidns_takes(command: str) -> None:
    verb, *args = shlex.split(command)[1:]
    found = commands.get_command(click.Context(commands), verb)
    assert found is not None
    found.make_context(verb, args)


def test_the_log_lines_that_the_runbook_looks_for_exist() -> None:
    named = re.findall(r"grep (?:-E )?'?([a-z]+)[.\\]+(\([a-z|]+\)|[a-z.]+)?", RUNBOOK.read_text(encoding="utf-8"))
    assert len(named) > 10
    known = {*events.names()}
    for logger, what in named:
        for word in (what or "").strip("()").split("|"):
            assert any(one.startswith(f"{logger}.{word}") for one in known), f"{logger}.{word}"
