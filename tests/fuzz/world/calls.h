// SPDX-License-Identifier: MIT OR Apache-2.0
// A call of a step, as a plan holds it.
#pragma once

#include "contexts.h"

enum call_kind {
#define CALL(name, count) k_##name,
#include "calls.def"
#undef CALL
    kCallKinds
};

struct call {
    enum call_kind kind;
    size_t argument[4];
};

#define ARGUMENTS_0(a)
#define ARGUMENTS_1(a) a[0]
#define ARGUMENTS_2(a) a[0], a[1]
#define ARGUMENTS_3(a) a[0], a[1], a[2]
#define ARGUMENTS_4(a) a[0], a[1], a[2], a[3]

static void run_call(const void* data) {
    const struct call* const call = data;
    const size_t* const a = call->argument;
    switch (call->kind) {
#define CALL(name, count)           \
    case k_##name:                  \
        name(ARGUMENTS_##count(a)); \
        break;
#include "calls.def"
#undef CALL
        case kCallKinds:
            break;
    }
    (void)a;
}

static const struct {
    const char* name;
    unsigned count;
} kCalls[] = {
#define CALL(name, count) {#name, count},
#include "calls.def"
#undef CALL
};
