# SPDX-License-Identifier: MIT OR Apache-2.0
# A new table is published before it is linked to the older ones.
# file: core/arena_table.cpp
# scenario: table_grows
/^    table->older = newest;/d
/^    if \(!newest_.compare_exchange\(newest, table/i\
    Table* const older = newest;
/^        \(void\)pages.unmap_or_keep\(table, bytes\);/a\
    else table->older = older;
