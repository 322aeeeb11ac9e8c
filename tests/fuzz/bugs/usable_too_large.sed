# SPDX-License-Identifier: MIT OR Apache-2.0
# The usable size is one unit too large.
# file: core/emma_sized.cpp
# steps: 40000
s/Misuse::kUseAfterFree\)\.bytes;/Misuse::kUseAfterFree).bytes + 16;/
