# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds Emma. `make help` lists the targets and the options.
# Every set of option values has a folder of its own: build/ for the defaults, build/<set>/ else.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# ---- options -----------------------------------------------------------------------------------
ARCH ?= x86_64
TLS ?= 1
CHECKS ?= 0
PORT ?= linux
SYMBOL_PREFIX ?=
DEBUG ?= 0
ifeq ($(origin CXX),default)
CXX := $(if $(filter clang%,$(CC)),$(subst clang,clang++,$(CC)),g++)
endif
ifeq ($(origin CC),default)
CC := $(if $(filter clang%,$(notdir $(CXX))),$(subst clang++,clang,$(CXX)),gcc)
endif

# $(call one_of,NAME,allowed values): a misspelt value is an error.
one_of = $(if $(filter-out $(2),$($(1)))$(if $($(1)),,empty),$(error $(1)='$($(1))' is none of: $(2)))
$(call one_of,ARCH,x86_64)
$(call one_of,TLS,0 1)
$(call one_of,CHECKS,0 1)
$(call one_of,PORT,linux)
$(call one_of,DEBUG,0 1)

compiler_is_clang := $(findstring clang,$(notdir $(firstword $(CXX))))
option_set := $(subst $() ,-,$(strip $(if $(filter-out g++,$(notdir $(CXX))),$(subst ++,,$(notdir $(CXX)))) \
	$(if $(filter 0,$(TLS)),notls) $(if $(filter 1,$(CHECKS)),checks) $(if $(filter 1,$(DEBUG)),debug)))
OUT := build$(if $(option_set),/$(option_set))

# ---- flags -------------------------------------------------------------------------------------
WARNINGS := -Wall -Wextra -Wundef -Wconversion -Wshadow -Werror
CODEGEN := -O2 -g -ffreestanding -fno-exceptions -fno-rtti -fno-threadsafe-statics \
	-fno-stack-protector -fcf-protection=none -fPIE -ftls-model=local-exec -march=x86-64 \
	-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fvisibility=hidden \
	$(if $(compiler_is_clang),-fno-builtin,-fno-tree-loop-distribute-patterns)
DEFINES := -DEMMA_TLS=$(TLS) -DEMMA_CHECKS=$(CHECKS) -DEMMA_DEBUG=$(DEBUG)
LIB_CXXFLAGS := -std=c++20 $(CODEGEN) $(WARNINGS) $(DEFINES) -I. -Icore/include -Icrt/include

# ---- the libraries -----------------------------------------------------------------------------
core_sources := $(wildcard core/*.cpp core/api/*.cpp)
crt_sources := $(wildcard crt/*.cpp) $(wildcard arch/$(ARCH)/*.S)
core_objects := $(core_sources:%=$(OUT)/obj/%.o)
crt_objects := $(crt_sources:%=$(OUT)/obj/%.o)
public_headers := $(patsubst %,$(OUT)/include/%,$(notdir $(wildcard core/include/* crt/include/*)))
linker_scripts := $(patsubst linker/$(ARCH)/%,$(OUT)/lib/%,$(wildcard linker/$(ARCH)/*))
wrappers := $(OUT)/bin/emma-cc $(OUT)/bin/emma-c++

.PHONY: all
all: $(OUT)/libemma.a $(OUT)/libemma_crt.a $(public_headers) $(linker_scripts) $(wrappers)

$(OUT)/libemma.a: $(core_objects)
$(OUT)/libemma_crt.a: $(crt_objects)
$(OUT)/lib%.a:
	rm -f $@ && ar rcsD $@ $^

$(OUT)/obj/%.cpp.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) $(LIB_CXXFLAGS) -MMD -MP -c $< -o $@

$(OUT)/obj/%.S.o: %.S
	@mkdir -p $(@D)
	$(CXX) $(LIB_CXXFLAGS) -MMD -MP -c $< -o $@

$(OUT)/include/%: core/include/%
	@mkdir -p $(@D) && cp $< $@
$(OUT)/include/%: crt/include/%
	@mkdir -p $(@D) && cp $< $@
$(OUT)/lib/%: linker/$(ARCH)/%
	@mkdir -p $(@D) && cp $< $@
$(wrappers): linker/emma-cc
	@mkdir -p $(@D) && cp $< $@ && chmod +x $@

-include $(patsubst %.o,%.d,$(core_objects) $(crt_objects))

.PHONY: help clean
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)
clean:
	rm -rf build
