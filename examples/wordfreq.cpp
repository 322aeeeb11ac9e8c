// SPDX-License-Identifier: MIT OR Apache-2.0
// wordfreq: the most frequent words of large texts, in a static program without a libc.
//
// The lesson: ordinary C++ with operator new, from several threads at once, under a seccomp filter
// that kills the process on any system call that is not on Emma's published list (README.md).
//
//   main     opens and maps the files, installs the filter, starts the threads, prints the result
//   readers  cut the text into words, an object each, and hand them in batches to the counter that
//            a word's hash chooses
//   counters own a hash table each; a word that is there already is freed: by another thread than
//            the one that allocated it
//
// A word is a run of the letters A to Z in either case; every other byte separates words.
#include <emma.h>
#include <emma_crt.h>
#include <emma_seccomp.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

#include <asm/stat.h>
#include <asm/unistd.h>
#include <linux/futex.h>

namespace {

// ---- output

bool same(const char* a, const char* b) {
    while (*a != '\0' && *a == *b) a++, b++;
    return *a == *b;
}

std::size_t length_of(const char* text) {
    std::size_t length = 0;
    while (text[length] != '\0') length++;
    return length;
}

// Text for a file descriptor, written whenever the buffer is full and at the end.
class Output {
  public:
    explicit Output(long file) : file_(file) {}
    ~Output() { flush(); }
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    Output& text(const char* text, std::size_t length) {
        for (std::size_t i = 0; i < length; i++) {
            if (used_ == sizeof bytes_) flush();
            bytes_[used_++] = text[i];
        }
        return *this;
    }
    Output& text(const char* text) { return this->text(text, length_of(text)); }
    Output& repeat(const char* text, std::size_t count) {
        while (count-- > 0) this->text(text);
        return *this;
    }
    // Right-aligned in `width` columns.
    Output& number(std::uint64_t value, std::size_t width = 0) {
        char digits[20];
        std::size_t at = sizeof digits;
        do digits[--at] = static_cast<char>('0' + value % 10);
        while ((value /= 10) != 0);
        const std::size_t count = sizeof digits - at;
        repeat(" ", width > count ? width - count : 0);
        return text(digits + at, count);
    }
    // Tenths of a MiB.
    Output& mib(std::uint64_t bytes) {
        const std::uint64_t tenths = (bytes * 10 + (1 << 19)) >> 20;
        return number(tenths / 10).text(".").number(tenths % 10).text(" MiB");
    }
    void flush() {
        for (std::size_t done = 0; done < used_;) {
            const long written = emma_syscall(__NR_write, file_, bytes_ + done, used_ - done);
            if (written == -4 /* EINTR */) continue;
            if (written <= 0) emma_exit(1);  // nobody listens
            done += static_cast<std::size_t>(written);
        }
        used_ = 0;
    }

