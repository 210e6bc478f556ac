# The commands of the project. `make help` lists them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
SESAME := $(BIN)/sesame
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help venv up test check static soak lock format

help: ## list these commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

venv: $(STAMP) ## the environment, from the hash-locked list

$(STAMP): requirements.lock pyproject.toml
	@$(or $(PYTHON),false) -c 'import sys, venv; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || \
	  { echo "Sesame needs Python 3.11 with venv; '$(PYTHON)' is not it. Set PYTHON=…" >&2; exit 1; }
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

up: venv ## everything in one process, on the embedded defaults, with demo people; Ctrl-C stops it
	@exec $(SESAME) up --seed

test: static ## every test (SQLite and PostgreSQL, in process and over real sockets), after the static checks
	$(BIN)/python -m pytest -n 3 --dist loadfile

check: static ## format, lint, types, imports; the SDL, the contract and the generated docs are up to date
	$(BIN)/python -m pytest --quiet tests/structure

static: venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --no-error-summary
	@$(SESAME) export-schema --check

soak: venv ## long runs with fixed seeds; the report is written to reports/
	$(BIN)/python -m tests.soak

format: venv ## rewrite the code in the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: venv ## renew requirements.lock from pyproject.toml: hashes, no addresses (needs pip-tools in the environment)
	$(BIN)/python -m piptools compile --quiet --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links \
	  --strip-extras --extra dev --output-file requirements.lock pyproject.toml
