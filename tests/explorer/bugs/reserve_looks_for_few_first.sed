# SPDX-License-Identifier: MIT OR Apache-2.0
# A thread limits the calls while another one puts reserves first, which then are not used.
# file: core/reserve.cpp
# scenario: sources
/^void use_reserves/,/^}/{
s/kSystemPages, kReservingPages/kFewCallsPages, kReservingPages/
s/if \(!kBare\) pages.use_instead_of\(kFewCallsPages/if (!kBare) pages.use_instead_of(kSystemPages/
}
