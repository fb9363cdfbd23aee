# `make help` lists what there is. Everything builds with the tag nomsgpack: it leaves a codec out of gin that nothing here uses.

GO     ?= go
TAGS   := -tags nomsgpack
TOOL   := $(GO) tool -modfile=tools/go.mod
FUZZ   ?= 10s
BENCH  ?= .

.PHONY: help run demo build test race lint vuln fuzz bench crowd ci packages

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build, and serve on the embedded database with a sample customer
	./dialtone serve --demo

demo: build ## boot the three sample phones against a running `make run`
	./dialtone phone boot --mac 00562B043615 --model "Cisco 8851" --server tftp://127.0.0.1:6969 --dns 127.0.0.1:5353
	./dialtone phone boot --mac 805EC0AABBCC --model "Yealink T54W" --server http://127.0.0.1:8081 --dns 127.0.0.1:5353
	./dialtone phone boot --mac 64167FAABBCC --model "Poly VVX 450" --server https://127.0.0.1:8443 --ca data/tls/ca.pem --dns 127.0.0.1:5353

build: ## build ./dialtone
	CGO_ENABLED=0 $(GO) build $(TAGS) -trimpath -o dialtone ./cmd/dialtone

packages: ## install the Debian packages that the tests drive (as root), or say what will be skipped
	@.ci/packages

test: packages ## run every test, end to end ones included
	$(GO) vet $(TAGS) ./...
	$(GO) test $(TAGS) -timeout 12m ./...

race: packages ## run every test under the race detector
	$(GO) test $(TAGS) -race -timeout 25m ./...

lint: ## run golangci-lint (the first time builds it)
	$(TOOL) golangci-lint run ./...

vuln: ## look for known vulnerabilities; VULNDB=file:///DIR for an offline database
	$(TOOL) govulncheck $(if $(VULNDB),-db $(VULNDB)) $(TAGS) ./...

fuzz: ## run every fuzz target for FUZZ (10s) each
	@$(GO) list $(TAGS) ./... | while read -r package; do \
		for target in $$($(GO) test $(TAGS) -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			$(GO) test $(TAGS) -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ) $$package || exit 1; \
		done; \
	done

bench: build ## measure this machine: configurations, TFTP transfers, registrations and DNS answers a second
	$(GO) test $(TAGS) -run '^$$' -bench '$(BENCH)' -benchtime 5s -timeout 30m ./bench

crowd: ## let a phone register beside 10,000 connections that say nothing
	DIALTONE_HALF_OPEN=10000 $(GO) test $(TAGS) -count=1 -run BesideThousands ./sip

ci: test race lint crowd fuzz ## everything, slow suites too
