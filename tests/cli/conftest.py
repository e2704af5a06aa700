"""Runs the command line in this process and gives what it wrote and how it ended."""

import os

import pytest

from scrubjay_proxy.cli import main


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
    def run(*words):
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        wrote = capsys.readouterr()
        return ended.value.code, wrote.out, wrote.err

    return run
