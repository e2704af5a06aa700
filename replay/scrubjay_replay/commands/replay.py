"""`scrubjay replay`: a trace through a live proxy."""

from __future__ import annotations

import asyncio
import secrets
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from scrubjay_replay import report, units
from scrubjay_replay.client import Address
from scrubjay_replay.content import Content, catalog
from scrubjay_replay.drive import drive
from scrubjay_replay.errors import ReplayError, TraceError, UseError
from scrubjay_replay.origin import TraceOrigin
from scrubjay_replay.outcome import Outcome, Verdict
from scrubjay_replay.pace import Mode, Pace, pace
from scrubjay_replay.provenance import provenance
from scrubjay_replay.readers import READERS, open_trace
from scrubjay_replay.readers.numbering import in_order_of_appearance
from scrubjay_replay.trace import BadLines, Trace, TraceReader, chosen, load


@dataclass(frozen=True, slots=True)
class Plan:
    """The options of one replay, understood."""

    path: Path
    format: str | None
    through: str
    pace: Pace
    concurrency: int
    listen: tuple[str, int]
    ttl: float
    latency: float
    change_rate: float
    timeout: float
    limit: int | None
    seed: int
    out: Path | None
    run: str


def replay(
    trace: Annotated[Path, typer.Argument(help="CSV, access log or another trace.")],
    *,
    through: Annotated[
        str, typer.Option(help="The proxy, like http://127.0.0.1:8080; several with commas.")
    ],
    speed: Annotated[str | None, typer.Option(help="Times as fast (10x), or max.")] = None,
    rate: Annotated[float | None, typer.Option(help="Requests a second.")] = None,
    sequential: Annotated[bool, typer.Option("--sequential", help="One by one.")] = False,
    concurrency: Annotated[int, typer.Option(min=1, help="Most requests at once.")] = 64,
    out: Annotated[Path | None, typer.Option(help="Write the result as JSON.")] = None,
    origin_listen: Annotated[
        str, typer.Option(help="Where the built-in trace origin listens; port 0: any.")
    ] = "127.0.0.1:0",
    ttl: Annotated[str, typer.Option(help="Lifetime where the trace has none.")] = "1y",
    latency: Annotated[str, typer.Option(help="Origin's delay where the trace has none.")] = "0s",
    change_rate: Annotated[str, typer.Option(help="Changes of each object, like 6/h.")] = "0",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N requests.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of bodies and changes.")] = 0,
    timeout: Annotated[str, typer.Option(help="Longest wait for one answer.")] = "60s",
    max_bad_lines: Annotated[int, typer.Option(min=0, help="Malformed lines to skip.")] = 100,
    format: Annotated[
        str | None, typer.Option(help=f"What it is: {', '.join(READERS)}; else by content.")
    ] = None,
) -> None:
    """Replay a trace through a live proxy and measure what it answers.

    Example: scrubjay replay access.log.gz --through http://127.0.0.1:8080 --speed 10x
    """
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    try:
        plan = Plan(
            path=trace,
            format=format,
            through=through,
            pace=pace(speed, rate, sequential),
            concurrency=concurrency,
            listen=units.listen_address(origin_listen),
            ttl=units.duration(ttl, "--ttl"),
            latency=units.duration(latency, "--latency"),
            change_rate=units.change_rate(change_rate),
            timeout=units.duration(timeout, "--timeout"),
            limit=limit,
            seed=seed,
            out=out,
            run=secrets.token_hex(4),
        )
        outcome = carry_out(plan, max_bad_lines, console)
    except ReplayError as error:
        console.print(f"error: {error}")
        if error.hint:
            console.print(f"  {error.hint}")
        raise typer.Exit(2) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(1) from error
    if outcome.stopped or outcome.is_(Verdict.FAILED, Verdict.WRONG).any():
        raise typer.Exit(1)


