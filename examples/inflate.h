// SPDX-License-Identifier: MIT OR Apache-2.0
// Inflating (RFC 1951), and the CRC of RFC 1952, in ordinary C++ that trusts no byte of its input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace inflate {

using Bytes = std::vector<unsigned char>;

// What is wrong with the input. There are no exceptions without a libc: a failure is remembered,
// and everything after it reads zeros.
enum class Damage : std::uint32_t {
    kNone,
    kNoGzip,
    kTruncated,
    kBadBlock,
    kBadCode,
    kBadDistance,
    kTooLong,
    kBadCrc,
    kBadLength,
    kCount
};
inline constexpr const char* kDamageText[] = {
    "nothing",
    "it is no gzip file",
    "it ends too early",
    "a block of no kind",
    "an invalid code",
    "a copy from nowhere",
    "more text than allowed",
    "the CRC is wrong",
    "the length is wrong",
};
static_assert(sizeof kDamageText / sizeof *kDamageText == std::size_t(Damage::kCount));

class BitReader {
  public:
    BitReader(const unsigned char* at, const unsigned char* end) : at_(at), end_(end) {}

    // `count` bits, at most 32, the first the lowest; peek leaves them there.
    std::uint32_t peek(unsigned count) {
        while (have_ < count) {
            bits_ |= std::uint64_t{at_ < end_ ? *at_ : 0u} << have_;
            at_++;  // counts past the end: see is_beyond_end
            have_ += 8;
        }
        return static_cast<std::uint32_t>(bits_ & ((std::uint64_t{1} << count) - 1));
    }
    void skip(unsigned count) {
        bits_ >>= count;
        have_ -= count;
    }
    std::uint32_t take(unsigned count) {
        const std::uint32_t bits = peek(count);
        skip(count);
        return bits;
    }
    void align_to_byte() { skip(have_ % 8); }
    // Bits were taken that the input does not have.
    bool is_beyond_end() const { return at_ > end_ && have_ / 8 < std::size_t(at_ - end_); }

  private:
    const unsigned char* at_;
    const unsigned char* end_;
    std::uint64_t bits_ = 0;
    unsigned have_ = 0;
};

// A Huffman code as a table of all words of its longest length.
class Code {
  public:
    static constexpr unsigned kMostBits = 15;

    // False: the lengths make no code. A code with one word may leave the other one unused.
    bool set(const unsigned char* lengths, unsigned count) {
        unsigned of_length[kMostBits + 1] = {};
        for (unsigned i = 0; i < count; i++) of_length[lengths[i]]++;
        of_length[0] = 0;
        bits_ = kMostBits;
        while (bits_ > 1 && of_length[bits_] == 0) bits_--;
        unsigned next[kMostBits + 1] = {}, word = 0, used = 0;
        for (unsigned length = 1; length <= kMostBits; length++) {
            word = (word + of_length[length - 1]) << 1;
            next[length] = word;
            used += of_length[length] << (kMostBits - length);
        }
        const unsigned whole = 1u << kMostBits;
        if (used > whole || (used < whole && used > whole / 2)) return false;
        table_.reset(new Entry[std::size_t{1} << bits_]{});
        for (unsigned i = 0; i < count; i++)
            if (lengths[i] != 0) enter(i, lengths[i], next[lengths[i]]++);
        return true;
    }

    // A symbol, or -1 where no word of the code comes next.
    int take(BitReader& input) const {
        const Entry entry = table_[input.peek(bits_)];
        if (entry.length == 0) return -1;
        input.skip(entry.length);
        return entry.symbol;
    }

    // The mistake of --double-free: a second owner, which frees what the first one will free again.
    void own_twice() const { std::unique_ptr<Entry[]> second(table_.get()); }

  private:
    struct Entry {
        std::uint16_t symbol;
        std::uint8_t length;
    };
    // Words are packed from their highest bit on, the input from its lowest.
    void enter(unsigned symbol, unsigned length, unsigned word) {
        unsigned reversed = 0;
        for (unsigned i = 0; i < length; i++) reversed |= (word >> i & 1) << (length - 1 - i);
        for (std::size_t at = reversed; at >> bits_ == 0; at += std::size_t{1} << length)
            table_[at] = {static_cast<std::uint16_t>(symbol), static_cast<std::uint8_t>(length)};
    }
    std::unique_ptr<Entry[]> table_;
    unsigned bits_ = 0;
};

// RFC 1951, 3.2.5: lengths from symbol 257 on, distances.
struct Range {
    std::uint16_t first;
    std::uint8_t extra_bits;
};
inline constexpr Range kLengths[] = {
    {3, 0},  {4, 0},  {5, 0},  {6, 0},   {7, 0},   {8, 0},   {9, 0},   {10, 0},  {11, 1}, {13, 1},
    {15, 1}, {17, 1}, {19, 2}, {23, 2},  {27, 2},  {31, 2},  {35, 3},  {43, 3},  {51, 3}, {59, 3},
    {67, 4}, {83, 4}, {99, 4}, {115, 4}, {131, 5}, {163, 5}, {195, 5}, {227, 5}, {258, 0}};
inline constexpr Range kDistances[] = {
    {1, 0},     {2, 0},     {3, 0},     {4, 0},      {5, 1},      {7, 1},
    {9, 2},     {13, 2},    {17, 3},    {25, 3},     {33, 4},     {49, 4},
    {65, 5},    {97, 5},    {129, 6},   {193, 6},    {257, 7},    {385, 7},
    {513, 8},   {769, 8},   {1025, 9},  {1537, 9},   {2049, 10},  {3073, 10},
    {4097, 11}, {6145, 11}, {8193, 12}, {12289, 12}, {16385, 13}, {24577, 13}};
