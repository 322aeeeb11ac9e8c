// SPDX-License-Identifier: MIT OR Apache-2.0
// tight.cpp for a program without the function that purges.
#define NO_PURGE
#include "tight.cpp"
