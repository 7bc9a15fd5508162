# Everything a person does with this repository; `make` alone lists it.
# Arguments go in variables: make logs unit=enrollment-worker, make test args="-k calendar".
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help up down demo seed status logs test check format bench bench-events faults lock runtime dev

EDXELERA := .venv/bin/edxelera

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

runtime:
	@deploy/bootstrap runtime

dev:
	@deploy/bootstrap dev

up: runtime ## install what is missing, start the whole platform, seed it, wait until it is ready
	@$(EDXELERA) up $(args)

demo: runtime ## walk a student from registration to a verified certificate, each step with its time
	@$(EDXELERA) demo $(args)

seed: runtime ## load the seed programs again (harmless when nothing changed)
	@$(EDXELERA) seed $(args)

down: runtime ## stop it all; the data stays (args=--wipe removes it)
	@$(EDXELERA) down $(args)

status: runtime ## every process with its state, memory, port and health
	@$(EDXELERA) status $(args)

logs: runtime ## the last lines of every log, or of one: make logs unit=learning-api args=-f
	@$(EDXELERA) logs $(unit) $(args)

test: dev ## the whole suite (narrow it: make test args="services/learning -k week")
	@$(EDXELERA) servers --for-tests
	@.venv/bin/python -m pytest -n auto $(args)

check: dev ## style, types, walls between packages, contract snapshots
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy shared/*/src services/*/src gateway/src deploy/*/src
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/python -m pytest -q -n0 tests/contracts shared/contracts/tests/test_snapshots.py $(args)

format: dev ## put the code into shape
	@.venv/bin/ruff check --fix-only .
	@.venv/bin/ruff format .

bench: dev ## measure the hot paths beside an empty endpoint; prints ratios
	@.venv/bin/python -m tests.bench $(args)

bench-events: dev ## measure how fast events travel beside bare MySQL and Redis; prints ratios
	@$(EDXELERA) servers --for-tests
	@.venv/bin/python -m tests.bench.events $(args)

faults: dev ## break the platform for 20 minutes, again and again: kill, cut, empty, double, reorder
	@$(EDXELERA) servers
	@.venv/bin/python -m tests.faults $(args)

lock: dev ## compile the lock files again (newest versions: make lock args=--upgrade)
	@deploy/lock $(args)