  private:
    long file_;
    std::size_t used_ = 0;
    char bytes_[4096];
};

// ---- input

struct Input {
    const char* name;
    const unsigned char* bytes;
    std::size_t size;
};

// Says what is wrong with a file, in one line.
bool complain(const char* name, const char* what) {
    Output(2).text("wordfreq: ").text(name).text(": ").text(what).text("\n");
    return false;
}

const char* words_for(long error) {
    switch (-error) {
        case 2:
            return "no such file";
        case 13:
            return "permission denied";
        case 20:
            return "a part of the path is no directory";
        case 36:
            return "the name is too long";
        case 40:
            return "too many symbolic links";
        default:
            return "cannot be opened";
    }
}

// Maps a whole file, so that reading it takes no system call. False: it cannot be used, and the
// user knows why.
bool open_input(Input* input) {
    const long file = emma_syscall(__NR_open, input->name, 0L, 0L);
    if (file < 0) return complain(input->name, words_for(file));
    struct stat status;
    if (emma_syscall(__NR_fstat, file, &status) != 0)
        return complain(input->name, "cannot be examined");
    const unsigned kind = status.st_mode & 0170000;
    if (kind == 0040000) return complain(input->name, "is a directory");
    if (kind != 0100000) return complain(input->name, "is no regular file");
    input->size = static_cast<std::size_t>(status.st_size);
    if (input->size == 0) return complain(input->name, "is empty");
    const long mapped = emma_syscall(__NR_mmap, 0L, input->size, 1L /* PROT_READ */,
                                     2L /* MAP_PRIVATE */, file, 0L);
    if (mapped < 0 && mapped > -4096) return complain(input->name, "cannot be mapped");
    emma_syscall(__NR_close, file);
    input->bytes = reinterpret_cast<const unsigned char*>(mapped);
    for (std::size_t i = 0; i < input->size && i < 8192; i++)
        if (input->bytes[i] == 0) return complain(input->name, "is a binary file");
    return true;
}

// ---- the cage

// Emma's published list in its shapes, lines to standard output, and what the threads below wait
// by. From here on any other system call kills the process. False: this system has no seccomp.
bool install_filter() {
    emma_seccomp_instruction room[EMMA_SECCOMP_ROOM];
    emma_seccomp_filter filter;
    const emma_seccomp_check to_output[] = {EMMA_SECCOMP_INT(0, 1)};
    emma_seccomp_begin(&filter, room, EMMA_SECCOMP_ROOM);
    emma_seccomp_allow_emma(&filter,
                            EMMA_SECCOMP_ALLOCATOR | EMMA_SECCOMP_THREADS | EMMA_SECCOMP_EXIT);
    emma_seccomp_allow_if(&filter, __NR_write, to_output, 1);
    emma_seccomp_end(&filter, EMMA_SECCOMP_KILL_PROCESS);
    return emma_seccomp_install(&filter, 0) == 0;
}

// ---- what the threads hand to each other

struct Word {
    Word* next;
    std::uint64_t count;
    std::uint32_t hash;
    std::uint32_t length;
    char* letters() { return reinterpret_cast<char*>(this + 1); }

    static Word* make(const unsigned char* from, std::size_t length, std::uint32_t hash) {
        void* memory = operator new(sizeof(Word) + length);
        Word* word = new (memory) Word{nullptr, 1, hash, static_cast<std::uint32_t>(length)};
        for (std::size_t i = 0; i < length; i++)
            word->letters()[i] = static_cast<char>(from[i] | 0x20);
        return word;
    }
    static void destroy(Word* word) { operator delete(word); }
};

struct Batch {
    Batch* next = nullptr;
    Word* words = nullptr;
    std::size_t count = 0;
};

void wait_while(std::atomic<std::uint32_t>* word, std::uint32_t value) {
    emma_syscall(__NR_futex, word, long{FUTEX_WAIT_PRIVATE}, static_cast<long>(value), 0L);
}
void wake_all(std::atomic<std::uint32_t>* word) {
    emma_syscall(__NR_futex, word, long{FUTEX_WAKE_PRIVATE}, 0x7fffffffL);
}

// Batches on their way to one counter. Readers wait while too many are under way, the counter while
// there is none.
class Inbox {
  public:
    void put(Batch* batch) {
        for (std::uint32_t waiting; (waiting = waiting_.load()) >= kMostWaiting;)
            wait_while(&waiting_, waiting);
        // Before the counter can have it and count it back.
        waiting_.fetch_add(1);
        batch->next = top_.load();
        while (!top_.compare_exchange_weak(batch->next, batch)) {
        }
        signal();
    }
    void close() {
        closed_.store(true);
        signal();
    }
    // All batches there are; null: closed and empty.
    Batch* take() {
        for (;;) {
            const std::uint32_t seen = signals_.load();
            const bool closed = closed_.load();
            if (Batch* batches = top_.exchange(nullptr)) return batches;
            if (closed) return nullptr;
            wait_while(&signals_, seen);
        }
    }
    void done_with_one() {
        if (waiting_.fetch_sub(1) == kMostWaiting) wake_all(&waiting_);
    }

