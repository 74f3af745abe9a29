"""The tables in DocC that say what shows a promise: each test that they name exists."""

import pathlib
import re

import pytest

from conftest import CLONE

TABLES = ["Sources/Batchport/Batchport.docc/Reliability.md"]
SUITE = r"(?:@Suite.*\s)?(?:struct|final class|extension) (\w+)"


def existing() -> set[str]:
    found = set()
    for file in (CLONE / "Tests/system").glob("test_*.py"):
        found |= set(re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE))
    for file in (CLONE / "Tests").rglob("*.swift"):
        for part in re.split(rf"^(?={SUITE})", file.read_text(), flags=re.MULTILINE):
            if suite := re.match(SUITE, part):
                found |= {f"{suite[1]}.{function}" for function in re.findall(r"func (\w+)", part)}
    return found


@pytest.mark.parametrize("table", TABLES)
def test_every_test_that_a_table_names_exists(table):
    named = set(re.findall(r"`(test_\w+|[A-Z]\w+Tests\.\w+)`", pathlib.Path(CLONE / table).read_text()))
    assert len(named) > 5
    assert named - existing() == set()
