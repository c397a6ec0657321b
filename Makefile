# Each target is a line that one could type. `make test` is what CI runs.
# Plain `cargo test` also builds the stand-in agent of the end-to-end tests; with --all-targets it would not.
CARGO ?= cargo

.PHONY: help build test test-deps lint bless demo demo-break demo-stop doc clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## The release binary: target/release/logagent-exporter
	$(CARGO) build --locked --release

test: test-deps lint ## Everything that must pass: lint and all tests, on a machine with nothing but Rust
	$(CARGO) test --locked

test-deps: ## What lint and tests need (Prometheus, shellcheck, iproute2), into .cache where possible
	scripts/test-deps

lint: test-deps ## fmt, clippy, cargo deny, shellcheck; changes nothing
	scripts/lint

bless: ## Accept what the code renders now as golden files and generated documents; read the diff
	UPDATE=1 INSTA_UPDATE=always $(CARGO) test --locked --no-fail-fast

demo: test-deps ## Logtail, exporter, Prometheus, Alertmanager on a machine of their own; prints what to open
	scripts/demo up

CAUSE ?= worker_missing
demo-break: ## CAUSE=worker_missing: breaks the demo, and follows that to the page and to its end
	scripts/demo break $(CAUSE)

demo-stop: ## Ends the demo
	scripts/demo stop

doc: ## The code's documentation: target/doc/logagent_exporter/index.html
	$(CARGO) doc --locked --no-deps --document-private-items

clean: ## Removes target/ and .cache/
	$(CARGO) clean
	rm -rf .cache
