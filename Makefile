# Two commands are all there is to know: `make run` talks, `make test` checks everything.
# Each sets up what it needs in .venv and fetches the weights once; later runs start at once.

PYTHON ?= python3
BIN := .venv/bin

# What is compiled is kept, whatever the surroundings say: tests start many processes, which else compile it all again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test test-apart test-apart-too test-models test-pages test-paced paced-alone test-ray types-aside eval system setup setup-dev setup-bench weights weights-test web web-check browser
.PHONY: lint types borders check format lock clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: weights ## set up, fetch the weights, and start the server on http://127.0.0.1:8080
	@sh tools/web.sh --if-possible
	@$(BIN)/antiphon serve

MARKED = $(shell grep -rlF --include="test_*.py" "mark.$(1)" tests)
PACED = $(BIN)/pytest -m paced tests/clients tests/e2e $(call MARKED,paced)
HALF := tests/bench tests/cli tests/clients tests/contracts tests/dialogue tests/engines tests/evals

# First what only computes or mostly waits, side by side; then what talks in real time or loads the machine, and in the
# pauses of that, with whatever it leaves, the types.
test: ## set up, then lint, types, borders and every test
	@echo "Setting up, checking and testing; each part reports when it is over ..."
	@$(MAKE) --no-print-directory -j3 --output-sync=target browser weights-test test-apart test-apart-too lint borders web-check test-models test-pages
	@$(MAKE) --no-print-directory -j2 --output-sync=target types-aside paced-alone

test-apart: setup-dev ## the tests that mind no neighbours and need no weights, one half of them
	$(BIN)/pytest -m "not (real or paced)" $(HALF)

test-apart-too: setup-dev ## the other half
	$(BIN)/pytest -m "not (real or paced)" $(HALF:%=--ignore=%) --ignore=tests/web

test-ray: weights-test ## evaluations over a real Ray cluster, which is started for it
	@$(BIN)/pip install --quiet --disable-pip-version-check 'ray>=2.50'
	$(BIN)/pytest tests/evals/test_on_ray.py

test-models: weights-test ## what computes on real weights, and minds no neighbours either
	$(BIN)/pytest -m "real and not paced" $(call MARKED,real)

test-pages: browser web-check ## the app in a browser, in all its views and in trouble; the check builds it
	$(BIN)/pytest -m "not paced" tests/web

test-paced: weights-test browser web-check paced-alone ## what talks in real time, and wants the machine for itself

paced-alone:
	$(PACED)

EVAL_ARGS ?=
eval: weights ## simulated callers try the three example casts by speech; a page for each in runs/
	@broken=0; for cast in restaurant clinic town; do \
	  $(BIN)/antiphon eval run examples/suites/$$cast.yaml --out runs/$$cast $(EVAL_ARGS) || \
	    { broken=$$?; [ $$broken = 3 ] || exit $$broken; }; \
	  $(BIN)/antiphon eval report runs/$$cast || exit 1; \
	done; exit $$broken

check: lint types borders web-check

web: setup ## build the browser app
	@sh tools/web.sh

web-check: setup-dev
	@$(BIN)/python tools/web_types.py --check
	@sh tools/web.sh --check

browser: system
	@sh tools/browser.sh

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup-dev
	$(BIN)/pyright

types-aside: setup-dev
	@nice -n 19 $(BIN)/pyright

borders: setup-dev
	$(BIN)/lint-imports --cache-dir .venv/import_linter

format: setup-dev ## put every file into its standard form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup-bench: setup ## also what `antiphon bench` compares with and draws with (Pipecat, matplotlib)
	@sh tools/setup.sh $(PYTHON) requirements-bench.txt

setup: .venv/.installed ## only what a user needs
setup-dev: .venv/.installed-dev ## also what the checks and tests need

system: # before anything else: two things at a time, but only one package manager
	@sh tools/system.sh $(PYTHON)

.venv/.installed: requirements.txt pyproject.toml | system
	@sh tools/setup.sh $(PYTHON) requirements.txt
	@touch $@

.venv/.installed-dev: requirements-dev.txt pyproject.toml | system
	@sh tools/setup.sh $(PYTHON) requirements-dev.txt --no-compile # most of it no test ever imports
	@touch $@ .venv/.installed

weights: setup
	@$(BIN)/antiphon models pull

weights-test: setup-dev
	@$(BIN)/antiphon models pull --for test

lock: ## renew the lock files from pyproject.toml (hashes, no addresses)
	@sh tools/lock.sh $(PYTHON)

clean: ## remove the environment and every cache; the weights stay
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis build dist web/node_modules src/antiphon/server/app_files
