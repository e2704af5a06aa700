"""The command line, called in this process: how it ended and what it wrote."""

import pytest

from scrubjay_proxy.cli import main


def calling(capsys, *before):
    """A function that runs `scrubjay` with `before` and its own words: code, stdout, stderr."""

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in (*before, *words)])
        wrote = capsys.readouterr()
        return ended.value.code, wrote.out, wrote.err

    return run
