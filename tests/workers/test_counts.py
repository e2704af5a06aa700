"""What all workers counted and what they were ordered, at the one control port."""

import os
import signal

from workers.conftest import summed


async def test_metrics_are_the_sum_of_all_workers_processes_are_told_apart(begin, origin):
    serving = await begin()
    await serving.ready()
    sent = await serving.visited(40)
    samples = await serving.metrics()
    assert summed(samples, "scrubjay_requests_total") == sent
    assert summed(samples, "scrubjay_request_duration_seconds_count") == sent
    assert samples["scrubjay_origin_requests_total",] == origin.asked
    assert samples["scrubjay_workers",] == 2
    assert samples["scrubjay_worker_restarts_total",] == 0
    for number in ("0", "1"):
        assert samples["process_resident_memory_bytes", number] > 0
        assert samples["process_cpu_seconds_total", number] > 0
    _, stats = await serving.asked("/api/stats")
    assert stats["counts"]["requests"] == sent


async def test_what_one_worker_stored_all_of_them_answer_with(begin, origin):
    serving = await begin()
    await serving.ready()
    for _ in range(20):  # one worker gets all of them once in half a million times
        assert await serving.get("/articles/1") == 200
    # The other may ask before the first answer is stored, and not again.
    assert origin.asked <= 2


async def test_a_policy_chosen_at_the_control_port_holds_in_all_and_in_new_workers(begin):
    serving = await begin("--policy", "gdsf")
    await serving.ready()
    status, _ = await serving.asked("/api/policy", "PUT", json={"name": "magic"})
    assert status == 422
    status, body = await serving.asked("/api/policy", "PUT", json={"name": "lru"})
    assert (status, body["current"]) == (200, "lru")
    told = [await serving.until('"policy switched"') for _ in range(2)]
    assert {(one["worker"], one["policy"]) for one in told} == {(0, "lru"), (1, "lru")}
    os.kill(serving.pids()[0], signal.SIGKILL)
    assert (await serving.until('"policy switched"'))["worker"] == 0
    _, body = await serving.asked("/api/policies")
    assert body["current"] == "lru"
