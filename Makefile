# `make run` and `make test` need nothing but this clone, Python 3.11 or newer, and a package index.

PYTHON ?= python3
IN = .venv/bin/python
SETUP = $(PYTHON) scripts/setup.py
WORKLOAD = .cache/workload

.PHONY: all run serve spark test check fast soak lint format golden docs viewer bench lock clean

all: lint check

run:  ## Build, test and explain three pipelines on real data as an agent does; then serve. ONCE=1 ends after that.
	@$(SETUP) server
	@$(IN) examples/earthquakes.py

serve:  ## The server alone, over HTTP.
	@$(SETUP) server
	@.venv/bin/lakestream serve --transport http

spark:  ## A real Spark in an environment of its own, for `lakestream run` and `lakestream verify`.
	@$(SETUP) server spark jars

test:  ## All tests but the long ones, with real Spark, Kafka, PostgreSQL and Chromium.
	@$(SETUP) test spark jars node browser
	@$(IN) scripts/tests.py all

check:  ## A little of everything, in less than two minutes.
	@$(SETUP) test
	@$(IN) scripts/tests.py quick

fast:  ## All tests that need no outside process.
	@$(SETUP) test
	@$(IN) scripts/tests.py fast

soak:  ## The long tests: full counts, then mutants of matchers and kernel.
	@$(SETUP) test spark spark43 jars node browser
	@$(IN) scripts/tests.py soak
	@$(IN) scripts/mutation.py --count 300 --seed 1

lint:  ## Style, types, and docs that are derived from the code.
	@$(SETUP) test
	@$(IN) -m ruff check .
	@$(IN) -m ruff format --check .
	@$(IN) -m mypy
	@$(IN) scripts/docs.py --check

format:  ## Apply the style.
	@$(SETUP) test
	@$(IN) -m ruff check --fix .
	@$(IN) -m ruff format .

golden:  ## Rewrite the golden files from the generators.
	@$(SETUP) test
	@$(IN) -m pytest -q -n 0 tests --rewrite-golden -k golden

docs:  ## Rewrite the parts of the docs that are derived from the code.
	@$(SETUP) server
	@$(IN) scripts/docs.py

viewer:  ## Rebuild the canvas into the package.
	@$(SETUP) test node
	@$(IN) scripts/build_viewer.py

bench:  ## The product's speed: start, latency, validation, canvas, and a million events in both hosts.
	@$(SETUP) test spark jars node browser
	@$(IN) benchmarks/server_start.py
	@$(IN) benchmarks/latency.py
	@$(IN) benchmarks/validate_500.py
	@$(IN) benchmarks/generate_500.py
	@$(IN) benchmarks/viewer_latency.py
	@test -f $(WORKLOAD)/expected.json || $(IN) benchmarks/gen_workload.py --out $(WORKLOAD)
	@for pattern in P1 P2 P3 P4; do for engine in host spark; do \
	  $(IN) benchmarks/workload.py $(WORKLOAD) --pattern $$pattern --engine $$engine || exit 1; \
	done; done

lock:  ## Resolve requirements/*.in anew; pins change only where they must. UPGRADE=1 takes the newest.
	@$(SETUP) server
	@$(IN) scripts/lock.py $(if $(UPGRADE),--upgrade)

clean:  ## Remove environments and caches; pipelines are kept (they live in the data folder).
	rm -rf .venv .venv-spark viewer/node_modules .cache build dist *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
