"""Links lead somewhere, and every page can be found."""

from pathlib import Path

import pytest

from tests.docs import pages
from tests.docs.pages import PAGES, ROOT

INDEX = ROOT / "docs" / "README.md"


@pytest.mark.parametrize("page", [pytest.param(path, id=pages.name(path)) for path in PAGES])
def test_every_link_leads_to_a_file_and_an_anchor_that_exist(page: Path) -> None:
    broken = []
    for link in pages.links(page):
        where, _, anchor = link.partition("#")
        if where.startswith(("https://", "mailto:")):
            continue
        assert not where.startswith("http:"), link
        target = (page.parent / where).resolve() if where else page
        if not target.exists() or (anchor and anchor not in pages.anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_and_decision_is_in_the_index() -> None:
    linked = {(INDEX.parent / link.partition("#")[0]).resolve() for link in pages.links(INDEX) if "://" not in link}
    wanted = {path for path in PAGES if path.name != "README.md" or path.parent.name.startswith("mcidns_")}
    wanted = {path for path in wanted if "adr" not in path.parts and "reference" not in path.parts}
    assert {pages.name(path) for path in wanted - linked} == set()


def test_what_the_index_promises_to_new_readers_comes_first() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# mcidns\n\nOne DNS name that follows the healthy regions of a Kubernetes federation.\n")
    assert "(docs/README.md)" in readme
