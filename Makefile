# Each target is a single command. CI runs `.ci/run`.
# Plain `cargo test` also builds the stand-in agent of the end-to-end tests; with --all-targets it would not.
CARGO ?= cargo

# Every target with a description, and one that others need.
.PHONY: dist-linux $(shell sed -n 's/^\([a-z-]*\):.*\#\# .*/\1/p' $(MAKEFILE_LIST))

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## The release binary: target/release/logagent-exporter
	$(CARGO) build --locked --release

static = x86_64-unknown-linux-musl
build-static: ## The static release binary, reproducible: target/x86_64-unknown-linux-musl/release/logagent-exporter
	scripts/static $(static)

dist: ## Builds the files of a release into target/dist: tarball, deb, rpm, image, zip for Windows, bill of materials, licenses, checksums
	scripts/dist

# The dependencies of the install tests below.
dist-linux:
	scripts/dist $(static)

dist-glibc: ## A tarball whose program resolves names as glibc does, for this machine's glibc and newer ones
	scripts/dist x86_64-unknown-linux-gnu

# End-to-end tests mostly wait: for processes to start, and for slow answers.
test: export RUST_TEST_THREADS ?= $(shell expr 2 \* $$(nproc))
test: test-deps lint ## Lint and all tests, on a machine with nothing but Rust
	$(CARGO) test --locked --workspace
	$(MAKE) test-dashboards test-page

# node_modules of the dashboards' tests, according to the lock file; npm writes the second file last.
node_modules = tests/dashboards/node_modules/.package-lock.json
$(node_modules): tests/dashboards/package-lock.json
	cd tests/dashboards && npm ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund --cache ../../.cache/npm
	touch $@

HISTORIES ?= 2000
test-alerts: test-deps ## Runs 2,000 random fleets through the rules and a real Alertmanager (`make test`: 50; SEED=1)
	HISTORIES=$(HISTORIES) $(CARGO) test --locked --test histories -- --nocapture

test-dashboards: test-deps $(node_modules) ## Tests the dashboards in a real browser with a real Prometheus; pictures in target/dashboards
	$(CARGO) test --locked --test it scrapes
	node --test tests/dashboards/dashboards.test.mjs

pictures: test-deps $(node_modules) ## Takes the pictures of the dashboards in docs/images again, from the data of their tests
	$(CARGO) test --locked --test it scrapes
	UPDATE=1 node --test --test-name-pattern=pictures tests/dashboards/dashboards.test.mjs

tests/page/node_modules/.package-lock.json: tests/page/package-lock.json
	cd tests/page && npm ci --ignore-scripts --no-audit --no-fund --cache ../../.cache/npm
	touch $@

test-page: test-deps tests/page/node_modules/.package-lock.json ## Tests the status page in a real browser, with axe; pictures in target/page
	$(CARGO) test --locked --test it pages
	node --test tests/page/page.test.mjs

page-pictures: ## Takes the pictures of the status page in docs/images again, from machines of the tests
	UPDATE=1 $(MAKE) test-page

dashboards: ## Writes dashboards/*.json from dashboards/generator
	node dashboards/generator/main.mjs

bench-fleet: test-deps $(node_modules) ## Measures rules and dashboards with 1,000 and 10,000 hosts; writes docs/fleet.md (20 min, 4 GB of memory, 2 GB of disk)
	$(CARGO) test --locked --test it scrapes
	node benches/fleet/fleet.mjs

test-systemd: build-static ## Tests the unit under a real systemd as PID 1, with the attacks of a local user (as root)
	scripts/machines debian
	cd tests/installs && ../../scripts/python -m unittest test_systemd test_attacks

test-packages: dist-linux ## Installs, scrapes, upgrades and removes the packages, under systemd and in an empty root (as root)
	scripts/machines debian
	scripts/machines tools
	cd tests/installs && ../../scripts/python -m unittest --verbose test_packages test_sbom

test-image: dist-linux ## Tests the image in a real dockerd next to an agent of the host (as root)
	scripts/machines tools
	cd tests/installs && ../../scripts/python -m unittest --verbose test_image

test-containers: ## Tests agents in containers of a real dockerd and podman, with the exporter on the host and in their pod (as root)
	scripts/machines tools
	$(CARGO) build --locked --bin logagent-exporter --example stand-in
	cd tests/installs && ../../scripts/python -m unittest --verbose test_containers

# node_modules of the chart's tests, according to the lock file.
operator_schemas = tests/installs/node_modules/.package-lock.json
$(operator_schemas): tests/installs/package-lock.json
	cd tests/installs && npm ci --ignore-scripts --no-audit --no-fund --cache ../../.cache/npm
	touch $@

test-chart: test-deps $(operator_schemas) ## Renders and validates Helm chart, plain manifests, mixin and release workflow; lints the role (as root)
	cd tests/installs && ../../scripts/python -m unittest --verbose test_chart test_mixin test_release test_lint

test-ansible: dist-linux ## Runs the Ansible role against a real systemd, twice (as root)
	scripts/machines debian
	scripts/machines tools
	cd tests/installs && ../../scripts/python -m unittest --verbose test_ansible

