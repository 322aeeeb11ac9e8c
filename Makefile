# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds Emma. `make help` lists the targets and the options.
# Every set of option values has its own folder: build/ for the defaults, otherwise build/<set>/. BUILD names
# another place for build/; nothing is written into the source tree then.

## make            the libraries and the compiler wrappers, into build/
## make check      everything tested, gcc and clang, static and static-PIE, natively and under QEMU
##                 (NATIVE=1: without QEMU and the scripts)
## make demo       the main job: counts the words of real text in a static program without a libc
## make example-NAME   builds and runs an example: see examples/README.md (EMULATOR=qemu-x86_64)
## make stepping   every fault at every instruction of every operation, on all processors (takes SEED=1): two hours on two
## make storms     signals, jumps, forks and deaths over four threads, in full (takes SEED=0): ten minutes
## make suites     test suites of others, from Debian's packages, on Emma: a quarter of an hour (QUICK=1: a minute;
##                 SUITES="glibc torture": some; see tests/suites/README.md)
## make fuzz       programs by chance over the whole interface, with a model that says what must hold after each step:
##                 SECONDS=60 in all, with SEED=; see tests/fuzz/README.md
## make mutants    changes core/ by machine, one place at a time, and lists the changes that no test sees: a night
##                 (SAMPLE=20: so many, chosen by SEED=7; JOBS=2; CHOICE="core/heap.cpp drop": names with these words;
##                 QUICK=1: default options, no slow tests; LEAST=100: the percentage that must be caught)
## make bench      time and memory on many workloads, Emma beside the allocators of Debian: a quarter of an hour
##                 (QUICK=1: 3 minutes; WORKLOADS="a b", RUNS=5, PEERS="name=/path/lib.so ...", HUGE=0)
## make bench-plots  copies the plots of the last make bench to where the README shows them
## make bench-instructions  instructions of each operation, beside the table that CI holds them to
##                 (UPDATE=1: writes the table)
## make bench-signals  who survives a handler that allocates, and a fork: Emma and the allocators installed
## make demo-kernel  a kernel of two processors on PORT=bare, in QEMU
## make lint       formatting, clang-tidy, layers, headers, instructions, scripts
## make format     lays out the sources with clang-format
## make preload    libemma_preload.so, to run an existing program on Emma: LD_PRELOAD=build/libemma_preload.so
## make install    headers, archives, preload library, wrappers, linker scripts, manual pages, licences, files for
##                 pkg-config and CMake;
##                 takes PREFIX=/usr/local, DESTDIR=, LIBDIR=PREFIX/lib, INCLUDEDIR=PREFIX/include;
##                 MANDIR=PREFIX/share/man, DOCDIR=PREFIX/share/doc/emma; make uninstall with the same takes it away
## make man        manual pages of the headers' functions, into build/man/man3
## make one-file   the allocator as one source: build/one-file/emma.cpp with its headers beside it
## make matrix     runtimes by linkers by flags, every cell built and run; table in build/matrix.txt
##                 (SAMPLE=1: a part of the cells)
## make headers-table  small programs over each header of the C++ library, by dialects, levels and compilers, without
##                 a libc; writes the table of crt/README.md (half an hour)
## make rust       build/rust/release/wordindex: Rust without std or a libc (takes CARGO=cargo)
## make clean      removes build/
## make help       this text
##
## Options, for every target (default first):
##   ARCH=x86_64           processor
##   TLS=1|0               0: no thread pointer is used, every operation borrows a heap
##   CHECKS=0|1            1: every misuse that can be proved is reported before anything is touched
##   DEBUG=0|1             1: internal assertions, and debug information in the archives (so does CXXFLAGS=-g)
##   FOR=size|speed        speed: the whole library compiled for speed, with short cuts for calloc, realloc and
##                         usable sizes, as libemma_preload.so always is; a quarter more text
##   PORT=linux|bare       bare: for kernels and loaders; no system call, the program supplies the page
##                         functions of emma_bare.h; TLS=0 unless asked for
##   HEAP_SLOT=            with PORT=bare, where the current heap is noted: function (emma_bare_heap_slot())
##                         or gs:8 (the word at %gs:8, any offset)
##   BUILD=build           another folder for what is built (make, preload, programs, one-file, rust, install): the
##                         source tree may be read-only then
##   SYMBOL_PREFIX=        foo_: every symbol is renamed, for several copies in one program; the
##                         archives and headers (foo_emma.h) go to build/prefix-foo_/
##   CXX=g++ CC=gcc        the compiler; CXX=clang++ or CC=clang chooses clang for both
##   CPPFLAGS= CXXFLAGS= LDFLAGS=  more flags for the libraries, behind the project's own
##   AR=ar                 archiver
##   WERROR=1|0            0: warnings of a compiler that is not known yet are no errors
##   V=0|1                 1: show the commands
##

MAKEFLAGS += --no-builtin-rules --no-print-directory
# Parallel unless the caller chose a number of jobs.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# ---- options -----------------------------------------------------------------------------------
ARCH ?= x86_64
PORT ?= linux
TLS ?= $(if $(filter bare,$(PORT)),0,1)
HEAP_SLOT ?=
CHECKS ?= 0
SYMBOL_PREFIX ?=
DEBUG ?= 0
FOR ?= size
NATIVE ?= 0
SAMPLE ?= 0
V ?= 0
BUILD := build
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/emma
DESTDIR ?=
WERROR ?= 1
AR := $(if $(filter default,$(origin AR)),ar,$(AR))
ifeq ($(origin CXX),default)
CXX := $(if $(filter clang%,$(CC)),$(subst clang,clang++,$(CC)),g++)
endif
ifeq ($(origin CC),default)
CC := $(if $(filter clang%,$(notdir $(CXX))),$(subst clang++,clang,$(CXX)),gcc)
endif

comma := ,
# $(call one_of,NAME,allowed values): a misspelt value is an error.
one_of = $(if $(filter-out 1,$(words $($(1))))$(filter-out $(2),$($(1))), \
	$(error $(1)='$($(1))' is none of: $(2)))
# $(call not_yet,NAME,values): a value that is meant to come, but is not built by this version.
not_yet = $(if $(filter $(2),$($(1))),$(error $(1)=$($(1)) is planned but does not work yet))
$(call not_yet,ARCH,aarch64 riscv64)
$(call one_of,ARCH,x86_64)
$(call one_of,TLS,0 1)
$(call one_of,CHECKS,0 1)
$(call one_of,PORT,linux bare)
ifneq ($(HEAP_SLOT),)
slot_is_good := $(shell printf %s '$(subst ','\'',$(HEAP_SLOT))' | grep -xE 'function|gs:(0x[0-9A-Fa-f]{1,7}|[0-9]{1,9})')
$(if $(slot_is_good),,$(error HEAP_SLOT='$(HEAP_SLOT)' is none of: function gs:OFFSET))
$(if $(filter bare,$(PORT)),,$(error HEAP_SLOT works with PORT=bare))
$(if $(filter 1,$(TLS)),$(error HEAP_SLOT and TLS=1 are two places for the same heap))
endif
ifeq ($(PORT),bare)
no_bare := $(filter-out all programs install uninstall help clean build/% $(BUILD)/%,$(MAKECMDGOALS))
$(if $(no_bare),$(error make $(no_bare) takes no PORT=bare; make and make install do))
endif
$(call one_of,DEBUG,0 1)
$(call one_of,FOR,size speed)
$(call one_of,NATIVE,0 1)
$(if $(filter mutants,$(MAKECMDGOALS)),,$(call one_of,SAMPLE,0 1))
$(call one_of,V,0 1)
$(call one_of,WERROR,0 1)
# A variable on the command line that nothing reads is a slip: TSL=0 would build what TLS=1 does.
known_names := BUILD ARCH PORT TLS HEAP_SLOT CHECKS SYMBOL_PREFIX DEBUG FOR NATIVE SAMPLE V PREFIX LIBDIR INCLUDEDIR MANDIR DOCDIR DESTDIR \
	WERROR AR CXX CC CPPFLAGS CFLAGS CXXFLAGS LDFLAGS KINDS CARGO EMULATOR SEED SECONDS JOBS CHOICE LEAST QUICK SUITES WORKLOADS RUNS PEERS HUGE UPDATE \
	MAKE% GNUMAKEFLAGS SHELL
given_names := $(foreach name,$(.VARIABLES),$(if $(filter command%line,$(subst $() ,%,$(origin $(name)))),$(name)))
unknown_names := $(filter-out $(known_names) -*-eval-flags-*-,$(given_names))
$(if $(unknown_names),$(error no such option: $(unknown_names); make help lists them))
ifneq ($(SYMBOL_PREFIX),)
prefix_is_good := $(shell printf %s '$(subst ','\'',$(SYMBOL_PREFIX))' | LC_ALL=C grep -xE '[A-Za-z_][A-Za-z0-9_]*')
$(if $(prefix_is_good),,$(error SYMBOL_PREFIX='$(SYMBOL_PREFIX)' is not the beginning of a C identifier))
no_prefix := $(filter-out all install uninstall help clean build/% $(BUILD)/%,$(MAKECMDGOALS))
$(if $(no_prefix),$(error make $(no_prefix) takes no SYMBOL_PREFIX; make and make install do))
endif

ifneq ($(BUILD),build)
$(if $(shell printf %s '$(subst ','\'',$(BUILD))' | LC_ALL=C grep -xE '[A-Za-z0-9_./+~@-]+'),,$(error BUILD='$(BUILD)' has a \
	character that make cannot take: letters, digits and _./+~@- only))
no_build := $(filter-out all programs preload one-file man rust install install-static uninstall help clean $(BUILD)/%,$(MAKECMDGOALS))
$(if $(no_build),$(error make $(no_build) takes no BUILD; make, make preload, make one-file, make man, make rust and make install do))
endif

compiler_is_clang := $(findstring clang,$(notdir $(firstword $(CXX))))
option_set := $(subst $() ,-,$(strip $(if $(filter-out g++,$(notdir $(CXX))),$(subst ++,,$(notdir $(CXX)))) \
	$(if $(filter bare,$(PORT)),bare $(if $(filter 1,$(TLS)),tls) $(subst :,-,$(HEAP_SLOT:%=slot-%)),$(if $(filter 0,$(TLS)),notls)) \
	$(if $(filter 1,$(CHECKS)),checks) $(if $(filter 1,$(DEBUG)),debug) $(filter speed,$(FOR)) $(addprefix prefix-,$(SYMBOL_PREFIX))))
OUT := $(BUILD)$(if $(option_set),/$(option_set))

# One clear line instead of a page of errors when the compiler is missing. The targets listed see to
# their tools themselves.
ifneq ($(filter-out help clean demo check lint format matrix rust suites fuzz bench bench-plots bench-instructions,$(or $(MAKECMDGOALS),all)),)
missing := $(strip $(foreach tool,$(firstword $(CXX)) $(firstword $(CC)) ar,$(if $(shell command -v $(tool)),,$(tool))))
$(if $(missing),$(error not found: $(missing); install g++ or clang, and binutils (tests/setup build does)))
endif

quoted = '$(subst ','\'',$(1))'
# ---- flags -------------------------------------------------------------------------------------
# Of the debug information only the call frames stay (10 KB in a program), by which debuggers show who called
# whom: all of it would make the first small program a MB. DEBUG=1 or a -g of the caller's keeps it.
keeps_debug := $(filter 1,$(DEBUG))$(filter -g%,$(CXXFLAGS) $(CPPFLAGS))
drop_debug := $(if $(keeps_debug),,-R '.debug_[!f]*' -R '.rela.debug_[!f]*')
WARNINGS := -Wall -Wextra -Wundef -Wconversion -Wshadow $(if $(filter 1,$(WERROR)),-Werror)
# No path of this folder in what is built: the same bits come out of every folder.
CODEGEN := $(if $(keeps_debug),-g,-g1) -ffile-prefix-map=$(call quoted,$(CURDIR))=. -ffreestanding -fno-exceptions -fno-rtti -fno-threadsafe-statics \
	-fno-stack-protector -fcf-protection=none -fPIE -ftls-model=local-exec -march=x86-64 \
	-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fvisibility=hidden \
	$(if $(compiler_is_clang),-fno-builtin -fsized-deallocation,-fno-tree-loop-distribute-patterns -fno-align-jumps)
DEFINES := -DEMMA_TLS=$(TLS) -DEMMA_CHECKS=$(CHECKS) -DEMMA_DEBUG=$(DEBUG) -DEMMA_FOR_SPEED=$(if $(filter speed,$(FOR)),1,0)
ifeq ($(PORT),bare)
# Code that may run in an interrupt's frame, in a kernel that saves nothing but general registers.
# Variables in .bss alone, as linker scripts for such programs often gather no .bss.*.
# clang's -mgeneral-regs-only refuses the long double of libstdc++'s headers, which nothing here uses.
CODEGEN += -mno-red-zone -fno-data-sections $(if $(compiler_is_clang),-mno-sse -mno-mmx,-mgeneral-regs-only)
DEFINES += -DEMMA_BARE=1 $(if $(HEAP_SLOT),$(if $(filter function,$(HEAP_SLOT)),-DEMMA_HEAP_SLOT=1,-DEMMA_HEAP_SLOT=2 \
	-DEMMA_HEAP_SLOT_OFFSET=$(shell printf %d $(HEAP_SLOT:gs:%=%))))
endif
LIB_CXXFLAGS := -std=c++20 $(CODEGEN) $(WARNINGS) $(DEFINES) -I. -Icore/include -Icrt/include $(CPPFLAGS) $(CXXFLAGS)

# run shows a short line, or with V=1 the command itself.
run = $(if $(filter 0,$(V)),@echo '  $(1)	$@';)$(2)

# ---- the libraries -----------------------------------------------------------------------------
core_sources := $(wildcard core/*.cpp core/api/*.cpp)
crt_sources := $(wildcard crt/*.cpp crt/*/*.cpp crt/$(ARCH)/*.S arch/$(ARCH)/*.S)
ifeq ($(PORT),bare)
core_sources := $(filter-out core/page_source.cpp core/shared_heap.cpp,$(core_sources)) $(wildcard core/bare/*.cpp)
crt_sources :=
endif
core_objects := $(core_sources:%=$(OUT)/obj/%.o)
crt_objects := $(crt_sources:%=$(OUT)/obj/%.o)
header_sources := $(wildcard core/include/* $(if $(filter linux,$(PORT)),crt/include/*))
prefixed_headers := $(patsubst %,$(OUT)/include/$(SYMBOL_PREFIX)%,$(notdir $(header_sources)))
mapping_headers := $(patsubst %,$(OUT)/plain/%,$(notdir $(header_sources)))
public_headers := $(patsubst %,$(OUT)/include/%,$(notdir $(header_sources)))
linker_scripts := $(patsubst linker/$(ARCH)/%,$(OUT)/lib/%,$(wildcard linker/$(ARCH)/*))
wrappers := $(OUT)/bin/emma-cc $(OUT)/bin/emma-c++
# What the wrappers need beside the linker scripts: those with an executable stack, the script that stands
# for each linker, the header that stands before libstdc++'s.
wrapper_files := $(linker_scripts:$(OUT)/lib/%=$(OUT)/lib/execstack/%) $(addprefix $(OUT)/lib/ld/,ld ld.bfd ld.gold ld.lld ld.mold) \
	$(OUT)/lib/c++/bits/c++config.h $(OUT)/lib/ours_first.o $(OUT)/lib/gdb_commands.o \
	$(OUT)/lib/with_data.o $(OUT)/lib/exceptions.o

gdb_commands := $(addprefix $(OUT)/gdb/,emma.py emma_commands.py emma_memory.py)

.PHONY: all
ifeq ($(PORT),bare)
all: $(OUT)/libemma.a $(if $(SYMBOL_PREFIX),$(prefixed_headers) $(mapping_headers),$(public_headers)) $(gdb_commands)
else ifeq ($(SYMBOL_PREFIX),)
all: $(OUT)/libemma.a $(OUT)/libemma_crt.a $(OUT)/libemma_beside.a $(public_headers) $(linker_scripts) $(wrappers) $(wrapper_files) $(gdb_commands)
else
# No wrappers: what compilers call by themselves (memcpy, operator new) has other names here.
all: $(OUT)/libemma.a $(OUT)/libemma_crt.a $(prefixed_headers) $(mapping_headers)
endif

# With SYMBOL_PREFIX each archive's symbols are renamed, and its references to those of the archive below
# it. What else it refers to is the program's, the libc's or the linker's, and keeps its name. Local symbols
# too: some name a group, of which the linker would keep one for all copies (destructors, `...D5Ev`).
ifneq ($(SYMBOL_PREFIX),)
$(OUT)/libemma_crt.a: $(OUT)/libemma.a
rename_symbols = && nm $(if $(filter linux,$(PORT)),--defined-only) $(filter %.o,$^) $(if $(filter %_crt.a,$@),$(core_objects)) | \
	awk 'NF == 2 && /emma_bare_/ { $$3 = $$2 } NF == 3 && $$3 ~ /^[A-Za-z_]/ && $$3 !~ /^emma_one_copy_at_/ { print $$3, "$(SYMBOL_PREFIX)" $$3 }' | LC_ALL=C sort -u > $@.renamed && \
	objcopy -D --redefine-syms=$@.renamed $@
endif
$(OUT)/libemma.a: $(core_objects)
# Without the standard names: where a libc keeps its own, whatever the order on the link line.
$(OUT)/libemma_beside.a: $(filter-out $(OUT)/obj/core/api/%,$(core_objects))
$(OUT)/libemma_crt.a: $(crt_objects)
$(OUT)/libemma.a $(OUT)/libemma_crt.a $(OUT)/libemma_beside.a: $(OUT)/flags
	$(call run,AR,rm -f $@ && $(AR) rcsD $@ $(filter %.o,$^)$(rename_symbols))

# What runs on every allocation and free is optimised for speed, the rest of core for size; with
# FOR=speed only what no allocation and no free ever runs.
OPTIMISE := -O2
# gcc's -Oz keeps some passes that make code longer: without these the C family is 2 % smaller.
# gcc 11 knows no -Oz.
smallest := $(if $(shell $(CXX) -Oz -fsyntax-only -x c++ /dev/null 2>&1),-Os,-Oz)
COLD := $(smallest) $(if $(compiler_is_clang),,-fno-shrink-wrap -fno-move-loop-invariants -fno-ivopts -fno-tree-loop-optimize -fno-caller-saves \
	-fno-tree-sink -fno-code-hoisting -fno-tree-pre -fno-if-conversion -fno-ipa-modref -fno-tree-dominator-opts \
	-fno-tree-coalesce-vars -fno-tree-forwprop -fno-tree-loop-im -fira-region=mixed -freorder-blocks-algorithm=simple)
core_never_hot := $(patsubst %,core/%.cpp,audit check emma_control emma_heap_attach emma_heap_control emma_heap_picture emma_limit_calls emma_out_of_memory \
	emma_picture emma_report emma_stats leaks rebuild reserve shared_heap teardown trim)
core_cold := $(if $(filter size,$(FOR)),$(filter-out core/emma.cpp,$(wildcard core/*.cpp core/bare/*.cpp)),$(core_never_hot))
$(core_cold:%=$(OUT)/obj/%.o) $(core_never_hot:%=$(OUT)/preload/%.o): OPTIMISE := $(COLD)
# A call and a common end are shorter than many ends with a jump; not in what is only such jumps.
no_jumps := $(if $(compiler_is_clang),,$(filter-out core/emma_sized.cpp core/instance.cpp,$(core_cold)))
$(no_jumps:%=$(OUT)/obj/%.o): OPTIMISE += -fno-optimize-sibling-calls

# The assembler names the linker's table wherever the weak __errno_location is looked up, and nothing
# refers to that name: without it the archive needs nothing from outside.
# A program with a libc may have a new-handler that throws: unwinders find their way through these.
$(patsubst %,$(OUT)/obj/%.o,$(wildcard core/api/new*.cpp)): LIB_CXXFLAGS += -fasynchronous-unwind-tables
$(OUT)/obj/%.cpp.o: %.cpp $(OUT)/flags
	@mkdir -p $(@D)
	$(call run,CXX,$(CXX) $(OPTIMISE) $(LIB_CXXFLAGS) -MMD -MP -c $< -o $@ && objcopy -w -N _GLOBAL_OFFSET_TABLE_ $(drop_debug) $@)

$(OUT)/obj/%.S.o: %.S $(OUT)/flags
	@mkdir -p $(@D)
	$(call run,AS,$(CXX) $(LIB_CXXFLAGS) -MMD -MP -c $< -o $@$(if $(drop_debug), && objcopy -w $(drop_debug) $@))

# Rewritten when the compiler, its flags or the list of sources change: then all is built anew.
flags_now := $(CXX) $(shell $(CXX) --version 2>/dev/null | head -n 1) $(OPTIMISE) $(COLD) $(LIB_CXXFLAGS) $(core_sources) $(crt_sources)
# Compared here, so that nothing has to be made to find out that nothing is to be done (make -q).
flags_before := $(shell cat $(OUT)/flags 2>/dev/null)
$(OUT)/flags: $(if $(filter-out $(words $(flags_before)),$(words $(flags_now)))$(subst $(strip $(flags_before)),,$(strip $(flags_now))),FORCE)
	@mkdir -p $(@D); printf '%s\n' $(call quoted,$(strip $(flags_now))) > $@
.PHONY: FORCE
FORCE:

ifeq ($(SYMBOL_PREFIX),)
$(OUT)/include/%: core/include/%
	@mkdir -p $(@D) && cp $< $@
$(OUT)/include/%: crt/include/%
	@mkdir -p $(@D) && cp $< $@
else
# include/foo_emma.h with the names as they are, and in a folder of its own (it would hide the plain
# copy's) an emma.h that maps the plain names to them.
define prefixed_header_rule
$(OUT)/include/$(SYMBOL_PREFIX)$(notdir $(1)): $(1) linker/prefix-header
	@mkdir -p $$(@D) && linker/prefix-header $(SYMBOL_PREFIX) $$< > $$@
$(OUT)/plain/$(notdir $(1)): $(1) linker/prefix-header
	@mkdir -p $$(@D) && linker/prefix-header -m $(SYMBOL_PREFIX) $$< > $$@
endef
$(foreach header,$(header_sources),$(eval $(call prefixed_header_rule,$(header))))
endif
$(OUT)/lib/%: linker/$(ARCH)/%
	@mkdir -p $(@D) && cp $< $@
# Refers to all that the archives offer and does nothing: linked before another library, it has the linker take
# ours for what both have.
$(OUT)/lib/ours_first.o: linker/emma.symbols linker/emma_crt.symbols
	@mkdir -p $(@D)
	$(call run,LD,echo .section .note.GNU-stack | $(CC) -c -x assembler - -o $@ && ld -r $@ $$(sed '/^#/d; s/^/-u /' $^) -o $@.all && mv $@.all $@)
# For a program with a libc and exceptions, linked before libemma.a: operator new throws and catches.
$(OUT)/obj/exceptions/%.o: %.cpp $(OUT)/flags
	@mkdir -p $(@D)
	$(call run,CXX,$(CXX) $(OPTIMISE) $(LIB_CXXFLAGS) -fexceptions -fasynchronous-unwind-tables -MMD -MP -c $< -o $@ && objcopy $(drop_debug) $@)
exceptions_objects := $(OUT)/obj/exceptions/core/api/new_caught.o $(OUT)/obj/exceptions/core/api/new_bad_alloc.o
$(OUT)/lib/exceptions.o: $(exceptions_objects)
	@mkdir -p $(@D)
	$(call run,LD,ld -r $^ -o $@)
-include $(exceptions_objects:.o=.d)
$(OUT)/lib/execstack/%: linker/$(ARCH)/%
	@mkdir -p $(@D) && sed 's/\(PT_GNU_STACK FLAGS(\)6/\17/' $< > $@
$(OUT)/lib/c++/%: linker/c++/%
	@mkdir -p $(@D) && cp $< $@
$(OUT)/lib/ld/%: linker/ld
	@mkdir -p $(@D) && cp $< $@ && chmod +x $@
$(wrappers): linker/emma-cc $(wrapper_files)
	@mkdir -p $(@D) && cp $< $@ && chmod +x $@

# The commands for gdb, with the numbers of this build's layout, which the compiler tells.
$(OUT)/gdb/layout.s: linker/gdb/layout.cpp $(OUT)/flags
	@mkdir -p $(@D)
	$(call run,CXX,$(CXX) -O2 $(filter-out -g% -flto%,$(LIB_CXXFLAGS)) -Wno-invalid-offsetof -MMD -MP -S $< -o $@)
$(OUT)/gdb/emma_memory.py: linker/gdb/emma_memory.py.in $(OUT)/gdb/layout.s
	@sed -n 's/^[[:space:]]*#emma_layout //p' $(OUT)/gdb/layout.s > $@.layout && sed -e '/^# @LAYOUT@/r $@.layout' \
		-e '/^# @LAYOUT@/d' -e 's/@VERSION@/$(version)/' $< > $@ && rm $@.layout
$(OUT)/gdb/%.py: linker/gdb/%.py
	@mkdir -p $(@D) && cp $< $@
$(OUT)/lib/with_data.o: linker/gdb/with_data.S $(OUT)/flags
	@mkdir -p $(@D)
	$(call run,AS,$(CC) -c $< -o $@)
# What the wrappers link with -ggdb: the place of the commands, which gdb looks up in a program.
gdb_section = printf '.section .debug_gdb_scripts,"MSR",@progbits,1\n.byte 1\n.asciz "%s"\n.section .note.GNU-stack\n' $(call \
	quoted,$(1)) | $(CC) -c -x assembler - -o
$(OUT)/lib/gdb_commands.o: $(OUT)/flags
	@mkdir -p $(@D)
	$(call run,AS,$(call gdb_section,$(abspath $(OUT))/gdb/emma.py) $@)
-include $(OUT)/gdb/layout.d

-include $(patsubst %.o,%.d,$(core_objects) $(crt_objects))

# ---- the kernel of examples/kernel ---------------------------------------------------------------
# Linked at the top of the address space; the archive is position-independent and does not care.
kernel_sources := $(wildcard examples/kernel/*.cpp examples/kernel/*.S)
kernel_objects := $(kernel_sources:%=$(OUT)/%.o)
KERNEL_CXXFLAGS := -std=c++20 -O2 -g -Wall -Wextra -Wshadow -Werror -fno-exceptions -fno-rtti -fno-threadsafe-statics \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -fno-pie -mcmodel=kernel -mno-red-zone \
	$(if $(compiler_is_clang),-mno-sse -mno-mmx,-mgeneral-regs-only -fno-tree-loop-distribute-patterns) -I$(OUT)/include
KERNEL_LDFLAGS := -nostdlib -static -Wl,-z,max-page-size=4096 -Wl,--build-id=none -Wl,--fatal-warnings \
	-T examples/kernel/kernel.ld
$(OUT)/examples/kernel/%.o: examples/kernel/% $(public_headers) $(OUT)/flags Makefile
	@mkdir -p $(@D)
	$(call run,CXX,$(CXX) $(KERNEL_CXXFLAGS) -MMD -MP -c $< -o $@)
$(OUT)/kernel.elf: $(kernel_objects) $(OUT)/libemma.a examples/kernel/kernel.ld
	$(call run,LINK,$(CXX) $(KERNEL_LDFLAGS) $(filter %.o %.a,$^) -o $@)
-include $(kernel_objects:.o=.d)

# ---- the one hosted artefact -------------------------------------------------------------------
# All of core/ once more, for speed, as a shared object in the place of a libc's malloc. Frames have
# unwind tables because exceptions of a program's new-handler pass through them. One segment for
# text and constants: every process has 8 KB less resident.
PRELOAD_CXXFLAGS := $(subst -fPIE -ftls-model=local-exec,-fPIC -fno-semantic-interposition -ftls-model=initial-exec,$(subst \
	-fno-asynchronous-unwind-tables,-fasynchronous-unwind-tables,$(LIB_CXXFLAGS))) $(if $(keeps_debug),,-g0) -UEMMA_FOR_SPEED -DEMMA_FOR_SPEED=1 -DEMMA_HOSTED=1
# Second names of the same code: a jump less for each call.
preload_aliases := malloc free
PRELOAD_LDFLAGS := -Wl,--version-script=linker/preload.map -Wl,-soname,libemma_preload.so \
	-Wl,-z,defs -Wl,-z,now -Wl,-z,nodelete -Wl,--gc-sections -Wl,-z,noseparate-code,--section-start=.eh_frame_hdr=0x40000 \
	$(foreach name,$(preload_aliases),-Xlinker --defsym=$(name)=emma_$(name))
preload_sources := $(filter-out core/api/new_handler.cpp core/api/new_bad_alloc.cpp $(preload_aliases:%=core/api/%.cpp),$(core_sources)) \
	$(wildcard core/hosted/*.cpp)
preload_objects := $(preload_sources:%=$(OUT)/preload/%.o)

$(OUT)/preload/core/api/new_caught.cpp.o: PRELOAD_CXXFLAGS += -fexceptions

.PHONY: preload
preload: $(OUT)/libemma_preload.so
$(OUT)/preload/%.cpp.o: %.cpp $(OUT)/flags
	@mkdir -p $(@D)
	$(call run,CXX,$(CXX) $(OPTIMISE) $(PRELOAD_CXXFLAGS) -MMD -MP -c $< -o $@)
$(OUT)/libemma_preload.so: $(preload_objects) linker/preload.map
	$(call run,LINK,$(CXX) -shared -nostdlib $(PRELOAD_LDFLAGS) $(LDFLAGS) $(filter %.o,$^) -lc -o $@)
-include $(preload_objects:.o=.d)

# ---- tests -------------------------------------------------------------------------------------
# Programs without a libc are built as a user builds them: with the wrapper, static and static-PIE.
# Hosted unit tests see core/ without the standard names, under the sanitizers.
# A line `// TEST-FLAGS: ...` in a test's source adds to its flags.
TEST_WARNINGS := -Wall -Wextra $(if $(filter 1,$(WERROR)),-Werror)
source_flags = $(shell sed -n 's|^// TEST-FLAGS: *||p' $<)
wrapper = EMMA_REAL_CC='$(CC)' EMMA_REAL_CXX='$(CXX)' $(OUT)/bin/$(if $(filter %.c,$<),emma-cc -std=c11,emma-c++ -std=c++20)
nolibc_flags = -O2 -g $(TEST_WARNINGS) -I. $(DEFINES) -MMD -MP -MF $@.d -MT $@

hosted_examples := examples/beside_libc.cpp examples/pmr.cpp
nolibc_sources := $(wildcard $(foreach folder,freestanding misuse stress faults seccomp,tests/$(folder)/*.c tests/$(folder)/*.cpp)) \
	$(filter-out $(hosted_examples) examples/nolibc_header.c examples/no_thread_pointer.c,$(wildcard examples/*.c examples/*.cpp))
# KINDS=static: half as many, for sets that are not the default.
KINDS ?= static static-pie
nolibc_programs := $(foreach kind,$(KINDS),$(addprefix $(OUT)/tests/$(kind)/,$(basename $(nolibc_sources))))

# A second copy of the allocator under other names, for the tests of pointers from elsewhere.
$(OUT)/tests/other_copy.o: $(OUT)/libemma.a
	@mkdir -p $(@D)
	$(call run,LD,ld -r --whole-archive $< -o $@ && objcopy --prefix-symbols=other_ $@)
$(foreach kind,static static-pie,$(OUT)/tests/$(kind)/tests/misuse/misuse): $(OUT)/tests/other_copy.o

define nolibc_rule
$(OUT)/tests/$(1)/%: %.$(2) $(OUT)/libemma.a $(OUT)/libemma_crt.a $(public_headers) $(linker_scripts) $(wrappers) Makefile
	@mkdir -p $$(@D)
	$$(call run,LINK,$$(wrapper) -$(1) $$(nolibc_flags) $$(source_flags) $$< $$(filter %.o,$$^) -o $$@)
endef
$(foreach kind,static static-pie,$(foreach suffix,c cpp,$(eval $(call nolibc_rule,$(kind),$(suffix)))))

# The stepping harness has several sources: see its main one.
stepping_program := $(OUT)/tests/static/tests/faults/stepping/stepping
stepping_objects := $(patsubst tests/faults/stepping/%.cpp,$(OUT)/tests/stepping/%.o,$(filter-out \
	%/stepping.cpp,$(wildcard tests/faults/stepping/*.cpp)))
$(stepping_program): $(stepping_objects)
$(OUT)/tests/stepping/%.o: tests/faults/stepping/%.cpp $(public_headers) $(wrappers) Makefile
	@mkdir -p $(@D)
	$(call run,CXX,$(wrapper) -static $(nolibc_flags) $(source_flags) -c $< -o $@)

# -g1 is all that the sanitizers' reports need. What is expensive in a test's source is doctest and the
# sanitizers, not what it computes.
UNIT_CXXFLAGS := -std=c++20 -O1 -g1 $(TEST_WARNINGS) -fsanitize=address,undefined \
	-fno-sanitize-recover=all $(DEFINES) -I. -Icore/include
$(OUT)/unit/tests/unit/%.cpp.o: UNIT_CXXFLAGS += -O0
unit_sources := $(wildcard tests/unit/*_test.cpp)
unit_core_objects := $(patsubst %,$(OUT)/unit/%.o,$(wildcard core/*.cpp))
unit_programs := $(unit_sources:%.cpp=$(OUT)/%)

$(OUT)/unit/%.cpp.o: %.cpp $(OUT)/flags
	@mkdir -p $(@D)
	$(call run,CXX,$(CXX) $(UNIT_CXXFLAGS) -MMD -MP -c $< -o $@)
$(OUT)/unit/doctest_main.o: $(OUT)/flags
	@mkdir -p $(@D)
	$(call run,CXX,echo '#include <doctest/doctest.h>' | \
		$(CXX) $(UNIT_CXXFLAGS) -DDOCTEST_CONFIG_IMPLEMENT_WITH_MAIN -x c++ -c - -o $@)
$(OUT)/tests/unit/%: $(OUT)/unit/tests/unit/%.cpp.o $(unit_core_objects) $(OUT)/unit/doctest_main.o
	@mkdir -p $(@D)
	$(call run,LINK,$(CXX) $(UNIT_CXXFLAGS) $^ -o $@)
.SECONDARY: $(unit_sources:%=$(OUT)/unit/%.o) $(unit_core_objects) $(OUT)/unit/doctest_main.o

# The interleaving explorer: core/ and the scenarios instrumented, but not linked with ThreadSanitizer,
# whose functions the explorer itself provides. And the same over core/ with one bug each. Built for the
# values of TLS and FOR, by gcc: the memory model is neither's.
EXPLORER_CXXFLAGS := -std=c++20 -g1 $(TEST_WARNINGS) -Wno-tsan -ffunction-sections -fdata-sections \
	-DEMMA_TLS=$(TLS) -DEMMA_CHECKS=0 -DEMMA_DEBUG=1 -DEMMA_FOR_SPEED=$(if $(filter speed,$(FOR)),1,0) \
	-Itests/explorer/include -Itests/explorer/sanitize
explorer_sets := speed notls notls-speed
ifneq ($(filter default $(explorer_sets),$(or $(option_set),default)),)
explorer_sources := $(filter-out core/page_source.cpp,$(wildcard core/*.cpp)) \
	$(wildcard tests/explorer/*.cpp tests/explorer/scenarios/*.cpp)
explorer_objects := $(explorer_sources:%=$(OUT)/explorer/%.o)
explorer_scenarios := $(patsubst tests/explorer/scenarios/%.cpp,$(OUT)/tests/explorer/alone/%,$(wildcard tests/explorer/scenarios/*.cpp))
explorer_programs := $(OUT)/tests/explorer/explorer $(explorer_scenarios) \
	$(patsubst %.sed,$(OUT)/%,$(wildcard tests/explorer/bugs/*.sed))
endif
$(OUT)/explorer/core/%.o $(OUT)/explorer/tests/explorer/scenarios/%.o: EXPLORER_CXXFLAGS += -O1 -fsanitize=thread
$(OUT)/explorer/%.cpp.o: %.cpp $(OUT)/flags Makefile
	@mkdir -p $(@D)
	$(call run,CXX,$(CXX) -O2 $(EXPLORER_CXXFLAGS) -I. -Icore/include -MMD -MP -c $< -o $@)
$(OUT)/tests/explorer/explorer: $(explorer_objects)
	@mkdir -p $(@D)
	$(call run,LINK,$(CXX) $^ -o $@)
# One file of scenarios with what it reaches and nothing else. Where that is the same to the byte with two
# sets of options, so is the code that is explored: tests/run explores it once.
alone_flags := -s -Wl,--gc-sections -Wl,--build-id=none
$(OUT)/tests/explorer/alone/%: $(explorer_objects)
	@mkdir -p $(@D)
	$(call run,LINK,$(CXX) $(alone_flags) \
		$(filter-out $(OUT)/explorer/tests/explorer/scenarios/%,$^) $(OUT)/explorer/tests/explorer/scenarios/$*.cpp.o -o $@)
$(OUT)/tests/explorer/bugs/%: tests/explorer/bugs/%.sed tests/explorer/build_bug $(explorer_objects) $(explorer_scenarios)
	@mkdir -p $(@D)
	$(call run,BUG,tests/explorer/build_bug $< $@ $(OUT) '$(CXX) -O1 $(EXPLORER_CXXFLAGS) -g0 -Icore/include' $(explorer_objects))

# Threads under ThreadSanitizer, for the default options too: gcc's, which every g++ brings along.
SANITIZE_CXXFLAGS := -std=c++20 -O1 -g $(TEST_WARNINGS) -Wno-tsan -fsanitize=thread $(DEFINES) \
	-Itests/explorer/sanitize -I. -Icore/include
ifeq ($(option_set),)
sanitize_objects := $(patsubst %,$(OUT)/sanitize/%.o,$(filter-out core/page_source.cpp,$(wildcard core/*.cpp)) \
	$(wildcard tests/sanitize/*.cpp))
sanitize_programs := $(OUT)/tests/sanitize/threads $(OUT)/tests/sanitize/bug
endif
$(OUT)/sanitize/%.cpp.o: %.cpp $(OUT)/flags
	@mkdir -p $(@D)
	$(call run,CXX,$(CXX) $(SANITIZE_CXXFLAGS) -MMD -MP -c $< -o $@)
$(OUT)/tests/sanitize/threads: $(sanitize_objects)
	@mkdir -p $(@D)
	$(call run,LINK,$(CXX) $(SANITIZE_CXXFLAGS) $^ -pthread -o $@)
$(OUT)/tests/sanitize/bug: tests/explorer/bugs/remote_count_relaxed.sed tests/explorer/build_bug $(sanitize_objects)
	@mkdir -p $(@D)
	$(call run,BUG,tests/explorer/build_bug $< $@ $(OUT) '$(CXX) $(SANITIZE_CXXFLAGS) -pthread' $(sanitize_objects))

# Hosted programs: the allocator beside a libc, and the parts of tests that hold for any allocator.
hosted_programs := $(addprefix $(OUT)/tests/hosted/,$(basename $(hosted_examples) tests/freestanding/api.c))
$(OUT)/tests/hosted/%: %.cpp $(OUT)/libemma_beside.a $(public_headers) Makefile
	@mkdir -p $(@D)
	$(call run,LINK,$(CXX) -std=c++20 -O2 -g $(TEST_WARNINGS) -I$(OUT)/include -MMD -MP -MF $@.d \
		$(source_flags) $< -pthread $(OUT)/libemma_beside.a -o $@)
$(OUT)/tests/hosted/%: %.c Makefile
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) -std=gnu11 -O2 -g $(TEST_WARNINGS) -DTEST_HOST_LIBC -MMD -MP -MF $@.d \
		$(source_flags) $< -o $@)

# Programs that bring their own start code: only the allocator, not even the linker script.
bare_programs := $(patsubst %.c,$(OUT)/tests/bare/%,$(wildcard examples/nolibc_header.c examples/no_thread_pointer.c))
$(OUT)/tests/bare/%: %.c $(OUT)/libemma.a $(public_headers) Makefile
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) -std=gnu11 -O2 -g $(TEST_WARNINGS) -ffreestanding -nostdlib -static -fno-pie \
		-fno-stack-protector -fno-builtin -I$(OUT)/include -MMD -MP -MF $@.d $< $(OUT)/libemma.a -o $@)

# Code that a program of a libc takes in, and that program.
injected_programs := $(addprefix $(OUT)/tests/injected/,host payload)
payload_flags := -ffreestanding -nostdlib -static-pie -fPIE -fno-stack-protector -fvisibility=hidden -Wl,-e,payload
$(OUT)/tests/injected/payload: examples/injected/payload.c $(OUT)/libemma.a $(public_headers) Makefile
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) -std=gnu11 -O2 -g $(TEST_WARNINGS) $(payload_flags) -I$(OUT)/include \
		-MMD -MP -MF $@.d $< $(OUT)/libemma.a -o $@)
$(OUT)/tests/injected/host: examples/injected/host.c Makefile
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) -std=gnu11 -O2 -g $(TEST_WARNINGS) -MMD -MP -MF $@.d $< -pthread -o $@)

# Programs of a libc that are run with libemma_preload.so.
preload_programs := $(addprefix $(OUT)/,$(basename $(wildcard tests/preload/*.cpp)))
$(OUT)/tests/preload/%: tests/preload/%.cpp Makefile
	@mkdir -p $(@D)
	$(call run,LINK,$(CXX) -std=c++20 -O2 -g $(TEST_WARNINGS) -I. $(source_flags) -MMD -MP -MF $@.d $< -pthread -o $@)

# Fuzzing by state: the driver that makes programs by chance, over the archive, also with a bug in it; the one that
# libFuzzer guides, over core/ with a sanitizer and assertions; and the first one over core/ that counts its lines.
fuzz_headers := $(wildcard tests/fuzz/*.h tests/fuzz/world/*.h tests/fuzz/world/calls.def)
FUZZ_CFLAGS := -std=gnu11 -O1 -g $(TEST_WARNINGS) -DFUZZ_CHECKS=$(CHECKS) -DFUZZ_FOLDER='"tests/fuzz"' -Icore/include
guided_compiler := $(if $(compiler_is_clang),$(CXX),clang++)
GUIDED_FLAGS := -O1 -g $(TEST_WARNINGS) -fsanitize=fuzzer-no-link,undefined -fno-sanitize-recover=all $(DEFINES) -UEMMA_DEBUG -DEMMA_DEBUG=1 \
	-DFUZZ_CHECKS=$(CHECKS) -I. -Icore/include
guided_objects := $(patsubst %,$(OUT)/fuzz/guided/%.o,$(wildcard core/*.cpp) tests/fuzz/libfuzzer.c)
counted_objects := $(patsubst %,$(OUT)/fuzz/counted/%.o,$(wildcard core/*.cpp))
fuzz_bugs := $(patsubst tests/fuzz/bugs/%.sed,$(OUT)/fuzz/bugs/%,$(wildcard tests/fuzz/bugs/*.sed))
# Those that are found at once, for make check.
fuzz_bugs_sample := $(addprefix $(OUT)/fuzz/bugs/,calloc_forgets_slots malloc_ignores_enter realloc_copies_little)
fuzz_programs := $(OUT)/fuzz/fuzz $(if $(option_set),,$(fuzz_bugs_sample))
$(OUT)/fuzz/fuzz.o: tests/fuzz/fuzz.c $(fuzz_headers) core/include/emma.h $(OUT)/flags
	@mkdir -p $(@D)
	$(call run,CC,$(CC) $(FUZZ_CFLAGS) -c $< -o $@)
$(OUT)/fuzz/fuzz: $(OUT)/fuzz/fuzz.o $(OUT)/libemma_beside.a
	$(call run,LINK,$(CC) $^ -pthread -o $@)
$(OUT)/fuzz/bugs/%: tests/fuzz/bugs/%.sed tests/fuzz/build_bug $(OUT)/fuzz/fuzz.o $(OUT)/libemma_beside.a
	@mkdir -p $(@D)
	$(call run,BUG,tests/fuzz/build_bug $< $@ '$(CXX) -O2 $(LIB_CXXFLAGS)' '$(CC) -pthread' $(OUT)/fuzz/fuzz.o $(OUT)/libemma_beside.a)
$(OUT)/fuzz/guided/%.cpp.o: %.cpp $(OUT)/flags
	@mkdir -p $(@D)
	$(call run,CXX,$(guided_compiler) -std=c++20 $(GUIDED_FLAGS) -MMD -MP -c $< -o $@)
$(OUT)/fuzz/guided/%.c.o: %.c $(fuzz_headers) $(OUT)/flags
	@mkdir -p $(@D)
	$(call run,CC,$(subst clang++,clang,$(guided_compiler)) -std=gnu11 $(subst fuzzer-no-link$(comma),,$(GUIDED_FLAGS)) -MMD -MP -c $< -o $@)
$(OUT)/fuzz/guided/fuzz: $(guided_objects)
	$(call run,LINK,$(guided_compiler) -fsanitize=fuzzer$(comma)undefined $^ -pthread -o $@)
$(OUT)/fuzz/counted/%.cpp.o: %.cpp $(OUT)/flags
	@mkdir -p $(@D)
	$(call run,CXX,g++ -std=c++20 -O0 -g --coverage -fprofile-update=atomic $(DEFINES) -I. -Icore/include -MMD -MP -c $< -o $@)
$(OUT)/fuzz/counted/fuzz: $(OUT)/fuzz/fuzz.o $(counted_objects)
	$(call run,LINK,g++ --coverage -Wl$(comma)-u$(comma)__gcov_dump $^ -pthread -o $@)
-include $(patsubst %.o,%.d,$(guided_objects) $(counted_objects))
SECONDS ?= 60
.PHONY: fuzz fuzz-programs fuzz-bugs
fuzz-programs: $(OUT)/fuzz/fuzz $(OUT)/fuzz/guided/fuzz $(OUT)/fuzz/counted/fuzz
fuzz-bugs: $(fuzz_bugs)
fuzz:
	@tests/setup fuzz
	@+$(MAKE) fuzz-programs
	@tests/fuzz/run $(OUT) $(SECONDS) $(SEED)

# PORT=bare: hosted programs that play the program below which the bare archive lies.
port_programs := $(patsubst tests/bare/%.cpp,$(OUT)/tests/bare/%,$(wildcard tests/bare/*.cpp))
slot_define := $(if $(filter function,$(HEAP_SLOT)),-DSLOT_FUNCTION,$(if $(HEAP_SLOT),-DSLOT_GS,$(if $(filter 1,$(TLS)),-DSLOT_TLS)))
$(OUT)/tests/bare/%: tests/bare/%.cpp $(OUT)/libemma.a $(public_headers) Makefile
	@mkdir -p $(@D)
	$(call run,LINK,$(CXX) -std=c++20 -O2 -g $(TEST_WARNINGS) -I$(OUT)/include $(slot_define) -MMD -MP -MF $@.d \
		$< -pthread $(libc_first) $(OUT)/libemma.a -o $@)
-include $(port_programs:=.d)

.PHONY: programs
ifeq ($(PORT),bare)
programs: all $(port_programs) $(if $(filter 0,$(TLS)),$(OUT)/kernel.elf)
else
programs: all preload $(nolibc_programs) $(stepping_program) $(unit_programs) $(explorer_programs) $(sanitize_programs) \
	$(hosted_programs) $(preload_programs) $(bare_programs) $(injected_programs) $(fuzz_programs)
# What proves the protocols, for each set of options that compiles them differently.
.PHONY: proofs
proofs: $(stepping_program) $(explorer_programs) $(OUT)/fuzz/fuzz
endif
-include $(wildcard $(nolibc_programs:=.d) $(stepping_program).d $(stepping_objects:=.d) $(hosted_programs:=.d) $(preload_programs:=.d) \
	$(bare_programs:=.d) $(injected_programs:=.d)) \
	$(unit_sources:%.cpp=$(OUT)/unit/%.cpp.d) $(unit_core_objects:.o=.d) $(explorer_objects:.o=.d) $(sanitize_objects:.o=.d)

# ---- mutants -----------------------------------------------------------------------------------
# What tests/mutants/run links over a changed core/: the tests and the explorer, compiled so that they call the
# inline functions of headers (the changed core/ is linked first and defines them), and the commands that compile
# core/. The explorer's parts tell which of their instructions were reached. No explorer with CHECKS=1.
mutants := $(OUT)/mutants
mutants_have_explorer := $(filter default $(explorer_sets),$(or $(option_set),default))
MUTANT_LIB := $(CXX) -O1 $(LIB_CXXFLAGS) -g0 -w
MUTANT_UNIT := $(CXX) -std=c++20 -O0 -w $(DEFINES) -I. -Icore/include
MUTANT_EXPLORER := $(CXX) $(EXPLORER_CXXFLAGS) -O1 -g0 -w -fsanitize=thread -I. -Icore/include
mutant_programs := $(basename $(wildcard $(foreach suffix,c cpp,$(addsuffix .$(suffix),$(shell grep -o '^tests/[^ ]*' tests/mutants/programs | sort -u)))))
# Not those that need no core/, or minutes of compiling.
mutant_units := $(filter-out tests/unit/emma_hpp_test.cpp tests/unit/string_test.cpp,$(unit_sources))
mutant_core := $(wildcard core/*.cpp)
mutant_objects := $(mutant_core:%=$(mutants)/lib/%.o) $(mutant_units:%=$(mutants)/unit/%.o) $(mutants)/unit/main.o \
	$(mutant_programs:%=$(mutants)/programs/%.o) $(mutants)/lib/every.cpp \
	$(if $(mutants_have_explorer),$(patsubst %,$(mutants)/explorer/%.o,$(filter-out tests/explorer/%,$(explorer_sources)) \
		$(wildcard tests/explorer/scenarios/*.cpp) tests/mutants/reached.cpp) $(mutants)/explorer/every.cpp \
		$(patsubst %,$(OUT)/explorer/%.o,$(wildcard tests/explorer/*.cpp)))
standard_headers := atomic bit concepts cstddef cstdint limits new type_traits
$(mutants)/lib/core/%.o: compile = $(MUTANT_LIB) -include $(mutants)/lib/std.h
$(mutants)/lib/std.h.gch: compile = $(MUTANT_LIB) -x c++-header
$(mutants)/explorer/std.h.gch: compile = $(MUTANT_EXPLORER) -x c++-header
$(mutants)/unit/%.o: compile = $(MUTANT_UNIT)
$(mutants)/unit/main.o: compile = $(MUTANT_UNIT) -DDOCTEST_CONFIG_IMPLEMENT_WITH_MAIN -include doctest/doctest.h
$(mutants)/explorer/core/%.o: compile = $(MUTANT_EXPLORER) -g -fsanitize-coverage=trace-pc
$(mutants)/explorer/tests/explorer/%.o: compile = $(MUTANT_EXPLORER) -g -fsanitize-coverage=trace-pc -fno-inline
$(mutants)/explorer/tests/mutants/%.o: compile = $(CXX) -O2 -std=c++20
$(mutants)/%/std.h.gch: $(OUT)/flags
	@mkdir -p $(@D) && printf '#include <%s>\n' $(standard_headers) >$(@:.gch=)
	$(call run,CXX,$(compile) $(@:.gch=) -o $@)
$(mutants)/lib/%.cpp.o: %.cpp $(OUT)/flags $(mutants)/lib/std.h.gch
	@mkdir -p $(@D)
	$(call run,CXX,$(compile) -MMD -MP -c $< -o $@)
$(mutants)/unit/%.cpp.o: %.cpp $(OUT)/flags
	@mkdir -p $(@D)
	$(call run,CXX,$(compile) -MMD -MP -c $< -o $@)
$(mutants)/unit/main.o: $(OUT)/flags
	@mkdir -p $(@D)
	$(call run,CXX,$(compile) -x c++ -c /dev/null -o $@)
$(mutants)/explorer/%.cpp.o: %.cpp $(OUT)/flags $(mutants)/explorer/std.h.gch
	@mkdir -p $(@D)
	$(call run,CXX,$(compile) -MMD -MP -c $< -o $@)
$(mutants)/programs/%.o: %.cpp $(public_headers) $(wrappers) Makefile
	@mkdir -p $(@D)
	$(call run,CXX,$(wrapper) -static $(nolibc_flags) $(source_flags) -g0 -c $< -o $@)
$(mutants)/programs/%.o: %.c $(public_headers) $(wrappers) Makefile
	@mkdir -p $(@D)
	$(call run,CXX,$(wrapper) -static $(nolibc_flags) $(source_flags) -g0 -c $< -o $@)
# All of core/ as one source, for a header that is changed.
$(mutants)/lib/every.cpp $(mutants)/explorer/every.cpp: $(mutant_core)
	@mkdir -p $(@D) && printf '#include "%s"\n' $(if $(filter %/explorer/every.cpp,$@),$(filter-out core/page_source.cpp,$^),$^) >$@
# mutants-start is enough to find out whether a change is one with these options.
.PHONY: mutants mutants-start mutants-base
mutants-base: mutants-start all $(mutant_objects) $(OUT)/tests/other_copy.o $(stepping_objects)
mutants-start: $(mutants)/lib/std.h.gch $(mutants)/lib/every.cpp $(if $(mutants_have_explorer),$(mutants)/explorer/std.h.gch $(mutants)/explorer/every.cpp)
	@printf '%s\t%s\n' >$(mutants)/commands \
		lib $(call quoted,$(MUTANT_LIB) -include $(mutants)/lib/std.h) \
		explorer $(call quoted,$(if $(mutants_have_explorer),$(MUTANT_EXPLORER) -include $(mutants)/explorer/std.h)) \
		scenario $(call quoted,$(MUTANT_EXPLORER) -fno-inline) unit $(call quoted,$(MUTANT_UNIT)) cxx $(call quoted,$(CXX))
mutants:
	@tests/setup check
	@SAMPLE=$(SAMPLE) SEED=$(SEED) JOBS=$(JOBS) CHOICE=$(call quoted,$(CHOICE)) QUICK=$(QUICK) LEAST=$(LEAST) tests/mutants/run
-include $(wildcard $(filter-out $(OUT)/explorer/%,$(mutant_objects:.o=.d)))

# ---- benchmarks --------------------------------------------------------------------------------
# The workloads, each for the host's libc, for musl, and without a libc (see tests/bench/run).
bench_sources := $(filter-out %/workload.h,$(wildcard tests/bench/workloads/*.c))
bench_programs := $(OUT)/bench/launch $(OUT)/bench/turns $(OUT)/bench/nothing.so $(foreach kind,hosted musl static,\
	$(bench_sources:tests/bench/workloads/%.c=$(OUT)/bench/$(kind)/%))
BENCH_CFLAGS := -std=gnu11 -O2 -g $(TEST_WARNINGS) -fno-builtin-malloc -fno-builtin-calloc \
	-fno-builtin-realloc -fno-builtin-free
bench_cc_hosted = $(CC) -pthread
bench_cc_musl = musl-gcc -pthread
bench_cc_static = EMMA_REAL_CC='$(CC)' $(OUT)/bin/emma-cc -static -DBENCH_NO_LIBC
define bench_rule
$(OUT)/bench/$(1)/%: tests/bench/workloads/%.c tests/bench/workloads/workload.h Makefile $(2)
	@mkdir -p $$(@D)
	$$(call run,LINK,$$(bench_cc_$(1)) $$(BENCH_CFLAGS) $$< -o $$@)
endef
$(eval $(call bench_rule,hosted))
$(eval $(call bench_rule,musl))
$(eval $(call bench_rule,static,$(OUT)/libemma.a $(OUT)/libemma_crt.a $(public_headers) $(linker_scripts) $(wrappers)))
# Small, and with a libc of its own, so that it works whatever becomes of Emma.
$(OUT)/bench/launch: tests/bench/launch.c Makefile
	@mkdir -p $(@D)
	$(call run,LINK,musl-gcc -static -O2 $(TEST_WARNINGS) $< -o $@)
$(OUT)/bench/turns: tests/bench/turns.c tests/bench/workloads/workload.h Makefile
	@mkdir -p $(@D)
	$(call run,LINK,$(bench_cc_hosted) $(BENCH_CFLAGS) $< -ldl -o $@)
# For glibc, whose malloc is there without a preload: what preloading costs is no allocator's.
$(OUT)/bench/nothing.so: Makefile
	@mkdir -p $(@D)
	$(call run,LINK,$(CC) -shared -nostdlib -x c /dev/null -o $@)
.PHONY: bench-programs
bench-programs: all preload $(bench_programs)

# ---- for people --------------------------------------------------------------------------------
# The allocator as one source file, for projects that have no use for an archive.
.PHONY: one-file
one-file:
	$(call run,ONE,linker/one-file $(BUILD)/one-file)

# The default build, as the rows of the table say themselves what they are.
.PHONY: matrix rust headers-table
headers-table:
	@tests/setup matrix
	@+$(MAKE) all
	@tests/headers/run --update build
matrix:
	@tests/setup matrix
	@+$(MAKE) all one-file && $(MAKE) TLS=0 build/notls/libemma.a
	@tests/matrix/run $(if $(filter 1,$(SAMPLE)),--sample) build
	@tests/matrix/start/run $(if $(filter 1,$(SAMPLE)),--sample) build

CARGO ?= cargo
.PHONY: example-rust example-pmr
example-rust: rust
	$(EMULATOR) $(BUILD)/rust/release/wordindex README.md
example-pmr: $(OUT)/tests/hosted/examples/pmr
	$(EMULATOR) $<
rust:
	@tests/setup rust
	@+$(MAKE) all
	cd examples/rust && EMMA=$(call quoted,$(abspath $(OUT))) $(CARGO) build --quiet --release --locked --target-dir $(call quoted,$(abspath $(BUILD)/rust))

# The options but for the compiler, as option_set says them.
option_set_suffix := $(subst $() ,-,$(strip \
	$(if $(filter 0,$(TLS)),notls) $(if $(filter 1,$(CHECKS)),checks) $(if $(filter 1,$(DEBUG)),debug) $(filter speed,$(FOR))))
.PHONY: check demo demo-kernel stepping storms suites bench bench-plots bench-instructions bench-signals lint format install uninstall clean help
check:
	@tests/setup check
	@+$(MAKE) CXX=g++ CC=gcc programs && $(MAKE) CXX=clang++ CC=clang programs
ifeq ($(option_set_suffix),)
	@+$(MAKE) CXX=g++ CC=gcc FOR=speed proofs && $(MAKE) CXX=g++ CC=gcc TLS=0 proofs && \
		$(MAKE) CXX=g++ CC=gcc TLS=0 FOR=speed proofs
endif
	@tests/run $(if $(filter 1,$(NATIVE)),--native) \
		$(if $(option_set_suffix),build/$(option_set_suffix),build) build/clang$(addprefix -,$(option_set_suffix)) \
		$(if $(option_set_suffix),,--proofs $(explorer_sets:%=build/%))

demo:
	@tests/setup demo
	@+$(MAKE) $(OUT)/tests/static/examples/wordfreq
	@tests/demo $(OUT)/tests/static/examples/wordfreq

kernel_image := $(if $(compiler_is_clang),build/clang-bare-slot-gs-8,build/bare-slot-gs-8)/kernel.elf
demo-kernel:
	@tests/setup kernel
	@+$(MAKE) PORT=bare HEAP_SLOT=gs:8 $(kernel_image)
	@examples/kernel/run $(kernel_image)

# Each example by one command; examples/README.md tells what they show.
example-%:
	@tests/setup build
	@tests/example $*

# A part for each processor; what the parts print is shown when all are done.
shared_heap_killed := $(OUT)/tests/static/tests/freestanding/shared_heap_killed
stepping:
	@+$(MAKE) $(stepping_program) $(shared_heap_killed)
	@parts=$$(nproc); status=0; pids=; \
	for part in $$(seq 0 $$((parts - 1))); do \
		$(stepping_program) part $$part $$parts $(SEED) >$(OUT)/stepping.$$part 2>&1 & pids="$$pids $$!"; \
	done; \
	for pid in $$pids; do wait $$pid || status=1; done; \
	for part in $$(seq 0 $$((parts - 1))); do cat $(OUT)/stepping.$$part; done; \
	$(shared_heap_killed) all || status=1; exit $$status

storm_program := $(OUT)/tests/static/tests/stress/storm
shared_heaps := $(OUT)/tests/static/tests/freestanding/shared_heaps
storms:
	@+$(MAKE) $(storm_program) $(shared_heaps)
	@for kind in signals jumps forks deaths all; do \
		echo "$$kind" && $(storm_program) $$kind $(SEED) || exit 1; done
	@echo "killed processes" && $(shared_heaps) 1000 $(SEED)

suites:
	@tests/setup suites
	@+$(MAKE) all preload
	@CC=$(CC) CXX=$(CXX) tests/suites/run $(if $(filter-out 0,$(QUICK)),--quick) $(OUT) $(SUITES)

bench:
	@tests/setup bench
	@+$(MAKE) bench-programs
	@tests/bench/run $(OUT)
bench-plots:
	cp $(OUT)/bench/time.svg $(OUT)/bench/memory.svg tests/bench/plots/
bench-instructions:
	@tests/setup instructions
	@+$(MAKE) all
	@CC=$(CC) CXX=$(CXX) UPDATE=$(UPDATE) tests/bench/instructions/run $(OUT)

bench-signals:
	@+$(MAKE) preload
	@CC=$(CC) tests/bench/signals/run $(OUT)

lint:
	@tests/setup lint
	@+$(MAKE) CXX=g++ CC=gcc all && $(MAKE) CXX=clang++ CC=clang all
	@tests/lint/run build build/clang
format:
	@tests/setup lint
	@find arch core crt examples linker tests -name '*.h' -o -name '*.hpp' -o -name '*.c' -o -name '*.cpp' | xargs -d '\n' clang-format -i

# What is installed: `from:to` pairs of files and folders, in names without spaces. Modes do not depend on
# the umask. The files for pkg-config and CMake find the rest relative to themselves: an installation may
# be moved, as a whole.
version := $(shell sed -nE 's/^.define EMMA_VERSION_TEXT "(.*)"$$/\1/p' core/include/emma.h)
into = $(call quoted,$(DESTDIR)$(1))
# $(call put,MODE,FILES,FOLDER), $(call relative,FROM,TO)
define put
	@install -d -m 755 $(call into,$(3)) && install -m $(1) $(2) $(call into,$(3))
endef
relative = $(shell realpath -ms --relative-to=$(call quoted,$(abspath $(1))) $(call quoted,$(abspath $(2))))
# $(call fill,FILE,FOLDER,NAME): a template, from the place where it will lie.
define fill
	@install -d -m 755 $(call into,$(2)) && sed -e 's|@VERSION@|$(version)|g' -e 's|@PREFIX@|$(call relative,$(2),$(PREFIX))|g' \
		-e 's|@LIBDIR@|$(call relative,$(2),$(LIBDIR))|g' -e 's|@INCLUDEDIR@|$(call relative,$(2),$(INCLUDEDIR))|g' $(1) \
		>$(OUT)/filled && install -m 644 $(OUT)/filled $(call into,$(2)/$(3))
endef
ifneq ($(filter install install-static uninstall,$(MAKECMDGOALS)),)
# A comma ends an option of the linker's, a space a word: the files for pkg-config and CMake can't have them.
path_is_good = $(shell printf %s $(call quoted,$($(1))) | LC_ALL=C grep -xE '[A-Za-z0-9_./+~@%:=-]+')
$(foreach path,PREFIX LIBDIR INCLUDEDIR MANDIR DOCDIR,$(if $(call path_is_good,$(path)),,$(error $(path)='$($(path))' has a character that linkers \
	or pkg-config cannot take: letters, digits and _./+~@%:=- only)))
endif

# Where gdb looks for the commands of the preload library.
auto_load = $(PREFIX)/share/gdb/auto-load$(abspath $(LIBDIR))

# A page for each function: which there are, the headers say. Made anew, so that none of an older header stays.
man_headers := $(wildcard core/include/*.h core/include/*.hpp crt/include/*.h)
.PHONY: man install-static uninstall
man: $(OUT)/man/made
$(OUT)/man/made: linker/man-pages $(man_headers)
	$(call run,MAN,rm -rf $(@D) && linker/man-pages $(@D)/man3 $(version) $(man_headers) && touch $@)

ifeq ($(PORT),bare)
bare_headers = $(if $(SYMBOL_PREFIX),$(prefixed_headers),$(public_headers))
install: all
	$(call put,644,$(bare_headers),$(INCLUDEDIR))
	@install -d -m 755 $(call into,$(LIBDIR)) && install -m 644 $(OUT)/libemma.a $(call into,$(LIBDIR)/lib$(SYMBOL_PREFIX)emma_bare.a)
uninstall:
	@cd $(call into,$(INCLUDEDIR)) && rm -f $(notdir $(bare_headers))
	@rm -f $(call into,$(LIBDIR)/lib$(SYMBOL_PREFIX)emma_bare.a)
else ifneq ($(SYMBOL_PREFIX),)
uninstall:
	@cd $(call into,$(INCLUDEDIR)) && rm -f $(notdir $(prefixed_headers))
	@cd $(call into,$(LIBDIR)) && rm -f lib$(SYMBOL_PREFIX)emma.a lib$(SYMBOL_PREFIX)emma_crt.a
install: all
	$(call put,644,$(prefixed_headers),$(INCLUDEDIR))
	@install -d -m 755 $(call into,$(LIBDIR)) && install -m 644 $(OUT)/libemma.a $(call into,$(LIBDIR)/lib$(SYMBOL_PREFIX)emma.a)
	@install -m 644 $(OUT)/libemma_crt.a $(call into,$(LIBDIR)/lib$(SYMBOL_PREFIX)emma_crt.a)
else
# The wrappers look beside themselves: told if the folders are other ones.
wrapper_paths = $(if $(filter-out $(PREFIX)/include $(PREFIX)/lib,$(INCLUDEDIR) $(LIBDIR)),-e 's|\$$root/include|$$bin/$(call \
	relative,$(PREFIX)/bin,$(INCLUDEDIR))|g' -e 's|\$$root/lib|$$bin/$(call relative,$(PREFIX)/bin,$(LIBDIR))|g')
install: install-static preload man
	$(call put,644,LICENSE-APACHE LICENSE-MIT README.md,$(DOCDIR))
	$(call put,644,$(OUT)/man/man3/*.3,$(MANDIR)/man3)
	$(call put,755,$(OUT)/libemma_preload.so,$(LIBDIR))
	@install -d -m 755 $(call into,$(auto_load)) && sed 's|(os.path.abspath(__file__))|(os.path.abspath(__file__)) + "/$(call \
		relative,$(auto_load),$(PREFIX)/share/emma/gdb)"|' linker/gdb/emma.py >$(OUT)/preload_gdb && install -m 644 $(OUT)/preload_gdb $(call into,$(auto_load)/libemma_preload.so-gdb.py)
# What programs are linked with, and no more: for projects that build Emma within their own build.
install-static: all
	$(call put,644,$(public_headers),$(INCLUDEDIR))
	$(call put,644,$(OUT)/libemma.a $(OUT)/libemma_crt.a $(OUT)/libemma_beside.a,$(LIBDIR))
	$(call put,644,$(linker_scripts) $(addprefix $(OUT)/lib/,ours_first.o with_data.o exceptions.o),$(LIBDIR)/emma)
	$(call put,644,$(gdb_commands),$(PREFIX)/share/emma/gdb)
	@$(call gdb_section,$(abspath $(PREFIX))/share/emma/gdb/emma.py) $(OUT)/filled && \
		install -m 644 $(OUT)/filled $(call into,$(LIBDIR)/emma/gdb_commands.o)
	$(call put,644,$(filter $(OUT)/lib/execstack/%,$(wrapper_files)),$(LIBDIR)/emma/execstack)
	$(call put,644,$(filter $(OUT)/lib/c++/%,$(wrapper_files)),$(LIBDIR)/emma/c++/bits)
	$(call put,755,$(filter $(OUT)/lib/ld/%,$(wrapper_files)),$(LIBDIR)/emma/ld)
	@sed -e '' $(wrapper_paths) linker/emma-cc >$(OUT)/filled && for name in emma-cc emma-c++; do \
		install -d -m 755 $(call into,$(PREFIX)/bin) && install -m 755 $(OUT)/filled $(call into,$(PREFIX)/bin)/$$name || exit 1; done
	$(foreach name,emma emma-beside emma-nolibc,$(call fill,linker/package/$(name).pc.in,$(LIBDIR)/pkgconfig,$(name).pc)$(newline))
	$(call fill,linker/package/emma-config.cmake,$(LIBDIR)/cmake/emma,emma-config.cmake)
	$(call fill,linker/package/emma-config-version.cmake.in,$(LIBDIR)/cmake/emma,emma-config-version.cmake)
# What install puts there, of any option set, and the folders that are Emma's alone.
uninstall: man
	@cd $(OUT)/man/man3 && for page in *.3; do rm -f $(call into,$(MANDIR))/man3/$$page || exit 1; done
	@[ ! -d $(call into,$(DOCDIR)) ] || { cd $(call into,$(DOCDIR)) && rm -f LICENSE-APACHE LICENSE-MIT README.md && \
		rmdir --ignore-fail-on-non-empty $(call into,$(abspath $(DOCDIR))); }
	@cd $(call into,$(INCLUDEDIR)) && rm -f $(notdir $(header_sources))
	@cd $(call into,$(LIBDIR)) && rm -f libemma.a libemma_crt.a libemma_beside.a libemma_bare.a libemma_preload.so \
		pkgconfig/emma.pc pkgconfig/emma-beside.pc pkgconfig/emma-nolibc.pc && rm -rf emma cmake/emma
	@cd $(call into,$(PREFIX)/bin) && rm -f emma-cc emma-c++
	@rm -rf $(call into,$(PREFIX)/share/emma) && rm -f $(call into,$(auto_load)/libemma_preload.so-gdb.py)
endif
define newline


endef

help:
	@sed -n 's/^## \{0,1\}//p' $(firstword $(MAKEFILE_LIST))
clean:
	@[ ! -e $(BUILD) ] || [ $(BUILD) = build ] || [ -e $(OUT)/flags ] || { echo "make clean: nothing was built in $(BUILD)" >&2; exit 1; }
	rm -rf $(BUILD)