  private:
    static constexpr std::uint32_t kMostWaiting = 64;
    void signal() {
        signals_.fetch_add(1);
        wake_all(&signals_);
    }
    std::atomic<Batch*> top_{nullptr};
    std::atomic<std::uint32_t> waiting_{0};
    std::atomic<std::uint32_t> signals_{0};
    std::atomic<bool> closed_{false};
};

constexpr std::size_t kReaderCount = 2;
constexpr std::size_t kCounterCount = 2;
constexpr std::size_t kBatchWords = 512;
constexpr std::size_t kChunkBytes = 128 << 10;

// ---- readers

struct Job {
    Input* inputs = nullptr;
    std::size_t input_count = 0;
    std::uint64_t total_bytes = 0;
    bool is_terminal = false;
    std::atomic<std::uint64_t> next_chunk{0};
    std::atomic<std::uint64_t> read_bytes{0};
    Inbox inboxes[kCounterCount];
};

bool is_letter(unsigned char byte) { return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'; }

class Reader {
  public:
    explicit Reader(Job* job) : job_(job) {}

    void run() {
        for (;;) {
            std::uint64_t chunk = job_->next_chunk.fetch_add(1);
            const Input* input = job_->inputs;
            const Input* const end = input + job_->input_count;
            while (input != end && chunk >= chunks_of(*input)) chunk -= chunks_of(*input++);
            if (input == end) break;
            read(*input, chunk * kChunkBytes);
        }
        for (std::size_t i = 0; i < kCounterCount; i++)
            if (batches_[i] != nullptr) job_->inboxes[i].put(batches_[i]);
    }

  private:
    static std::uint64_t chunks_of(const Input& input) {
        return (input.size + kChunkBytes - 1) / kChunkBytes;
    }

    // A word belongs to the chunk that it starts in.
    void read(const Input& input, std::size_t start) {
        const std::size_t stop =
            input.size - start < kChunkBytes ? input.size : start + kChunkBytes;
        std::size_t at = start;
        if (at != 0 && is_letter(input.bytes[at - 1]))
            while (at < stop && is_letter(input.bytes[at])) at++;
        for (;;) {
            while (at < stop && !is_letter(input.bytes[at])) at++;
            if (at >= stop) break;
            const std::size_t first = at;
            std::uint32_t hash = 2166136261u;
            for (; at < input.size && is_letter(input.bytes[at]); at++)
                hash = (hash ^ (input.bytes[at] | 0x20u)) * 16777619u;
            add(Word::make(input.bytes + first, at - first, hash));
        }
        report_progress(stop - start);
    }

    void add(Word* word) {
        const std::size_t counter = (word->hash >> 20) % kCounterCount;
        Batch*& batch = batches_[counter];
        if (batch == nullptr) batch = new Batch;
        word->next = batch->words;
        batch->words = word;
        if (++batch->count < kBatchWords) return;
        job_->inboxes[counter].put(batch);
        batch = nullptr;
    }

    // On long inputs: ten steps in place on a terminal, else a line for each quarter.
    void report_progress(std::size_t bytes) {
        constexpr std::uint64_t kLong = 8 << 20;
        const std::uint64_t before = job_->read_bytes.fetch_add(bytes);
        const std::uint64_t steps = job_->is_terminal ? 20 : 4;
        const std::uint64_t step = (before + bytes) * steps / job_->total_bytes;
        if (job_->total_bytes < kLong || before * steps / job_->total_bytes == step) return;
        Output output(2);
        output.text(job_->is_terminal ? "\r" : "").text("wordfreq: ").number(step * 100 / steps, 3);
        output.text(" % of ").mib(job_->total_bytes);
        output.text(job_->is_terminal && step != steps ? "" : "\n");
    }

    Job* job_;
    Batch* batches_[kCounterCount] = {};
};

// ---- counters

// A hash table with open addressing that owns its words.
class Table {
  public:
    Table() = default;
    ~Table() {
        for (std::size_t i = 0; i < capacity_; i++)
            if (places_[i] != nullptr) Word::destroy(places_[i]);
        delete[] places_;
    }
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    std::size_t size() const { return size_; }

    // Counts a word and takes it over.
    void add(Word* word) {
        if (size_ * 2 >= capacity_) grow();
        Word*& place = find(word);
        if (place == nullptr) {
            place = word;
            size_++;
        } else {
            place->count += word->count;
            Word::destroy(word);
        }
    }
    void copy_to(Word** words) const {
        for (std::size_t i = 0; i < capacity_; i++)
            if (places_[i] != nullptr) *words++ = places_[i];
    }

  private:
    Word*& find(Word* word) {
        for (std::size_t i = word->hash;; i++) {
            Word*& place = places_[i & (capacity_ - 1)];
            if (place == nullptr || is_same(place, word)) return place;
        }
    }
    static bool is_same(Word* a, Word* b) {
        if (a->hash != b->hash || a->length != b->length) return false;
        for (std::size_t i = 0; i < a->length; i++)
            if (a->letters()[i] != b->letters()[i]) return false;
        return true;
    }
    void grow() {
        Word** const old_places = places_;
        const std::size_t old_capacity = capacity_;
        capacity_ = old_capacity == 0 ? 1024 : old_capacity * 2;
        places_ = new Word* [capacity_] {};
        for (std::size_t i = 0; i < old_capacity; i++)
            if (old_places[i] != nullptr) find(old_places[i]) = old_places[i];
        delete[] old_places;
    }

    Word** places_ = nullptr;
    std::size_t capacity_ = 0;
    std::size_t size_ = 0;
};

void* run_reader(void* job) {
    Reader(static_cast<Job*>(job)).run();
    return nullptr;
}

void* run_counter(void* argument) {
    auto* inbox = static_cast<Inbox*>(argument);
    auto* table = new Table;
    while (Batch* batch = inbox->take()) {
        while (batch != nullptr) {
            for (Word* word = batch->words; word != nullptr;) {
                Word* const next = word->next;
                table->add(word);
                word = next;
            }
            Batch* const next = batch->next;
            delete batch;
            inbox->done_with_one();
            batch = next;
        }
    }
    return table;
}

// ---- the result

using Before = bool (*)(Word*, Word*);

bool alphabetically(Word* a, Word* b) {
    const std::uint32_t shorter = a->length < b->length ? a->length : b->length;
    for (std::uint32_t i = 0; i < shorter; i++)
        if (a->letters()[i] != b->letters()[i]) return a->letters()[i] < b->letters()[i];
    return a->length < b->length;
}
bool by_frequency(Word* a, Word* b) {
    return a->count != b->count ? a->count > b->count : alphabetically(a, b);
}

// Heap sort: in place, and never slow.
void sift_down(Word** words, std::size_t root, std::size_t count, Before before) {
    for (std::size_t child; (child = root * 2 + 1) < count; root = child) {
        if (child + 1 < count && before(words[child], words[child + 1])) child++;
        if (!before(words[root], words[child])) return;
        Word* const word = words[root];
        words[root] = words[child];
        words[child] = word;
    }
}
void sort(Word** words, std::size_t count, Before before) {
    for (std::size_t root = count / 2; root-- > 0;) sift_down(words, root, count, before);
    for (std::size_t end = count; end-- > 1;) {
        Word* const word = words[0];
        words[0] = words[end];
        words[end] = word;
        sift_down(words, 0, end, before);
    }
}

void print_all(Word** words, std::size_t count) {
    sort(words, count, alphabetically);
    Output output(1);
    for (std::size_t i = 0; i < count; i++)
        output.number(words[i]->count)
            .text(" ")
            .text(words[i]->letters(), words[i]->length)
            .text("\n");
}

void print_top(Word** words, std::size_t count, std::size_t top) {
    constexpr std::size_t kBarColumns = 50;
    constexpr std::size_t kWordColumns = 16;
    sort(words, count, by_frequency);
    Output output(1);
    for (std::size_t i = 0; i < count && i < top; i++) {
        Word* const word = words[i];
        output.number(word->count, 9).text("  ").text(word->letters(), word->length);
        output.repeat(" ", word->length < kWordColumns ? kWordColumns - word->length : 1);
        const std::uint64_t bar = word->count * kBarColumns / words[0]->count;
        output.repeat("#", bar == 0 ? 1 : bar).text("\n");
    }
}

void print_summary(const Job& job, std::uint64_t word_count, std::size_t distinct_count) {
    struct emma_stats stats;
    emma_stats(&stats);
    Output output(1);
    output.number(word_count).text(" words, ").number(distinct_count).text(" different ones, in ");
    output.mib(job.total_bytes).text(" of text\n");
    output.text("Emma: ").mib(stats.mapped_peak_bytes).text(" mapped at most, ");
    output.mib(stats.live_bytes).text(" in ").number(stats.live_objects).text(" objects now, ");
    output.number(stats.heaps).text(" heaps, ").number(stats.system_calls);
    output.text(" memory system calls\n");
}

int count_words(Job* job, std::size_t top, bool all) {
    emma_thread* readers[kReaderCount];
    emma_thread* counters[kCounterCount];
    for (std::size_t i = 0; i < kCounterCount; i++)
        if (emma_thread_create(&counters[i], nullptr, run_counter, &job->inboxes[i]) != 0)
            return complain("threads", "cannot be started"), 1;
    for (emma_thread*& reader : readers)
        if (emma_thread_create(&reader, nullptr, run_reader, job) != 0)
            return complain("threads", "cannot be started"), 1;
    for (emma_thread* reader : readers) emma_thread_join(reader, nullptr);
    for (Inbox& inbox : job->inboxes) inbox.close();
    Table* tables[kCounterCount];
    std::size_t distinct_count = 0;
    for (std::size_t i = 0; i < kCounterCount; i++) {
        void* table = nullptr;
        emma_thread_join(counters[i], &table);
        tables[i] = static_cast<Table*>(table);
        distinct_count += tables[i]->size();
    }

    auto** const words = new Word*[distinct_count + 1];
    std::size_t copied = 0;
    for (const Table* table : tables) {
        table->copy_to(words + copied);
        copied += table->size();
    }
    std::uint64_t word_count = 0;
    for (std::size_t i = 0; i < distinct_count; i++) word_count += words[i]->count;
    if (all) {
        print_all(words, distinct_count);
    } else {
        print_top(words, distinct_count, top);
        print_summary(*job, word_count, distinct_count);
    }
    delete[] words;
    for (Table* table : tables) delete table;
    if (distinct_count == 0) return complain("input", "holds no words"), 1;
    return 0;
}

int usage() {
    Output(2).text(
        "usage: wordfreq [-n COUNT] [--all] FILE...\n"
        "  -n COUNT  how many of the most frequent words (20)\n"
        "  --all     every word with its count, in alphabetical order, and nothing else\n");
    return 2;
}

// A count of at least 1 in decimal, or 0.
std::size_t parse_count(const char* text) {
    std::size_t value = 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || value > 100000000) return 0;
        value = value * 10 + static_cast<std::size_t>(*text - '0');
    }
    return value;
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t top = 20;
    bool all = false;
    int first = 1;
    for (; first < argc && argv[first][0] == '-'; first++) {
        if (same(argv[first], "--all")) {
            all = true;
        } else if (same(argv[first], "-n") && first + 1 < argc) {
            top = parse_count(argv[++first]);
            if (top == 0) return usage();
        } else {
            return usage();
        }
    }
    if (first >= argc) return usage();

    auto* job = new Job;
    job->input_count = static_cast<std::size_t>(argc - first);
    job->inputs = new Input[job->input_count];
    bool usable = true;
    for (std::size_t i = 0; i < job->input_count; i++) {
        job->inputs[i] = {argv[static_cast<std::size_t>(first) + i], nullptr, 0};
        usable = open_input(&job->inputs[i]) && usable;
        job->total_bytes += job->inputs[i].size;
    }
    if (!usable) return 1;
    unsigned char terminal[64];
    job->is_terminal = emma_syscall(__NR_ioctl, 2L, 0x5401L /* TCGETS */, terminal) == 0;

    if (!install_filter())
        return complain("seccomp", "this system has no filter for system calls"), 1;
    const int status = count_words(job, top, all);
    delete[] job->inputs;
    delete job;
    return status;
}
