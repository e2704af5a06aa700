"""Runs the command line in this process and gives what it wrote and how it ended."""

import os

import pytest

from command_line import calling


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    """Neither the settings nor the scrubjay.toml of whoever runs the tests may leak in."""
    for name in list(os.environ):
        if name.startswith("SCRUBJAY_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def scrubjay(capsys):
    return calling(capsys)
