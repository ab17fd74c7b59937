# dyn. One non-recursive Makefile; objects under build/. `make help` lists what there is.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VERSION     := 0.1.0
BUILD       ?= build
CC          ?= cc
ifeq ($(origin CC),default)
CC          := cc
endif
PREFIX      ?= /usr/local
# Where zsh looks for completions, those of packages and those of the machine's owner.
ZSH_FOLDER  := share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
DESTDIR     ?=
LLVM        ?= yes# `no` builds without the JIT: asked for, never silently
LLVM_CONFIG ?= $(firstword $(foreach c,llvm-config-19 /usr/lib/llvm-19/bin/llvm-config,$(shell command -v $c)))
SAN         ?=# address,undefined and the like
WERROR      ?= no
OPT         ?= -O2 -g

# ---- tools and flags -----------------------------------------------------------------------------

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wvla \
        $(if $(filter yes,$(WERROR)),-Werror)
# No contraction, no fast-math: the order of float operations is part of the language.
FLAGS := -std=c17 $(OPT) -fPIC -fvisibility=hidden -ffp-contract=off -pthread -D_GNU_SOURCE \
         -DDYN_VERSION='"$(VERSION)"' $(if $(filter no,$(LLVM)),-DDYN_NO_LLVM) -I. -I$(BUILD)/gen -MMD -MP \
         $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
LINK := -pthread $(if $(SAN),-fsanitize=$(SAN))
LIBS := -lz -lzstd -lm -ldl

# ---- what is built from what ---------------------------------------------------------------------

# A chip's run half, by file name: goes into libdyn-run and knows nothing of a network.
RUN_HALF    := target limits fields grid config config_image meaning links decode biasgen flash \
               dump_json emulate emulate_board emulate_chip emulate_findings emulate_readout export \
               export_config export_merge export_samna
CHIPS       := dynapse2 speck sim

