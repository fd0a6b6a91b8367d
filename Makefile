# Web+. Each target first installs what it lacks (tools/need). Underneath are meson and ninja for the server and npm
# for the front end; everything that is made lies in build/ and apps/frontend/dist/.
#
#   make run       builds and serves on http://127.0.0.1:8080, data in ./data
#   make build     build/webplus, hardened
#   make test      everything; STAGES="build unit" picks (tools/test has them)
#   make lint      formatting and static checks      make format    lays out all code
#   make bench     measures beside nginx             make soak      an hour of load
#   make fuzz      FUZZ_SECONDS (30) per target      make coverage  tests, with floors
#   make tsan      tests under ThreadSanitizer       make generate  brings generated files up to date
#   make clean     removes what was built            make install-deps  installs all that any target needs

LISTEN ?= 127.0.0.1:8080
DATA ?= ./data
FUZZ_SECONDS ?= 30
SOAK_SECONDS ?= 3600

FRONTEND := apps/frontend
export PATH := $(CURDIR)/build/node/bin:$(PATH)

.PHONY: build run test lint format bench soak fuzz coverage tsan generate clean install-deps frontend
.DEFAULT_GOAL := build

build: need-build frontend build/build.ninja
	ninja -C build webplus

run: build
	build/webplus serve --listen $(LISTEN) --data $(DATA)

test:
	@tools/need build test lint browser coverage
	tools/test $(STAGES)

lint: $(FRONTEND)/node_modules tests/node_modules
	@tools/need build test lint
	tools/test format banned layers shell cppcheck tidy frontend-lint

format: $(FRONTEND)/node_modules tests/node_modules
	@tools/need build lint
	clang-format-19 -i $$(git ls-files '*.c' '*.h')
	npm --prefix $(FRONTEND) run format
	npm --prefix tests run format

bench: need-bench build tests/node_modules
	bench/run $(MEASURES)

soak: need-build need-test build tests/node_modules
	bench/soak $(SOAK_SECONDS)

fuzz:
	@tools/need build fuzz
	tools/fuzz $(FUZZ_SECONDS)

coverage: frontend tests/node_modules
	@tools/need build test coverage
	tools/test postgres coverage

tsan: frontend tests/node_modules
	@tools/need build test
	tools/test tsan

generate: build $(FRONTEND)/node_modules
	tools/generate

clean:
	rm -rf build build-* $(FRONTEND)/dist

install-deps: need-all

need-%:
	@tools/need $*

# The front end, made again only when one of its files is newer.
frontend: $(FRONTEND)/dist/index.html

$(FRONTEND)/dist/index.html: $(FRONTEND)/node_modules $(shell find $(FRONTEND) -type f \
		-not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
	npm --prefix $(FRONTEND) run build

# Not "npm ci": it refuses a lock file that lacks the optional packages of other systems, which npm leaves out at will.
%/node_modules: %/package-lock.json | need-build
	npm --prefix $* install --no-save --no-audit --no-fund
	@touch $@

build/build.ninja: | need-build
	meson setup build
