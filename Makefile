# What one does with a checkout. Every target sets up what it needs first.

ARGS =  # more arguments for what the target runs: make test ARGS="-k gap -x"

REPLICAS =  # make up REPLICAS=1: so many replicas of the private MariaDB; 0: none; kept until changed

SPLIT_REDIS =  # make up SPLIT_REDIS=1: a Redis server for each role; 0: one for all; kept until changed

PYTHON = .venv/bin/python
RINGI = .venv/bin/ringi

.DEFAULT_GOAL := help
.PHONY: help setup setup-test check test demo up down status logs test-long bench clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup:  ## make .venv, install the pinned packages, MariaDB and Redis; quick if done
	@infra/setup.sh

setup-test:
	@infra/setup.sh test

check: setup-test  ## lint, format, types, import rules
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

test: check  ## check, then the default test suite; ARGS go to pytest
	HYPOTHESIS_PROFILE=ci $(PYTHON) -m pytest -n 4 --dist loadfile $(ARGS)

demo: setup  ## a document's way through approval, told as it happens
	@$(RINGI) demo $(ARGS)

up: setup  ## start servers and roles on this machine, wait until all is ready
	@$(RINGI) up $(if $(SPLIT_REDIS),$(if $(filter 0,$(SPLIT_REDIS)),--no-split-redis,--split-redis)) $(if $(REPLICAS),--replicas $(REPLICAS)) $(ARGS)

down:  ## stop everything in order; the data stays
	@$(RINGI) down

status:  ## what runs, and how far it is
	@$(RINGI) status $(ARGS)

logs:  ## the last lines of every log; ARGS="-f worker" follows one
	@$(RINGI) logs $(ARGS)

test-long: setup-test  ## the whole test suite with its runs of minutes; ARGS go to pytest
	HYPOTHESIS_PROFILE=long $(PYTHON) -m pytest --long $(ARGS)

bench:  ## measure against the figures to reach; ARGS go to the benchmarks
	@infra/setup.sh test,bench
	$(PYTHON) -m tests.benchmarks $(ARGS)

clean:  ## remove .venv and every cache; never the data in .ringi
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf .coverage* build *.egg-info
	find . \( -path ./.git -o -path ./.ringi \) -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +
