// SPDX-License-Identifier: MIT OR Apache-2.0
// What the filters of emma_seccomp.h do, by the kernel's word: every try is a process of its own
// under the filter that makes one call and reports by its end. Every number that is not listed is
// killed, every listed call in another shape, and the calls of i386 and x32; a listed call in its
// shape is made. The same for the fragments, for each group alone, and for a program's own calls.
//
//   seccomp        the test
//   seccomp list   the list, a line each: groups, number, shape (tests/scripts/seccomp.sh)
//
// TEST-QEMU: no, because the emulation of user mode has no seccomp filters
#include "tests/freestanding/process.h"
#include "tests/freestanding/test.h"

#include <emma_crt.h>
#include <emma_seccomp.h>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include <linux/filter.h>
#include <linux/seccomp.h>

static_assert(sizeof(sock_filter) == sizeof(emma_seccomp_instruction));
static_assert(offsetof(sock_fprog, filter) == offsetof(emma_seccomp_filter, instructions));

namespace {

constexpr int kSigSys = 31;
constexpr int kWasMade = 42;
constexpr std::uint32_t kLastNumber = 547;  // of x32; x86-64 ends before 512

struct Call {
    std::uint64_t number;
    std::uint64_t arguments[6];
};

const emma_seccomp_rule* g_rules;
std::size_t g_rule_count;
std::size_t g_tries = 0;

// ---- one try

// Makes the call and ends with kWasMade: without a stack, as after a clone two threads do this.
[[noreturn]] void make(const Call& call) {
    register std::uint64_t fourth asm("r10") = call.arguments[3];
    register std::uint64_t fifth asm("r8") = call.arguments[4];
    register std::uint64_t sixth asm("r9") = call.arguments[5];
    asm volatile(
        "syscall\n"
        "mov $231, %%eax\n"
        "mov %[was_made], %%edi\n"
        "syscall\n"
        :
        : "a"(call.number), "D"(call.arguments[0]), "S"(call.arguments[1]), "d"(call.arguments[2]),
          "r"(fourth), "r"(fifth), "r"(sixth), [was_made] "i"(kWasMade)
        : "rcx", "r11", "memory");
    __builtin_unreachable();
}

// The same through the kernel's entry for i386.
[[noreturn]] void make_i386(const Call& call) {
    asm volatile(
        "int $0x80\n"
        "mov $231, %%eax\n"
        "mov %[was_made], %%edi\n"
        "syscall\n"
        :
        : "a"(call.number), "b"(call.arguments[0]), "c"(call.arguments[1]), "d"(call.arguments[2]),
          "S"(call.arguments[3]), "D"(call.arguments[4]), [was_made] "i"(kWasMade)
        : "r11", "memory");
    __builtin_unreachable();
}

// How a child process under the filter ends.
template <typename Body>
int end_under(const emma_seccomp_filter& filter, Body body) {
    g_tries++;
    const long child = process::fork_process(false);
    if (child == 0) {
        process::limit_time(10);
        if (filter.count != 0 && emma_seccomp_install(&filter, 0) != 0) process::end_process(90);
        body();
        process::end_process(91);
    }
    return process::wait_for_process(child);
}

bool is_killed(int status) { return (status & 0x7f) == kSigSys; }

int end_of(const emma_seccomp_filter& filter, const Call& call) {
    return end_under(filter, [&] { make(call); });
}

[[noreturn]] void complain(const char* what, const Call& call, int status) {
    test_report(what, call.number);
    for (const std::uint64_t argument : call.arguments) test_report("  argument", argument);
    test_report("  wait status", static_cast<unsigned>(status));
    test_exit(1);
    __builtin_unreachable();
}

void expect_killed(const emma_seccomp_filter& filter, const Call& call) {
    const int status = end_of(filter, call);
    if (!is_killed(status)) complain("not killed: call", call, status);
}

// exit(0) and exit_group(0) end by themselves.
void expect_made(const emma_seccomp_filter& filter, const Call& call) {
    const bool ends = call.number == __NR_exit || call.number == __NR_exit_group;
    const int status = end_of(filter, call);
    if (status != (ends ? 0 : kWasMade << 8)) complain("not made: call", call, status);
}

void expect(bool is_made, const emma_seccomp_filter& filter, const Call& call) {
    is_made ? expect_made(filter, call) : expect_killed(filter, call);
}

// ---- what the list says

// A call of the rule's shape; what is not checked is zero.
Call call_of(const emma_seccomp_rule& rule) {
    Call call = {rule.number, {}};
    for (const emma_seccomp_check& check : rule.checks)
        if (check.mask != 0) call.arguments[check.argument] = check.value;
    return call;
}

bool matches(const emma_seccomp_rule& rule, const Call& call) {
    if (rule.number != call.number) return false;
    for (const emma_seccomp_check& check : rule.checks)
        if ((call.arguments[check.argument] & check.mask) != check.value) return false;
    return true;
}

bool is_listed(const Call& call, unsigned groups) {
    for (std::size_t i = 0; i < g_rule_count; i++)
        if ((g_rules[i].groups & groups) != 0 && matches(g_rules[i], call)) return true;
    return false;
}

bool has_rule(std::uint64_t number, unsigned groups) {
    for (std::size_t i = 0; i < g_rule_count; i++)
        if ((g_rules[i].groups & groups) != 0 && g_rules[i].number == number) return true;
    return false;
}

// ---- the shapes as text say the same as the checks

struct Name {
    const char* text;
    std::uint64_t value;
};
constexpr Name kNames[] = {
    {"NULL", 0},
    {"0", 0},
    {"2", 2},
    {"-1", 0xffffffff},
    {"PROT_NONE", 0},
    {"PROT_READ", 1},
    {"PROT_WRITE", 2},
    {"MAP_PRIVATE", 2},
    {"MAP_ANONYMOUS", 0x20},
    {"MAP_FIXED_NOREPLACE", 0x100000},
    {"MADV_DONTNEED", 4},
    {"MADV_POPULATE_WRITE", 23},
    {"MADV_WIPEONFORK", 18},
    {"MREMAP_MAYMOVE", 1},
    {"MREMAP_FIXED", 2},
    {"MEMBARRIER_CMD_PRIVATE_EXPEDITED", 8},
    {"MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED", 16},
    {"ARCH_SET_FS", 0x1002},
    {"SIG_SETMASK", 2},
    {"FUTEX_WAIT", 0},
    {"FUTEX_WAIT_PRIVATE", 128},
    {"FUTEX_WAKE_PRIVATE", 129},
    {"CLONE_VM", 0x100},
    {"CLONE_FS", 0x200},
    {"CLONE_FILES", 0x400},
    {"CLONE_SIGHAND", 0x800},
    {"CLONE_THREAD", 0x10000},
    {"CLONE_SYSVSEM", 0x40000},
    {"CLONE_SETTLS", 0x80000},
    {"CLONE_PARENT_SETTID", 0x100000},
    {"CLONE_CHILD_CLEARTID", 0x200000},
};
// How strace names clone's arguments, which are not in the kernel's order there.
constexpr Name kCloneArguments[] = {
    {"flags=", 0}, {"child_stack=", 1}, {"parent_tid=", 2}, {"child_tidptr=", 3}, {"tls=", 4},
};
// Arguments that are ints to the kernel: all others have 64 bits.
constexpr unsigned kIntArguments[][2] = {
    {__NR_mmap, 4},       {__NR_write, 0},      {__NR_madvise, 2},
    {__NR_tgkill, 2},     {__NR_membarrier, 0}, {__NR_membarrier, 1},
    {__NR_arch_prctl, 0}, {__NR_futex, 1},      {__NR_rt_sigprocmask, 0},
};
// Sizes that the text has as N.
constexpr unsigned kSignalSetArgument[] = {__NR_rt_sigprocmask, 3, 8};

bool skip(const char*& at, const char* text) {
    const char* from = at;
    while (*text != '\0' && *from == *text) from++, text++;
    if (*text != '\0') return false;
    at = from;
    return true;
}

// The longest of the names that stands at `at`, or null.
template <std::size_t kCount>
const Name* take_name(const char*& at, const Name (&names)[kCount]) {
    const Name* found = nullptr;
    const char* behind = at;
    for (const Name& name : names) {
        const char* end = at;
        if (skip(end, name.text) && end > behind) found = &name, behind = end;
    }
    at = behind;
    return found;
}

// One argument of a shape. True: it is checked, for `value`.
bool read_argument(const char*& at, std::uint64_t& value) {
    for (const char* free : {"ADDR", "TEXT", "~[N]", "[N]", "N"})
        if (const char* end = at; skip(end, free) && (*end == ',' || *end == ')'))
            return at = end, false;
    value = 0;
    do {
        const Name* const name = take_name(at, kNames);
        CHECK(name != nullptr);
        value |= name->value;
    } while (skip(at, "|"));
    CHECK(*at == ',' || *at == ')');
    return true;
}

std::uint64_t mask_of(unsigned number, unsigned argument) {
    for (const auto& known : kIntArguments)
        if (known[0] == number && known[1] == argument) return 0xffffffff;
    return ~std::uint64_t{0};
}

void test_shape_as_text(const emma_seccomp_rule& rule) {
    emma_seccomp_check expected[6] = {};
    const char* at = rule.shape;
    while (*at != '(') at++;
    at++;
    for (unsigned position = 0; *at != ')' && *at != '\0'; position++) {
        const Name* const named = take_name(at, kCloneArguments);
        const unsigned argument = named == nullptr ? position : static_cast<unsigned>(named->value);
        std::uint64_t value;
        if (read_argument(at, value))
            expected[argument] = {argument, mask_of(rule.number, argument), value};
        skip(at, ", ");
    }
    if (rule.number == kSignalSetArgument[0])
        expected[kSignalSetArgument[1]] = {kSignalSetArgument[1], ~std::uint64_t{0},
                                           kSignalSetArgument[2]};
    for (const emma_seccomp_check& check : rule.checks) {
        if (check.mask == 0) continue;
        const emma_seccomp_check& wanted = expected[check.argument];
        if (wanted.mask != check.mask || wanted.value != check.value)
            test_report(rule.shape, check.argument);
        CHECK(wanted.mask == check.mask && wanted.value == check.value);
        expected[check.argument].mask = 0;
    }
    for (const emma_seccomp_check& left : expected) {
        if (left.mask != 0) test_report(rule.shape, left.argument);
        CHECK(left.mask == 0);
    }
}

// ---- filters

struct Built {
    emma_seccomp_instruction room[EMMA_SECCOMP_ROOM];
    emma_seccomp_filter filter;

