# Two commands on a fresh machine: `make demo`, `make test`. They need Python 3.11 or later, pip and make; no more.

VENV := .venv
BIN := $(VENV)/bin
# The first Python that is new enough; say `make PYTHON=/path/to/python3 …` to choose another.
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$name"; break; }; done)
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
STAMP := $(VENV)/.installed
PYTEST_ARGS ?=
# Processes that run the tests side by side: one more than a small machine has cores, since many tests wait for others.
# 0 runs them in one, as a debugger wants it.
JOBS ?= 3
BENCH_ARGS ?=
SEED ?= 0
# The browser of `make test-web`; nothing: the first that is on PATH.
export CHROMIUM ?=
MUTANTS ?= 0
# How long the kills may last in a night, and then the simulated days: 90s, 10m, 2h. Nothing: until all is done.
FOR ?=
LASTING := $(if $(FOR),--for $(FOR))

.DEFAULT_GOAL := help
.PHONY: help install demo test test-api soak nightly mutants test-web test-sip test-stripe test-clients screens check format docs bench bench-board bench-peers bench-sip bench-sync bench-whatif clean

help: ## Show these lines.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

install: $(STAMP) ## Make .venv with pinned versions, the command `gateway` and every plugin in it.

# Pinned all the way: --no-build-isolation builds with the pinned backend, --no-deps adds nothing to what is pinned.
$(STAMP): pyproject.toml $(addprefix requirements/,build.txt run.txt dev.txt) $(addsuffix /pyproject.toml,$(PLUGINS))
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed and none was found: install it, or say make PYTHON=/path/to/python3" >&2; exit 69; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than Python 3.11" >&2; exit 69; }
	@"$(PYTHON)" -c 'import ensurepip' 2>/dev/null || { echo "$(PYTHON) can make no virtual environment: install its venv package (Debian: python3-venv)" >&2; exit 69; }
	"$(PYTHON)" -m venv --clear $(VENV)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --requirement requirements/dev.txt
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps $(addprefix --editable ./,. $(PLUGINS))
	$(BIN)/python -m pip check
	@touch $@

demo: install ## Simulated accounts, real deadlines: a breach and a verified escalation within a minute.
	$(BIN)/gateway demo --for 60s

test: install ## All tests, in three processes. Some of them, in one: make test JOBS=0 PYTEST_ARGS='-k calendar -x'
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

test-api: $(VENV)/.api ## Call all that the API's document declares, by schemathesis: about a minute. Others: SEED=1
	$(BIN)/python -m tests.fuzz --seed $(SEED)

$(VENV)/.api: $(STAMP) requirements/api.txt
	$(BIN)/python -m pip install -qq --disable-pip-version-check --requirement requirements/api.txt
	@touch $@

soak: install ## Kill it 60 times, let 100 simulated days of faults pass, find every planted bug: about six minutes.
	$(BIN)/python -m tests.crash --kills 60 --seed $(SEED)
	$(BIN)/python -m tests.crash --bug all
	$(BIN)/python -m tests.simulation --days 100 --from-seed $(SEED)
	$(BIN)/python -m tests.simulation --steps 6
	$(BIN)/python -m tests.simulation --bugs
	$(BIN)/python -m tests.simulation --twice 4

