# SPDX-License-Identifier: GPL-2.0-only
#
# Build of reqtrace. Sources are found by globs: a new file needs no change
# here. Everything is made below $(B); the tree stays clean.
#
#   make             the program: build/reqtrace
#   make demo        install what is missing, build, trace a real service
#   make check       install what is missing, build, run every test
#   make install     PREFIX=/usr/local, DESTDIR=
#   make install-systemd   that and the unit of deploy/, UNITDIR=
#   make static      one self-contained binary: build/static/reqtrace
#   make help        the other targets

B ?= build
PREFIX ?= /usr/local
DESTDIR ?=
UNITDIR ?= /etc/systemd/system
FUZZ_SECONDS ?= 60

VERSION := $(shell cat VERSION)
ARCH := $(shell uname -m)
BPF_ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(ARCH)))

CC = gcc
CLANG ?= clang
AR = ar
BPFTOOL ?= $(or $(shell command -v bpftool 2>/dev/null),/usr/sbin/bpftool)
CLANG_FORMAT ?= clang-format
INSTALL ?= install

# make V=1 shows the commands.
ifeq ($(V),)
Q := @
say = @printf '  %-8s %s\n' $(1) $@
endif

CFLAGS ?= -O2 -g
WERROR ?= -Werror
DEFS := -D_GNU_SOURCE -DREQTRACE_VERSION='"$(VERSION)"'
BASE_FLAGS := -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes $(WERROR) $(DEFS) -Isrc -Iinclude -I$(B)/gen
DEPFLAGS = -MMD -MP
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -Wall $(WERROR) \
	-D__TARGET_ARCH_$(BPF_ARCH) -D__bpf__ -Iinclude -Ivmlinux -Ibpf
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
LIBS := -lbpf -lelf -lcurl -lmicrohttpd -lz -lcap -ljansson -lncursesw -ltinfo \
	-lm -lpthread

# libcurl and libmicrohttpd cannot be linked statically in Debian (Kerberos and
# others have no archives): without the files that use them, a static binary
# says that it has no export. See src/export/net.h.
NET_SRCS := $(wildcard src/export/net.c src/export/otlp_client.c \
	src/export/http_server.c)
NO_NET := src/export/no_net.c
STATIC_LIBS := $(filter-out -lcurl -lmicrohttpd,$(LIBS))

SRCS := $(filter-out $(NO_NET),$(sort $(shell find src -name '*.c')))
LIB_SRCS := $(filter-out src/main.c,$(SRCS))
# Owners of maps and globals first: libbpf's linker does not move an extern
# map that it meets before its definition.
BPF_OWNERS := bpf/ring.bpf.c bpf/target.bpf.c bpf/account.bpf.c \
	bpf/thread.bpf.c bpf/calls.bpf.c bpf/report.bpf.c bpf/payload.bpf.c \
	bpf/parts.bpf.c bpf/exchange.bpf.c bpf/state.bpf.c
