// SPDX-License-Identifier: MIT OR Apache-2.0
// Arguments, environment and auxiliary vector are those that the kernel handed over.
// TEST-ARGS: one two
// TEST-QEMU: one two
#include "tests/freestanding/crt_child.h"

extern char** environ;
char* getenv(const char* name);

static char* set_argv[] = {"/proc/self/exe", "child", 0};
static char* set_envp[] = {"EMPTY=", "NAMELONGER=no", "NAME=value=more", "NAME=second", 0};

static int same(const char* left, const char* right) {
    while (*left != 0 && *left == *right) ++left, ++right;
    return *left == *right;
}

static void run_again(void) {
    emma_syscall(59, set_argv[0], set_argv, set_envp); /* execve */
    test_exit(98);
}

static int in_child(int argc, char** argv, char** envp) {
    CHECK(argc == 2 && same(argv[1], "child") && argv[2] == 0);
    CHECK(envp == environ && envp[4] == 0);
    CHECK(same(getenv("NAME"), "value=more"));
    CHECK(same(getenv("EMPTY"), "") && same(getenv("NAMELONGER"), "no"));
    CHECK(getenv("NAM") == 0 && getenv("") == 0 && getenv("NAME=value") == 0);
    static char* own[] = {"OWN=1", 0};
    environ = own;
    CHECK(same(getenv("OWN"), "1") && getenv("NAME") == 0);
    environ = 0;
    CHECK(getenv("OWN") == 0);
    return 21;
}

int main(int argc, char** argv, char** envp) {
    if (argc == 2) return in_child(argc, argv, envp);
    CHECK(argc == 3 && same(argv[1], "one") && same(argv[2], "two") && argv[3] == 0);
    CHECK(envp == environ);
    CHECK(emma_getauxval(6) == 4096);              /* AT_PAGESZ */
    CHECK(emma_getauxval(25) > emma_getauxval(6)); /* AT_RANDOM: a pointer */
    CHECK(emma_getauxval(3) != 0 && emma_getauxval(4) == 56 && emma_getauxval(5) > 0);
    CHECK(emma_getauxval(0) == 0 && emma_getauxval(4711) == 0);
    /* Without an emulator that would start the child natively; with one it may refuse. */
    const struct child_end end = run_child(run_again);
    CHECK(end.exited && end.value == 21);
    return 0;
}
