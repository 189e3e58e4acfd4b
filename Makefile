# `make` prints the targets. Nothing here needs more than Go; the tests with
# real engines need Linux, root and Debian's packages, and say so.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PREFIX  ?= /usr/local
DESTDIR ?=
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# Debian's begin with a digit: v1.2-3-gabc is 1.2+3.gabc, a commit alone 0~abc.
DEB_VERSION = $(shell sed -E 's/^v?([0-9]+\.)/\1/; t number; s/^/0~/; :number; s/-/+/; s/-/./g' <<<"$(VERSION)")

# As upstream builds its own shim: static, stripped, without gRPC.
BUILD  := CGO_ENABLED=0 go build -trimpath -tags no_grpc -ldflags "-s -w -X main.version=$(VERSION) -X main.release=$(VERSION)"
CACHE  := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/bulkhead/engines
BUILT  := $(CACHE)/$(shell cat integration/engines/{go.mod,go.sum,build.sh} | sha256sum | cut -c1-16)
DOCKER := $(CACHE)/docker-$(shell cat integration/engines/docker/{go.mod,go.sum} integration/engines/docker.sh | sha256sum | cut -c1-16)
# The commit that upgrades are tested from.
UPGRADE_FROM := db5e412cba23324fff6cc68c799b2ab3c1796271
PREVIOUS := $(CACHE)/previous-$(UPGRADE_FROM)
DEBIAN := $(CACHE)/debian-$(shell . /etc/os-release; cat integration/engines/debian.sh <(echo "$${VERSION_ID:-}") | sha256sum | cut -c1-16)
GVISOR := $(CACHE)/gvisor-$(shell cat integration/engines/gvisor/{go.mod,go.sum} integration/engines/gvisor.sh | sha256sum | cut -c1-16)
KUBERNETES := $(CACHE)/kubernetes-$(shell cat integration/engines/kubernetes/{go.mod,go.sum,build.sh} | sha256sum | cut -c1-16)
NERDCTL := $(CACHE)/nerdctl-$(shell sha256sum <integration/engines/nerdctl.sh | cut -c1-16)
# Releases of containerd beside Debian's and the one that is built with the shim.
CONTAINERDS := 1.7 2.0 2.1 2.2 2.3
VM     := $(CACHE)/vm-$(shell cat integration/vm/image.sh integration/vm/guest/* | sha256sum | cut -c1-16)

UNIT        = $(shell go list ./... | grep -v /integration)
INTEGRATION = ./integration/...
VMMODES    ?= cgroupfs systemd

.PHONY: help
help: ## Print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | while IFS='|' read -r name what; do printf '  %-18s %s\n' "$$name" "$$what"; done

.PHONY: build
build: ## Build the shim, the CLI and the runtime for builders, static, into bin/
	@mkdir -p bin
	@echo "building the shim and the CLI" >&2
	@$(BUILD) -o bin/ ./cmd/containerd-shim-bulkhead-v2 ./cmd/bulkhead ./cmd/bulkhead-runc

.PHONY: install
install: build man ## Install programs, completions, man pages and systemd units below PREFIX (and DESTDIR)
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" deploy/package/install.sh

.PHONY: uninstall
uninstall: build man ## Remove them again; engines first: bulkhead uninstall ENGINE
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" deploy/package/install.sh remove

.PHONY: man
man:
	@CGO_ENABLED=0 go build -trimpath -tags no_grpc,man -o bin/bulkhead-man ./cmd/bulkhead

.PHONY: deb
deb: build man ## Build a Debian package into bin/
	@rm -rf bin/package bin/*.deb
	@DESTDIR=bin/package PREFIX=/usr deploy/package/install.sh
	@mv bin/package/usr/share/zsh/site-functions bin/package/usr/share/zsh/vendor-completions # where Debian's zsh looks
	@cd deploy/package && GOFLAGS=-mod=readonly go build -o "$(CURDIR)/bin/nfpm" github.com/goreleaser/nfpm/v2/cmd/nfpm
	@ARCH=$(shell go env GOARCH) DEB_VERSION=$(DEB_VERSION) bin/nfpm package -f deploy/package/nfpm.yaml -p deb -t bin/ >/dev/null
	@cd bin && ln -s bulkhead_*.deb bulkhead.deb && echo "bin/$$(readlink bulkhead.deb)"

.PHONY: demo
demo: build probe debian $(if $(filter docker,$(ENGINE)),docker-packages) ## Show two tenants on a private engine, beside the stock shim (ENGINE=containerd, docker, cri)
	@go build -o bin/demo ./integration/demo
	@ENGINE=$(ENGINE) bin/demo

.PHONY: test
test: build engines containerds nerdctl kubernetes vm-image ## Run every test, then look for anything left on the machine (V=1: verbose)
	@go build -o bin/leftovers ./integration/leftovers
	@bin/leftovers $(MAKE) -j1 test-unit test-integration test-vm

.PHONY: test-unit
test-unit: ## Run the tests that need no engine; under a minute
	@PATH="$(CURDIR)/bin/engines/built:$$PATH" CGO_ENABLED=1 go test -count=1 -timeout 5m $(if $(V),-v) $(UNIT)

.PHONY: test-integration
test-integration: deb probe compile-seccomp engines containerds nerdctl kubernetes network-packages ## Run the tests with real engines (RUN=regexp selects)
	@go test -count=1 -v -timeout 30m -parallel 4 $(if $(RUN),-run '$(RUN)') $(INTEGRATION)

.PHONY: test-vm
test-vm: deb probe engines nerdctl vm-image ## Run those about cgroups in a VM with v2, without systemd and with (RUN, ALL=1, VMMODES="cgroupfs systemd hybrid")
	@go build -o bin/vm ./integration/vm
	@for mode in $(VMMODES); do \
		echo "running the tests in a VM, mode $$mode" >&2; \
		PATH="$(CURDIR)/bin:$$PATH" BULKHEAD_TEST_ALL=$(ALL) go test -count=1 -v -timeout $(if $(ALL),60m,15m) $(if $(RUN),-run '$(RUN)') -exec "vm -image $(VM) -mode $$mode" ./integration; \
	done

.PHONY: record-specs
record-specs: engines ## Record again what engines ask for (ENGINES="docker cri containerd"), into spec/testdata/real
	@go build -o bin/record ./integration/record
	@bin/record $(ENGINES)

.PHONY: lint
lint: ## Check formatting, vet, staticcheck and the rules of the house
	@integration/lint.sh

.PHONY: bench
bench: build probe engines ## Measure a Create's own work, and whole starts beside the stock shim
	@go test -run '^$$' -bench . -benchmem $(UNIT) | { grep -v 'no test files\|^ok\|^PASS' || true; }
	@go test -run '^$$' -bench . -benchtime 20x ./integration | { grep -v '^ok\|^PASS' || true; }

.PHONY: bench-fairness
bench-fairness: build probe engines ## Show how two tenants split the CPU, beside the ideal and the stock shim
	@go build -o bin/fairness ./integration/fairness
	@bin/fairness

.PHONY: bench-install
bench-install: build man probe engines kubernetes ## Count commands, seconds and hand-edited files from no Bulkhead to a refused container
	@go build -o bin/installbench ./integration/installbench
	@bin/installbench

.PHONY: bench-network
bench-network: build probe network-packages ## Show what bounded flows carry, what a flood costs others, and what walls cost (TABLES="goodput latency overhead")
	@go build -o bin/bench-network ./integration/bandwidth/bench
	@bin/bench-network $(TABLES)

.PHONY: network-packages
network-packages:
	@integration/bandwidth/packages.sh

.PHONY: engines
engines: $(BUILT) debian docker gvisor previous
	@ln -sfn "$(BUILT)" bin/engines/built

.PHONY: previous
previous: $(PREVIOUS)
	@mkdir -p bin/engines
	@ln -sfn "$(PREVIOUS)" bin/engines/previous

$(PREVIOUS):
	@integration/engines/previous.sh "$@" $(UPGRADE_FROM)

.PHONY: docker-packages
docker-packages:
	@integration/docker/packages.sh

.PHONY: docker
docker: $(DOCKER) docker-packages
	@mkdir -p bin/engines
	@ln -sfn "$(DOCKER)" bin/engines/docker

.PHONY: gvisor
gvisor: $(GVISOR)
	@mkdir -p bin/engines
	@ln -sfn "$(GVISOR)" bin/engines/gvisor

.PHONY: debian
debian: $(DEBIAN)
	@mkdir -p bin/engines
	@ln -sfn "$(DEBIAN)" bin/engines/debian

$(BUILT): | packages
	@integration/engines/build.sh "$@"

$(DOCKER):
	@integration/engines/docker.sh "$@"

$(GVISOR):
	@integration/engines/gvisor.sh "$@"

$(DEBIAN):
	@integration/engines/debian.sh "$@"

.PHONY: kubernetes
kubernetes: $(KUBERNETES) ## Build etcd, kube-apiserver, kubelet and kube-proxy for the tests, once
	@mkdir -p bin/engines
	@ln -sfn "$(KUBERNETES)" bin/engines/kubernetes

$(KUBERNETES):
	@integration/engines/kubernetes/build.sh "$@"

.PHONY: containerds
containerds: ## Build the containerds between the two that everything is tested on, once
	@mkdir -p bin/engines/containerd
	@for series in $(CONTAINERDS); do \
		dir="$(CACHE)/containerd-$$series-$$(cat integration/engines/containerd/{$$series/go.mod,$$series/go.sum,build.sh} | sha256sum | cut -c1-16)"; \
		[ -d "$$dir" ] || integration/engines/containerd/build.sh "$$dir" "$$series"; \
		ln -sfn "$$dir" "bin/engines/containerd/$$series"; \
	done

.PHONY: nerdctl
nerdctl: $(NERDCTL)
	@mkdir -p bin/engines
	@ln -sfn "$(NERDCTL)" bin/engines/nerdctl

$(NERDCTL):
	@integration/engines/nerdctl.sh "$@"

.PHONY: vm-image
vm-image: $(VM) ## Make the VM's kernel and disk of Debian's packages, once

$(VM): | vm-packages
	@integration/vm/image.sh "$@"

.PHONY: probe
probe:
	@mkdir -p bin
	@CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/ ./integration/probe

.PHONY: compile-seccomp
compile-seccomp: | packages
	@mkdir -p bin
	@CGO_ENABLED=1 go build -trimpath -tags seccomp -o bin/compile-seccomp ./integration/seccomp/compile

.PHONY: packages
packages:
	@integration/engines/packages.sh

.PHONY: vm-packages
vm-packages:
	@integration/vm/packages.sh

.PHONY: clean
clean: ## Remove bin/; engines stay in the cache
	@rm -rf bin
