/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What the host and the code that it takes in tell each other. The payload's entry is
 *
 *     void payload(struct payload_job *job);
 *
 * at the ELF file's entry address; any thread may call it, signal handlers too, whatever %fs is.
 */
#ifndef EXAMPLES_INJECTED_PAYLOAD_H
#define EXAMPLES_INJECTED_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

struct payload_job {
    const char* text; /* in: words, between spaces and other bytes */
    size_t size;
    size_t words; /* out: how many */
    size_t distinct;
    uint64_t hash;       /* of the distinct words in order */
    size_t live_objects; /* in the payload's allocator afterwards, other calls' included */
    int failed;          /* out: 0, or the line in which something was not so */
};

typedef void payload_function(struct payload_job* job);

#endif
