// SPDX-License-Identifier: MIT OR Apache-2.0
// shared_index: a parent and its sandboxed helpers build one index of words, and the parent reads
// it, in memory that they share. A static program without a libc.
//
// The lesson: nothing is copied, and nobody's death stops anybody. Each helper reads one file and
// puts its words into the common tree: nodes from one heap, linked by plain pointers. It can read
// its file and end, and no more; the heap lies in a region, so it needs no system call for memory.
// One that is killed, as every other is with --kill, leaves the heap to the others: the parent has
// what it was at work in taken back, and another helper reads the file.
//
//   shared_index [--kill] FILE...
//
// Words that a killed helper had counted are counted twice then: it is the heap that is whole, not
// what the program meant to do. Exit status: 0; 1, a file cannot be read; 77, no seccomp here.
#include <emma_crt.h>
#include <emma_seccomp.h>
#include <emma.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

// Constants of the kernel's, from the libc's headers; no function of theirs is called.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

namespace {

constexpr std::size_t kRegionBytes = 64 << 20;
constexpr long kFile = 3;  // the helper's only descriptor
constexpr int kNoSeccomp = 77;
constexpr std::size_t kMostText = 63;

template <typename... Arguments>
long call(long number, Arguments... arguments) {
    return emma_syscall(number, (long)arguments...);
}

void say(const char* text) { call(SYS_write, 1, text, std::strlen(text)); }
void say(std::size_t number) {
    char digits[21] = {};
    std::size_t at = sizeof digits - 1;
    do digits[--at] = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    say(digits + at);
}

// ---- the index: a tree that grows by compare-and-swap, so that a helper may be killed anywhere
// ---

struct Word {
    std::atomic<Word*> smaller, greater;
    std::atomic<std::size_t> count;
    char text[kMostText + 1];
};

void count_word(emma::Heap& heap, std::atomic<Word*>& root, const char* text) {
    Word* fresh = nullptr;
    for (std::atomic<Word*>* place = &root;;) {
        Word* found = place->load(std::memory_order_acquire);
        if (found == nullptr) {
            const std::size_t size = offsetof(Word, text) + std::strlen(text) + 1;
            if (fresh == nullptr) fresh = static_cast<Word*>(heap.alloc(size));
            if (fresh == nullptr) return;  // the region is full
            new (fresh) Word{nullptr, nullptr, 1, {}};
            std::strcpy(fresh->text, text);
            if (place->compare_exchange_strong(found, fresh, std::memory_order_acq_rel)) return;
        }
        const int order = std::strcmp(text, found->text);
        if (order == 0) {
            found->count.fetch_add(1, std::memory_order_relaxed);
            heap.free(fresh);  // another helper was first
            return;
        }
        place = order < 0 ? &found->smaller : &found->greater;
    }
}

struct Sum {
    std::size_t words = 0, different = 0;
    const Word* most = nullptr;
};
void add_up(const Word* word, Sum& sum) {
    if (word == nullptr) return;
    const std::size_t count = word->count.load(std::memory_order_relaxed);
    sum.words += count, sum.different++;
    if (sum.most == nullptr || count > sum.most->count.load(std::memory_order_relaxed))
        sum.most = word;
    add_up(word->smaller.load(std::memory_order_acquire), sum);
    add_up(word->greater.load(std::memory_order_acquire), sum);
}

// ---- the helper
// ----------------------------------------------------------------------------------

int enter_sandbox() {
    emma_seccomp_instruction room[EMMA_SECCOMP_ROOM];
    emma_seccomp_filter filter;
    const emma_seccomp_check the_file[] = {EMMA_SECCOMP_INT(0, kFile)};
    emma_seccomp_begin(&filter, room, EMMA_SECCOMP_ROOM);
    emma_seccomp_allow_emma(&filter, EMMA_SECCOMP_EXIT);
    emma_seccomp_allow_if(&filter, SYS_read, the_file, 1);
    emma_seccomp_end(&filter, EMMA_SECCOMP_KILL_PROCESS);
    return emma_seccomp_install(&filter, 0);
}

[[noreturn]] void help(void* region, unsigned number, long file, std::atomic<Word*>& root) {
    emma::Heap heap = emma::Heap::attach(region, kRegionBytes, number);
    if (!heap) emma_exit(1);
    if (file != kFile) call(SYS_dup2, file, kFile);
    if (enter_sandbox() != 0) emma_exit(kNoSeccomp);
    char bytes[4096], text[kMostText + 1];
    std::size_t length = 0;
    for (long count; (count = call(SYS_read, kFile, bytes, sizeof bytes)) > 0;)
        for (long i = 0; i < count; i++) {
            const char lower = static_cast<char>(bytes[i] | 0x20);
            if (lower >= 'a' && lower <= 'z' && length < kMostText) {
                text[length++] = lower;
            } else if (length != 0) {
                text[length] = '\0', length = 0;
                count_word(heap, root, text);
            }
        }
    emma_exit(0);
}

// ---- the parent
// ----------------------------------------------------------------------------------

// A helper's exit status; -1: it was killed.
int read_file(const char* name, void* region, emma::Heap& heap, std::atomic<Word*>& root,
              bool must_kill) {
    constexpr unsigned kNumber = 1;
    const long file = call(SYS_openat, AT_FDCWD, name, O_RDONLY, 0);
    if (file < 0) return 1;
    const long child = call(SYS_fork);
    if (child == 0) help(region, kNumber, file, root);
    call(SYS_close, file);
    const long pause[] = {0, 500000};
    if (must_kill) call(SYS_nanosleep, pause, 0), call(SYS_kill, child, SIGKILL);
    int status = 0;
    call(SYS_wait4, child, &status, 0, 0);
    if ((status & 0x7f) == 0) return status >> 8;
    say(name), say(": its helper was killed; "), say(emma_heap_recover(heap.get(), kNumber));
    say(" bytes are lost\n");
    return -1;
}

}  // namespace

int main(int argc, char** argv) {
    const bool must_kill = argc > 1 && std::strcmp(argv[1], "--kill") == 0;
    const long pages = call(SYS_mmap, 0, kRegionBytes, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages < 0) return 1;
    auto* const region = reinterpret_cast<void*>(pages);
    emma_heap_options options{};
    options.region = region, options.region_bytes = kRegionBytes, options.is_shared = true;
    emma::Heap heap(options);
    void* const place = heap ? heap.alloc(sizeof(std::atomic<Word*>)) : nullptr;
    if (place == nullptr) return 1;
    auto& root = *new (place) std::atomic<Word*>(nullptr);
    for (int i = must_kill ? 2 : 1; i < argc; i++) {
        int status = read_file(argv[i], region, heap, root, must_kill);
        if (status == -1) status = read_file(argv[i], region, heap, root, false);
        if (status != 0) return status;
    }
    Sum sum;
    add_up(root.load(std::memory_order_acquire), sum);
    say(sum.words), say(" words, "), say(sum.different), say(" different ones");
    if (sum.most != nullptr) say(", most often \""), say(sum.most->text), say("\"");
    say("\n");
    return emma_heap_check(heap.get(), nullptr, nullptr) == 0 ? 0 : 1;
}
