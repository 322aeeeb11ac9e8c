// SPDX-License-Identifier: MIT OR Apache-2.0
// The explorer looks at itself: scenarios named litmus_... say in their description which outcomes
// are possible (`*`: whatever the walk without any reduction finds).
#pragma once

#include "tests/explorer/explorer.h"

namespace emma::explore {

inline bool is_selftest(const ScenarioKind& kind) {
    return __builtin_strncmp(kind.name, "litmus_", 7) == 0;
}

// `*` scenarios are run for `programs` seeds from `seed` on. False: something differs.
bool run_selftest(const ScenarioKind& kind, std::uint64_t seed, unsigned programs);

}  // namespace emma::explore
