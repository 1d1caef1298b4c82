PYTHON ?= python3
.DEFAULT_GOAL := run
STAMP := .venv/.installed
RUN_STAMP := .venv/.installed-run
INSTALL = PYTHON="$(PYTHON)" GOALS="$(MAKECMDGOALS)" requirements/install
FRONTEND := web/static/dist/manifest.json
FRONTEND_SOURCES := $(shell find web/frontend -path web/frontend/node_modules -prune -o -type f -print)

TOOLS := .venv/.tools/.installed
AUDIT := .venv/.tools/bin/pip-audit
SPHINX := .venv/.sphinx/.installed
ASK := PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python requirements/audit.py

# Goals with a comment of two # are listed.
help:
	@sed -n 's/^\([a-z][a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort | awk -F'\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: help run dev test check format lock chaos siege frontend bench fuzz differential audit screenshots film docs

run: $(RUN_STAMP) $(FRONTEND) ## start the whole pipeline: embedded Redis-compatible server, web, workers, rq-dashboard
	@exec .venv/bin/python -m launcher --stop-with-parent

dev: $(RUN_STAMP) $(FRONTEND) ## as run, and start anew whenever a source changes; builds the front end too
	@exec .venv/bin/python -m launcher --stop-with-parent --reload

test: $(STAMP) $(FRONTEND) ## run every test against real processes (JOBS=4)
	.venv/bin/python -m pytest -n $(or $(JOBS),4)

# MINUTES=30, SEED=…: a seed gives the same accidents again
chaos: $(STAMP) ## accidents by chance, half an hour (MINUTES, SEED)
	.venv/bin/python -m tests.chaos --log chaos.log --minutes $(or $(MINUTES),30) $(if $(SEED),--seed $(SEED))

# ATTACKS="slow names": only those whose names have one of these words
siege: $(STAMP) ## play attacks against web while somebody else uses it (ATTACKS)
	.venv/bin/python -m tests.siege $(ATTACKS)

# MINUTES=60, SEED=…
fuzz: $(STAMP) ## damaged files through the engine, an hour (MINUTES, SEED)
	.venv/bin/python -m tests.fuzz --minutes $(or $(MINUTES),60) $(if $(SEED),--seed $(SEED))

differential: $(STAMP) ## pictures beside those of a second decoder (MINUTES=30, SEED=…)
	.venv/bin/python -m tests.differential --minutes $(or $(MINUTES),30) $(if $(SEED),--seed $(SEED))

check: $(STAMP) $(FRONTEND) $(TOOLS) ## formatter, linter, types, front end, known vulnerabilities
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	web/frontend/make check
	$(ASK) $(AUDIT)

frontend: $(FRONTEND) ## build the front end

# STATES=dark: only those whose names contain it
screenshots: $(STAMP) $(FRONTEND) ## take the pictures of the README anew (STATES)
	.venv/bin/python -m tests.browser.screenshots $(STATES)

film: $(STAMP) $(FRONTEND) ## take the film of the README anew
	.venv/bin/python -m tests.browser.recording

# an environment of its own; from nothing each time, so that no warning is missed and nothing stale is left
docs: $(SPHINX) ## build the documents as a site, in site/; a link that leads nowhere fails
	rm -rf site
	.venv/.sphinx/bin/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env --conf-dir docs --doctree-dir .venv/.sphinx/doctrees . site
	cp site/README.html site/index.html

format: $(STAMP) ## format and fix what can be fixed
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

# some of it: make bench BENCH="latency scaling"; photographs of your own: make bench BENCH="--photos FOLDER"
bench: .venv/.bench $(FRONTEND) ## measure (BENCH="latency scaling")
	.venv/bin/python -m bench $(BENCH)

COMPILE := .venv/.tools/bin/uv pip compile -q --system-certs --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11

# what is known against the versions we pin; here a list that does not answer fails, in `make check` it is told
audit: $(TOOLS) $(FRONTEND) ## look for known vulnerabilities; fails if a list does not answer
	$(ASK) --strict $(AUDIT)

# dev first: the others are parts of it, or come on top
lock: $(TOOLS) ## pin the dependencies anew, with hashes; asks the package index
	$(COMPILE) --extra dev pyproject.toml -o requirements/dev.txt
	$(COMPILE) --constraint requirements/dev.txt --extra run pyproject.toml -o requirements/run.txt
	$(COMPILE) --constraint requirements/dev.txt --extra tracing pyproject.toml -o requirements/tracing.txt
	$(COMPILE) --constraint requirements/dev.txt --extra web --extra dashboard --extra tracing pyproject.toml -o requirements/web.txt
	$(COMPILE) --constraint requirements/dev.txt --extra worker --extra tracing pyproject.toml -o requirements/worker.txt
	$(COMPILE) --constraint requirements/dev.txt --group bench -o requirements/bench.txt
	$(COMPILE) bench/rivals/celery.in -o bench/rivals/celery.txt
	$(COMPILE) requirements/tools.in -o requirements/tools.txt
	$(COMPILE) requirements/checkov.in -o requirements/checkov.txt
	$(COMPILE) requirements/docs.in -o requirements/docs.txt

$(TOOLS): requirements/tools.txt $(RUN_STAMP)
	.venv/bin/python -m venv --clear .venv/.tools
	.venv/.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

$(SPHINX): requirements/docs.txt $(RUN_STAMP)
	.venv/bin/python -m venv --clear .venv/.sphinx
	.venv/.sphinx/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

# absent, or a link to a Python that is gone: .venv is made anew
.venv/bin/python: ;

$(RUN_STAMP): requirements/run.txt pyproject.toml .venv/bin/python
	@$(INSTALL) requirements/run.txt
	@touch $@

$(STAMP): requirements/dev.txt $(RUN_STAMP)
	@$(INSTALL) requirements/dev.txt
	@touch $@

$(FRONTEND): $(FRONTEND_SOURCES) | $(RUN_STAMP)
	web/frontend/make build
	@touch $@

include k8s/deploy.mk

.venv/.bench: requirements/bench.txt $(STAMP)
	@$(INSTALL) requirements/bench.txt
	@touch $@
