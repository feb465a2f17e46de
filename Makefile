# Handrail. `make` lists what there is.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help

.PHONY: help install install-dev run demo test test-full test-nightly check bench docs lock migrations messages
help:            ## this list
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/ —/' | column -t -s—

.venv/base: requirements/base.txt pyproject.toml
	@test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
.venv/dev: .venv/base requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@
install: .venv/base     ## what the running product needs
install-dev: .venv/dev  ## and what tests and checks need

run: install            ## start the server and its worker
	$(BIN)/handrail run
demo: install           ## the whole product with a living demonstration programme
	$(BIN)/handrail demo
test test-full: export PYTHONDONTWRITEBYTECODE :=
test: install-dev       ## the core suite, under 90 seconds
	$(BIN)/python -m pytest -q -n 2 -m "not slow and not browser and not chaos and not drill"
test-full: install-dev  ## everything: browser, kills, slow tiers
	$(BIN)/python -m pytest -q -n 2 -m "not chaos and not browser and not drill"
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m browser
	$(BIN)/python -m pytest -q -n 0 -m chaos
test-nightly: install-dev  ## the seizure drill, the attacker over two thousand random programmes, every string in every field; for a machine that is idle at night
	$(BIN)/python -m pytest -q -n 0 -m drill tests/seizure
	HANDRAIL_RANDOM_CUBES=2000 $(BIN)/python -m pytest -q -n 2 -m "" handrail/insight/tests/test_everything_published.py
	HANDRAIL_EVERY_STRING=1 MANY_EXAMPLES=2000 $(BIN)/python -m pytest -q -n 2 -m "" tests/test_naughty_forms.py handrail/facts/tests/test_properties.py
check: install-dev      ## style, types, layers, docs, sizes
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m handrail.conformance.sizes
	$(BIN)/python -m handrail.conformance.reference --check
	$(BIN)/python -m handrail.conformance.messages --check
bench: install-dev      ## every benchmark prints a ratio measured in one run
	$(BIN)/python -m bench
docs: install-dev       ## write the generated reference pages
	$(BIN)/python -m handrail.conformance.reference
messages: install-dev   ## bring the translations along; LANGUAGE=uk begins one
	$(BIN)/python -m handrail.conformance.messages $(LANGUAGE)
lock: install-dev       ## pin every requirement with its hashes
	for name in base dev; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate requirements/$$name.in -o requirements/$$name.txt; done
migrations: install-dev ## write migrations for changed models
	$(BIN)/handrail migrate && DJANGO_SETTINGS_MODULE=handrail.settings $(BIN)/django-admin makemigrations
