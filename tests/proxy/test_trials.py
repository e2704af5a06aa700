"""Models in shadow of a proxy at work, and what follows from it."""

from loopback.origin import WHATEVER, reply
from policies.models import written
from scrubjay_policies import model
from scrubjay_proxy.models.trial import WINDOW
from scrubjay_proxy.models.trials import Role


async def play(proxy, origin, requests):
    """Requests for a few small objects that stay in the cache."""
    origin.on(WHATEVER, reply(b"hello", "Cache-Control: max-age=600"))
    async with proxy.client() as client:
        for number in range(requests):
            assert (await client.ask(f"/{number % 10}")).status == 200


async def crowd(proxy, origin, requests, each=lambda number: None):
    """Half of the requests are for six objects, the others for one each."""
    origin.on(WHATEVER, reply(b"hello", "Cache-Control: max-age=600"))
    async with proxy.client() as client:
        for number in range(requests):
            each(number)
            await client.ask(f"/{number % 6 if number % 2 else 1000 + number}")


async def test_a_candidate_is_dismissed_where_it_does_not_lead(drl, origin, folder):
    written(folder)
    proxy = await drl({"models.gate_requests": WINDOW, "models.sample": 1, "models.gate": True})
    await play(proxy, origin, WINDOW)
    event = await proxy.told("model-dismissed")
    assert event.told["why"].startswith("did not lead: is level after 1,000 requests")
    assert proxy.proxy.store.asked is None


async def test_a_candidate_that_leads_is_promoted(drl, origin, folder, monkeypatch):
    monkeypatch.setattr("scrubjay_proxy.models.trial.WINDOW", 200)
    given = {"models.gate_requests": 400, "models.sample": 1, "models.gate": True}
    upside_down = folder.parent / "upside-down"
    model.save(upside_down, -model.shipped().weights, {})
    proxy = await drl({**given, "cache.model": str(upside_down), "cache.capacity": "40B"})
    model.save(folder / "m.safetensors", model.shipped().weights, {})
    digest = model.load(folder / "m.safetensors").sha256
    await proxy.told("model-shadowed")
    await crowd(proxy, origin, 400)
    event = await proxy.told("model-promoted", since=2)
    assert (event.told["digest"], event.told["by"]) == (digest, "gate")
    assert event.told["why"].startswith("leads by ")
    assert proxy.proxy.store.engine.policy.model == digest


async def test_a_model_that_trails_for_long_is_rolled_back(drl, origin, folder, clock, monkeypatch):
    monkeypatch.setattr("scrubjay_proxy.models.trial.WINDOW", 200)
    written(folder, 1)
    proxy = await drl({"models.rollback_after": "60s", "models.sample": 1, "cache.capacity": "40B"})
    model.save(folder / "m.safetensors", -model.shipped().weights, {})
    await proxy.told("model-promoted", since=1)
    assert proxy.proxy.models.trials.running
    await crowd(proxy, origin, 800, lambda number: clock.advance(31 * (number % 200 == 0)))
    event = await proxy.told("model-rolled-back")
    assert event.told["by"] == "watch"
    assert "leads by" in event.told["why"]


async def test_a_trial_begins_anew_against_another_policy(drl, folder):
    written(folder)
    proxy = await drl({"models.gate": True})
    first = proxy.proxy.models.trials.running[Role.SHADOW]
    proxy.proxy.use_policy("lru")
    await proxy.proxy.models.look()
    second = proxy.proxy.models.trials.running[Role.SHADOW]
    assert (first.incumbent.name, second.incumbent.name) == ("drl", "lru")
    assert second.trial is not first.trial
