"""The Markdown pages for tests: their fenced blocks, links and anchors. No test lives here."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "bench" / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "providers").rglob("*.md")]
)
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FILE = re.compile(r"^# (\S+\.(?:yaml|conf|json))$")


@dataclass(frozen=True)
class Block:
    """A fenced block. `file` is the name that its first line gives it as a comment, if it does."""

    page: str
    line: int
    language: str
    text: str

    @property
    def file(self) -> str:
        found = _FILE.match(self.text.partition("\n")[0])
        return found.group(1) if found else ""

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"

    def documents(self) -> list[Any]:
        """What a YAML block holds."""
        return [one for one in yaml.safe_load_all(self.text) if one is not None]


def name(path: Path) -> str:
    """A page as people say it: docs/health.md."""
    return str(path.relative_to(ROOT))


def blocks(path: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = path.read_text(encoding="utf-8")
    return [
        Block(name(path), text.count("\n", 0, found.start()) + 1, found["language"], textwrap.dedent(found["text"]))
        for found in _FENCE.finditer(text)
    ]


def section(path: Path, heading: str) -> list[Block]:
    """The blocks between a heading of the second level and the next one; of the whole page without a heading."""
    if not heading:
        return blocks(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    first = lines.index(f"## {heading}") + 1
    last = next((number for number, line in enumerate(lines[first:], first + 1) if line.startswith("## ")), len(lines) + 1)
    return [block for block in blocks(path) if first < block.line < last]


def prose(path: Path) -> str:
    """A page without its blocks."""
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


def links(path: Path) -> list[str]:
    """Where the links of a page lead."""
    return _LINK.findall(re.sub(r"`[^`\n]*`", "", prose(path)))


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    found = re.findall(r"^#{1,6} (.+)$", prose(path), re.MULTILINE)
    slugs: list[str] = []
    for heading in found:
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        slugs.append(slug if slug not in slugs else f"{slug}-{slugs.count(slug)}")
    return set(slugs)


def commands(block: Block) -> list[str]:
    """The commands of a shell block, one a line; continued lines joined, comments and prompts gone, output of consoles left out."""
    found = []
    for line in block.text.replace("\\\n", " ").splitlines():
        if block.language == "console" and not line.startswith("$ "):
            continue
        plain = re.sub(r"\s+#\s.*$", "", line.removeprefix("$ ")).strip()
        if plain and not plain.startswith("#"):
            found.append(plain)
    return found
