# dyn: one non-recursive Makefile. `make help` lists the targets.

BUILD   ?= build
CC      ?= cc
# Optional parts: LLVM=no builds without the JIT (asked for, never silently).
LLVM    ?= yes
LLVM_CONFIG ?= llvm-config-19
SAN     ?=

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=

WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wvla
ifeq ($(WERROR),yes)
WARN    += -Werror
endif
OPT     ?= -O2 -g
# No contraction, no fast-math: the order of float operations is part of the language.
CFLAGS  ?=
ALL_CFLAGS := -std=c17 $(OPT) $(WARN) -fPIC -fvisibility=hidden -ffp-contract=off -pthread \
              -D_GNU_SOURCE -DDYN_VERSION='"$(VERSION)"' -I. -I$(BUILD)/gen -MMD -MP \
              $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer) $(CFLAGS)
ALL_LDFLAGS := -pthread $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)
LIBS    := -lz -lm -ldl

# ---- what is built from what -------------------------------------------------------------------

BASE_SRC    := $(wildcard runtime/base/*.c)
TARGET_RUN  := target limits decode emulate
RUN_SRC     := $(BASE_SRC) $(wildcard runtime/*.c) targets/targets.c \
               $(wildcard $(foreach f,$(TARGET_RUN),targets/dynapse2/$(f).c targets/speck/$(f).c targets/sim/$(f).c)) \
               $(wildcard targets/dynapse2/tables/*.c)
LANG_SRC    := $(wildcard lang/*.c)
LANG_GEN    := $(BUILD)/gen/lang/parser.c $(BUILD)/gen/lang/lexer.c
COMPILE_SRC := $(LANG_SRC) $(wildcard compiler/net/*.c) \
               $(filter-out $(RUN_SRC),$(wildcard targets/*.c targets/*/*.c)) \
               $(filter-out compiler/cli%.c,$(wildcard compiler/*.c))
CLI_SRC     := $(wildcard compiler/cli*.c)
JIT_SRC     := $(wildcard targets/sim/jit/*.c)
UNIT_SRC    := $(wildcard tests/unit/test_*.c)
UNIT_HELP   := $(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c))

obj = $(patsubst %.c,$(BUILD)/%.o,$(1))
RUN_OBJ     := $(call obj,$(RUN_SRC)) $(BUILD)/runtime/interp_avx2.o $(BUILD)/runtime/interp_avx512.o
COMPILE_OBJ := $(call obj,$(COMPILE_SRC)) $(LANG_GEN:.c=.o)