# Inner loops that are compiled once for each instruction set, chosen at run time.
ISA_LOOPS   := interp_step interp_event deliver
SRC_BASE    := $(wildcard runtime/base/*.c)
SRC_RUN     := $(filter-out $(ISA_LOOPS:%=runtime/%.c),$(wildcard runtime/*.c)) targets/targets.c \
               $(foreach c,$(CHIPS),$(wildcard $(RUN_HALF:%=targets/$c/%.c) targets/$c/tables/*.c))
SRC_LANG    := $(wildcard lang/*.c)
SRC_CLI     := $(wildcard compiler/cli*.c)
SRC_USAGE   := $(wildcard compiler/usage/*.c)
SRC_COMPILE := $(filter-out $(SRC_CLI),$(wildcard compiler/*.c)) $(wildcard compiler/net/*.c) \
               $(filter-out $(SRC_RUN),$(wildcard targets/*.c $(CHIPS:%=targets/%/*.c)))
SRC_JIT     := $(wildcard targets/sim/jit/*.c)
SRC_TEST    := $(wildcard tests/unit/test_*.c)
SRC_TESTLIB := $(filter-out $(SRC_TEST),$(wildcard tests/unit/*.c)) $(wildcard tests/*.c)
SRC_FUZZ    := $(wildcard tests/fuzz/fuzz_*.c)
SRC_BENCH   := $(wildcard tests/bench/*.c)

obj = $(patsubst %.c,$(BUILD)/%.o,$1)

GEN_OBJ     := $(BUILD)/gen/lang/parser.o $(BUILD)/gen/lang/lexer.o $(BUILD)/gen/stdlib.o $(BUILD)/gen/explain.o $(BUILD)/gen/start.o
OBJ_BASE    := $(call obj,$(SRC_BASE))
OBJ_RUN     := $(call obj,$(SRC_RUN)) $(BUILD)/gen/d2_samna.o $(BUILD)/gen/speck_samna.o $(ISA_LOOPS:%=$(BUILD)/runtime/%_base.o)
HAVE_AVX    := $(filter x86_64%,$(shell $(CC) -dumpmachine 2>/dev/null))
ifneq ($(HAVE_AVX),)
OBJ_RUN     += $(foreach i,avx2 avx512,$(ISA_LOOPS:%=$(BUILD)/runtime/%_$i.o))
endif
OBJ_COMPILE := $(call obj,$(SRC_LANG) $(SRC_COMPILE)) $(GEN_OBJ)
OBJ_CLI     := $(call obj,$(SRC_CLI))
OBJ_JIT     := $(call obj,$(SRC_JIT))
OBJ_TESTLIB := $(call obj,$(SRC_TESTLIB))

LIB_RUN_A   := $(BUILD)/libdyn-run.a
LIB_A       := $(BUILD)/libdyn.a
LIB_RUN_SO  := $(BUILD)/libdyn-run.so
LIB_SO      := $(BUILD)/libdyn.so
DYN         := $(BUILD)/dyn
PLUGIN      := $(BUILD)/dyn-jit.so
TESTS       := $(SRC_TEST:tests/unit/%.c=$(BUILD)/tests/%)
FUZZERS     := $(SRC_FUZZ:tests/fuzz/%.c=$(BUILD)/tests/%)
BENCHMARK   := $(if $(SRC_BENCH),$(BUILD)/tests/run_bench)

HAVE_LLVM   := $(filter yes,$(LLVM))
PLUGIN_HERE := $(if $(HAVE_LLVM),$(BUILD)/tests/dyn-jit.so)
USAGE       := $(foreach u,bash zsh fish man,$(BUILD)/usage.$u)
PRODUCTS    := $(DYN) $(USAGE) $(LIB_RUN_SO) $(LIB_SO) $(if $(HAVE_LLVM),$(PLUGIN))

.PHONY: all help deps demo check check-asan bench fuzz pictures format format-check install deb clean tests
all: tools $(PRODUCTS)

help:
	@echo 'make              the program $(DYN), libraries, JIT plugin (LLVM=no: without)'
	@echo 'make deps         installs what is missing with apt (Debian 12; root or sudo)'
	@echo 'make demo         deps, build, and the main job on examples/frozen_noise and spike_count'
	@echo 'make check        deps, build, and every test'
	@echo 'make check-asan   the tests under AddressSanitizer and UBSan'
	@echo 'make bench        rates against the hand-written kernel in the same run'
	@echo 'make fuzz         libFuzzer on every reader, FUZZ_SECONDS each (needs clang)'
	@echo 'make pictures     the pictures of stdlib/README.md, drawn anew'
	@echo 'make format       clang-format over the tree (format-check: only look)'
	@echo 'make install      to DESTDIR/PREFIX ($(PREFIX)); make deb: a Debian package'
	@echo 'variables: V=1, CC, BUILD, LLVM=no, WERROR=yes, SAN=address,undefined'

# ---- what must be there --------------------------------------------------------------------------

# Plain `make` stops with a hint instead of dropping a part silently.
.PHONY: tools
tools:
	@for t in flex bison; do command -v $$t >/dev/null || \
	    { echo "error: $$t is missing: run \`make deps\`" >&2; exit 1; }; done
	@for h in zlib.h zstd.h; do echo "#include <$$h>" | $(CC) -E - >/dev/null 2>&1 || \
	    { echo "error: $$h is missing: run \`make deps\`" >&2; exit 1; }; done
ifneq ($(HAVE_LLVM),)
	@test -n "$(LLVM_CONFIG)" && test -f "$$($(LLVM_CONFIG) --includedir)/llvm-c/Core.h" || \
	    { echo 'error: LLVM 19 is missing: run `make deps`, or build without the JIT: `make LLVM=no`' >&2; exit 1; }
endif

deps:
	@sh tests/deps.sh $(if $(HAVE_LLVM),,no-llvm)

# `make V=1` shows whole command lines.
ifeq ($(V),)
say = @echo '  $1	$(patsubst $(BUILD)/%,%,$@)';
else
say =
endif

# ---- rules ---------------------------------------------------------------------------------------

$(BUILD)/%.o: %.c Makefile | tools
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(FLAGS) $(WARN) $(CFLAGS) -c $< -o $@

ISA_base   :=
ISA_avx2   := -mavx2 -mfma
ISA_avx512 := -mavx512f -mavx512dq -mavx512vl -mavx512bw -mfma -mprefer-vector-width=512
define isa_rule
$(BUILD)/runtime/$1_%.o: runtime/$1.c Makefile | tools
	@mkdir -p $$(@D)
	$$(call say,CC)$$(CC) $$(FLAGS) $$(WARN) -O3 $$(ISA_$$*) -DISA_SUFFIX=$$* -fno-math-errno -fno-trapping-math $$(CFLAGS) -c $$< -o $$@
endef
$(foreach f,$(ISA_LOOPS),$(eval $(call isa_rule,$f)))

$(BUILD)/gen/lang/parser.c $(BUILD)/gen/lang/parser.h &: lang/parser.y | tools
	@mkdir -p $(@D)
	$(call say,BISON)bison -Wall -Wno-yacc --defines=$(BUILD)/gen/lang/parser.h -o $(BUILD)/gen/lang/parser.c $<

$(BUILD)/gen/lang/lexer.c $(BUILD)/gen/lang/lexer.h &: lang/lexer.l | tools
	@mkdir -p $(@D)
	$(call say,FLEX)flex --header-file=$(BUILD)/gen/lang/lexer.h -o $(BUILD)/gen/lang/lexer.c $<

# Texts that the library holds, as tables.
$(BUILD)/gen/stdlib.c: TABLE := stdlib_modules
$(BUILD)/gen/stdlib.c: $(wildcard stdlib/*.dyn)
$(BUILD)/gen/explain.c: TABLE := explain_pages
$(BUILD)/gen/explain.c: $(wildcard lang/explain/*.md)
$(BUILD)/gen/start.c: TABLE := start_files
$(BUILD)/gen/start.c: $(wildcard examples/start/*)
$(BUILD)/gen/stdlib.c $(BUILD)/gen/explain.c $(BUILD)/gen/start.c: compiler/embed.awk Makefile
	@mkdir -p $(@D)
	$(call say,GEN)LC_ALL=C awk -v table=$(TABLE) -f compiler/embed.awk $(filter %.dyn %.md %.csv,$^) >$@

$(BUILD)/gen/d2_samna.c: targets/dynapse2/samna.py
$(BUILD)/gen/speck_samna.c: targets/speck/samna.py
$(BUILD)/gen/%_samna.c: targets/embed_text.awk Makefile
	@mkdir -p $(@D)
	$(call say,GEN)LC_ALL=C awk -v name=$*_samna_text -f targets/embed_text.awk $(filter %.py,$^) >$@

# Generated code isn't ours to warn about.
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c | tools $(BUILD)/gen/lang/parser.h $(BUILD)/gen/lang/lexer.h
	$(call say,CC)$(CC) $(FLAGS) -w $(CFLAGS) -c $< -o $@

$(call obj,$(SRC_LANG)): | $(BUILD)/gen/lang/parser.h $(BUILD)/gen/lang/lexer.h

LLVM_CFLAGS = -isystem $(shell $(LLVM_CONFIG) --includedir)
# LLVM's static libraries: the plugin opens in a tenth of the time that the shared one takes.
LLVM_LIBS   = $(shell $(LLVM_CONFIG) --ldflags) \
              $(shell $(LLVM_CONFIG) --link-static --libs orcjit nativecodegen) \
              -Wl,--as-needed,--exclude-libs,ALL,--gc-sections,--build-id -lrt -lzstd -lstdc++
$(OBJ_JIT): FLAGS += $(LLVM_CFLAGS)

$(LIB_RUN_A): $(OBJ_BASE) $(OBJ_RUN)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^
$(LIB_A): $(OBJ_COMPILE)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^
$(LIB_RUN_SO): $(OBJ_BASE) $(OBJ_RUN)
	$(call say,LINK)$(CC) $(LINK) -shared -Wl,-soname,libdyn-run.so.0 $^ $(LIBS) $(LDFLAGS) -o $@
	@ln -sf $(@F) $@.0
$(LIB_SO): $(OBJ_COMPILE) $(OBJ_BASE) $(OBJ_RUN)
	$(call say,LINK)$(CC) $(LINK) -shared -Wl,-soname,libdyn.so.0 $^ $(LIBS) $(LDFLAGS) -o $@
	@ln -sf $(@F) $@.0
$(DYN): $(OBJ_CLI) $(LIB_A) $(LIB_RUN_A)
	$(call say,LINK)$(CC) $(LINK) $^ $(LIBS) $(LDFLAGS) -o $@
# What shells and man know of the command line, written by a program from its table.
$(BUILD)/usage: $(call obj,$(SRC_USAGE)) $(BUILD)/compiler/cli_table.o $(LIB_RUN_A)
	$(call say,LINK)$(CC) $(LINK) $^ $(LIBS) $(LDFLAGS) -o $@
$(BUILD)/usage.%: $(BUILD)/usage
	$(call say,GEN)$< $* >$@
$(PLUGIN): $(OBJ_JIT) $(OBJ_BASE) $(BUILD)/runtime/kernel.o | tools
	$(call say,LINK)$(CC) $(LINK) -shared $^ $(LLVM_LIBS) $(LIBS) $(LDFLAGS) -o $@

# ---- tests ---------------------------------------------------------------------------------------

# Objects are named here so that make keeps them, and sees those that aren't there yet.
tests: $(TESTS) $(FUZZERS) $(BENCHMARK) $(PLUGIN_HERE) $(call obj,$(SRC_TEST) $(SRC_FUZZ))

# Programs look for the plugin beside them.
$(BUILD)/tests/dyn-jit.so: $(PLUGIN)
	@mkdir -p $(@D)
	@ln -sf ../$(@F) $@

$(BUILD)/tests/test_%: $(BUILD)/tests/unit/test_%.o $(OBJ_TESTLIB) $(LIB_A) $(LIB_RUN_A)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(LINK) $^ -lcmocka $(LIBS) $(LDFLAGS) -o $@

# Every fuzz target also replays its corpus without a fuzzer.
FUZZ_TESTLIB := $(BUILD)/tests/unit/ast_text.o
$(BUILD)/tests/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/standalone_main.o $(FUZZ_TESTLIB) $(LIB_A) $(LIB_RUN_A)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(LINK) $^ $(LIBS) $(LDFLAGS) -o $@

check: deps
	@$(MAKE) --no-print-directory all tests
	@BUILD=$(BUILD) LLVM=$(LLVM) sh tests/check.sh $(CHECK)

check-asan: deps
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-asan SAN=address,undefined OPT='-O1 -g' all tests
	@BUILD=$(BUILD)-asan LLVM=$(LLVM) SAN=address,undefined sh tests/check.sh $(CHECK)

# ---- the main job --------------------------------------------------------------------------------

demo: deps
	@$(MAKE) --no-print-directory all
	@DYN=$(abspath $(DYN)) sh examples/frozen_noise/demo.sh
	@DYN=$(abspath $(DYN)) sh examples/spike_count/demo.sh

bench: all
	@$(MAKE) --no-print-directory $(BUILD)/tests/run_bench $(PLUGIN_HERE)
	@$(BUILD)/tests/run_bench $(BENCH)

# The kernels written by hand, each for its instruction set; the plain loop stays one.
$(BUILD)/tests/bench/hand_scalar.o: FLAGS += -O3 -fno-tree-vectorize $(if $(HAVE_AVX),$(ISA_avx2))
$(BUILD)/tests/bench/hand_avx2.o: FLAGS += -O3 $(ISA_avx2)
$(BUILD)/tests/bench/hand_avx512.o: FLAGS += -O3 $(ISA_avx512)
$(BUILD)/tests/bench/hand_events_scalar.o: FLAGS += -O3 -fno-tree-vectorize $(if $(HAVE_AVX),$(ISA_avx2))
$(BUILD)/tests/bench/hand_events_avx2.o: FLAGS += -O3 $(ISA_avx2)
$(BUILD)/tests/bench/hand_events_avx512.o: FLAGS += -O3 $(ISA_avx512)
$(BUILD)/tests/bench/delivery.o: FLAGS += -O3 -fno-tree-vectorize
# What a measurement is of.
$(BUILD)/tests/bench/machine.o: FLAGS += -DBENCH_OPT='"$(OPT)"' \
    -DBENCH_LLVM='"$(if $(HAVE_LLVM),$(shell $(LLVM_CONFIG) --version),none)"'

# tests/bench/profile.c times these functions of the engine from outside.
BENCH_WRAP := $(foreach f,collect_spikes collect_states events_play deliver_for,-Wl,--wrap=$f)
$(BUILD)/tests/run_bench: $(call obj,$(SRC_BENCH)) $(OBJ_TESTLIB) $(LIB_A) $(LIB_RUN_A)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(LINK) $(BENCH_WRAP) $^ -lcmocka $(LIBS) $(LDFLAGS) -o $@

# The pictures of stdlib/: what a run of each NAME.dyn there gives, or of that what its line
# `// plot: A,B` names, as NAME.svg.
pictures: all
	@for f in stdlib/pictures/*.dyn; do echo "  PLOT	$${f%.dyn}.svg"; \
	    $(DYN) run -q $$f -o $(BUILD)/picture.npz && \
	    $(DYN) plot $(BUILD)/picture.npz -o $${f%.dyn}.svg \
	        $$(sed -n 's|^// plot: |--record |p' $$f) || exit 1; done

# ---- fuzzing -------------------------------------------------------------------------------------

FUZZ_SECONDS ?= 60
fuzz:
	@command -v clang >/dev/null || { echo 'error: clang is missing: apt-get install clang' >&2; exit 1; }
	@BUILD=$(BUILD)-fuzz SECONDS_EACH=$(FUZZ_SECONDS) MAKE='$(MAKE)' sh tests/fuzz/fuzz.sh

# libFuzzer links: made by tests/fuzz/fuzz.sh with CC=clang and SAN=fuzzer-no-link,address,undefined.
$(BUILD)/libfuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(FUZZ_TESTLIB) $(LIB_A) $(LIB_RUN_A)
	$(call say,LINK)$(CC) -pthread -fsanitize=fuzzer,address,undefined $^ $(LIBS) -o $@

# ---- housekeeping --------------------------------------------------------------------------------

FORMATTED := $(shell git ls-files '*.c' '*.h' 2>/dev/null | grep -v /tables/)
format:
	clang-format -i $(FORMATTED)
format-check:
	clang-format --dry-run -Werror $(FORMATTED)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/dyn $(DESTDIR)$(PREFIX)/include \
	    $(DESTDIR)$(PREFIX)/share/dyn/stdlib $(DESTDIR)$(PREFIX)/share/doc/dyn \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/$(ZSH_FOLDER) \
	    $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(DYN) $(DESTDIR)$(PREFIX)/bin/dyn
	install -m 644 $(LIB_RUN_SO) $(DESTDIR)$(PREFIX)/lib/libdyn-run.so.0
	install -m 644 $(LIB_SO) $(DESTDIR)$(PREFIX)/lib/libdyn.so.0
	ln -sf libdyn-run.so.0 $(DESTDIR)$(PREFIX)/lib/libdyn-run.so
	ln -sf libdyn.so.0 $(DESTDIR)$(PREFIX)/lib/libdyn.so
	$(if $(HAVE_LLVM),install -m 644 $(PLUGIN) $(DESTDIR)$(PREFIX)/lib/dyn/dyn-jit.so)
	install -m 644 runtime/dyn.h $(DESTDIR)$(PREFIX)/include/dyn.h
	install -m 644 stdlib/*.dyn $(DESTDIR)$(PREFIX)/share/dyn/stdlib
	install -m 644 $(BUILD)/usage.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/dyn
	install -m 644 $(BUILD)/usage.zsh $(DESTDIR)$(PREFIX)/$(ZSH_FOLDER)/_dyn
	install -m 644 $(BUILD)/usage.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/dyn.fish
	install -m 644 $(BUILD)/usage.man $(DESTDIR)$(PREFIX)/share/man/man1/dyn.1
	install -m 644 README.md LICENSE runtime/IMAGE.md lang/REFERENCE.md $(DESTDIR)$(PREFIX)/share/doc/dyn

deb: all
	@BUILD=$(BUILD) VERSION=$(VERSION) MAKE='$(MAKE)' sh tests/deb.sh

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-fuzz

-include $(shell find $(BUILD) -type f -name '*.d' 2>/dev/null)
