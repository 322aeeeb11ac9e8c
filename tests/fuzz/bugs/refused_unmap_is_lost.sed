# SPDX-License-Identifier: MIT OR Apache-2.0
# Pages that a source does not take back are forgotten.
# file: core/own_heap.cpp
# steps: 40000
/^bool front_unmap/,/^}/s/^    if \(done\) \{$/    (void)done;\n    {/; /^bool front_unmap/,/^}/s/return done;/return true;/; /^bool front_unmap/,/^}/s/^    \} else \{$/    }\n    if (!done) {/
