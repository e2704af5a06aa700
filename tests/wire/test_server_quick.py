"""Answers without a task: when the connection asks for one, and what it does with it."""

import asyncio

from loopback.client import Client, request
from loopback.serving import echo, serving
from loopback.waiting import until

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


class Quick:
    """Answers "quick" for /q, once it has seen the head parsed; notes what it is asked."""

    def __init__(self, body=b"quick"):
        self.body, self.asked, self.known = body, [], set()
        self.answers = 0

    def __call__(self, data, head, client):
        self.asked.append((data, head))
        if head is None and data not in self.known:
            return False
        if not data.startswith(b"GET /q "):
            return False
        self.known.add(data)
        self.answers += 1
        client.answer(ANSWER.replace(b"5", b"%d" % len(self.body)), self.body)
        return True


async def test_a_known_head_is_answered_unparsed_and_another_one_parsed_first():
    quick = Quick()
    async with serving(echo, quick=quick) as served, Client(served.port) as client:
        for target, body in (("/q", b"quick"), ("/q", b"quick"), ("/other", b"/other")):
            assert (await client.ask(target)).body == body
        assert len(served.calls) == 1
    parsed = [head and head.target for _, head in quick.asked]
    # A head that comes alone is looked for as it is, then as what the buffer gives.
    assert parsed == [None, None, "/q", None, None, None, "/other"]


async def test_nothing_is_answered_at_once_while_an_answer_is_under_way():
    begun, go_on, quick = asyncio.Event(), asyncio.Event(), Quick()

    async def slow(call):
        begun.set()
        await go_on.wait()
        await echo(call)

    async with serving(slow, quick=quick) as served, Client(served.port) as client:
        await client.send(request("/slow"))
        await begun.wait()
        asked = len(quick.asked)
        await client.send(request("/q") * 2)
        (connection,) = served.known
        await until(lambda: connection._buffer)
        assert len(quick.asked) == asked
        go_on.set()
        assert [(await client.reply()).body for _ in range(3)] == [b"/slow", b"quick", b"quick"]
        assert len(served.calls) == 1


async def test_a_request_with_a_body_is_never_answered_at_once():
    async with serving(echo, quick=Quick()) as served, Client(served.port) as client:
        await client.send(request("/q", body=b"abc") + request("/q"))
        assert [(await client.reply()).body for _ in range(2)] == [b"/qabc", b"quick"]
        assert len(served.calls) == 1


async def test_what_cannot_be_parsed_is_refused_behind_quick_answers():
    async with serving(echo, quick=Quick()) as served, Client(served.port) as client:
        await client.send(request("/q") * 2 + b"GET / HTTP/1.1\r\nBad\r\n\r\n" + request("/q"))
        assert [(await client.reply()).status for _ in range(3)] == [200, 200, 400]
        assert await client.ended()


async def test_a_client_that_does_not_read_gets_its_next_answers_by_the_long_way():
    quick = Quick(bytes(2**20))
    async with serving(echo, quick=quick) as served, Client(served.port) as client:
        client.writer.transport.pause_reading()
        await client.send(request("/q") * 40)
        await until(lambda: served.calls)
        (connection,) = served.known
        assert connection.gate.is_shut
        client.writer.transport.resume_reading()
        for _ in range(40):
            assert (await client.reply()).body in (quick.body, b"/q")


async def test_silence_after_a_quick_answer_is_closed_when_the_idle_time_is_over():
    limits = {"head": 60.0, "idle": 0.05}
    async with serving(echo, quick=Quick(), **limits) as served, Client(served.port) as client:
        assert (await client.ask("/q")).body == b"quick"
        assert await client.ended()


async def test_a_connection_is_busy_until_what_was_answered_is_sent():
    quick = Quick(bytes(2**20))
    async with serving(echo, quick=quick) as served, Client(served.port) as client:
        client.writer.transport.pause_reading()
        await until(lambda: served.known)
        (connection,) = served.known
        answers = 0
        while not connection.busy:
            await client.send(request("/q"))
            answers += 1
            await until(lambda: quick.answers == answers)  # noqa: B023  waited for at once
        assert not served.calls
        connection.close_when_idle()
        client.writer.transport.resume_reading()
        assert [len((await client.reply()).body) for _ in range(answers)] == [2**20] * answers
        await asyncio.wait_for(connection.gone.wait(), 5)
        assert not served.known