BPF_SRCS := $(BPF_OWNERS) \
	$(filter-out $(BPF_OWNERS),$(sort $(wildcard bpf/*.bpf.c)))
FUZZ_LIB_SRCS := $(filter src/proto/% src/decode/% src/model/% src/base/% \
	src/stats/% src/source/service% src/source/attributes% \
	src/export/otlp_answer% src/export/endpoint% src/export/protobuf_read%,\
	$(SRCS))
UNIT_SRCS := $(sort $(wildcard tests/unit/test_*.c))
UNIT_HELPERS := $(filter-out $(UNIT_SRCS),$(sort $(wildcard tests/unit/*.c)))
FUZZ_SRCS := $(sort $(wildcard tests/fuzz/fuzz_*.c))
PEER_SRCS := $(sort $(wildcard tests/peers/*.c))
BENCH_USER_SRCS := tests/bench/load.c tests/bench/pipeline.c
BENCH_SRCS := $(filter-out %.bpf.c $(BENCH_USER_SRCS) tests/bench/batch.c,\
	$(sort $(wildcard tests/bench/*.c)))

OBJS := $(SRCS:%.c=$(B)/obj/%.o)
STATIC_OBJS := $(filter-out $(NET_SRCS:%.c=$(B)/obj/%.o),$(OBJS)) \
	$(NO_NET:%.c=$(B)/obj/%.o)
LIB_OBJS := $(LIB_SRCS:%.c=$(B)/obj/%.o)
ASAN_OBJS := $(LIB_SRCS:%.c=$(B)/asan/%.o)
FUZZ_OBJS := $(FUZZ_LIB_SRCS:%.c=$(B)/fuzz/%.o)
BPF_OBJS := $(BPF_SRCS:%.c=$(B)/%.o)
SKEL := $(B)/gen/reqtrace.skel.h
UNIT := $(UNIT_SRCS:%.c=$(B)/%)
ASAN := $(UNIT_SRCS:%.c=$(B)/asan/%)
FUZZERS := $(FUZZ_SRCS:tests/fuzz/%.c=$(B)/fuzz/%)
PEERS := $(PEER_SRCS:%.c=$(B)/%)
LIVE_DEMO := $(B)/tests/view/live_demo
METRICS_SERVER := $(B)/tests/prometheus/metrics_server
OTLP_ENCODE := $(B)/tests/otlp/encode
OTLP_SEND := $(B)/tests/export/otlp_send
# Programs of the tests that stand on the unit tests' made-up figures.
MADE_UP := $(LIVE_DEMO) $(METRICS_SERVER) $(OTLP_ENCODE)
BENCH_FLOORS := $(B)/tests/bench/floor.bpf.o $(B)/tests/bench/floor_helpers.bpf.o
BENCH_BUILT := $(BENCH_SRCS:%.c=$(B)/%) $(BENCH_FLOORS)
# For a guest that has no libraries.
ICOUNT_BUILT := $(BENCH_SRCS:tests/bench/%.c=$(B)/tests/bench/static/%)
KERNEL_CACHE := $(or $(REQTRACE_KERNEL_CACHE),$(B)/kernels)
BENCH_USER := $(B)/tests/bench/pipeline
BENCH_USER_OBJS := $(BENCH_USER_SRCS:%.c=$(B)/obj/%.o)
BENCH_BATCH := $(B)/tests/bench/batch

FORMATTED = $(sort $(shell find src bpf include tests -path '*/node_modules' \
	-prune -o -name '*.[ch]' -print))

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all help deps demo check unit e2e asan fuzz golden golden-update lint \
	format static view prometheus asan-reqtrace check-static check-demo check-install bench \
	bench-only bench-icount bench-icount-only install install-systemd uninstall clean peers tests \
	fuzzers check-kernels check-kernels-update accept-verifier bench-user \
	bench-batch bench-outage arm64 otlp otlp-update export receivers

all: $(B)/reqtrace

help:
	@echo 'all deps demo check install install-systemd uninstall clean static'
	@echo 'tests, one by one: lint unit asan golden otlp view prometheus export e2e'
	@echo 'fuzz check-static check-demo check-install check-kernels'
	@echo 'built only: tests fuzzers peers asan-reqtrace (the program with'
	@echo 'sanitizers: $(B)/asan/reqtrace);  golden-update rewrites the'
	@echo 'expected output of the golden tests from the present program;'
	@echo 'check-kernels-update the table in docs/kernels.md, accept-verifier'
	@echo 'the figures of tests/kernels/verifier.txt'
	@echo 'what tracing costs: bench (docs/bench.md), bench-icount in'
	@echo 'instructions (docs/bench-icount.md), bench-user of userspace'
	@echo '(docs/bench-user.md), bench-batch of a batch of metrics'

# --- BPF ---------------------------------------------------------------

$(B)/bpf/%.bpf.o: bpf/%.bpf.c Makefile
	@mkdir -p $(@D)
	$(call say,BPF)
	$(Q)$(CLANG) $(BPF_CFLAGS) $(DEPFLAGS) -c $< -o $@

# The programs of the other architecture, which only a machine of it can load.
OTHER_BPF_ARCH := $(if $(filter arm64,$(BPF_ARCH)),x86,arm64)
OTHER_BPF_OBJS := $(BPF_SRCS:bpf/%.c=$(B)/$(OTHER_BPF_ARCH)/%.o)

$(B)/$(OTHER_BPF_ARCH)/%.bpf.o: bpf/%.bpf.c Makefile
	@mkdir -p $(@D)
	$(call say,BPF)
	$(Q)$(CLANG) $(subst ARCH_$(BPF_ARCH),ARCH_$(OTHER_BPF_ARCH),$(BPF_CFLAGS)) \
		$(DEPFLAGS) -c $< -o $@

$(B)/reqtrace.bpf.o: $(BPF_OBJS)
	$(call say,BPFLINK)
	$(Q)$(BPFTOOL) gen object $@ $^

$(SKEL): $(B)/reqtrace.bpf.o
	@mkdir -p $(@D)
	$(call say,SKEL)
	$(Q)$(BPFTOOL) gen skeleton $< name reqtrace_bpf > $@

# --- the program ---------------------------------------------------------

# Only src/source may know the skeleton, so only it waits for the programs.
$(filter $(B)/obj/src/source/%,$(OBJS)): | $(SKEL)
$(filter $(B)/asan/src/source/%,$(ASAN_OBJS)): | $(SKEL)

$(B)/obj/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(BASE_FLAGS) $(CFLAGS) $(DEPFLAGS) -c $< -o $@

# An archive, so that a test links only what it uses.
$(B)/libreqtrace.a: $(LIB_OBJS)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

$(B)/reqtrace: $(OBJS)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

static: $(B)/static/reqtrace

$(B)/static/reqtrace: $(STATIC_OBJS)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -static -o $@ $^ $(STATIC_LIBS)

# For arm64, static, with Debian's libraries for it: scripts/kernels/arm64.sh.
ARM64_CC = $(CLANG) --target=aarch64-linux-gnu -fuse-ld=lld -static \
	--sysroot=$(abspath $(B))/arm64/root -Wno-unused-command-line-argument

arm64:
	@scripts/kernels/sysroot.sh $(B)/arm64/root
	+@$(MAKE) --no-print-directory B=$(B)/arm64 ARCH=aarch64 \
		CC='$(ARM64_CC)' static \
		$(B)/arm64/tests/peers/peer_server $(B)/arm64/tests/peers/peer_client

# --- tests ---------------------------------------------------------------

tests: $(UNIT) $(ASAN) $(MADE_UP) $(OTLP_SEND)
fuzzers: $(FUZZERS)
peers: $(PEERS)

# The other files of tests/unit, likewise for each test to take from.
$(B)/obj/tests/unit/helpers.a: $(UNIT_HELPERS:%.c=$(B)/obj/%.o)
$(B)/asan/tests/unit/helpers.a: $(UNIT_HELPERS:%.c=$(B)/asan/%.o)
$(B)/obj/tests/unit/helpers.a $(B)/asan/tests/unit/helpers.a:
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

$(B)/tests/unit/%: $(B)/obj/tests/unit/%.o $(B)/obj/tests/unit/helpers.a \
		$(B)/libreqtrace.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) -o $@ $^ -lcmocka $(LIBS)

$(MADE_UP:$(B)/%=$(B)/obj/%.o): BASE_FLAGS += -Itests/unit
$(MADE_UP): $(B)/%: $(B)/obj/%.o $(B)/obj/tests/unit/helpers.a \
		$(B)/libreqtrace.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

# One request to a collector, for tests/export/faults_test.py; with sanitizers,
# as what it reads is hostile.
$(OTLP_SEND): $(B)/asan/tests/export/otlp_send.o $(B)/asan/libreqtrace.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CLANG) $(SANITIZE) -o $@ $^ $(LIBS)

# What make bench needs beside the program.
$(B)/tests/bench/%: tests/bench/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -std=gnu11 -Wall -Wextra $(WERROR) -O2 -g -D_GNU_SOURCE -pthread \
		$(DEPFLAGS) -MF $@.d -o $@ $< -lbpf

$(B)/tests/bench/static/%: tests/bench/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -std=gnu11 -Wall -Wextra $(WERROR) -O2 -g -D_GNU_SOURCE -pthread \
		$(DEPFLAGS) -MF $@.d -static -o $@ $< -lbpf -lelf -lz

$(B)/tests/bench/%.bpf.o: tests/bench/%.bpf.c Makefile
	@mkdir -p $(@D)
	$(call say,BPF)
	$(Q)$(CLANG) $(BPF_CFLAGS) $(DEPFLAGS) -c $< -o $@

# With clang, so that both compilers see all of the code.
$(B)/asan/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	$(call say,CLANG)
	$(Q)$(CLANG) $(BASE_FLAGS) -O1 -g $(SANITIZE) $(DEPFLAGS) -c $< -o $@

$(B)/asan/libreqtrace.a: $(ASAN_OBJS)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

$(B)/asan/tests/unit/%: $(B)/asan/tests/unit/%.o \
		$(B)/asan/tests/unit/helpers.a $(B)/asan/libreqtrace.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CLANG) $(SANITIZE) -o $@ $^ -lcmocka $(LIBS)

