# Each target is a line or two; what they do is in config/setup.sh and config/dev/run.sh.
PYTEST_ARGS ?=

.PHONY: run test check proof bench

run: ## the whole product with a simulated boiler, on http://localhost:5007, until Ctrl-C
	@config/dev/run.sh

test: ## all tests, without root
	@config/setup.sh test
	@.venv/bin/python -m pytest $(PYTEST_ARGS)

proof: ## the large sizes, and what needs root: tests marked `proof`
	@config/setup.sh test
	@.venv/bin/python -m pytest -m proof $(PYTEST_ARGS)

check: ## format, lint, types, tests: before each commit
	@config/setup.sh test
	@.venv/bin/ruff format --check . && .venv/bin/ruff check . && .venv/bin/mypy . && .venv/bin/python -m pytest $(PYTEST_ARGS)

bench: ## what the jobs cost and what everything weighs; writes docs/performance.md
	@config/setup.sh test
	@.venv/bin/python -m bench
