# SPDX-License-Identifier: MIT OR Apache-2.0
# What is left of a cut range is spare again before the pages behind it are told from it.
# file: core/spare.cpp
# scenario: cut_spare
s/table.end_removal_as_spare\(range, place - addr\)/table.end_removal(range, false)/
