# Every target sets up what it needs in .venv; nothing outside this folder is changed.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.made-from-lock
SLOW := browser and not libreoffice and not scheduler and not crash and not imap and not long and not soak and not bench
UV := uv>=0.9,<1
RESOLVE = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet

.PHONY: help demo demo-reset test check soak bench lock
.DEFAULT_GOAL := help

help:
	@printf '%s\n' 'make demo        start the demonstration (Ctrl-C stops it)' 'make demo-reset  empty the demonstration' \
	  'make test        the tests, without the slow kinds' 'make check       format, lint, types, floors' \
	  'make soak        the long tests, before a release' 'make bench       measure' 'make lock        resolve requirements.lock anew'

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or later is needed: make PYTHON=python3.12 ...' >&2; exit 2; }
	@echo "Setting up .venv with $$($(PYTHON) --version), once until requirements.lock changes."
	@$(PYTHON) -m venv .venv
	@echo "Installing $$(grep -c '==' requirements.lock) packages, each checked against its hash ..."
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --no-deps -r requirements.lock | \
	  awk '/^Collecting/ { printf "  %3d  %s\n", ++n, $$2; fflush() } /^Installing collected/ { print "  unpacking ..."; fflush() }'
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip check --disable-pip-version-check
	@touch $(READY)
	@echo 'Set up.'

demo: $(READY)
	@$(BIN)/overens up --demo

demo-reset:
	@rm -rf .demo
	@echo 'The demonstration is empty; make demo fills it anew.'

test: $(READY)
	@echo 'Running the tests ...'
ifeq ($(OVERENS_TEST_EVERYTHING),1)
	@$(BIN)/python -m pytest -n 2 -m 'not soak and not bench' $(ARGS)
else
	@$(BIN)/python -m pytest -n 2 -m 'not $(SLOW)' $(ARGS)
endif

check: $(READY)
	@echo '1/4 format'; $(BIN)/ruff format --check .
	@echo '2/4 lint'; $(BIN)/ruff check .
	@echo '3/4 types'; $(BIN)/mypy
	@echo '4/4 floors'; $(BIN)/lint-imports --no-logo

soak: $(READY)
	@echo 'Running the long tests ...'
	@$(BIN)/python -m pytest -m soak $(ARGS)

bench: $(READY)
	@echo 'Measuring ...'
	@$(BIN)/python -m pytest -m bench $(ARGS)

lock: $(READY)
	@echo 'Resolving every dependency for Python 3.11 and later ...'
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet '$(UV)'
	@$(RESOLVE) --all-extras --output-file requirements.lock pyproject.toml
	@$(RESOLVE) --extra build --constraint requirements.lock --output-file deploy/requirements.lock pyproject.toml
	@echo 'requirements.lock and, without the tools of the tests, deploy/requirements.lock are written; make test installs.'
