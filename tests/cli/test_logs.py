import io
import json
import logging

import structlog

from scrubjay_proxy import logs
from scrubjay_proxy.sections import LogSection


def test_away_from_a_terminal_a_line_is_json():
    out = io.StringIO()
    logs.configure(LogSection(), out)
    structlog.get_logger().info("ready", port=1)
    line = json.loads(out.getvalue())
    assert (line["event"], line["port"], line["level"]) == ("ready", 1, "info")
    assert line["timestamp"].endswith("Z")


def test_lines_below_the_level_are_not_written():
    out = io.StringIO()
    logs.configure(LogSection(level="warning"), out)
    structlog.get_logger().info("ready")
    assert out.getvalue() == ""


def test_libraries_go_through_the_same_pipeline():
    out = io.StringIO()
    logs.configure(LogSection(), out)
    logging.getLogger("uvicorn.error").info("Shutting down")
    logging.getLogger("asyncio").warning("slow %s", "callback")
    line = json.loads(out.getvalue())
    assert (line["event"], line["logger"]) == ("slow callback", "asyncio")


def test_an_exception_is_one_line_of_json():
    out = io.StringIO()
    logs.configure(LogSection(), out)
    try:
        int("no")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "ValueError: invalid literal" in json.loads(out.getvalue())["exception"]


def test_console_lines_are_for_reading():
    out = io.StringIO()
    logs.configure(LogSection(format="console"), out)
    structlog.get_logger().info("ready", port=1)
    assert "ready" in out.getvalue()
    assert "port=1" in out.getvalue()


def test_a_traceback_on_a_terminal_shows_no_values_of_variables():
    out = io.StringIO()
    logs.configure(LogSection(format="console"), out)
    secret = "session=" + "42" * 8
    try:
        int(secret[:1])
    except ValueError:
        structlog.get_logger().exception("a request failed")
    assert "ValueError" in out.getvalue()
    assert secret not in out.getvalue()


def test_a_line_is_one_write_as_processes_share_the_stream():
    class Stream(io.StringIO):
        def write(self, text):
            written.append(text)
            return super().write(text)

    written = []
    logs.configure(LogSection(), Stream())
    structlog.get_logger().info("ready")
    logging.getLogger("uvicorn").warning("late")
    assert [text.count("\n") for text in written] == [1, 1]
