# What a person types. Everything runs in .venv, which `make install` makes from the lock.
PYTHON ?= python3
PEERS_PYTHON ?= $(PYTHON)
RUN := .venv/bin

.PHONY: help install demo test chaos check bench copies peers train lock clean

help:            ## this list
	@grep -hE '^[a-z]+: .*##' Makefile | sed 's/:[^#]*##/\t/'

install: .venv/installed ## make .venv and install what the lock names

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "copydesk needs Python 3.11 or newer; try: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: install   ## the main jobs: ingest the sample articles, crawl a site on this machine, look, search
	@deploy/demo.sh

test: install   ## all tests, on real SQLite, PostgreSQL, S3 and files
	$(RUN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile

chaos: install  ## the long proofs of the crawl: hundreds of kills, clocks, manners at the server (about an hour)
	$(RUN)/python -m tests.chaos --all
	$(RUN)/python -m tests.chaos_schedule
	$(RUN)/python -m tests.chaos_writers
	$(RUN)/python -m tests.chaos_changes
	$(RUN)/python -m tests.conduct

check: install  ## lint, types, and the direction of imports
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports --no-cache

bench: install  ## the figures, beside peers in the same run
	$(RUN)/python -m benchmarks.ingest
	$(RUN)/python -m benchmarks.text_lines
	$(RUN)/python -m benchmarks.extraction
	$(RUN)/python -m benchmarks.crawl
	$(RUN)/python -m benchmarks.engine
	$(RUN)/python -m benchmarks.exports
	$(RUN)/python -m benchmarks.freshness
	$(RUN)/python -m benchmarks.health
	$(RUN)/python -m benchmarks.rendering
	$(RUN)/python -m benchmarks.search
	$(RUN)/python -m benchmarks.pages
	$(RUN)/python -m benchmarks.year
	$(MAKE) copies

copies: install ## the figures of copies and versions: how well they are told, how fast, and whether all writers agree
	$(RUN)/python -m benchmarks.duplicates
	$(RUN)/python -m benchmarks.archive_index $(if $(DATABASE),--database $(DATABASE))
	$(RUN)/python -m benchmarks.refetches
	$(RUN)/python -m tests.chaos_writers $(if $(DATABASE),--database $(DATABASE))

peers:           ## install what benchmarks compare with, apart (two of them need PEERS_PYTHON=python3.12 or newer)
	$(PEERS_PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --group peers

train: install  ## train both models again (needs the extra: .venv/bin/pip install torch)
	$(RUN)/python -m training.lines
	$(RUN)/python -m training.blocks --folds

lock:            ## resolve the lock again (needs uv)
	uv pip compile pyproject.toml --group dev --extra browser --extra mcp --extra parquet --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --quiet -o requirements.lock
	uv pip compile pyproject.toml --extra mcp --extra parquet --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --quiet -c requirements.lock -o deploy/requirements.lock
	echo 'hatchling>=1.27' | uv pip compile - --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --quiet -c requirements.lock -o deploy/package.lock

clean:           ## remove what is made
	rm -rf .venv .venv-peers build dist *.egg-info
