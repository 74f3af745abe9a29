"""The bill of materials (trust.md S61): it is CycloneDX, and it names what is there."""

import json
import os
import pathlib
import subprocess

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from conftest import CLONE

# The programs lie in a folder for the machine's kind, or in a link to it.
SCRATCH = next(folder for folder in pathlib.Path(os.environ["BATCHPORT_BINARIES"]).parents if (folder / "checkouts").is_dir())


def made(scratch: pathlib.Path = SCRATCH) -> subprocess.CompletedProcess:
    return subprocess.run([CLONE / "deploy/bom", "--scratch", scratch], capture_output=True, text=True)


@pytest.fixture(scope="module")
def text() -> str:
    done = made()
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def parts(text) -> dict[str, dict]:
    return {part["name"]: part for part in json.loads(text)["components"]}


def test_it_keeps_to_the_format(text):
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"library"', '"book"', 1)) is not None


def test_every_swift_package_has_its_version_and_licence(parts):
    for pin in json.loads((CLONE / "Package.resolved").read_text())["pins"]:
        part = parts[pin["identity"]]
        assert part["version"] == pin["state"]["version"] and part["purl"].startswith("pkg:swift/github.com/")
        assert part["licenses"][0]["license"]["id"] in ("Apache-2.0", "MIT")
    assert parts["xmlcoder"]["licenses"][0]["license"]["id"] == "MIT"
    assert parts["swift"]["version"].startswith("6.")


def test_debian_packages_are_those_that_are_installed(parts):
    for name in ["nginx", "postgresql", "bubblewrap", "libpq5", "libcurl4", "libssl3", "libfcgi0ldbl", "libc6"]:
        known = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True, check=True)
        assert parts[name]["version"] == known.stdout and parts[name]["licenses"]
    assert {"license": {"name": "curl"}} in parts["libcurl4"]["licenses"]
    # What builds and tests it is no part of it.
    assert not {"gcc", "libpq-dev", "chromium"} & set(parts)


def test_every_part_is_there_once_and_every_dependency_is_a_part(text):
    bill = json.loads(text)
    names = [part["bom-ref"] for part in bill["components"]] + [bill["metadata"]["component"]["bom-ref"]]
    assert len(names) == len(set(names)) > 50
    for one in bill["dependencies"]:
        assert {one["ref"], *one["dependsOn"]} <= set(names)
    assert bill["dependencies"][0]["ref"] == "batchport" and len(bill["dependencies"][0]["dependsOn"]) > 12
    assert bill["serialNumber"] == json.loads(made().stdout)["serialNumber"]


def test_a_package_without_a_licence_is_no_part_of_a_bill(tmp_path):
    (tmp_path / "checkouts").mkdir()
    for checkout in (SCRATCH / "checkouts").iterdir():
        if checkout.name != "swift-log":
            (tmp_path / "checkouts" / checkout.name).symlink_to(checkout)
    done = made(tmp_path)
    assert done.returncode != 0 and "swift-log" in done.stderr and done.stdout == ""
