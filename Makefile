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

# What it is measured against has an environment of its own, and is left out where it cannot be had.
PEERS := .bench

bench: $(READY) $(PEERS)/.ready
	$(BIN)/python -m benchmarks

$(PEERS)/.ready: benchmarks/peers.txt
	-$(PYTHON) -m venv $(PEERS)
	-$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/peers.txt && touch $@

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
	rm -rf $(VENV) $(PEERS)
