PYTHON ?= python3
STAMP := .venv/.installed
FRONTEND := web/static/dist/manifest.json
FRONTEND_SOURCES := $(shell find web/frontend -path web/frontend/node_modules -prune -o -type f -print)

.PHONY: run test check format lock chaos frontend bench fuzz

run: $(STAMP) $(FRONTEND)
	@exec .venv/bin/python -m launcher

test: $(STAMP) $(FRONTEND)
	.venv/bin/python -m pytest -n $(or $(JOBS),3)

# MINUTES=30, SEED=…: a seed gives the same accidents again
chaos: $(STAMP)
	.venv/bin/python -m tests.chaos --log chaos.log --minutes $(or $(MINUTES),30) $(if $(SEED),--seed $(SEED))

# MINUTES=60, SEED=…
fuzz: $(STAMP)
	.venv/bin/python -m tests.fuzz --minutes $(or $(MINUTES),60) $(if $(SEED),--seed $(SEED))

check: $(STAMP) $(FRONTEND)
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	web/frontend/make check

frontend: $(FRONTEND)

format: $(STAMP)
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

# some of it: make bench BENCH="latency scaling"; photographs of your own: make bench BENCH="--photos FOLDER"
bench: .venv/.bench $(FRONTEND)
	.venv/bin/python -m bench $(BENCH)

lock:
	uv pip compile -q --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 --extra web --extra dashboard pyproject.toml -o requirements/web.txt
	uv pip compile -q --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 --extra worker pyproject.toml -o requirements/worker.txt
	uv pip compile -q --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 --extra dev pyproject.toml -o requirements/dev.txt
	uv pip compile -q --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 --constraint requirements/dev.txt --extra bench pyproject.toml -o requirements/bench.txt
	uv pip compile -q --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 bench/rivals/celery.in -o bench/rivals/celery.txt
	uv pip compile -q --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 requirements/checkov.in -o requirements/checkov.txt

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(FRONTEND): $(FRONTEND_SOURCES) | $(STAMP)
	web/frontend/make build
	@touch $@

include k8s/deploy.mk

.venv/.bench: requirements/bench.txt $(STAMP)
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	touch $@
