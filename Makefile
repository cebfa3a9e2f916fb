# Each target sets up what it needs: a virtual environment beside this file, and BIND and Chromium from Debian for the tests.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
CODE   := mcidns providers tests bench

.PHONY: demo test coverage check bench servers openstack charts docs format clean

demo: $(VENV)/.ready
	$(BIN)/mcidns demo

# Three workers for two cores: many tests wait for name servers and for time to pass.
test: $(VENV)/.ready servers openstack
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

# The same tests with every branch counted, which takes half as long again; of deciding, none may be left out.
coverage: $(VENV)/.ready servers openstack
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered $(ARGS)
	$(BIN)/coverage report --include='mcidns/decide/*' --fail-under=100

check: $(VENV)/.ready
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.ready servers
	$(BIN)/python -m bench $(ARGS)

format: $(VENV)/.ready
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

charts: $(VENV)/.ready
	$(BIN)/python -m tests.packaging.charts

# docs/reference alone; charts writes it too.
docs: $(VENV)/.ready
	$(BIN)/python -m tests.packaging.reference

# Kerberos costs a minute to install and build, so its tests run only where MCIDNS_TEST_GSS is set, or all of it is there.
servers: $(VENV)/.ready
	@sh tests/servers.sh
	@VENV=$(VENV) sh tests/servers.sh promtool
	@if [ -n "$$MCIDNS_TEST_GSS" ]; then sh tests/servers.sh gss && $(BIN)/pip install --quiet --editable '.[gss]'; fi

openstack: $(VENV)/.ready
	@PYTHON=$(PYTHON) sh tests/openstack.sh
	@$(BIN)/python -m tests.openstack

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -m venv --help >/dev/null 2>&1 && $(PYTHON) -c 'import ensurepip' 2>/dev/null || sh tests/servers.sh python3-venv
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable '.[rfc2136,route53,designate,dev]'
	@touch $@

clean:
	rm -rf $(VENV) .venv-designate .venv-keystone dist build .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
