# Two words for users: `make run`, `make test`. Everything else is for those who change the code.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test lint format bench clean

run: $(READY)
	$(BIN)/aggregator run

test: $(READY)
	$(BIN)/python -m pytest -n auto

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/python -m benchmarks

# What editors and people are told of feeds.yaml, after a key was changed.
reference: $(READY)
	$(BIN)/aggregator schema > feeds.schema.json
	sed -i.old '/^<!-- From here on: aggregator schema --reference -->$$/q' docs/configuration.md && rm docs/configuration.md.old
	$(BIN)/aggregator schema --reference >> docs/configuration.md

# Made again only when what is pinned changes, so that later calls start at once.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which: make PYTHON=python3.12 run")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,fulltext]'
	touch $@

clean:
	rm -rf $(VENV)
