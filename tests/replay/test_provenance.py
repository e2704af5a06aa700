import shutil
import subprocess

import pytest

from scrubjay_replay import provenance


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A checkout that the module believes to be in, with one commit; `git` runs there."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    folder = tmp_path / "package"
    folder.mkdir()
    module = folder / "provenance.py"
    module.write_text("# as it was\n")
    monkeypatch.setattr(provenance, "__file__", str(module))
    provenance.commit.cache_clear()
    yield module
    provenance.commit.cache_clear()


def git(module, *words):
    mine = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    command = ("git", *mine, "-C", str(module.parent.parent), *words)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def committed(module):
    git(module, "init", "--quiet")
    git(module, "add", "package")
    git(module, "commit", "--quiet", "-m", "first")
    return git(module, "rev-parse", "--short", "HEAD")


needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@needs_git
def test_the_commit_of_our_source_is_short_and_bare(source):
    name = committed(source)
    assert provenance.commit() == name
    assert 7 <= len(name) < 40


@needs_git
def test_changed_source_is_marked_and_files_beside_it_are_no_change(source):
    name = committed(source)
    (source.parent / "results.csv").write_text("new")
    assert provenance.commit() == name
    provenance.commit.cache_clear()
    source.write_text("# changed\n")
    assert provenance.commit() == f"{name}+"


@needs_git
def test_the_commit_of_somebody_elses_checkout_is_not_ours(source):
    (source.parent / "theirs.py").write_text("")
    git(source, "init", "--quiet")
    git(source, "add", "package/theirs.py")
    git(source, "commit", "--quiet", "-m", "first")
    assert provenance.commit() == ""


@needs_git
def test_outside_of_a_checkout_there_is_none(source):
    assert provenance.commit() == ""


def test_without_git_there_is_none(source, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert provenance.commit() == ""