def carry_out(plan: Plan, max_bad_lines: int, console: Console) -> Outcome:
    """Read the trace, replay it, show and write the result."""
    check(plan)
    bad = BadLines(max_bad_lines, lambda line: console.print(f"skipped {line}"))
    reader = open_trace(plan.path, bad, plan.format)
    requests = without_writes(load(reader, limit=plan.limit), reader)
    if not len(requests.key):
        raise TraceError(f"{plan.path.name}: no request in it", hint="See what was left out above.")
    announce(plan, requests, reader, bad, console)
    outcome = asyncio.run(run(plan, requests, console))
    show(plan, outcome, console)
    if plan.out and outcome.stopped:
        console.print(f"{plan.out} not written: the replay did not end.")
    elif plan.out:
        origin = provenance(plan.path, seed=plan.seed, run=plan.run, pace=str(plan.pace))
        skipped = {"malformed": bad.count, "left_out": dict(reader.left_out)}
        report.write(plan.out, report.document(outcome, origin, skipped))
    return outcome


def without_writes(trace: Trace, reader: TraceReader) -> Trace:
    """What is asked of the proxy; changes behind it are counted among what is left out."""
    if writes := int(trace.write.sum()):
        reader.left_out["writes"] = writes
        trace = chosen(trace, ~trace.write)
        trace = trace._replace(key=in_order_of_appearance(trace.key))
    return trace


def check(plan: Plan) -> None:
    """Refuse what cannot work before any work is done."""
    Address.all_of(plan.through)
    if plan.timeout <= 0:
        raise UseError("--timeout is 0", hint="An answer needs some time, as in 60s.")
    if plan.out:
        report.writable(plan.out)


def announce(
    plan: Plan, requests: Trace, reader: TraceReader, bad: BadLines, console: Console
) -> None:
    """Say what is about to happen, and how long it will take where that is known."""
    objects = catalog(requests)
    due = plan.pace.due(requests.at)
    takes = f", {units.seconds_in_words(float(due[-1]))}" if due is not None else ""
    console.print(
        f"{plan.path.name}: {len(requests.key):,} requests for {len(objects):,} objects of "
        f"{units.bytes_in_words(sum(objects.sizes))}, {plan.pace}{takes}"
    )
    skipped = {"malformed": bad.count, **reader.left_out}
    if any(skipped.values()):
        console.print("left out: " + ", ".join(f"{n:,} {why}" for why, n in skipped.items() if n))
    if "at" not in reader.columns and plan.pace.mode is Mode.TIMED:
        console.print("the trace has no times: a request's index is taken for its second")


async def run(plan: Plan, requests: Trace, console: Console) -> Outcome:
    """Start the trace origin, drive the proxy, stop in good order on a signal."""
    objects = catalog(requests, ttl=plan.ttl, latency=plan.latency)
    content = Content(objects, seed=plan.seed, change_rate=plan.change_rate)
    stop = asyncio.Event()
    stop_on_signals(stop, console)
    host, port = plan.listen
    async with TraceOrigin(content, run=plan.run, host=host, port=port) as origin:
        console.print(f"the trace origin listens on {origin.url}")
        with bar(console) as progress:
            task = progress.add_task("replaying", total=len(requests.key))
            return await drive(
                requests,
                through=plan.through,
                origin=origin,
                pace=plan.pace,
                concurrency=plan.concurrency,
                timeout=plan.timeout,
                stop=stop,
                progress=lambda done: progress.update(task, completed=done),
            )


def stop_on_signals(stop: asyncio.Event, console: Console) -> None:
    """The first signal ends the replay after what is under way, a second one at once."""
    loop = asyncio.get_running_loop()

    def asked(number: int) -> None:
        loop.remove_signal_handler(number)
        console.print("stopping after the requests under way; Ctrl-C again to leave at once")
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, asked, number)
        except (NotImplementedError, ValueError, RuntimeError):
            return  # no such handlers here (Windows, or not the main thread)


def bar(console: Console) -> Progress:
    """A progress bar, silent where there is no terminal."""
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(
        *parts,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def show(plan: Plan, outcome: Outcome, console: Console) -> None:
    """The table on standard output; what went wrong on standard error."""
    for fault in outcome.faults:
        console.print(f"fault: {fault}")
    if outcome.stopped:
        total = len(outcome.verdict)
        console.print(f"stopped after {outcome.sent:,} of {total:,}: {outcome.stopped}")
    Console(markup=False).print(
        report.table(outcome, f"{plan.path.name} through {plan.through} ({outcome.way})")
    )
