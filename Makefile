# Each target is one script; `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: help run up down status logs demo install build release test test-compose test-upgrade chaos overload soak fuzz sanitize mutations bench micro lint format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: ## Install what is missing, build, run the whole system until Ctrl-C
	@scripts/run run

up: ## The same in the background, or start again what has ended of it; returns when all is healthy (OBSERVABILITY=1: Prometheus too)
	@scripts/run up

down: ## Stop what `make up` started
	@scripts/stack down

status: ## One line for each process of the running system
	@scripts/stack status

logs: ## Follow the logs of the running system
	@tail -n 20 -F $${RUN_DIR:-.run}/logs/*.log

demo: ## Place a few orders and watch them live (ORDERS=5)
	@scripts/demo

install: ## Install the packages that are missing (apt)
	@scripts/install

build: ## Build everything for debugging, tests too, into .build
	@scripts/build debug

release: ## Build the services for release, into .build-release/release
	@scripts/build release

test: ## Install what is missing, build, run every test on private servers
	@scripts/test

test-compose: ## Build, start, scale and use compose.yaml for real, where Docker is
	@scripts/install --python
	@scripts/test-compose

test-upgrade: ## Upgrade a running engine from the previous release as the runbook says, then audit every order
	@scripts/install
	@scripts/install --python
	@[ -n "$$STACK_BIN" ] || scripts/build debug
	@scripts/test-upgrade

chaos: ## Break everything under load, then audit every order (SEED, ORDERS, RATE, FAULTS; CLUSTER=1 on a Redis Cluster, with REPLICAS=1)
	@scripts/install
	@scripts/install --python
	@[ -n "$$STACK_BIN" ] || scripts/build release
	@scripts/chaos

overload: ## Offer three times what the engine can take for two minutes, and judge what it does (SECONDS)
	@scripts/install
	@[ -n "$$STACK_BIN" ] || scripts/build release
	@scripts/overload

soak: ## Run everything at once with faults for half an hour, audit every order, and see that nothing grows (MINUTES, RATE)
	@scripts/install
	@scripts/install --python
	@[ -n "$$STACK_BIN" ] || scripts/build release
	@scripts/soak

fuzz: ## Search for inputs that a reader cannot bear, with libFuzzer, in 20 minutes (RUNS, MINUTES; ARGS="TARGET", ARGS=--write)
	@scripts/install
	@scripts/fuzz $(ARGS)

sanitize: ## Run what reads hostile bytes with AddressSanitizer, and what uses threads with ThreadSanitizer (ARGS=address, ARGS=thread)
	@scripts/install
	@scripts/sanitize $(ARGS)

mutations: ## Take away one safety check after the other, and see that a test notices (takes an hour)
	@scripts/install --python
	@scripts/mutations

bench: ## Measure speed, cost and memory beside a Python peer, in under 15 minutes; prints tables (ARGS="--quick", scripts/bench --help)
	@scripts/install
	@scripts/install --bench
	@[ -n "$$STACK_BIN" ] || scripts/build release
	@scripts/bench $(ARGS)

micro: ## Count the instructions of what is hot, and compare them with the baseline (ARGS="--write" renews it)
	@scripts/install
	@scripts/install --micro
	@scripts/build micro
	@scripts/micro $(ARGS)

lint: ## Check the format of all sources, the Python and the shell scripts
	@scripts/lint

format: ## Format all Swift sources in place
	@scripts/format

clean: ## Stop the system, remove its data and everything built
	@scripts/clean
