// SPDX-License-Identifier: MIT OR Apache-2.0
// The driver that libFuzzer guides by the code of core/ that a program reaches. Programs follow
// each other in one process; at the end of each all is freed and given back. Records are changed,
// put in, left out and exchanged whole, as everything behind a shifted byte would be another
// program.
#include "program.h"

size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size,
                                 uint8_t* out, size_t max_size, unsigned seed);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    run_program(data, size);
    return 0;
}

static void copy_records(uint8_t* data, size_t to, size_t from, size_t count) {
    memmove(data + to * kRecordBytes, data + from * kRecordBytes, count * kRecordBytes);
}

// What a child does is not seen and takes time: few steps are of that kind.
static void tame(uint8_t* record, unsigned seed) {
    const enum op op = op_from(record[0]);
    const bool forks =
        op == kFork || op == kMisuse || op == kShare || op == kChild || op == kForGood;
    if (forks && seed % 16 != 0) record[0] = (uint8_t)(seed >> 4);
}
static void mutate(uint8_t* record, unsigned seed) {
    LLVMFuzzerMutate(record, kRecordBytes, kRecordBytes);
    tame(record, seed);
}

size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
    if (max_size < kRecordBytes) return LLVMFuzzerMutate(data, size, max_size);
    const size_t count = size / kRecordBytes;
    const size_t most = max_size / kRecordBytes, at = count == 0 ? 0 : seed / 8 % count;
    if (count == 0 || (seed % 8 < 3 && count < most)) {  // one more
        copy_records(data, at + 1, at, count - at);
        if (count == 0 || seed % 8 == 0)
            for (unsigned i = 0; i < kRecordBytes; i++)
                data[at * kRecordBytes + i] = (uint8_t)(seed >> (i * 3));
        mutate(data + at * kRecordBytes, seed);
        return (count + 1) * kRecordBytes;
    }
    if (seed % 8 == 3 && count > 1) {  // some less
        const size_t gone = 1 + seed / 64 % ((count - at + 3) / 4);
        copy_records(data, at, at + gone, count - at - gone);
        return (count - gone) * kRecordBytes;
    }
    mutate(data + at * kRecordBytes, seed);
    return count * kRecordBytes;
}

// The beginning of one, then the end of the other.
size_t LLVMFuzzerCustomCrossOver(const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size,
                                 uint8_t* out, size_t max_size, unsigned seed) {
    const size_t begin = a_size == 0 ? 0 : seed % a_size / kRecordBytes * kRecordBytes;
    const size_t from = b_size == 0 ? 0 : seed / 7 % b_size / kRecordBytes * kRecordBytes;
    const size_t head = begin < max_size ? begin : max_size;
    const size_t tail = b_size - from < max_size - head ? b_size - from : max_size - head;
    memcpy(out, a, head);
    memcpy(out + head, b + from, tail);
    return head + tail;
}