    void of_groups(unsigned groups) {
        emma_seccomp_begin(&filter, room, EMMA_SECCOMP_ROOM);
        emma_seccomp_allow_emma(&filter, groups);
        // How a try reports.
        if ((groups & EMMA_SECCOMP_EXIT) == 0) emma_seccomp_allow(&filter, __NR_exit_group);
        CHECK(emma_seccomp_end(&filter, EMMA_SECCOMP_KILL_PROCESS) == 0);
    }
};
Built g_all, g_other;

// Two numbers no filter is asked about, since Linux 6.14: the kernel's own code for probes makes
// these calls in the program (__seccomp_filter's uprobe and uretprobe). Made by anybody else they
// end in SIGILL or fail.
bool is_of_the_kernels_probes(std::uint64_t number) { return number == 335 || number == 336; }

void test_numbers(const emma_seccomp_filter& filter, unsigned groups) {
    for (std::uint64_t number = 0; number <= kLastNumber; number++) {
        if (has_rule(number, groups)) continue;
        if (is_of_the_kernels_probes(number)) {
            const int status = end_under(filter, [number] {
                const long result = emma_syscall(static_cast<long>(number));
                process::end_process(result < 0 ? kWasMade : 1);
            });
            CHECK(is_killed(status) || (status & 0x7f) == SIGILL || status == kWasMade << 8);
        } else {
            expect_killed(filter, {number, {}});
        }
    }
    for (const std::uint64_t number : {0x3fffffffull, 0x7fffffffull, 0x80000001ull, 0xffffffffull})
        expect_killed(filter, {number, {}});
}

// Every bit of every checked argument, and all that the kernel does not read of it.
void test_shapes(const emma_seccomp_filter& filter, unsigned groups) {
    for (std::size_t i = 0; i < g_rule_count; i++) {
        const emma_seccomp_rule& rule = g_rules[i];
        if ((rule.groups & groups) == 0) continue;
        expect_made(filter, call_of(rule));
        for (const emma_seccomp_check& check : rule.checks) {
            if (check.mask == 0) continue;
            for (unsigned bit = 0; bit < 64; bit++) {
                Call call = call_of(rule);
                call.arguments[check.argument] ^= std::uint64_t{1} << bit;
                const bool is_read = (check.mask >> bit & 1) != 0;
                if (!is_read && bit % 8 != 0) continue;
                CHECK(is_read || is_listed(call, groups));
                expect(is_listed(call, groups), filter, call);
            }
        }
    }
}

// What nobody may ever allow by mistake, spelt out apart from the list.
void test_well_known_abuses(const emma_seccomp_filter& filter) {
    constexpr std::uint64_t kMinusOne = ~std::uint64_t{0};
    for (const Call& call : {
             Call{__NR_mmap, {0, 4096, 7, 0x22, kMinusOne, 0}},      // executable
             Call{__NR_mmap, {0, 4096, 5, 0x22, kMinusOne, 0}},      // executable, not writable
             Call{__NR_mmap, {0, 4096, 1, 0x22, kMinusOne, 0}},      // read-only
             Call{__NR_mmap, {0, 4096, 3, 0x02, 3, 0}},              // of a file
             Call{__NR_mmap, {0, 4096, 3, 0x21, kMinusOne, 0}},      // shared
             Call{__NR_mmap, {65536, 4096, 3, 0x32, kMinusOne, 0}},  // MAP_FIXED
             Call{__NR_mmap, {65536, 4096, 3, 0x22, kMinusOne, 0}},  // a hint
             Call{__NR_mmap, {0, 4096, 3, 0x8022, kMinusOne, 0}},    // MAP_POPULATE
             Call{__NR_mmap, {0, 4096, 3, 0x40022, kMinusOne, 0}},   // MAP_HUGETLB
             Call{__NR_mmap, {0, 4096, 3, 0x22, kMinusOne, 4096}},   // an offset
             Call{__NR_mmap, {0, 4096, 1ull << 32 | 3, 0x22, kMinusOne}},  // beyond 32 bits
             Call{__NR_mprotect, {0, 4096, 4}},                            // PROT_EXEC
             Call{__NR_mprotect, {0, 4096, 5}},
             Call{__NR_mprotect, {0, 4096, 7}},
             Call{__NR_madvise, {0, 4096, 8}},    // MADV_FREE
             Call{__NR_madvise, {0, 4096, 9}},    // MADV_REMOVE
             Call{__NR_madvise, {0, 4096, 12}},   // MADV_MERGEABLE
             Call{__NR_madvise, {0, 4096, 14}},   // MADV_HUGEPAGE
             Call{__NR_madvise, {0, 4096, 100}},  // MADV_HWPOISON
             Call{__NR_mremap, {0, 4096, 8192, 1}},
             Call{__NR_mremap, {0, 4096, 8192, 2}},
             Call{__NR_mremap, {0, 4096, 8192, 5}},  // MREMAP_DONTUNMAP
             Call{__NR_membarrier, {1, 0}},          // MEMBARRIER_CMD_GLOBAL
             Call{__NR_membarrier, {8, 1}},
             Call{__NR_membarrier, {128, 0}},
             Call{__NR_tgkill, {1, 1, 9}},
             Call{__NR_kill, {1, 0}},
             Call{__NR_write, {1, 0, 0}},
             Call{__NR_write, {3, 0, 0}},
             Call{__NR_clone, {17, 0, 0, 0, 0}},         // a process
             Call{__NR_clone, {0x103d0f00, 0, 0, 0}},    // CLONE_NEWUSER
             Call{__NR_clone, {0x3d0f00 ^ 0x10000, 0}},  // no CLONE_THREAD
             Call{__NR_clone3, {0, 88}},
             Call{__NR_futex, {0, 0, 0, 1}},  // with a timeout
             Call{__NR_futex, {0, 1, 1}},     // FUTEX_WAKE
             Call{__NR_futex, {0, 6, 0}},     // FUTEX_LOCK_PI
             Call{__NR_futex, {0, 11, 0}},    // FUTEX_WAIT_REQUEUE_PI
             Call{__NR_rt_sigprocmask, {0, 0, 0, 8}},
             Call{__NR_set_tid_address, {4096}},
             Call{__NR_arch_prctl, {0x1001, 0}},  // ARCH_SET_GS
             Call{__NR_arch_prctl, {0x1003, 0}},  // ARCH_GET_FS
             Call{__NR_brk, {0}},
             Call{__NR_prctl, {38, 1}},
             Call{__NR_seccomp, {1, 0, 0}},
             Call{__NR_getrandom, {0, 0, 0}},
             Call{__NR_open, {0, 0, 0}},
             Call{__NR_openat, {0, 0, 0, 0}},
             Call{__NR_execve, {0, 0, 0}},
             Call{__NR_ptrace, {0, 0, 0}},
             Call{__NR_clock_gettime, {0, 0}},
             Call{__NR_rt_sigreturn, {}},
         })
        expect_killed(filter, call);
    // Constants become writable before main at most.
    g_other.of_groups(EMMA_SECCOMP_ALL & ~EMMA_SECCOMP_START);
    expect_killed(g_other.filter, {__NR_mprotect, {0, 4096, 3}});
}

// Also those whose number means something harmless in x86-64.
void test_x32(const emma_seccomp_filter& filter) {
    for (std::uint64_t number = 0; number <= kLastNumber; number++)
        expect_killed(filter, {0x40000000 | number, {}});
}

// False: this kernel has no entry for i386.
bool test_i386(const emma_seccomp_filter& filter) {
    emma_seccomp_filter none = {};
    const Call get_pid = {20, {}};
    if (end_under(none, [&] { make_i386(get_pid); }) != kWasMade << 8) return false;
    for (std::uint64_t number = 0; number <= 461; number++) {
        const Call call = {number, {}};
        const int status = end_under(filter, [&] { make_i386(call); });
        if (!is_killed(status)) complain("not killed: i386's call", call, status);
    }
    return true;
}

// ---- the fragments

const emma_seccomp_instruction g_fragments[] = {
    EMMA_SECCOMP_CODE_ARCHITECTURE EMMA_SECCOMP_CODE_ALLOCATOR EMMA_SECCOMP_CODE_START
        EMMA_SECCOMP_CODE_THREADS EMMA_SECCOMP_CODE_EXIT{0x06, 0, 0, EMMA_SECCOMP_KILL_PROCESS},
};
const sock_filter g_of_the_kernel[] = {
    EMMA_SECCOMP_CODE_ARCHITECTURE EMMA_SECCOMP_CODE_ALLOCATOR EMMA_SECCOMP_CODE_EXIT BPF_STMT(
        BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
};

// Line by line what the builder makes of the list as data.
void test_fragments_equal_list() {
    static emma_seccomp_instruction room[EMMA_SECCOMP_ROOM];
    emma_seccomp_filter built;
    emma_seccomp_begin(&built, room, EMMA_SECCOMP_ROOM);
    for (std::size_t i = 0; i < g_rule_count; i++)
        emma_seccomp_allow_if(&built, static_cast<long>(g_rules[i].number), g_rules[i].checks, 6);
    CHECK(emma_seccomp_end(&built, EMMA_SECCOMP_KILL_PROCESS) == 0);
    g_all.of_groups(EMMA_SECCOMP_ALL);
    CHECK(built.count == g_all.filter.count);
    for (std::size_t i = 0; i < built.count; i++) {
        CHECK(room[i].code == g_all.room[i].code && room[i].value == g_all.room[i].value);
        CHECK(room[i].if_true == g_all.room[i].if_true);
        CHECK(room[i].if_false == g_all.room[i].if_false);
    }
    test_report("instructions of the whole filter", built.count);
    // What there is room for is said at EMMA_SECCOMP_ROOM.
    emma_seccomp_begin(&built, room, EMMA_SECCOMP_ROOM);
    CHECK(emma_seccomp_allow_emma(&built, EMMA_SECCOMP_ALL) == 0);
    constexpr emma_seccomp_check kLong[] = {EMMA_SECCOMP_BITS(0, 0x0fff'ffff'0fff'ffff, 3),
                                            EMMA_SECCOMP_BITS(1, 0x0fff'ffff'0fff'ffff, 3)};
    for (int count = 0; count < 40; count++)
        CHECK(emma_seccomp_allow_if(&built, __NR_read, kLong, 2) == 0);
    CHECK(emma_seccomp_end(&built, EMMA_SECCOMP_KILL_PROCESS) == 0);
}

template <typename Instruction>
emma_seccomp_filter as_filter(const Instruction* code, std::size_t bytes) {
    emma_seccomp_filter filter = {};
    filter.count = static_cast<std::uint16_t>(bytes / sizeof *code);
    filter.instructions =
        reinterpret_cast<emma_seccomp_instruction*>(const_cast<Instruction*>(code));
    return filter;
}

// ---- each group alone

void test_groups() {
    for (const unsigned groups : {EMMA_SECCOMP_ALLOCATOR, EMMA_SECCOMP_START, EMMA_SECCOMP_THREADS,
                                  EMMA_SECCOMP_EXIT, EMMA_SECCOMP_CRT}) {
        g_other.of_groups(groups);
        for (std::size_t i = 0; i < g_rule_count; i++) {
            const Call call = call_of(g_rules[i]);
            expect(is_listed(call, groups) || call.number == __NR_exit_group, g_other.filter, call);
        }
    }
}

// ---- a program's own calls

void test_own_calls() {
    emma_seccomp_filter& filter = g_other.filter;
    emma_seccomp_begin(&filter, g_other.room, EMMA_SECCOMP_ROOM);
    emma_seccomp_allow_emma(&filter, EMMA_SECCOMP_EXIT);
    emma_seccomp_allow(&filter, __NR_getppid);
    const emma_seccomp_check from_seven[] = {EMMA_SECCOMP_INT(0, 7), EMMA_SECCOMP_LONG(2, 10)};
    emma_seccomp_allow_if(&filter, __NR_read, from_seven, 2);
    const emma_seccomp_check from_eight[] = {EMMA_SECCOMP_LONG(0, 8)};
    emma_seccomp_allow_if(&filter, __NR_read, from_eight, 1);
    const emma_seccomp_check for_reading[] = {EMMA_SECCOMP_BITS(1, 3, 0),
                                              EMMA_SECCOMP_BITS(2, 0x700000001, 0x500000000)};
    emma_seccomp_allow_if(&filter, __NR_open, for_reading, 2);
    emma_seccomp_add(&filter, __NR_getuid, nullptr, 0, EMMA_SECCOMP_ERRNO(5));
    emma_seccomp_add(&filter, __NR_getgid, nullptr, 0, EMMA_SECCOMP_TRAP);
    CHECK(emma_seccomp_end(&filter, EMMA_SECCOMP_KILL_PROCESS) == 0);

    constexpr std::uint64_t kHigh = std::uint64_t{1} << 32;
    expect_made(filter, {__NR_getppid, {}});
    expect_made(filter, {__NR_getppid, {1, 2, 3, 4, 5, 6}});
    expect_killed(filter, {__NR_getegid, {}});
    expect_made(filter, {__NR_read, {7, 0, 10}});
    expect_made(filter, {__NR_read, {7 | kHigh, 0, 10}});
    expect_killed(filter, {__NR_read, {7, 0, 11}});
    expect_killed(filter, {__NR_read, {7, 0, 10 | kHigh}});
    expect_made(filter, {__NR_read, {8, 0, 11}});
    expect_killed(filter, {__NR_read, {8 | kHigh, 0, 11}});
    expect_killed(filter, {__NR_read, {9, 0, 10}});
    expect_made(filter, {__NR_open, {0, 0x80000, 0x500000000}});
    expect_made(filter, {__NR_open, {0, kHigh | 4, 0xf500000002}});
    expect_killed(filter, {__NR_open, {0, 1, 0x500000000}});
    expect_killed(filter, {__NR_open, {0, 0, 0x500000001}});
    expect_killed(filter, {__NR_open, {0, 0, 0x400000000}});
    CHECK(is_killed(end_of(filter, {__NR_getgid, {}})));
    // An error number is what the call returns.
    CHECK(end_under(filter, [] {
              process::end_process(emma_syscall(__NR_getuid) == -5 ? 7 : 8);
          }) == 7 << 8);
}

void test_trap() {
    emma_seccomp_begin(&g_other.filter, g_other.room, EMMA_SECCOMP_ROOM);
    emma_seccomp_allow_emma(&g_other.filter, EMMA_SECCOMP_EXIT);
    CHECK(emma_seccomp_end(&g_other.filter, EMMA_SECCOMP_TRAP) == 0);
    process::install_handler(kSigSys,
                             reinterpret_cast<void*>(+[](int) { process::end_process(9); }));
    CHECK(end_of(g_other.filter, {__NR_getgid, {}}) == 9 << 8);
    // Not in the program's hands: another architecture's call kills it all the same.
    CHECK(is_killed(end_of(g_other.filter, {0x40000000 | __NR_getgid, {}})));
    // Back to the default action.
    const std::uint64_t by_default[4] = {};
    CHECK(emma_syscall(__NR_rt_sigaction, long{kSigSys}, by_default, 0L, 8L) == 0);
}

bool g_may_call = false;
void* call_when_told(void*) {
    while (!__atomic_load_n(&g_may_call, __ATOMIC_ACQUIRE)) asm volatile("pause");
    emma_syscall(__NR_getgid);
    process::end_process(8);
}

// With the flag a thread that ran before is under the filter too, without it is not.
void test_threads() {
    for (const unsigned flags : {0u, EMMA_SECCOMP_ALL_THREADS}) {
        emma_seccomp_filter none = {};
        const int status = end_under(none, [flags] {
            emma_thread* thread;
            if (emma_thread_create(&thread, nullptr, call_when_told, nullptr) != 0)
                process::end_process(92);
            if (emma_seccomp_install(&g_all.filter, flags) != 0) process::end_process(93);
            __atomic_store_n(&g_may_call, true, __ATOMIC_RELEASE);
            emma_thread_join(thread, nullptr);
        });
        CHECK(flags == 0 ? status == 8 << 8 : is_killed(status));
    }
}

// ---- what cannot be built

void test_refusals() {
    emma_seccomp_filter filter;
    emma_seccomp_instruction room[16];
    const emma_seccomp_check good[7] = {EMMA_SECCOMP_INT(0, 1)};
    const emma_seccomp_check no_argument[] = {EMMA_SECCOMP_INT(6, 1)};
    const emma_seccomp_check beyond_mask[] = {EMMA_SECCOMP_BITS(0, 3, 4)};
    const auto begin = [&] { CHECK(emma_seccomp_begin(&filter, room, 16) == 0); };
    begin(), CHECK(emma_seccomp_allow(&filter, -1) == 22);
    begin(), CHECK(emma_seccomp_allow(&filter, 0x40000000) == 22);
    begin(), CHECK(emma_seccomp_allow_if(&filter, 0, no_argument, 1) == 22);
    begin(), CHECK(emma_seccomp_allow_if(&filter, 0, beyond_mask, 1) == 22);
    begin(), CHECK(emma_seccomp_allow_if(&filter, 0, good, 7) == 22);
    begin(), CHECK(emma_seccomp_allow_emma(&filter, 32) == 22);
    CHECK(filter.count == 5);
    // Once failed, it stays so, and is not installed.
    CHECK(emma_seccomp_allow(&filter, 0) == 22 && emma_seccomp_end(&filter, 0) == 22);
    CHECK(emma_seccomp_install(&filter, 0) == 22 && filter.count == 5);
    begin(), CHECK(emma_seccomp_allow_emma(&filter, EMMA_SECCOMP_ALLOCATOR) == 12);
    CHECK(emma_seccomp_install(&filter, 0) == 12);
    begin();
    for (int i = 0; i < 3; i++) CHECK(emma_seccomp_allow(&filter, i) == 0);
    CHECK(filter.count == 14 && emma_seccomp_allow(&filter, 3) == 12 && filter.count == 14);
    CHECK(emma_seccomp_begin(&filter, room, 4) == 12);
}

void print_list() {
    for (std::size_t i = 0; i < g_rule_count; i++) {
        test_print_number(g_rules[i].groups);
        test_print("\t");
        test_print_number(g_rules[i].number);
        test_print("\t");
        test_print(g_rules[i].shape);
        test_print("\n");
    }
}

}  // namespace

int main(int argc, char**) {
    g_rules = emma_seccomp_rules(&g_rule_count);
    if (argc > 1) return print_list(), 0;
    const long no_core[2] = {0, 0};
    CHECK(emma_syscall(__NR_setrlimit, 4L, no_core) == 0);  // RLIMIT_CORE
    test_refusals();
    for (std::size_t i = 0; i < g_rule_count; i++) test_shape_as_text(g_rules[i]);
    test_fragments_equal_list();
    test_numbers(g_all.filter, EMMA_SECCOMP_ALL);
    test_shapes(g_all.filter, EMMA_SECCOMP_ALL);
    test_well_known_abuses(g_all.filter);
    test_x32(g_all.filter);
    const bool has_i386 = test_i386(g_all.filter);

    const emma_seccomp_filter fragments = as_filter(g_fragments, sizeof g_fragments);
    test_shapes(fragments, EMMA_SECCOMP_ALL);
    test_well_known_abuses(fragments);
    const emma_seccomp_filter of_the_kernel = as_filter(g_of_the_kernel, sizeof g_of_the_kernel);
    test_numbers(of_the_kernel, EMMA_SECCOMP_ALLOCATOR | EMMA_SECCOMP_EXIT);
    test_shapes(of_the_kernel, EMMA_SECCOMP_ALLOCATOR | EMMA_SECCOMP_EXIT);

    test_groups();
    test_own_calls();
    test_trap();
    test_threads();
    test_report("calls tried, a process each", g_tries);
    test_print(has_i386 ? "calls of i386 were tried\n"
                        : "SKIPPED: calls of i386, as this kernel has no entry for them\n");
    return 0;
}
