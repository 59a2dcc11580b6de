# What one does with a checkout. Every target sets up what it needs first.

ARGS =  # more arguments for pytest, or for the benchmarks: make test ARGS="-k gap -x"

PYTHON = .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup check test demo test-long bench clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup:  ## make .venv, install the pinned packages and MariaDB's programs; quick if done
	@infra/setup.sh test

check: setup  ## lint, format, types, import rules
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

test: check  ## check, then the default test suite; ARGS go to pytest
	HYPOTHESIS_PROFILE=ci $(PYTHON) -m pytest $(ARGS)

demo: setup  ## the log at work: writers, readers, kills, the verdict
	$(PYTHON) -m tests.fault $(ARGS)

test-long: setup  ## the whole test suite with its runs of minutes; ARGS go to pytest
	HYPOTHESIS_PROFILE=long $(PYTHON) -m pytest --long $(ARGS)

bench:  ## measure against the figures to reach; ARGS go to the benchmarks
	@infra/setup.sh test,bench
	$(PYTHON) -m tests.benchmarks $(ARGS)

clean:  ## remove .venv and every cache; never the data in .ringi
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf .coverage* build *.egg-info
	find . \( -path ./.git -o -path ./.ringi \) -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +
