# A reader needs two commands: `make tutorial` and `make test`. Both set up .venv first.
# `make setup PYTHON=/path/to/python3.12` takes that Python instead of the first that fits.

PY := .venv/bin/python
READY := .venv/ready
FITS := -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null
FIND_PYTHON = for python in $(if $(PYTHON),"$(PYTHON)",python3 python3.13 python3.12 python3.11 python) ""; do \
	if test -n "$$python" && "$$python" $(FITS); then break; fi; \
	done; \
	test -n "$$python" || { \
	echo "No Python 3.11, 3.12 or 3.13 (with venv and ensurepip) found$(if $(PYTHON), as $(PYTHON)); install one," \
	"or name it: make $(or $(firstword $(MAKECMDGOALS)),setup) PYTHON=/path/to/python3" >&2; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help setup tutorial test notebooks student lab figures reference lint lock lowest mutants peers bench clean which-python

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /make \1: /p' Makefile

setup: $(READY) ## make .venv with the locked packages and this one

tutorial: $(READY) ## run copies of all notebooks and draw all figures, under build/
	@$(PY) -m ple_tutorial tutorial

test: $(READY) ## run all tests, and every notebook against its stored outputs
	$(PY) -m pytest --nbval --numprocesses 2 --dist loadscope $(ARGS)

notebooks: $(READY) ## (author) run the notebooks in place and store their outputs; ARGS="04 05" for some
	@$(PY) -m ple_tutorial notebooks --in-place $(ARGS)

student: $(READY) ## write the notebooks without solutions into build/student, and with them into build/solutions
	@$(PY) -m ple_tutorial student $(ARGS)

lab: $(READY) ## open JupyterLab on the series
	$(PY) -m jupyterlab notebooks $(ARGS)

figures: $(READY) ## (author) draw the figures into figures/; ARGS="--only NAME" for one
	@$(PY) -m ple_tutorial figures $(ARGS)

reference: $(READY) ## (author) write docs/reference.md from the docstrings
	@$(PY) docs/build_reference.py

lint: $(READY) ## check the format and the style of code and notebooks
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

lock: build/uv/bin/uv ## (author) write requirements.txt from pyproject.toml; ARGS=--upgrade for newer versions
	$< pip compile pyproject.toml --all-extras --universal --python-version 3.11 --fork-strategy fewest --no-config \
		--custom-compile-command "make lock" --quiet --output-file requirements.txt $(ARGS)

lowest: build/uv/bin/uv ## (author) run the tests, notebooks apart, with the lowest versions that pyproject.toml allows
	$< venv --quiet --clear --no-config --no-python-downloads --python 3.11 build/lowest
	$< pip compile pyproject.toml --all-extras --resolution lowest-direct --python-version 3.11 --no-config \
		--only-binary :all: --quiet --output-file build/lowest.txt --upgrade
	$< pip install --quiet --no-config --python build/lowest --requirement build/lowest.txt
	$< pip install --quiet --no-config --python build/lowest --no-deps --editable .
	build/lowest/bin/python -m pytest --numprocesses 2 --dist loadscope tests $(ARGS)

mutants: $(READY) ## (author) plant the known faults in scratch copies, one by one, and see the tests fail
	$(PY) tests/mutants.py $(ARGS)

peers: ## (author) hold the models against those of DeepCTR, on the same weights; in an environment of its own
	@$(FIND_PYTHON); "$$python" -m venv --clear build/peers
	build/peers/bin/python -m pip install --disable-pip-version-check --quiet --requirement requirements.txt \
		--requirement requirements-peers.txt
	build/peers/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	build/peers/bin/python -m pytest -rP tests/peers $(ARGS)

bench: ## (author) measure the speed of training, compared with other ways and packages, in an environment of its own; ARGS="--json FILE" to store it
	@$(FIND_PYTHON); "$$python" -m venv --clear build/bench
	build/bench/bin/python -m pip install --disable-pip-version-check --quiet --requirement requirements.txt
	@grep -v '^#' requirements-bench.txt | while read -r peer; do \
		build/bench/bin/python -m pip install --disable-pip-version-check --quiet --constraint requirements.txt "$$peer" || \
		echo "$$peer cannot be installed here; its row will say so" >&2; \
		done
	build/bench/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	build/bench/bin/python -m benchmarks $(ARGS)

clean: ## remove build/ and the caches; .venv stays
	rm -rf build .pytest_cache .ruff_cache ple_tutorial.egg-info
	find ple_tutorial benchmarks tests notebooks -name __pycache__ -o -name .ipynb_checkpoints | while read -r found; do rm -rf "$$found"; done

which-python:
	@$(FIND_PYTHON); "$$python" -c 'import sys; print(sys.executable)'

# The stamp is written last, with the folder's path in it: an interrupted set-up and a moved checkout are done anew,
# and a changed list of packages is brought up to date.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif
$(READY): requirements.txt pyproject.toml
	@if test "$$(cat $@ 2>/dev/null)" != "$(CURDIR)"; then \
		$(FIND_PYTHON); \
		"$$python" -m venv --clear .venv; \
	fi
	@rm -f $@
	$(PY) -m pip install --disable-pip-version-check --requirement requirements.txt
	$(PY) -m pip install --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@echo "$(CURDIR)" > $@

build/uv/bin/uv:
	@$(FIND_PYTHON); "$$python" -m venv --clear build/uv
	build/uv/bin/python -m pip install --disable-pip-version-check --quiet uv
