# Two commands are all one needs: `make demo` shows the main job, `make test` proves the project.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PARTS ?= 2
# Output of one target after the other; the make of macOS cannot, and mixes it.
SYNCED := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
# Tests start processes, which find here what the one before has compiled, also where the machine's default is not to.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo demo-run demo-session demo-wire test check lint types imports unit openapi soak days deaths noise mutants release bench lock docs clean

# One run over 300 generated contracts, nothing sent; then an hour of the sandbox in some seconds, in which it really trades.
RUN := mtf run --exchange sandbox --database memory
SESSION := mtf sandbox session --seed 16 --universe-size 100 --minutes 60 --until-flat 15

demo: $(VENV)/.run
	$(BIN)/$(RUN)
	$(BIN)/$(SESSION)

demo-run: $(VENV)/.run
	$(BIN)/$(RUN)

demo-session: $(VENV)/.run
	$(BIN)/$(SESSION)

# The same job over a wire: a sandbox that speaks as BitMart, and a run through BitMart's adapter.
demo-wire: $(VENV)/.run
	$(BIN)/python -m mtf_entrypoints.wire_demo

# At the same time what can be: two cores need some 20 to 40 minutes, with set-up; more want `make test PARTS=8`.
test: $(VENV)/.test
	$(MAKE) --no-print-directory --keep-going --jobs=$(PARTS) $(SYNCED) check unit

check: lint types imports

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy
	$(BIN)/mypy benchmarks release

imports: $(VENV)/.test
	$(BIN)/lint-imports

# Every file of tests is in exactly one part, with servers and folders of its own.
unit: $(foreach number,$(shell seq $(PARTS)),part-$(number))

part-%: $(VENV)/.test
	$(BIN)/pytest $$(find tests -name 'test_*.py' | sort | awk 'NR % $(PARTS) == $* % $(PARTS)')

# Asks the service at random whether it does what its OpenAPI document says: 60 examples of each kind, some minutes.
openapi: $(VENV)/.test
	$(BIN)/python -m tests.integration.http.at_random

# The order path in a simulated world where everything goes wrong; tests run some minutes of it, this runs MINUTES. One that
# was stopped goes on where it was, as long as the program is the same.
MINUTES ?= 10000
SEED ?= 1
FACE ?=
SOAKED ?= $(VENV)/soak-$(SEED)$(if $(FACE),-$(FACE)).jsonl
soak: $(VENV)/.test
	$(BIN)/python -m tests.simulation.soak --minutes $(MINUTES) --seed $(SEED) --from-file $(SOAKED) $(if $(FACE),--face $(FACE)) \
		--coverage $(VENV)/soak-coverage.json --unreached

# The whole application for days, in as much time as its work takes, and what it leaves behind; tests run some hours of it.
DAYS ?= 3
SYMBOLS ?= 300
DAYS_IN ?= $(VENV)/days-$(DAYS)-$(SYMBOLS)
days: $(VENV)/.test
	$(BIN)/python -m tests.application.soak --days $(DAYS) --symbols $(SYMBOLS) --seed $(SEED) --folder $(DAYS_IN)

# Processes that are killed at every numbered point of the order path, and rivals at once for 200 rounds; some 20 minutes.
deaths: $(VENV)/.test
	DEATHS=all $(BIN)/pytest -q -s --timeout=0 tests/integration/orders tests/integration/execution/test_death.py

# Workers that share a run, while workers, the Temporal server and the database are killed in mid-minute.
KILLED_MINUTES ?= 50
killings: $(VENV)/.test
	$(BIN)/python -m tests.scale.killings --minutes $(KILLED_MINUTES) --symbols 1000

# Searches over prices that wander without any edge, with and without costs: how many are rejected, as they should be.
NOISE_SEEDS ?= 100
noise: $(VENV)/.test
	$(BIN)/python -m tests.integration.search.noise --seeds $(NOISE_SEEDS) --jobs $(PARTS) --folder $(VENV)/noise
	$(BIN)/python -m tests.integration.search.noise --seeds $(NOISE_SEEDS) --jobs $(PARTS) --folder $(VENV)/noise --free

# Small faults that are made on purpose in the order path, one by one: does a test notice? On demand: it takes hours.
MUTANTS ?= 260
mutants: $(VENV)/.test
	$(BIN)/python -m tests.mutation --mutants $(MUTANTS) --seed $(SEED)

# A replay of candle files, cut at random instants: does it know anything too soon? CANDLES="BTCUSDT=file ETHUSDT=file".
CUTS ?= 200
PROFILE ?= scalper_micro
cuts: $(VENV)/.test
	$(BIN)/python -m tests.unit.replay.cuts $(CANDLES) --profile $(PROFILE) --cuts $(CUTS) --seed $(SEED)

# Wheel, source archive, bill of materials and their digests in dist/, built twice and the same to the byte.
release: $(VENV)/.test
	$(BIN)/python release/build.py dist

bench: $(VENV)/.test
	$(BIN)/python benchmarks/all.py

# The pages that are written from the code, and the notebook.
docs: $(VENV)/.test
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/generate.py --notebook

# Set-up: a virtual environment, hashed dependencies, then this checkout itself (editable).
$(VENV)/.run: requirements/run.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

$(VENV)/.test: requirements/test.txt pyproject.toml $(VENV)/.run $(VENV)/.foreign
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	touch $@

# Programs of others that trade on the sandbox, in an environment of their own: they pin what they need, as we do.
$(VENV)/.foreign: requirements/foreign.txt $(VENV)/.run
	test -x $(VENV)/foreign/bin/python || $(PYTHON) -m venv $(VENV)/foreign
	$(VENV)/foreign/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/foreign.txt
	touch $@

# Pins with hashes, without the address of any registry. Needs uv on the PATH.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 \
		--extra parquet requirements/build.in pyproject.toml -o requirements/run.txt
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 \
		--extra parquet --extra notebook --extra temporal --extra traces --extra search --group test -c requirements/run.txt requirements/build.in pyproject.toml -o requirements/test.txt
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 \
		-c requirements/run.txt requirements/build.in -o requirements/build.txt
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 \
		--extra parquet --extra temporal --extra traces --extra search -c requirements/run.txt -c requirements/test.txt pyproject.toml -o requirements/image.txt
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 \
		--group foreign -o requirements/foreign.txt

clean:
	rm -rf $(VENV)
