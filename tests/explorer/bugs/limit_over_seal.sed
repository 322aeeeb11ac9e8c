# SPDX-License-Identifier: MIT OR Apache-2.0
# The calls are limited, and the seal is gone.
# file: core/emma_limit_calls.cpp
# scenario: sources
s/use_instead_of\(kSystemPages, kFewCallsPages\)/use(kFewCallsPages)/
