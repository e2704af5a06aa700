import json
import subprocess
import sys

import pytest

from scrubjay_proxy import app
from scrubjay_proxy.cli import COMMANDS, load


def test_help_lists_every_command_with_what_it_does(scrubjay):
    code, out, _ = scrubjay("--help")
    assert code == 0
    for name, entry in COMMANDS.items():
        assert name in out
        assert entry.summary in out


@pytest.mark.parametrize("name", [*COMMANDS])
def test_help_of_each_command_ends_with_an_example(scrubjay, name):
    group = getattr(load(name, COMMANDS[name]), "commands", {})
    for words in [(name, command) for command in group] or [(name,)]:
        code, out, _ = scrubjay(*words, "--help")
        assert code == 0
        assert "Example: " in out, words


def test_the_version_is_told(scrubjay):
    code, out, _ = scrubjay("--version")
    assert code == 0
    assert out.startswith("scrubjay ")


def test_an_unknown_command_suggests_the_nearest(scrubjay):
    code, _, err = scrubjay("serv")
    assert code == 2
    assert "Did you mean 'serve'?" in err


def test_nothing_to_serve_is_wrong_use_with_a_hint(scrubjay):
    code, _, err = scrubjay("serve")
    assert code == 2
    assert err.splitlines()[0].startswith("scrubjay: there is nothing to serve")
    assert err.splitlines()[1].startswith("  hint: give --origin")


def test_a_bad_flag_value_is_one_line_without_a_traceback(scrubjay):
    code, _, err = scrubjay("serve", "--origin", "http://a.example", "--capacity", "huge")
    assert code == 2
    assert err.startswith(
        'scrubjay: cache.capacity = "huge" (flag) is not allowed; allowed: a size'
    )
    assert "Traceback" not in err


def test_config_show_gives_every_setting_and_its_source(scrubjay, tmp_path, monkeypatch):
    (tmp_path / "scrubjay.toml").write_text('[cache]\ncapacity = "1KiB"\n', encoding="utf-8")
    monkeypatch.setenv("SCRUBJAY_CONTROL__TOKEN", "s3cret")
    code, out, _ = scrubjay("config", "show")
    assert code == 0
    assert 'cache.capacity = "1KiB"  # scrubjay.toml' in out
    assert 'control.token = "********"  # SCRUBJAY_CONTROL__TOKEN' in out
    assert 'log.level = "info"  # default' in out
    rows = json.loads(scrubjay("config", "show", "--json")[1])
    assert {"key": "cache.capacity", "value": "1KiB", "source": "scrubjay.toml"} in rows


def test_config_check_accepts_what_serve_would(scrubjay, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[proxy]\norigin = "http://a.example"\n', encoding="utf-8")
    assert scrubjay("config", "check", "--config", path) == (0, f"{path}: ok\n", "")


def test_config_check_names_a_policy_that_is_not_there(scrubjay, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[proxy]\nforward = true\n[cache]\npolicy = "lruu"\n', encoding="utf-8")
    code, _, err = scrubjay("config", "check", "--config", path)
    assert code == 2
    assert "lruu" in err
    assert "lru" in err.splitlines()[-1]


@pytest.mark.parametrize("policy", ["drl", "lru"])
def test_a_bad_model_is_one_error_and_nothing_starts(scrubjay, tmp_path, monkeypatch, policy):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(b"PK\x03\x04")
    monkeypatch.setattr(app.Proxy, "__aenter__", None)  # whoever got so far would serve
    flags = ("--origin", "http://a.example", "--listen", "127.0.0.1:0", "--policy", policy)
    code, _, err = scrubjay("serve", *flags, "--model", path)
    assert code == 2
    assert err.startswith(f"scrubjay: model {path} refused: it is a zip")
    assert "\n  hint: " in err
    assert "Traceback" not in err


def test_a_fault_of_ours_keeps_its_traceback(scrubjay, monkeypatch):
    from scrubjay_proxy.commands import purge

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(purge, "post", broken)
    with pytest.raises(ZeroDivisionError):
        scrubjay("purge", "/x")


def test_serve_imports_neither_replay_nor_what_only_training_needs():
    script = (
        "import sys, scrubjay_proxy.cli as cli\n"
        "cli.load('serve', cli.COMMANDS['serve'])\n"
        "import scrubjay_proxy.app\n"
        "print(*sorted({'torch', 'numba', 'asyncpg', 'redis', 'pandas', 'scrubjay_replay',"
        " 'scrubjay_trainer'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
