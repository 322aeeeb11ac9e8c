# SPDX-License-Identifier: MIT OR Apache-2.0
# The child is said to be settled before the survivor's heap has its new name.
# file: core/heap_pool.cpp
# scenario: adopt_parent
s/    own->ownership.rename\(this_thread\(\)\);/    generations_.settle(generation);\n&/