test-cross: build-static dist-glibc ## Tests the artefacts for arm64 (under qemu) and for glibc (as root)
	scripts/dist aarch64-unknown-linux-musl
	{ command -v qemu-aarch64-static && command -v readelf; } >/dev/null || apt-get install -qq -y --no-install-recommends qemu-user-static binutils
	cd tests/installs && ../../scripts/python -m unittest --verbose test_cross test_glibc

build-windows: ## The program for Windows, reproducible: target/x86_64-pc-windows-gnu/release/logagent-exporter.exe
	scripts/windows release

# Built together with tests, the program has the crate features that they need, so each crate is built once.
# What is skipped, and why: docs/windows.md.
test-wine-unit: ## Runs the unit tests for Windows under Wine (as root)
	scripts/windows cargo test --no-run --lib --test architecture
	scripts/windows cargo test --lib -- --skip http::tests::crowd --skip http::tests::events --skip a_reset_instead --skip blind

test-wine: test-wine-unit ## The same, and the program under Wine, with a stand-in Logtail that runs as a service (as root)
	cd tests/installs && ../../scripts/python -m unittest --verbose test_windows

test-windows: test-wine ## The same, and the zip, from which the exporter is installed as a service (as root)
	scripts/dist x86_64-pc-windows-gnu
	cd tests/installs && ../../scripts/python -m unittest --verbose test_windows_install

test-reproducible: ## Builds all artefacts of the commit twice, in different places, and compares them
	scripts/reproducible

test-all: test test-systemd test-packages test-image test-containers test-chart test-ansible test-cross test-windows test-reproducible ## All of these; takes hours on two cores (as root)

test-deps: ## Fetches what lint and tests need (Prometheus, shellcheck, iproute2, strace), into .cache where possible
	scripts/test-deps

lint: test-deps ## fmt, clippy, cargo deny, shellcheck; changes nothing
	scripts/lint

bless: ## Renders golden files and generated documents again; review the diff
	UPDATE=1 INSTA_UPDATE=always $(CARGO) test --locked --workspace --no-fail-fast

demo: test-deps ## Runs Logtail, exporter, Prometheus and Alertmanager on an isolated demo host; prints the addresses to open
	scripts/demo up

CAUSE ?= worker_missing
demo-break: ## CAUSE=worker_missing: breaks the demo, and follows it until the notification arrives; it stays broken
	scripts/demo break $(CAUSE)

demo-heal: ## Undoes demo-break, and follows it until the alert is resolved
	scripts/demo heal

demo-stop: ## Stops the demo
	scripts/demo stop

bench: ## Measures this and the node, process and blackbox exporters; writes docs/benchmarks.md (20 min; BENCH_QUICK=1: 3 min, BENCH_ONLY=push,log: only these; both only print)
	scripts/peers
	$(MAKE) build-static build
	$(CARGO) build --locked --release --target $(static) --example bare-server
	# cargo bench would overwrite them
	cp "$${CARGO_TARGET_DIR:-target}/release/logagent-exporter" .cache/peers/logagent-exporter-glibc
	cp "$${CARGO_TARGET_DIR:-target}/$(static)/release/logagent-exporter" .cache/peers/
	cp "$${CARGO_TARGET_DIR:-target}/$(static)/release/examples/bare-server" .cache/peers/
	BENCH_EXPORTER="$$PWD/.cache/peers/logagent-exporter" BENCH_EXPORTER_GLIBC="$$PWD/.cache/peers/logagent-exporter-glibc" \
		BENCH_BARE_SERVER="$$PWD/.cache/peers/bare-server" $(CARGO) bench --locked --bench peers

test-faults: test-deps build-static ## FAULTS_MINUTES=3: injects faults of hosts while the exporter runs; FAULTS_WRITE=1 writes docs/faults.md (sets the clock: FAULTS_CLOCK=0)
	$(CARGO) build --locked --example stand-in
	EXPORTER="$${CARGO_TARGET_DIR:-$$PWD/target}/$(static)/release/logagent-exporter" $(CARGO) test --locked --test faults

test-bounds: test-deps build-static ## Reaches each bound of SECURITY.md, and measures the cost; BOUNDS_WRITE=1 writes it there (as root)
	$(CARGO) build --locked --example stand-in
	EXPORTER="$${CARGO_TARGET_DIR:-$$PWD/target}/$(static)/release/logagent-exporter" $(CARGO) test --locked --test bounds

function-order: ## Lists the functions that a running exporter executes, which the static program has next to each other; after larger changes (as root)
	scripts/function-order

fuzz: test-deps ## FUZZ_SECONDS=180: runs each fuzz target for this long with the nightly compiler, and keeps a small corpus
	scripts/fuzz $(or $(FUZZ_SECONDS),180)

doc: ## Documentation of the code: target/doc/logagent_exporter/index.html
	$(CARGO) doc --locked --no-deps --document-private-items

clean: ## Removes target/ and .cache/
	$(CARGO) clean
	rm -rf .cache
