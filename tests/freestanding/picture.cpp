// SPDX-License-Identifier: MIT OR Apache-2.0
// Pictures are well-formed and as high as what is in them while other threads allocate, of the
// default instance and of heaps in regions of either shape, and on a small stack; at rest they show
// what there is. tests/scripts/picture.sh reads one with a real parser.
#include "tests/freestanding/test.h"

#include <emma.h>
#include <emma_crt.h>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace {

bool begins(const char* text, std::size_t length, const char* with) {
    std::size_t i = 0;
    for (; with[i] != '\0'; ++i)
        if (i == length || text[i] != with[i]) return false;
    return true;
}

// Reads a picture as it is written: elements open and close in order, boxes lie inside.
struct Reader {
    std::size_t height = 0;
    std::size_t width = 0;
    std::size_t open = 0;
    std::size_t lines = 0;
    std::size_t slabs = 0;
    std::size_t live = 0;
    std::size_t lowest = 0;
    std::size_t rows = 0;  // with an address before them
    bool is_over = false;

    static std::size_t number_behind(const char* text, std::size_t length, const char* name) {
        for (std::size_t at = 0; at < length; ++at) {
            if (!begins(text + at, length - at, name)) continue;
            while (at < length && (text[at] < '0' || text[at] > '9')) ++at;
            std::size_t value = 0;
            for (; at < length && text[at] >= '0' && text[at] <= '9'; ++at)
                value = value * 10 + static_cast<std::size_t>(text[at] - '0');
            return value;
        }
        return 0;
    }

    void line(const char* text, std::size_t length) {
        ++lines;
        CHECK(!is_over && length > 1 && length < 128 && text[length - 1] == '\n');
        if (begins(text, length, "<svg ")) {
            CHECK(lines == 1);
            width = number_behind(text, length, " width=");
            height = number_behind(text, length, " height=");
        } else if (begins(text, length, "<g ")) {
            CHECK(text[length - 2] == '>');
            ++open;
        } else if (begins(text, length, "</g>")) {
            CHECK(open == 1);
            --open;
        } else if (begins(text, length, "<title>")) {
            CHECK(open == 1 && begins(text + length - 9, 9, "</title>\n"));
            const std::size_t here = number_behind(text, length, ": ");
            slabs += number_behind(text, length, " live of ") != 0 ? 1 : 0;
            live += here;
        } else if (begins(text, length, "<rect ")) {
            CHECK(text[length - 3] == '/' && text[length - 2] == '>');
            const std::size_t bottom =
                number_behind(text, length, " y=") + number_behind(text, length, " height=");
            CHECK(bottom <= height);
            CHECK(number_behind(text, length, " x=") + number_behind(text, length, " width=") <=
                  width);
            if (bottom != height && bottom > lowest) lowest = bottom;
        } else if (begins(text, length, "<text ")) {
            CHECK(begins(text + length - 8, 8, "</text>\n"));
            for (std::size_t at = 0; at < length; ++at)
                if (begins(text + at, length - at, ">0x")) ++rows;
        } else if (begins(text, length, "</svg>")) {
            CHECK(open == 0);
            is_over = true;
        } else {
            CHECK(lines == 2 && begins(text, length, " font-family"));
        }
    }
    static void write(void* reader, const char* text, std::size_t length) {
        static_cast<Reader*>(reader)->line(text, length);
    }
};

Reader draw(emma_heap* heap) {
    Reader reader;
    if (heap != nullptr) {
        emma_heap_picture(heap, Reader::write, &reader);
    } else {
        emma_picture(Reader::write, &reader);
    }
    CHECK(reader.is_over);
    return reader;
}

// Nothing else runs: the picture shows what the statistics say.
void draw_at_rest(emma_heap* heap) {
    static struct emma_stats stats;
    if (heap != nullptr) {
        emma_heap_stats(heap, &stats);
    } else {
        emma_stats(&stats);
    }
    std::size_t slabs = 0, live = 0;
    for (const struct emma_class_stats& size_class : stats.classes) {
        slabs += size_class.slabs;
        live += size_class.live_objects;
    }
    const Reader reader = draw(heap);
    CHECK(reader.slabs == slabs && reader.live == live);
    CHECK(reader.rows == stats.arenas + stats.huge_objects);
    CHECK(reader.height - reader.lowest < 20);
}

std::atomic<bool> g_is_over{false};

void* churn(void* seed) {
    test_random random = {reinterpret_cast<std::uintptr_t>(seed)};
    static thread_local void* objects[300];
    while (!g_is_over.load()) {
        void*& object = objects[test_below(&random, 300)];
        emma_free(object);
        const std::uint64_t kind = test_below(&random, 1000);
        object = emma_malloc(kind < 900   ? 1 + test_below(&random, 500)
                             : kind < 990 ? 1 + test_below(&random, 100000)
                             : kind < 999 ? 1 + test_below(&random, 2000000)
                                          : 5000000);
        if (kind == 500) (void)emma_trim();
    }
    for (void* object : objects) emma_free(object);
    return nullptr;
}

void* draw_on_little_stack(void* heap) {
    (void)draw(static_cast<emma_heap*>(heap));
    return nullptr;
}

void run_thread(emma_thread_function function, void* argument) {
    struct emma_thread_options options = {};
    options.stack_bytes = EMMA_THREAD_STACK_MIN > 16384 ? EMMA_THREAD_STACK_MIN : 16384;
    emma_thread* thread;
    CHECK(emma_thread_create(&thread, &options, function, argument) == 0);
    CHECK(emma_thread_join(thread, nullptr) == 0);
}

alignas(4096) unsigned char g_small[200 * 1024];
alignas(4096) unsigned char g_large[20 << 20];

void test_region(void* region, std::size_t bytes) {
    struct emma_heap_options options = {};
    options.region = region;
    options.region_bytes = bytes;
    emma_heap* const heap = emma_heap_create(&options);
    CHECK(heap != nullptr);
    draw_at_rest(heap);
    for (std::size_t size = 16; size < bytes / 8; size += 16 + size / 2)
        (void)!emma_heap_alloc(heap, size, 16);
    draw_at_rest(heap);
    run_thread(draw_on_little_stack, heap);
    emma_heap_destroy(heap);
}

}  // namespace

int main() {
    draw_at_rest(nullptr);
    static void* objects[5000];
    for (std::size_t i = 0; i < 5000; ++i) objects[i] = emma_malloc(1 + i * 7 % 3000);
    for (std::size_t i = 0; i < 5000; i += 3) emma_free(objects[i]);
    void* const larger[] = {emma_malloc(100000), emma_malloc(500000), emma_malloc(9000000)};
    for (void* object : larger) CHECK(object != nullptr);
    draw_at_rest(nullptr);
    run_thread(draw_on_little_stack, nullptr);
    test_region(g_small, sizeof g_small);
    test_region(g_large, sizeof g_large);

    emma_thread* threads[2];
    for (std::uintptr_t i = 0; i < 2; ++i)
        CHECK(emma_thread_create(&threads[i], nullptr, churn, reinterpret_cast<void*>(i + 1)) == 0);
    for (int i = 0; i < 300; ++i) (void)draw(nullptr);
    g_is_over.store(true);
    for (emma_thread* thread : threads) CHECK(emma_thread_join(thread, nullptr) == 0);
    draw_at_rest(nullptr);
    return 0;
}