inline constexpr int kEndOfBlock = 256, kFirstLength = 257;
inline constexpr int kLengthCount = sizeof kLengths / sizeof *kLengths;
inline constexpr int kDistanceCount = sizeof kDistances / sizeof *kDistances;

class Inflater {
  public:
    Inflater(BitReader& input, Bytes& text, std::size_t most_bytes)
        : input_(input), text_(text), most_bytes_(most_bytes) {}

    Damage run() {
        bool is_last = false;
        while (!is_last && damage_ == Damage::kNone) {
            is_last = input_.take(1) != 0;
            switch (input_.take(2)) {
                case 0:
                    copy_stored();
                    break;
                case 1:
                    set_fixed_codes();
                    read_codes();
                    break;
                case 2:
                    if (read_dynamic_codes()) read_codes();
                    break;
                default:
                    fail(Damage::kBadBlock);
            }
            if (input_.is_beyond_end()) fail(Damage::kTruncated);
        }
        return damage_;
    }
    const Code& literals() const { return literals_; }

  private:
    // What follows from zeros behind the end is no damage of its own.
    bool fail(Damage damage) {
        if (damage_ == Damage::kNone)
            damage_ = input_.is_beyond_end() ? Damage::kTruncated : damage;
        return false;
    }
    void put(unsigned char byte) {
        if (text_.size() == most_bytes_) {
            fail(Damage::kTooLong);
        } else {
            text_.push_back(byte);
        }
    }
    void copy_stored() {
        input_.align_to_byte();
        const std::uint32_t size = input_.take(16);
        if (size != (~input_.take(16) & 0xffff)) fail(Damage::kBadBlock);
        for (std::uint32_t i = 0; i < size && damage_ == Damage::kNone; i++) {
            put(static_cast<unsigned char>(input_.take(8)));
            if (input_.is_beyond_end()) fail(Damage::kTruncated);
        }
    }
    void set_fixed_codes() {
        unsigned char lengths[288];
        for (unsigned i = 0; i < 288; i++) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
        literals_.set(lengths, 288);
        memset(lengths, 5, 32);
        distances_.set(lengths, 32);
    }
    // RFC 1951, 3.2.7: the codes' own lengths are Huffman-coded.
    bool read_dynamic_codes() {
        static constexpr unsigned char kOrder[] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                   11, 4,  12, 3, 13, 2, 14, 1, 15};
        const unsigned literal_count = input_.take(5) + 257, distance_count = input_.take(5) + 1;
        const unsigned order_count = input_.take(4) + 4;
        unsigned char lengths[286 + 32 + 138] = {};
        if (literal_count > 286) return fail(Damage::kBadCode);
        for (unsigned i = 0; i < order_count; i++)
            lengths[kOrder[i]] = static_cast<unsigned char>(input_.take(3));
        Code code;
        if (!code.set(lengths, 19)) return fail(Damage::kBadCode);
        memset(lengths, 0, sizeof lengths);
        const unsigned count = literal_count + distance_count;
        for (unsigned at = 0; at < count;) {
            const int symbol = code.take(input_);
            if (symbol < 0 || (symbol == 16 && at == 0)) return fail(Damage::kBadCode);
            if (symbol < 16) {
                lengths[at++] = static_cast<unsigned char>(symbol);
                continue;
            }
            const unsigned repeats = symbol == 16   ? input_.take(2) + 3
                                     : symbol == 17 ? input_.take(3) + 3
                                                    : input_.take(7) + 11;
            if (at + repeats > count) return fail(Damage::kBadCode);
            memset(lengths + at, symbol == 16 ? lengths[at - 1] : 0, repeats);
            at += repeats;
        }
        if (lengths[kEndOfBlock] == 0 || !literals_.set(lengths, literal_count) ||
            !distances_.set(lengths + literal_count, distance_count))
            return fail(Damage::kBadCode);
        return true;
    }
    void read_codes() {
        while (damage_ == Damage::kNone) {
            const int symbol = literals_.take(input_);
            if (symbol == kEndOfBlock) return;
            if (symbol < 0 || symbol >= kFirstLength + kLengthCount) {
                fail(Damage::kBadCode);
            } else if (symbol < kEndOfBlock) {
                put(static_cast<unsigned char>(symbol));
            } else {
                copy(kLengths[symbol - kFirstLength]);
            }
            if (input_.is_beyond_end()) fail(Damage::kTruncated);
        }
    }
    void copy(Range of_length) {
        const std::uint32_t length = of_length.first + input_.take(of_length.extra_bits);
        const int symbol = distances_.take(input_);
        if (symbol < 0 || symbol >= kDistanceCount) return void(fail(Damage::kBadCode));
        const Range range = kDistances[symbol];
        const std::size_t distance = range.first + input_.take(range.extra_bits);
        if (distance > text_.size()) return void(fail(Damage::kBadDistance));
        for (std::uint32_t i = 0; i < length; i++) put(text_[text_.size() - distance]);
    }

    BitReader& input_;
    Bytes& text_;
    std::size_t most_bytes_;
    Code literals_, distances_;
    Damage damage_ = Damage::kNone;
};

inline std::uint32_t crc_of(const Bytes& text) {
    std::unique_ptr<std::uint32_t[]> table(new std::uint32_t[256]);
    for (std::uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (0xedb88320u & (0 - (table[i] & 1)));
    }
    std::uint32_t crc = ~0u;
    for (const unsigned char byte : text) crc = crc >> 8 ^ table[(crc ^ byte) & 0xff];
    return ~crc;
}

}  // namespace inflate
