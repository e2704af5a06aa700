"""The sources keep to the tables in rules.py."""

from pathlib import Path

import pytest

from architecture.rules import check, sizes

TOP = Path(__file__).parents[2]
PACKAGES = ("policies", "proxy", "replay", "trainer")
OTHERS = ("benchmarks", "scripts", "tests")


def sources(*folders):
    found = (file for folder in folders for file in sorted((TOP / folder).rglob("*.py")))
    return [file.relative_to(TOP).as_posix() for file in found]


@pytest.mark.parametrize("folder", PACKAGES)
def test_imports_purity_and_sizes(folder):
    paths = sources(folder)
    assert paths
    offences = [offence for path in paths for offence in check(path, (TOP / path).read_text())]
    assert not offences, "\n" + "\n".join(map(str, offences))


def test_tests_and_scripts_are_readable_too():
    paths = sources(*OTHERS)
    offences = [offence for path in paths for offence in sizes(path, (TOP / path).read_text())]
    assert not offences, "\n" + "\n".join(map(str, offences))


@pytest.mark.parametrize("package", [f"{folder}/scrubjay_{folder}" for folder in PACKAGES])
def test_each_package_ships_its_types(package):
    assert (TOP / package / "py.typed").exists()
