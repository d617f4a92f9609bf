# Targets for people; each says what it does in `make help`. Settings: `make demo KUBECONFIG=...`.
.POSIX:
.SUFFIXES:

VENV = .venv
BIN = $(VENV)/bin
PYTHON = $(BIN)/python
STAMP = $(VENV)/.installed
COMPILE = scripts/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-emit-index-url --no-emit-find-links
CODE = operator tests bench examples/demo scripts
IMAGE = slimgate:dev
FUZZ_EXAMPLES = 20000
MUTANTS =
ARGS =

.PHONY: help
help: ## list the targets (the default)
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)$$/\1|\2/p' Makefile | \
		while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

$(STAMP): locks/uv.txt locks/build.txt locks/dev.txt pyproject.toml scripts/install scripts/uv
	@scripts/install
	@touch $(STAMP)

.PHONY: install
install: $(STAMP) ## make .venv with everything pinned by hash, and slimgate itself, editable
	@:

.PHONY: check
check: $(STAMP) ## ruff, formatting, mypy strict, the import contracts, and what the chart makes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	$(PYTHON) -m scripts.dashboards --check
	$(PYTHON) -m scripts.chart check

.PHONY: manifests
manifests: $(STAMP) ## write what is made from the chart: schema, README, manifests/install.yaml
	$(PYTHON) -m scripts.dashboards
	$(PYTHON) -m scripts.chart write

.PHONY: test
test: $(STAMP) ## every test but those of `make life`, on the lab, taken down again afterwards
	@scripts/test

.PHONY: life
life: $(STAMP) ## a release from install to uninstall, under load, on the lab: a table in minutes
	@scripts/life

.PHONY: chaos
chaos: $(STAMP) ## faults of all that slimgate depends on, on the lab: a table (CHAOS_SEED=1)
	@scripts/chaos

.PHONY: test-fast
test-fast: $(STAMP) ## in a few minutes: the tests that need neither lab, registry, engine nor Helm
	$(BIN)/pytest -q --numprocesses=auto --dist=loadgroup \
		-m "not (lab or node or registry or engine or helm or prometheus or browser or slow)"

.PHONY: lab-up
lab-up: $(STAMP) ## start a real Kubernetes, registry and Docker engine on this machine
	@$(PYTHON) -m tests.lab up

.PHONY: lab-down
lab-down: $(STAMP) ## end the lab and leave nothing of it behind
	@$(PYTHON) -m tests.lab down

.PHONY: demo
demo: $(STAMP) ## see a cluster refuse a fat image and run a slim one (the lab's, or KUBECONFIG's)
	@$(PYTHON) -m examples.demo

.PHONY: pictures
pictures: $(STAMP) ## draw the docs' pictures of the dashboards anew, on the lab (a quarter of an hour)
	@$(PYTHON) -m tests.dashboards

.PHONY: image
image: $(STAMP) ## build slimgate's own image with the Docker engine (IMAGE=name:tag)
	@scripts/wheels
	docker build --tag $(IMAGE) .

.PHONY: siege
siege: $(STAMP) ## attack both roles in all known ways: a table in ten minutes (ARGS="--only paths")
	@$(PYTHON) -m bench.siege $(ARGS)

.PHONY: bench
bench: $(STAMP) ## measure the webhook beside one that does nothing, and compare with the goals
	@scripts/bench

.PHONY: scale
scale: $(STAMP) ## measure the controller on 10,000 workloads and 5,000 nodes (ARGS="--deployments 1000")
	@$(PYTHON) -m bench.scale $(ARGS)

.PHONY: fuzz
fuzz: $(STAMP) ## property tests with many more examples (FUZZ_EXAMPLES=20000)
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/pytest -q --hypothesis-profile=fuzz --timeout=0 \
		-m "hypothesis and not (lab or node or registry or engine or prometheus)"

.PHONY: mutants
mutants: $(STAMP) ## change the code that judges bit by bit, and count what its tests find (an hour)
	@scripts/mutants $(MUTANTS)

.PHONY: lock
lock: $(STAMP) ## compile locks/*.txt anew from pyproject.toml and locks/*.in
	$(COMPILE) --output-file locks/uv.txt locks/uv.in
	$(COMPILE) --output-file locks/build.txt locks/build.in
	$(COMPILE) --output-file locks/dev.txt --all-extras --group dev pyproject.toml
	$(COMPILE) --output-file locks/mutants.txt --constraints locks/dev.txt locks/mutants.in
	$(COMPILE) --output-file locks/cli.txt --constraints locks/dev.txt pyproject.toml
	$(COMPILE) --output-file locks/operator.txt --constraints locks/dev.txt --extra operator pyproject.toml

.PHONY: clean
clean: ## remove what was built and cached in the checkout; the lab must be down
	@if [ -e .lab/lab.json ]; then echo "clean: the lab is up: run make lab-down" >&2; exit 1; fi
	@if [ -d .lab ] && [ -x $(PYTHON) ]; then $(PYTHON) -m tests.lab down; fi
	rm -rf $(VENV) .lab build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	find operator tests examples bench scripts -name __pycache__ -type d -prune -exec rm -rf {} +
