# SPDX-License-Identifier: MIT OR Apache-2.0
# What a resize copies ends at a multiple of 64 bytes.
# file: core/instance.cpp
# steps: 40000
s/copy_bytes\(fresh, pointer, bytes < place.bytes \? bytes : place.bytes\);/copy_bytes(fresh, pointer, (bytes < place.bytes ? bytes : place.bytes) \& ~std::size_t{63});/
