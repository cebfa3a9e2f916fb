"""One cloud out of the text of a clouds.yaml, as OpenStack's own clients read it; nothing is judged or asked here."""

from collections.abc import Mapping

import yaml

from mcidns.errors import ConfigError

WHERE = "secretRef clouds.yaml"


def cloud(text: str, name: str) -> Mapping[str, object]:
    """The entry called `name`, or the only one where it is empty. Raises ConfigError, which never shows the text."""
    clouds = _clouds(text)
    if not name and len(clouds) > 1:
        raise ConfigError("config.cloud", "clouds.yaml holds several clouds", f"write one of {', '.join(sorted(clouds))}")
    chosen = name or next(iter(clouds), "")
    if chosen not in clouds:
        known = ", ".join(sorted(clouds)) or "(none)"
        raise ConfigError("config.cloud", f"clouds.yaml holds no cloud {chosen!r}", f"write one of {known}")
    entry = clouds[chosen]
    if not isinstance(entry, Mapping):
        raise ConfigError(WHERE, f"cloud {chosen} is no mapping", "write auth, region_name and so on below its name")
    return {str(key): value for key, value in entry.items()}


def _clouds(text: str) -> Mapping[str, object]:
    remedy = "put the file into the Secret as it is, with a mapping `clouds` at its top"
    problem = ""
    document: object = None
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        # Its words would show a piece of the file.
        mark = getattr(error, "problem_mark", None)
        problem = f"it is no YAML (line {mark.line + 1})" if mark is not None else "it is no YAML"
    if problem:
        raise ConfigError(WHERE, problem, remedy)
    clouds = document.get("clouds") if isinstance(document, Mapping) else None
    if not isinstance(clouds, Mapping):
        raise ConfigError(WHERE, "it has no mapping `clouds`", remedy)
    return {str(key): value for key, value in clouds.items()}


def login(entry: Mapping[str, object]) -> dict[str, str]:
    """The `auth` block, with the domain and project fields that clients also take from beside it. Raises ConfigError."""
    block = entry.get("auth") or {}
    if not isinstance(block, Mapping):
        raise ConfigError(WHERE, "its `auth` is no mapping", "write auth_url, username and so on below `auth`")
    beside = {key: value for key, value in entry.items() if key.endswith(("_domain_id", "_domain_name"))}
    fields = {**beside, **block}
    return {str(key).replace("-", "_"): str(value) for key, value in fields.items() if value is not None}
