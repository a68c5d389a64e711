# make serve   set up an isolated environment and start the server on loopback
# make test    set up and run everything: lint, types, tests
# make bench   measure against the peers, in one run
# make help    the rest

PYTHON ?= $(firstword $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p; done))
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help serve test test-clients test-faults lint types format docs protos bench agreement mutation lock clean

help:
	@sed -n 's/^# make /make /p' Makefile

# The environment is the lock file's, package for package, hash for hash. The locks differ in what they add: runtime
# what the server needs, dev what the tests need besides, bench the servers it is measured against. The tests keep
# clients, other people's, in an environment of their own (tests/clients/install.py).
$(VENV)/.%: requirements/%.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "iamd needs Python 3.11 or newer: install it, or name it: make PYTHON=/path/to/python3 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python cannot make virtual environments: on Debian and Ubuntu, apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$*.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

ARGS ?=
serve: $(VENV)/.runtime
	@$(BIN)/iamd serve $(ARGS)

# Tests share nothing but installed clients; one after another, as a debugger wants it: make test ARGS="-n 0 tests/iam"
test: lint types
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist worksteal $(ARGS)

# make test-clients   the large tools of others, installed first: Terraform, Ansible, auditors
test-clients: $(VENV)/.dev
	$(BIN)/pytest -m tools tests/clients $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

# make format  let ruff mend what it can
format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# make docs    write the generated pages again
docs: $(VENV)/.dev
	$(BIN)/python tools/make_supported_operations.py

# make protos  generate the messages of etcd's interface again, with the compiler that fits pyproject.toml's protobuf
protos: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv tool run --from grpcio-tools==1.85.1 python -m grpc_tools.protoc -I src/iamd/store \
		--python_out=src/iamd/store etcd_api.proto

.cache/ministack/bin/ministack: requirements/ministack.lock
	@$(PYTHON) -m venv .cache/ministack
	.cache/ministack/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

bench: $(VENV)/.bench .cache/ministack/bin/ministack
	$(BIN)/python -m bench
	$(BIN)/python -m bench.sessions
	$(BIN)/python -m bench.decisions
	$(BIN)/python -m bench.regions
	$(BIN)/python -m bench.scale
	$(BIN)/python -m bench.many

# make agreement  compare the policy engine with its executable specification on 200,000 random cases
agreement: $(VENV)/.dev
	IAMD_AGREEMENT_CASES=200000 $(BIN)/pytest tests/policy/test_agrees.py

# make mutation  change the policy engine in one place at a time and name the changes that no test notices (hours)
mutation: $(VENV)/.dev
	$(BIN)/python tools/mutate_policy.py $(ARGS)

# make test-faults  kill, freeze and cut off members, servers and regions of a real cluster under load; prints its figures
test-faults: $(VENV)/.dev
	$(BIN)/pytest -s tests/faults/test_linearizability.py tests/faults/scenarios.py $(ARGS)

# make lock    resolve the lock files again from pyproject.toml; the widest first, so that all agree
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
PROJECT := $(COMPILE) pyproject.toml
lock: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet uv
	$(PROJECT) --upgrade --group bench -o requirements/bench.lock
	$(PROJECT) --upgrade --group dev -c requirements/bench.lock -o requirements/dev.lock
	$(COMPILE) --upgrade --group clients -c requirements/bench.lock -o requirements/clients.lock
	$(COMPILE) --upgrade --group ministack -o requirements/ministack.lock
	$(PROJECT) --upgrade --group build -c requirements/bench.lock -o requirements/runtime.lock

# make clean   remove the environment and every cache; data directories stay
clean:
	rm -rf $(VENV) .cache tests/clients/javascript/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
