// SPDX-License-Identifier: MIT OR Apache-2.0
// The other half of program.c: its thread-local variables and functions as seen from another
// object, and variables of each model that compilers know.
#include "tests/matrix/start/program.h"

#include "tests/freestanding/test.h"

#define MODEL(name) __attribute__((tls_model(name)))
_Thread_local int by_global_dynamic MODEL("global-dynamic");
static _Thread_local int by_local_dynamic MODEL("local-dynamic");
_Thread_local int by_initial_exec MODEL("initial-exec");
static _Thread_local int by_local_exec MODEL("local-exec");

int (*other_chosen(void))(void) { return chosen; }
long other_sum(void) { return chosen() + sum_of_ten(); }

void other_check_thread(void) {
    CHECK(zero_aligned[1] == 1);
#if TLS_DATA
    CHECK(data_aligned == 72);
#endif
    int* volatile all[] = {&by_global_dynamic, &by_local_dynamic, &by_initial_exec, &by_local_exec};
    for (int index = 0; index < 4; ++index) CHECK((*all[index])++ == 0);
    CHECK(by_global_dynamic == 1 && by_local_dynamic == 1 && by_initial_exec == 1 &&
          by_local_exec == 1);
}
