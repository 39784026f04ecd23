# Each target is a line or two; what they do is in config/setup.sh and config/dev/run.sh.
PYTEST_ARGS ?=
# A file's tests stay in one process: a browser is started once.
PYTEST = .venv/bin/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

.PHONY: run test check proof bench audit screenshots docs install uninstall

run: ## the whole product with a simulated boiler, on http://localhost:5007, until Ctrl-C
	@config/dev/run.sh

test: ## all tests, without root
	@config/setup.sh test
	@$(PYTEST)

proof: ## the large sizes, and what needs root: tests marked `proof`
	@config/setup.sh proof
	@.venv/bin/python -m pytest -m proof $(PYTEST_ARGS)

check: ## format, lint, types, tests: before each commit
	@config/setup.sh test
	@.venv/bin/shellcheck config/*.sh config/job config/as-installed config/dev/run.sh local_gui.sh
	@.venv/bin/ruff format --check . && .venv/bin/ruff check . && .venv/bin/mypy . && .venv/bin/bandit -q -c pyproject.toml -r flask_app sensor config manager.py && $(PYTEST)

bench: ## what the jobs cost and what everything weighs; writes docs/performance.md
	@config/setup.sh test
	@.venv/bin/python -m bench

screenshots: ## every page, in both languages and themes, into screenshots/, and the README's picture
	@config/setup.sh test
	@.venv/bin/python -m bench.screenshots

docs: ## the guide, in French and English, into site/: open site/index.html
	@config/setup.sh test
	@.venv/bin/python -m mkdocs build --quiet --strict

audit: ## known weaknesses: of our code, and of the packages (asks PyPI; fails for one that cannot be looked up)
	@config/setup.sh test
	@.venv/bin/bandit -q -c pyproject.toml -r flask_app sensor config manager.py wsgi_gunicorn.py
	@.venv/bin/python -m config.audit

install: ## on this machine for good, as root: sudo make install (INSTALL_ARGS=--dry-run shows each step)
	@config/install.sh $(INSTALL_ARGS)

uninstall: ## programs and services away; measurements and settings stay
	@config/install.sh --uninstall $(INSTALL_ARGS)