# The whole program, to be used by hand like build/reqtrace.
asan-reqtrace: $(B)/asan/reqtrace

$(B)/asan/reqtrace: $(B)/asan/src/main.o $(B)/asan/libreqtrace.a
	$(call say,LD)
	$(Q)$(CLANG) $(SANITIZE) -o $@ $^ $(LIBS)

$(B)/fuzz/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	$(call say,CLANG)
	$(Q)$(CLANG) $(BASE_FLAGS) -O1 -g $(SANITIZE) -fsanitize=fuzzer-no-link \
		$(DEPFLAGS) -c $< -o $@

$(B)/fuzz/libreqtrace.a: $(FUZZ_OBJS)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

$(FUZZERS): $(B)/fuzz/%: $(B)/fuzz/tests/fuzz/%.o $(B)/fuzz/libreqtrace.a
	$(call say,LD)
	$(Q)$(CLANG) $(SANITIZE) -fsanitize=fuzzer -o $@ $^ -ljansson -lm

# A peer is one .c file; it gets liburing when it asks for it.
$(B)/tests/peers/%: tests/peers/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -std=gnu11 -Wall -Wextra $(WERROR) -O2 -g -D_GNU_SOURCE -pthread \
		$(DEPFLAGS) -MF $@.d -o $@ $< \
		$$(grep -q 'uring\.h[>"]' $< && echo -luring)

