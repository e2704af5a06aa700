"""The control API: reads and steers a running proxy; holds no state of its own."""

from __future__ import annotations

import time
from dataclasses import asdict

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from scrubjay_policies.policy import PolicyError
from scrubjay_policies.registry import names
from scrubjay_proxy.control.bodies import (
    Guard,
    Health,
    Policies,
    PolicyChoice,
    Purged,
    PurgeOrder,
    Setting,
    Stats,
    StoreUsage,
)
from scrubjay_proxy.control.events import add_events
from scrubjay_proxy.control.guard import guard
from scrubjay_proxy.control.models import add_models
from scrubjay_proxy.control.page import front_page
from scrubjay_proxy.control.purging import purge_of
from scrubjay_proxy.control.running import Running
from scrubjay_proxy.exposition import CONTENT_TYPE, Exposition, installed_version
from scrubjay_proxy.store.base import StoreFailed
from scrubjay_proxy.workers.place import Unanswered


def create_api(running: Running) -> FastAPI:
    """The application; its interactive pages are off because they would load from a CDN."""
    api = FastAPI(
        title="Scrubjay control API", version=installed_version(), docs_url=None, redoc_url=None
    )
    api.middleware("http")(guard(running.settings.control.token.get_secret_value()))
    add_health(api, running)
    add_readings(api, running)
    add_policy(api, running)
    add_models(api, running)
    add_events(api, running)
    add_purge(api, running)
    return api


def add_health(api: FastAPI, running: Running) -> None:
    @api.get("/healthz")
    async def healthz() -> Health:
        """The process is alive."""
        return Health(status="ok")

    @api.get("/readyz", responses={503: {"model": Health}})
    async def readyz(response: Response) -> Health:
        """It may be sent traffic; 503 while draining or while something it needs is missing."""
        parts = running.ready()
        ready = not running.draining and all(state == "ok" for state in parts.values())
        response.status_code = 200 if ready else 503
        unready = "draining" if running.draining else "not ready"
        return Health(status="ok" if ready else unready, parts=parts)


def add_readings(api: FastAPI, running: Running) -> None:
    @api.exception_handler(Unanswered)
    async def unanswered(request: Request, error: Unanswered) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 503)

    @api.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def front() -> str:
        return front_page(running, (await running.whole()).meter)

    @api.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Prometheus text."""
        whole = await running.whole()
        text = Exposition(whole.meter, whole.processes).render()
        return Response(text, media_type=CONTENT_TYPE)

    @api.get("/api/config")
    async def config() -> list[Setting]:
        """Every setting as it was started with; secrets are masked."""
        rows = running.settings.effective()
        return [Setting(key=key, value=value, source=source) for key, value, source in rows]

    @api.get("/api/stats")
    async def stats() -> Stats:
        """What happened since the start."""
        usage, meter = running.usage(), (await running.whole()).meter
        return Stats(
            version=installed_version(),
            started=meter.started,
            uptime=time.time() - meter.started,
            policy=running.policy_name(),
            store=StoreUsage(bytes=usage.bytes, objects=usage.objects, capacity=usage.capacity),
            counts=meter.snapshot(),
        )


def add_policy(api: FastAPI, running: Running) -> None:
    def current() -> Policies:
        return Policies(
            current=running.policy_name(),
            objective=running.settings.cache.objective,
            available=list(names()),
        )

    @api.get("/api/policies")
    async def policies() -> Policies:
        """The policy in force and those that can be chosen."""
        return current()

    @api.get("/api/guard", response_model=Guard)
    async def guarding() -> Guard | JSONResponse:
        """The shadow caches, which of them is followed, and what it would take to change that."""
        told = running.guard()
        if told is None:
            return JSONResponse({"error": f"{running.policy_name()} has no shadow caches"}, 404)
        return Guard(reason=told.reason, **asdict(told))

    @api.put("/api/policy", response_model=Policies)
    async def choose(choice: PolicyChoice) -> Policies | JSONResponse:
        """Evict by another policy from now on; what is stored stays."""
        try:
            await running.switch_policy(choice.name)
        except PolicyError as error:
            return JSONResponse({"error": str(error), "hint": getattr(error, "hint", "")}, 422)
        return current()


def add_purge(api: FastAPI, running: Running) -> None:
    @api.post("/api/purge")
    async def purge(order: PurgeOrder) -> Purged:
        """Remove, or mark stale, by URL, tag or prefix."""
        return Purged(purged=await running.purge(order.order()))

    @api.exception_handler(StoreFailed)
    async def not_purged(request: Request, error: StoreFailed) -> JSONResponse:
        return JSONResponse({"error": f"the store cannot be asked, purge again: {error}"}, 503)

    async def purge_path(request: Request) -> JSONResponse:
        query = request.url.query
        try:
            what = purge_of(
                host=request.headers.get("host", ""),
                own_port=(request.scope.get("server") or ("", 0))[1],
                target=request.scope["raw_path"].decode("latin-1") + (f"?{query}" if query else ""),
                kind=request.headers.get("purge-type", ""),
                tags=tuple(request.headers.get("surrogate-key", "").split()),
            )
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        purged = await running.purge(what)
        return JSONResponse({"purged": purged}, 200 if purged else 404)

    api.add_api_route("/{path:path}", purge_path, methods=["PURGE"], include_in_schema=False)