nightly: install $(VENV)/.mutants ## The same with 10,000 kills and days, and more. Less: make nightly FOR=1h. Others: SEED=1000000
	$(BIN)/python -m tests.crash --kills 10000 --seed $(SEED) $(LASTING)
	$(BIN)/python -m tests.crash --bug all
	$(BIN)/python -m tests.simulation --days 10000 --from-seed $(SEED) $(LASTING)
	$(BIN)/python -m tests.simulation --steps 1
	$(BIN)/python -m tests.simulation --bugs
	$(BIN)/python -m tests.simulation --twice 20 --from-seed $(SEED)
	$(BIN)/python -m tests.differential --scenarios 100000 --from-seed $(SEED)
	$(BIN)/python -m tests.fuzz_sip --packets 5000000 --from-seed $(SEED)
	$(BIN)/python -m tests.policy.changed
	FIGURES_CALLS=10000 FIGURES_SEED=$(SEED) $(BIN)/python -m pytest plugins/telephony_sip/tests/test_sip_figures.py --timeout=0
	CARDS=all $(BIN)/python -m pytest tests/kernel/test_card_corpus.py tests/acceptance/test_cards.py --timeout=0
	ACCOUNT_KILLS=500 $(BIN)/python -m pytest tests/crash/test_accounts.py --timeout=0
	CONVERGES_EXAMPLES=5000 $(BIN)/python -m pytest plugins/zendesk/tests/test_zendesk_converges.py --timeout=0
	CONVERGES_EXAMPLES=5000 $(BIN)/python -m pytest plugins/freshdesk/tests/test_freshdesk_converges.py --timeout=0
	CONVERGES_EXAMPLES=5000 $(BIN)/python -m pytest plugins/salesforce/tests/test_salesforce_converges.py --timeout=0
	CONVERGES_EXAMPLES=5000 $(BIN)/python -m pytest plugins/payments/tests/test_stripe_converges.py --timeout=0
	$(BIN)/python -m tests.mutants --sample 200 --seed $(SEED)

mutants: $(VENV)/.mutants ## Do the tests notice small changes of the rules? Of so many only: make mutants MUTANTS=200
	$(BIN)/python -m tests.mutants --sample $(MUTANTS) --seed $(SEED)

$(VENV)/.mutants: $(STAMP) requirements/mutants.txt
	$(BIN)/python -m pip install -qq --disable-pip-version-check --requirement requirements/mutants.txt
	@touch $@

test-web: install $(VENV)/.web ## The pages in a real browser, Debian's Chromium; another one: make test-web CHROMIUM=/path/to/it
	@$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m pytest tests/browser $(PYTEST_ARGS)

test-sip: install ## Calls by SIPp through Debian's Kamailio, and how the gateway sees and redirects them: under a minute.
	@$(BIN)/python -m tests.sip.peers
	$(BIN)/python -m pytest tests/sip $(PYTEST_ARGS)

test-stripe: install ## Stripe's client and library judge our simulator and signatures; localstripe is read by a gateway: under a minute.
	@$(BIN)/python -m tests.stripe.peers
	$(BIN)/python -m pytest tests/stripe $(PYTEST_ARGS)

test-clients: install ## Other people's clients of Freshdesk and Salesforce take our simulators for the vendors: half a minute.
	@$(BIN)/python -m tests.clients.peers
	$(BIN)/python -m pytest tests/clients $(PYTEST_ARGS)

screens: install $(VENV)/.web ## Photograph the demo's pages for the documentation.
	@$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m tests.browser.screens

$(VENV)/.web: $(STAMP) requirements/web.txt
	$(BIN)/python -m pip install -qq --disable-pip-version-check --requirement requirements/web.txt
	@touch $@

check: install ## Style, types, floors, and the rules of the house.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/house

format: install ## Put the code into the one format.
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: install ## Write the tables of the reference, and draw the pictures, anew from the code.
	$(BIN)/python -m docs.generate
	$(BIN)/python -m docs.drawing

bench: install ## Measure, side by side in one run, as one table. Quicker: make bench BENCH_ARGS=--quick
	$(BIN)/python -m bench $(BENCH_ARGS)
	$(BIN)/python -m bench.rules

bench-board: install ## The board and its pages at a million contacts, 20,000 open, and a hundred open boards; ten minutes, 3 GB.
	$(BIN)/python -m bench.board

bench-sip: install ## HEP packets a second, memory over 100,000 calls, and how soon a redirect server answers; five minutes.
	$(BIN)/python -m bench.sip $(BENCH_ARGS)

bench-whatif: install ## What-if over 100,000 contacts; needs all processors for itself, about ten minutes.
	$(BIN)/python -m bench.whatif

bench-sync: install ## Readers of others, installed from PyPI (550 MB), read a Zendesk account beside the gateway. Others: BENCH_ARGS="--shape freshdesk".
	$(BIN)/python -m bench.sync $(BENCH_ARGS)

bench-peers: install ## n8n and Node-RED, installed from npm (3 GB, some minutes), do the same work beside the gateway.
	$(BIN)/python -m bench.peers

clean: ## Remove what `make` has made.
	rm -rf $(VENV) build dist mutants .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