unit: $(UNIT)
	@scripts/run-cmocka.sh unit $(UNIT)

asan: $(ASAN)
	@scripts/run-cmocka.sh asan $(ASAN)

golden: $(B)/reqtrace
	@scripts/golden.sh $(B)/reqtrace

golden-update: $(B)/reqtrace
	@scripts/golden.sh --update $(B)/reqtrace

view: $(LIVE_DEMO)
	@scripts/view.sh $<

prometheus: $(METRICS_SERVER)
	@/usr/bin/python3 tests/prometheus/run.py $<

# OTLP against the official .proto files; otlp-update rewrites what is expected.
otlp: $(OTLP_ENCODE)
	@/usr/bin/python3 tests/otlp/compare.py $<

otlp-update: $(OTLP_ENCODE)
	@/usr/bin/python3 tests/otlp/compare.py --update $<

# Requests to a collector that fails in every way: tests/peers/otlp_faults.js.
export: $(OTLP_SEND)
	@OTLP_SEND=$< /usr/bin/python3 tests/export/faults_test.py

fuzz: $(FUZZERS)
	@scripts/fuzz.sh $(B)/fuzz $(FUZZ_SECONDS) $(FUZZERS)

# CASES='name...' chooses some. In CI nothing may be skipped.
e2e: $(B)/reqtrace $(PEERS)
	@REQTRACE=$(B)/reqtrace REQTRACE_PEERS=$(B)/tests/peers \
		/usr/bin/python3 tests/e2e/run.py \
		$(if $(filter true,$(CI)),--no-skip) $(CASES)

# BENCH='--quick --only redis-get' gives options, see docs/bench.md.
bench:
	scripts/deps.sh build bench
	+$(MAKE) bench-only

bench-only: $(B)/reqtrace $(BENCH_BUILT)
	@REQTRACE=$(B)/reqtrace /usr/bin/python3 tests/bench/run.py $(BENCH)

# Counts instructions. ICOUNT='--states whole', see docs/bench-icount.md.
bench-icount:
	scripts/deps.sh build kernels
	REQTRACE_KERNEL_CACHE=$(abspath $(KERNEL_CACHE)) scripts/kernels/fetch.sh 6.12
	+$(MAKE) bench-icount-only

bench-icount-only: $(B)/static/reqtrace $(ICOUNT_BUILT) $(BENCH_FLOORS)
	@/usr/bin/python3 tests/bench/icount.py $(KERNEL_CACHE)/6.12/vmlinuz \
		$(B)/tests/bench $< --json $(B)/icount.json $(ICOUNT)

# What userspace costs a record, and its memory: docs/bench-user.md. LOADS
# chooses some; the figures are also written as JSON.
$(BENCH_USER): $(BENCH_USER_OBJS) $(B)/libreqtrace.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

bench-user: $(BENCH_USER)
	@$< -j $(B)/bench-user.json $(LOADS)

# What a batch of metrics costs the thread that traces.
$(BENCH_BATCH): $(B)/obj/tests/bench/batch.o $(B)/libreqtrace.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

