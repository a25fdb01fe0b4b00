# Luochui. `make help` lists what can be made. Needed beforehand: Python 3.11 or newer with venv, git, make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/runtime.stamp
PAGES := gateways/web/dist/manifest.json
PAGE_SOURCES := $(shell find gateways/web/src -type f ! -name '*.test.ts' ! -name schema.d.ts) $(wildcard gateways/web/*.json gateways/web/vite.config.ts)
DEVELOPMENT := $(VENV)/development.stamp
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-config --no-emit-index-url --no-emit-find-links --no-header --no-annotate
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test lint format lock conformance bench clean

help: ## List what can be made  列出全部目标
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo '  Arguments go into ARGS, e.g.  make run ARGS="--port 9000"  参数写在 ARGS 中'

setup: $(RUNTIME) $(PAGES) ## Prepare the virtual environment and the pages  准备运行环境与页面

run: setup ## Start the exchange; Ctrl-C ends it  启动交易所
	@exec $(BIN)/luochui run $(ARGS)

test: $(DEVELOPMENT) $(PAGES) ## Install what is missing, then run every check and test  检查与测试
	@.ci/system-packages
	@$(MAKE) --no-print-directory lint
	@.ci/build-pages $(VENV) check
	$(BIN)/python -m pytest -ra --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(DEVELOPMENT) ## Check style, types and imports  静态检查
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(DEVELOPMENT) ## Bring the code into its form  格式化代码
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: $(DEVELOPMENT) ## Pin the newest dependencies, with hashes  锁定依赖
	$(LOCK) --upgrade --output-file requirements.txt pyproject.toml requirements.in
	$(LOCK) --upgrade --output-file requirements-dev.txt requirements-dev.in
	$(LOCK) --upgrade --output-file requirements-node.txt requirements-node.in

conformance: $(DEVELOPMENT) ## Compare the rules with recorded auctions, and print the counts  与实录数据比对
	$(BIN)/python -m pytest -q -s --no-header tests/unit/test_*_cases.py tests/unit/test_*_vectors.py \
		tests/unit/test_swiss_trq.py tests/unit/test_beacon_draws.py $(ARGS)

bench: $(DEVELOPMENT) ## Measure bids a second, beside its ceilings  性能测试
	$(BIN)/python -m loadtests.bench $(or $(ARGS),bids)

clean: ## Remove the environment and caches; data stays  清理环境与缓存，保留数据
	rm -rf $(VENV) gateways/web/dist gateways/web/node_modules build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): requirements.txt pyproject.toml
	@.ci/make-venv "$(PYTHON)" $(VENV)
	@echo "[2/3] Installing the pinned packages 安装依赖"
	@$(PIP) install --require-hashes -r requirements.txt || { echo; \
		echo "The packages could not be installed (see above). They come from the Python package index: is it within reach?"; \
		echo "Behind a proxy set HTTPS_PROXY; for an index of your own set PIP_INDEX_URL. Then run make again."; \
		echo "软件包未能安装（原因见上）。请检查能否访问 Python 软件包索引：经代理访问请设置 HTTPS_PROXY，使用镜像请设置 PIP_INDEX_URL，然后重新执行。"; \
		exit 1; } >&2
	@echo "[3/3] Installing luochui itself 安装本程序"
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(PAGES): $(PAGE_SOURCES) .ci/build-pages requirements-node.txt | $(RUNTIME)
	@.ci/build-pages $(VENV)

$(DEVELOPMENT): $(RUNTIME) requirements-dev.txt
	@echo "Installing the pinned development packages 安装开发依赖"
	@$(PIP) install --quiet --require-hashes -r requirements-dev.txt
	@touch $@
