# Everything a person types. Set up is part of each target and costs nothing when nothing changed.
#
#   make run                     the demo: proxy on 127.0.0.1:8080, control on 127.0.0.1:8081
#   make run ORIGIN=https://…    the same in front of a real site
#   make lab                     what simulations and reports need: numba, libcachesim, …
#   make test                    formatting, lint, types, then all tests
#   make test ARGS="-k purge"    with arguments for pytest
#   make check                   formatting, lint and types alone
#   make fix                     formats, and mends what ruff can mend
#   make docs                    writes the generated parts of docs/
#   make conformance             the public HTTP cache tests, written to docs/conformance.md
#   make conformance SUITE=dir   the same with a checkout of github.com/http-tests/cache-tests
#   make bench TRACES="a.log.gz b.csv"     every policy on the live proxy, and as simulated
#   make model TRACES="a.csv.gz b.csv.gz"     trains the model that ships
#   make unseen TRACES="a.csv.gz b.csv.gz"    the same recipe, on each trace without having seen it
#   make guard TRACES="a.csv.gz b.csv.gz"     what the guard of hybrid costs, and what it saves
#   make holding                 learned lifetimes against fixed ones, simulated and live
#   make throughput              CPU and throughput beside nginx and Varnish
#   make throughput ARGS="--rounds 3 --cases miss-1k,miss-256k"
#   make swap                    latency while models change hands, and while they don't
#   make classics TRACES="a.log.gz b.csv"  every policy against the classics and the optimum

SHELL := /bin/bash
BIN := .venv/bin
ORIGIN ?=
ARGS ?=
SUITE ?=
RUNS ?= 1
TRACES ?=

.DEFAULT_GOAL := help
.PHONY: help run lab test check fix docs conformance bench throughput swap \
	classics model unseen guard holding

help:
	@sed -n 's/^#   //p' Makefile

run:
	@scripts/setup run
	@exec $(BIN)/scrubjay demo $(if $(ORIGIN),--origin "$(ORIGIN)")

lab:
	@scripts/setup lab
	@echo 'next: $(BIN)/scrubjay simulate access.log.gz --policy lru,gdsf,belady-size --out r.csv'

test: check
	@scripts/install-servers
	$(BIN)/python -m pytest $(ARGS)

check:
	@scripts/setup dev
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet
	$(BIN)/mypy

fix:
	@scripts/setup dev
	$(BIN)/ruff check --fix --quiet
	$(BIN)/ruff format

docs:
	@scripts/setup dev
	$(BIN)/python scripts/docs_pages.py

conformance:
	@scripts/setup dev
	PYTHONPATH=tests $(BIN)/python -m conformance --runs $(RUNS) $(if $(SUITE),--suite "$(SUITE)")

bench:
	@scripts/setup dev
	@test -n "$(TRACES)" || { echo 'bench: name the traces: make bench TRACES="access.log.gz"' >&2; exit 2; }
	$(BIN)/python benchmarks/replay_policies.py $(TRACES)

throughput:
	@scripts/setup dev
	$(BIN)/python benchmarks/throughput $(ARGS)

swap:
	@scripts/setup dev
	$(BIN)/python benchmarks/hot_swap.py $(ARGS)

classics:
	@scripts/setup lab
	@test -n "$(TRACES)" || { echo 'classics: name the traces: make classics TRACES="access.log.gz"' >&2; exit 2; }
	$(BIN)/python benchmarks/classics.py $(TRACES)

holding:
	@scripts/setup dev
	$(BIN)/python benchmarks/holding.py --out docs/images/holding.png

model:
	@scripts/setup dev
	@test -n "$(TRACES)" || { echo 'model: name the traces: make model TRACES="access.log.gz"' >&2; exit 2; }
	$(BIN)/python benchmarks/shipped_model.py $(TRACES)

unseen:
	@scripts/setup dev
	@test -n "$(TRACES)" || { echo 'unseen: name the traces: make unseen TRACES="a.csv.gz b.csv.gz"' >&2; exit 2; }
	$(BIN)/python benchmarks/leave_one_out.py $(TRACES)

guard:
	@scripts/setup dev
	@test -n "$(TRACES)" || { echo 'guard: name the traces: make guard TRACES="a.csv.gz b.csv.gz"' >&2; exit 2; }
	$(BIN)/python benchmarks/guard.py $(TRACES)