bench-batch: $(BENCH_BATCH)
	@$<

# Ten minutes of load while the collector is away.
bench-outage: $(B)/reqtrace receivers
	@/usr/bin/python3 tests/bench/outage.py

check-static: $(B)/static/reqtrace
	@scripts/check-static.sh $<

check-demo: $(B)/reqtrace
	@scripts/check-demo.sh $<

check-install: $(B)/reqtrace
	@scripts/check-install.sh $(B)

# The end-to-end tests on other kernels, in QEMU: docs/kernels.md.
# KERNELS='6.1 new' ENGINES='fexit' CASES='name...' choose some.
MATRIX = REQTRACE=$(B)/reqtrace REQTRACE_PEERS=$(B)/tests/peers \
	REQTRACE_ARM64=$(abspath $(B))/arm64 \
	/usr/bin/python3 tests/kernels/matrix.py \
	--kernels '$(KERNELS)' --engines '$(ENGINES)'

check-kernels:
	scripts/deps.sh build test kernels
	+@$(MAKE) --no-print-directory all peers arm64
	@$(MATRIX) $(CASES)

# With the kernel of this machine as well, as that is in the table.
check-kernels-update: KERNELS = host 5.10 6.1 6.12 new arm64
check-kernels-update: all peers arm64
	@$(MATRIX) --update

# The verifier's figures, as they are now, of the kernels and engines chosen.
accept-verifier: all peers arm64
	@$(MATRIX) --accept sleep-200-ms

lint: $(OTHER_BPF_OBJS)
	@scripts/lint.sh $(CLANG_FORMAT) $(FORMATTED)

format:
	$(CLANG_FORMAT) -i $(FORMATTED)

# --- what people type ------------------------------------------------------

deps:
	scripts/deps.sh build test kernels

# In order also under -j, and after deps has installed the compilers.
demo:
	scripts/deps.sh build demo
	+$(MAKE) all
	@scripts/demo.sh $(B)/reqtrace

# What cannot be had is a skip of the tests that need it.
receivers:
	@scripts/receivers/fetch.sh proto victoria collector

check:
	scripts/deps.sh build test
	-+@$(MAKE) --no-print-directory receivers
	+scripts/check.sh $(B) unit asan golden otlp view prometheus export e2e

install: $(B)/reqtrace
	$(INSTALL) -D -m 755 $(B)/reqtrace $(DESTDIR)$(PREFIX)/bin/reqtrace
	$(INSTALL) -D -m 644 man/reqtrace.8 \
		$(DESTDIR)$(PREFIX)/share/man/man8/reqtrace.8

# The unit of deploy/, for this PREFIX; what it runs with is kept if it is there.
install-systemd: install
	$(INSTALL) -d $(DESTDIR)$(UNITDIR)
	sed 's|/usr/local/bin|$(PREFIX)/bin|' deploy/reqtrace.service \
		> $(DESTDIR)$(UNITDIR)/reqtrace.service
	[ -e $(DESTDIR)/etc/default/reqtrace ] || $(INSTALL) -D -m 644 \
		deploy/default $(DESTDIR)/etc/default/reqtrace

# /etc/default/reqtrace stays: it is the administrator's.
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/reqtrace \
		$(DESTDIR)$(PREFIX)/share/man/man8/reqtrace.8 \
		$(DESTDIR)$(UNITDIR)/reqtrace.service

clean:
	rm -rf $(B)

-include $(OBJS:.o=.d) $(STATIC_OBJS:.o=.d) $(BPF_OBJS:.o=.d) $(OTHER_BPF_OBJS:.o=.d) $(ASAN_OBJS:.o=.d) \
	$(FUZZ_OBJS:.o=.d) $(PEERS:=.d) \
	$(MADE_UP:$(B)/%=$(B)/obj/%.d) $(OTLP_SEND:$(B)/%=$(B)/asan/%.d) \
	$(BENCH_USER_OBJS:.o=.d) $(B)/obj/tests/bench/batch.d \
	$(B)/asan/src/main.d \
	$(UNIT_SRCS:%.c=$(B)/obj/%.d) $(UNIT_HELPERS:%.c=$(B)/obj/%.d) \
	$(UNIT_SRCS:%.c=$(B)/asan/%.d) $(UNIT_HELPERS:%.c=$(B)/asan/%.d) \
	$(FUZZ_SRCS:%.c=$(B)/fuzz/%.d)
