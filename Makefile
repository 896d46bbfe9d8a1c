# What users, developers and CI do with this project; `make` alone lists it.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL_ARGS ?=
# One process more than there are processors: tests of browsers, workers and leases wait a fifth of their time.
PROCESSES := $(shell n=$$(nproc 2>/dev/null || echo 2); [ $$n -lt 8 ] && expr $$n + 1 || echo 8)
SIDE_BY_SIDE := --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder
FOR_USERS := $(VENV)/.installed
FOR_DEVELOPERS := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help demo quick test fuzz check bake bench constraints clean

help:  ## list what there is to do
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(FOR_USERS)  ## run the reference city and open its dashboard (ARGS="--days 2 --no-serve")
	@$(BIN)/gridcarbon demo $(ARGS)

# Every process of a test run, and every command that it tries, reads the bytecode that another has made.
quick test check: export PYTHONDONTWRITEBYTECODE =

quick: $(FOR_DEVELOPERS)  ## run the tests that fit between two saves (ARGS="tests/grid")
	@$(BIN)/python -m pytest -m "not slow" --hypothesis-profile quick $(SIDE_BY_SIDE) $(ARGS)

test: $(FOR_DEVELOPERS)  ## run all tests (ARGS="tests/grid -k flow", "--hypothesis-profile thorough")
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

fuzz: $(FOR_DEVELOPERS)  ## try wrong inputs of every kind, 20,000 scenarios for an hour or more (ARGS="2000 7 --files 100 --run 30")
	@$(BIN)/python -W error -W ignore::DeprecationWarning -m tests.fuzz.campaign $(ARGS)

check: $(FOR_DEVELOPERS)  ## lint, format, types and layers, as CI does
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bake: $(FOR_DEVELOPERS)  ## build the shipped reference city and weather again from SimBench and pvlib
	@$(BIN)/python -m grid.data.bake_reference
	@$(BIN)/python -m grid.data.bake_weather

bench: $(FOR_DEVELOPERS)  ## measure against the peers, batches and growth; write docs/benchmarks*.md (ARGS=--quick)
	@$(PIP) install -qq --constraint constraints.txt --editable '.[dev,bench]'
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.run $(ARGS)
	@$(BIN)/python -m benchmarks.batch.run $(ARGS)
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.three_phase
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.twin.estimation
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.scaling.run $(ARGS)

constraints:  ## pin the newest versions that fit together to constraints.txt
	@rm -rf $(VENV)-fresh
	@$(MAKE) --no-print-directory VENV=$(VENV)-fresh $(VENV)-fresh/bin/python
	@echo "Resolving the newest versions ..."
	@$(VENV)-fresh/bin/python -m pip --disable-pip-version-check install -qq --editable '.[dev,bench]'
	@{ sed '/^[^#]/,$$d' constraints.txt; \
	   $(VENV)-fresh/bin/python -m pip --disable-pip-version-check freeze --exclude-editable \
	     --exclude pip --exclude setuptools --exclude wheel; } > constraints.txt.new
	@mv constraints.txt.new constraints.txt
	@rm -rf $(VENV)-fresh
	@echo "constraints.txt pins $$(grep -c == constraints.txt) packages"

clean:  ## remove the environment, caches and builds, never results
	rm -rf $(VENV) $(VENV)-fresh build dist *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(FOR_USERS): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing gridcarbon into $(VENV); the first time this fetches a few hundred megabytes ..."
	@$(PIP) install -qq $(INSTALL_ARGS) --constraint constraints.txt --editable .
	@touch $@

$(FOR_DEVELOPERS): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing gridcarbon and its development tools into $(VENV); the first time this takes a few minutes ..."
	@$(PIP) install -qq $(INSTALL_ARGS) --constraint constraints.txt --editable '.[dev]'
	@touch $(FOR_USERS) $@

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no '$(PYTHON)' here. Name a Python of 3.11 or later: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "gridcarbon needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version)." >&2; \
	  echo "Name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments: its venv module is missing." >&2; \
	  echo "On Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	@echo "Creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
