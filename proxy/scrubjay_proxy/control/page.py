"""The page at / of the control port: what runs here and where to look."""

from __future__ import annotations

from html import escape

from scrubjay_proxy.control.running import Running
from scrubjay_proxy.exposition import installed_version
from scrubjay_proxy.meter import Meter

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Scrubjay</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto;
         padding: 0 1rem; color: #1d2b3a; background: #fbfcfd; }}
  h1 {{ font-weight: 600; }} h1 small {{ font-weight: 400; color: #5b7083; font-size: 1rem; }}
  td {{ padding: .15rem 1.5rem .15rem 0; }} code {{ background: #eef3f7; padding: 0 .3em; }}
  @media (prefers-color-scheme: dark) {{
    body {{ color: #d6e2ec; background: #10181f; }} a {{ color: #7db8ea; }}
    code {{ background: #1d2b36; }} }}
</style>
<h1>Scrubjay <small>{version}</small></h1>
<table>
  <tr><td>Proxy<td><code>{listen}</code>
  <tr><td>Origin<td>{origin}
  <tr><td>Policy<td>{policy} ({objective} hits)
  <tr><td>Stored<td>{objects} objects, {stored} of {capacity} bytes
  <tr><td>Requests<td>{requests}, {hits} of them answered from the store
</table>
<ul>
  <li><a href="/api/stats">/api/stats</a>: counts since the start
  <li><a href="/api/config">/api/config</a>: every setting and where it came from
  <li><a href="/api/policies">/api/policies</a>: what can be chosen with
      <code>PUT /api/policy</code>
  <li><a href="/api/guard">/api/guard</a>: what other policies would have got, and which is followed
  <li><a href="/api/models">/api/models</a>: models, trials, and how to promote or roll back
  <li><a href="/api/events">/api/events</a>: what changed lately
  <li><a href="/metrics">/metrics</a>: for Prometheus
  <li><a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>: for load balancers
  <li><a href="/openapi.json">/openapi.json</a>: the whole API
</ul>
"""


def front_page(running: Running, meter: Meter) -> str:
    """With the counts of a meter, that of all processes."""
    settings, usage, counts = running.settings, running.usage(), meter.snapshot()
    outcomes = counts["outcomes"]
    return PAGE.format(
        version=escape(installed_version()),
        listen=escape(str(settings.proxy.listen)),
        origin=escape(", ".join(route.origin for route in settings.all_routes) or "forward mode"),
        policy=escape(running.policy_name()),
        objective=escape(settings.cache.objective),
        objects=usage.objects,
        stored=f"{usage.bytes:,}",
        capacity=f"{usage.capacity:,}",
        requests=counts["requests"],
        hits=outcomes["hit"] + outcomes["stale"],
    )
