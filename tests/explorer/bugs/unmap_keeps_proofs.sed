# SPDX-License-Identifier: MIT OR Apache-2.0
# What the table once said of an arena holds after the arena has gone.
# file: core/trim.cpp
# scenario: unmap_proved
/unmaps_.fetch_add/d
