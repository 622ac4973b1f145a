# Two commands on a bare machine: `make demo` and `make test`. Everything else is for developers.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV := $(VENV)/.ready-dev
# Where byte code is not kept (as images often have it), each of the many processes of a test run compiles everything.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-spark soak check fix wheel slim bench clean help

help:
	@echo "make demo   run the main job on a generated programme, no account needed"
	@echo "make test   run the tests, in less than five minutes"
	@echo "make check  lint, types, architecture, dependencies, docs, thorough tests under coverage"
	@echo "make test-spark  the Spark engine beside DuckDB; needs Java"
	@echo "make soak   long tests: kill loops, full products, large random profiles"
	@echo "make fix    format, sort, regenerate docs"
	@echo "make wheel  build, install into a fresh environment, try it"
	@echo "make slim   what --help costs"
	@echo "make bench  the benchmarks"

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; sys.exit('qa-sync needs Python 3.11 or newer, this is ' + sys.version.split()[0] + '; use make PYTHON=python3.12') if sys.version_info < (3, 11) else None"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $(READY)

$(DEV): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group dev
	@touch $(DEV)

demo: $(READY)
	$(BIN)/qa-sync demo

test: $(DEV)
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not soak and not spark and not thorough"

soak: $(DEV)
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "soak and not spark" -p no:randomly

test-spark: $(DEV)
	@if command -v java >/dev/null; then \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[spark]' && \
	  $(BIN)/python -m pytest -q -m "spark and not soak" -W ignore tests/engine; \
	else echo "SKIPPED: make test-spark needs Java 17 or newer, and there is none on this machine"; fi

check: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry .
	$(BIN)/codespell
	$(BIN)/python -m cogapp --check -P README.md docs/*.md
	$(BIN)/python -m pytest -q -n 2 --dist worksteal --cov --cov-report=
	$(BIN)/coverage report --skip-covered --fail-under=85 | tail -n 3

fix: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/python -m cogapp -r -P README.md docs/*.md

wheel: $(DEV)
	rm -rf dist build/wheel
	$(BIN)/python -m build --outdir dist --no-isolation .
	$(BIN)/check-wheel-contents --toplevel qa_sync,qa_sync_excel,qa_sync_files,qa_sync_gsheets,qa_sync_verint,qa_sync_zendesk dist/*.whl
	$(PYTHON) -m venv build/wheel
	build/wheel/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt dist/*.whl
	cd build/wheel && bin/qa-sync --version && bin/qa-sync connectors && bin/qa-sync init trial && bin/qa-sync --workspace trial check --offline
	rm -rf build/wheel

slim: $(DEV)
	$(BIN)/python benchmarks/slim.py

bench: $(DEV)
	for script in store mapping reconcile agreement publish programme demo; do $(BIN)/python benchmarks/$$script.py || exit 1; done
	$(BIN)/python benchmarks/slim.py

clean:
	rm -rf $(VENV) dist build demo .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
