# SPDX-License-Identifier: MIT OR Apache-2.0
# Zeroed objects in slots of a page and more are not zeroed.
# file: core/instance.cpp
# steps: 40000
s/object != nullptr \&\& !zeroed\) zero_object/object != nullptr \&\& !zeroed \&\& bytes < 4096) zero_object/
