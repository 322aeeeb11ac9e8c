// SPDX-License-Identifier: MIT OR Apache-2.0
// JSON: a text of some hundred kilobytes is made, then parsed into a tree (strings and numbers as
// objects of their own, arrays that grow by realloc) and printed again, and again from what was
// printed. The last five trees stay alive, as requests in a server do.

// BENCH: json 120
#include "workload.h"

enum { kAlive = 5 };

// ---- text that grows

struct text {
    char* bytes;
    size_t length, capacity;
};
static void put(struct text* text, char byte) {
    if (text->length == text->capacity) {
        text->capacity = text->capacity * 2 + 64;
        text->bytes = bench_realloc(text->bytes, text->capacity);
    }
    text->bytes[text->length++] = byte;
}
static void put_string(struct text* text, const char* string) {
    while (*string != 0) put(text, *string++);
}
static void put_number(struct text* text, uint64_t number) {
    char digits[21];
    size_t at = sizeof digits;
    digits[--at] = 0;
    do {
        digits[--at] = (char)('0' + number % 10);
    } while (number /= 10);
    put_string(text, digits + at);
}

// ---- values

enum kind { kNull, kTrue, kFalse, kNumber, kString, kArray, kObject };
struct value;
struct member {
    char* name;
    struct value* value;
};
struct value {
    enum kind kind;
    size_t count, capacity;
    union {
        uint64_t number;
        char* string;
        struct member* members;  // those of arrays have no name
    };
};

static struct value* make_value(enum kind kind) {
    struct value* value = bench_calloc(1, sizeof *value);
    value->kind = kind;
    return value;
}
static void add(struct value* value, char* name, struct value* item) {
    if (value->count == value->capacity) {
        value->capacity = value->capacity * 2 + 4;
        value->members = bench_realloc(value->members, value->capacity * sizeof *value->members);
    }
    value->members[value->count++] = (struct member){name, item};
}
static void end_value(struct value* value) {
    if (value == NULL) return;
    if (value->kind == kString) free(value->string);
    if (value->kind >= kArray) {
        for (size_t i = 0; i < value->count; i++) {
            free(value->members[i].name);
            end_value(value->members[i].value);
        }
        free(value->members);
    }
    free(value);
}

// ---- parsing

static void skip_space(const char** at) {
    while (**at == ' ' || **at == '\n') ++*at;
}
static void expect(const char** at, char byte) {
    skip_space(at);
    if (**at != byte) bench_fail("not JSON");
    ++*at;
}
static char* parse_string(const char** at) {
    struct text text = {NULL, 0, 0};
    expect(at, '"');
    while (**at != '"') {
        if (**at == '\\') ++*at;
        if (**at == 0) bench_fail("not JSON");
        put(&text, *(*at)++);
    }
    ++*at;
    put(&text, 0);
    return bench_realloc(text.bytes, text.length);
}
static struct value* parse(const char** at);
static struct value* parse_members(const char** at, enum kind kind) {
    struct value* value = make_value(kind);
    const char last = kind == kArray ? ']' : '}';
    ++*at;
    skip_space(at);
    while (**at != last) {
        if (value->count != 0) expect(at, ',');
        char* name = NULL;
        skip_space(at);
        if (kind == kObject) {
            name = parse_string(at);
            expect(at, ':');
        }
        add(value, name, parse(at));
        skip_space(at);
    }
    ++*at;
    return value;
}
static struct value* parse_word(const char** at, const char* word, enum kind kind) {
    while (*word != 0) expect(at, *word++);
    return make_value(kind);
}
static struct value* parse(const char** at) {
    skip_space(at);
    struct value* value;
    switch (**at) {
        case '{':
            return parse_members(at, kObject);
        case '[':
            return parse_members(at, kArray);
        case 'n':
            return parse_word(at, "null", kNull);
        case 't':
            return parse_word(at, "true", kTrue);
        case 'f':
            return parse_word(at, "false", kFalse);
        case '"':
            value = make_value(kString);
            value->string = parse_string(at);
            return value;
        default:
            value = make_value(kNumber);
            if (**at < '0' || **at > '9') bench_fail("not JSON");
            while (**at >= '0' && **at <= '9')
                value->number = value->number * 10 + (uint64_t)(*(*at)++ - '0');
            return value;
    }
}

// ---- printing

static void print_string(struct text* text, const char* string) {
    put(text, '"');
    for (; *string != 0; string++) {
        if (*string == '"' || *string == '\\') put(text, '\\');
        put(text, *string);
    }
    put(text, '"');
}
static void print(struct text* text, const struct value* value) {
    static const char* const words[] = {"null", "true", "false"};
    switch (value->kind) {
        case kNumber:
            put_number(text, value->number);
            return;
        case kString:
            print_string(text, value->string);
            return;
        case kArray:
        case kObject:
            break;
        default:
            put_string(text, words[value->kind]);
            return;
    }
    put(text, value->kind == kArray ? '[' : '{');
    for (size_t i = 0; i < value->count; i++) {
        if (i != 0) put(text, ',');
        if (value->kind == kObject) {
            print_string(text, value->members[i].name);
            put(text, ':');
        }
        print(text, value->members[i].value);
    }
    put(text, value->kind == kArray ? ']' : '}');
}

// ---- the first text: records as a service would send them

static void make_word(struct text* text, struct bench_random* random, size_t most) {
    put(text, '"');
    for (size_t length = 1 + bench_below(random, most); length != 0; length--) {
        if (bench_below(random, 40) == 0) put_string(text, "\\\"");
        put(text, (char)('a' + bench_below(random, 26)));
    }
    put(text, '"');
}
static void make_text(struct text* text, struct bench_random* random) {
    put(text, '[');
    for (int record = 0; record < 2000; record++) {
        put_string(text, record == 0 ? "{\"id\": " : ",\n{\"id\": ");
        put_number(text, bench_next(random) >> 20);
        put_string(text, ", \"name\": ");
        make_word(text, random, 30);
        put_string(text, ", \"text\": ");
        make_word(text, random, bench_below(random, 10) == 0 ? 2000 : 60);
        put_string(text, ", \"tags\": [");
        for (uint64_t tag = bench_below(random, 8); tag != 0; tag--) {
            make_word(text, random, 12);
            if (tag != 1) put(text, ',');
        }
        put_string(text, "], \"place\": {\"x\": ");
        put_number(text, bench_below(random, 100000));
        put_string(text, ", \"y\": ");
        put_number(text, bench_below(random, 100000));
        put_string(text, "}, \"old\": true, \"next\": null}");
    }
    put(text, ']');
    put(text, 0);
}

int main(int argc, char** argv) {
    struct value* alive[kAlive] = {NULL};
    struct bench_random random = bench_seed(6);
    const uint64_t rounds = bench_rounds(argc, argv, bench_argument(argc, argv, 0));
    struct text text = {NULL, 0, 0};
    uint64_t sum = 0;
    make_text(&text, &random);
    for (uint64_t round = 0; round < rounds; round++) {
        const char* at = text.bytes;
        struct value* value = parse(&at);
        struct text printed = {NULL, 0, 0};
        print(&printed, value);
        put(&printed, 0);
        free(text.bytes);
        text = printed;
        sum = bench_mix(sum, bench_hash(text.bytes, 1000) + text.length);
        end_value(alive[round % kAlive]);
        alive[round % kAlive] = value;
    }
    for (int i = 0; i < kAlive; i++) end_value(alive[i]);
    free(text.bytes);
    return bench_finish(sum);
}
