"""The pages agree with the program."""

import re
import tomllib
from pathlib import Path

import pytest

import docs_pages
from scrubjay_proxy.settings import Settings

TOP = Path(__file__).parents[2]


@pytest.mark.parametrize("page", docs_pages.pages(), ids=lambda page: page.name)
def test_generated_parts_are_what_make_docs_writes(page):
    assert page.read_text() == docs_pages.pages()[page]


def test_every_setting_has_a_meaning():
    for section in (type(getattr(Settings(), name)) for name in Settings.model_fields):
        for name, field in getattr(section, "model_fields", {}).items():
            assert field.description, f"{section.__name__}.{name}"


def test_the_example_file_is_valid():
    example = re.search(
        r"```toml\n(.*?)```", (TOP / "docs/configuration.md").read_text(), re.DOTALL
    )
    settings = Settings(**tomllib.loads(example[1]))
    assert [route.name for route in settings.all_routes] == ["images", "site"]


def test_links_between_pages_lead_somewhere():
    pages = [*TOP.glob("*.md"), *(TOP / "docs").glob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_version_of_the_package_heads_the_changelog():
    version = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["version"]
    first = re.search(r"^## (.+)$", (TOP / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert first[1].split()[0] in {version, "Unreleased"}
