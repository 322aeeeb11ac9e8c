# SPDX-License-Identifier: MIT OR Apache-2.0
# An arena that was unmapped stays in the table.
# file: core/trim.cpp
# steps: 40000
s/table_.end_removal\(removal, true\);/table_.cancel_removal(removal);/
