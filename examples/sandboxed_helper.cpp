// SPDX-License-Identifier: MIT OR Apache-2.0
// sandboxed_helper: checks and unpacks gzip files that nobody trusts, in a static program without a
// libc.
//
// The lesson: the code that reads untrusted bytes runs in a process of its own, under the filter of
// <emma_seccomp.h>, and does its work with ordinary C++ and operator new all the same. It can read
// and write one socket, get memory, and end. What goes wrong in it ends it alone: the parent says
// how it ended and goes on with the next file.
//
//   parent   opens a file, starts a helper, sends it the bytes, believes nothing of the answer but
//            bytes and their number, reports
//   helper   inflates (RFC 1951, RFC 1952), verifies length and CRC, answers
//
//   sandboxed_helper [--cat] [BUG] FILE.gz...       --cat: the text to standard output
//
// BUG plants a mistake into the helper, to see it fail: --trust-names opens the file that the
// header names, --double-free and --endless mishandle damaged data. Exit status: 0, every file is
// good; 1, some are not; 2, the command line; 77, this system has no seccomp.
#include "inflate.h"

#include <emma_crt.h>
#include <emma_seccomp.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

// Constants and structures of the kernel's, from the libc's headers; no function of theirs is
// called.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace {

using namespace inflate;

constexpr int kNoSeccomp = 77;
constexpr long kSocket = 3;  // the helper's only descriptor, beside 2 for the line of a panic
constexpr std::size_t kMostMemory = 256 << 20, kMostText = 200 << 20;
constexpr long kPatienceMilliseconds = 3000;

template <typename... Arguments>
long call(long number, Arguments... arguments) {
    return emma_syscall(number, (long)arguments...);
}

void write_all(long file, const void* bytes, std::size_t size) {
    const auto* at = static_cast<const unsigned char*>(bytes);
    while (size != 0) {
        const long written = call(__NR_write, file, at, size);
        if (written <= 0) emma_exit(1);  // nobody listens
        at += written, size -= static_cast<std::size_t>(written);
    }
}

// ---- gzip

enum class Bug { kNone, kTrustNames, kDoubleFree, kEndless };

// RFC 1952, 2.3: where the compressed data begin, or null.
const unsigned char* skip_header(const Bytes& file, Bug bug) {
    const unsigned char* at = file.data();
    const unsigned char* const end = at + file.size();
    if (file.size() < 18 || at[0] != 31 || at[1] != 139 || at[2] != 8) return nullptr;
    const unsigned flags = at[3];
    at += 10;
    const auto skip_text = [&] {
        while (at < end && *at != 0) at++;
        at += at < end;
    };
    if ((flags & 4) != 0) {  // extra field
        const std::size_t size = at[0] + 256u * at[1];
        if (size > std::size_t(end - at) - 2) return nullptr;
        at += 2 + size;
    }
    if ((flags & 8) != 0) {  // the file's name
        const auto* const name = reinterpret_cast<const char*>(at);
        skip_text();
        // The kind of mistake that a filter is for: input decides what is written where.
        if (bug == Bug::kTrustNames) call(__NR_open, name, O_WRONLY | O_CREAT, 0644);
    }
    if ((flags & 16) != 0) skip_text();  // a comment
    if ((flags & 2) != 0) at += 2;       // the header's CRC
    return at + 8 > end ? nullptr : at;
}

std::uint32_t read_word(const unsigned char* at) {
    std::uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

// One member, which the last 8 bytes end: CRC and length.
Damage unpack(const Bytes& file, Bytes& text, Bug bug) {
    const unsigned char* const start = skip_header(file, bug);
    if (start == nullptr) return Damage::kNoGzip;
    const unsigned char* const trailer = file.data() + file.size() - 8;
    BitReader input(start, trailer);
    Inflater inflater(input, text, kMostText);
    Damage damage = inflater.run();
    if (damage == Damage::kNone && crc_of(text) != read_word(trailer)) damage = Damage::kBadCrc;
    if (damage == Damage::kNone && std::uint32_t(text.size()) != read_word(trailer + 4))
        damage = Damage::kBadLength;
    if (damage != Damage::kNone && bug == Bug::kDoubleFree) inflater.literals().own_twice();
    while (damage != Damage::kNone && bug == Bug::kEndless) asm volatile("pause");
    return damage;
}

// ---- the helper

struct Answer {
    std::uint32_t damage;
    std::uint32_t crc;
    std::uint64_t bytes;  // of text, which follows
    std::uint64_t lines;
};

// Reads and writes of the one socket beside what Emma needs; the process dies of everything else.
int install_filter() {
    emma_seccomp_instruction room[EMMA_SECCOMP_ROOM];
    emma_seccomp_filter filter;
    const emma_seccomp_check the_socket[] = {EMMA_SECCOMP_INT(0, kSocket)};
    emma_seccomp_begin(&filter, room, EMMA_SECCOMP_ROOM);
    emma_seccomp_allow_emma(&filter, EMMA_SECCOMP_ALLOCATOR | EMMA_SECCOMP_EXIT);
    emma_seccomp_allow_if(&filter, __NR_read, the_socket, 1);
    emma_seccomp_allow_if(&filter, __NR_write, the_socket, 1);
    emma_seccomp_end(&filter, EMMA_SECCOMP_KILL_PROCESS);
    return emma_seccomp_install(&filter, 0);
}

void set_limit(long resource, unsigned long most) {
    const unsigned long limit[2] = {most, most};
    call(__NR_setrlimit, resource, limit);
}

[[noreturn]] void be_helper(long socket, Bug bug) {
    call(__NR_dup2, socket, kSocket);
    call(__NR_close_range, kSocket + 1, ~0u, 0);
    call(__NR_close, 0), call(__NR_close, 1);
    set_limit(RLIMIT_AS, kMostMemory);
    set_limit(RLIMIT_CORE, 0);
    if (install_filter() != 0) emma_exit(kNoSeccomp);

    Bytes file;
    unsigned char buffer[16384];
    for (long size; (size = call(__NR_read, kSocket, buffer, sizeof buffer)) > 0;)
        file.insert(file.end(), buffer, buffer + size);
    Bytes text;
    Answer answer = {};
    answer.damage = static_cast<std::uint32_t>(unpack(file, text, bug));
    if (answer.damage != 0) text.clear();
    answer.crc = crc_of(text);
    answer.bytes = text.size();
    for (const unsigned char byte : text) answer.lines += byte == '\n';
    write_all(kSocket, &answer, sizeof answer);
    write_all(kSocket, text.data(), text.size());
    emma_exit(0);
}

// ---- the parent

// A line for people, on standard error.
class Line {
  public:
    ~Line() {
        text_.push_back('\n');
        write_all(2, text_.data(), text_.size());
    }
    Line& add(const char* text) {
        while (*text != '\0') text_.push_back(static_cast<unsigned char>(*text++));
        return *this;
    }
    Line& add(std::uint64_t number, unsigned base = 10) {
        char digits[21] = {};
        std::size_t at = sizeof digits - 1;
        do digits[--at] = "0123456789abcdef"[number % base];
        while ((number /= base) != 0);
        return add(digits + at);
    }

  private:
    Bytes text_;
};

bool read_file(const char* name, Bytes& bytes) {
    const long file = call(__NR_open, name, O_RDONLY);
    struct stat status;
    if (file < 0 || call(__NR_fstat, file, &status) != 0) return false;
    long got = 0;
    bytes.resize(static_cast<std::size_t>(status.st_size));
    std::size_t size = 0;
    while (size < bytes.size() &&
           (got = call(__NR_read, file, bytes.data() + size, bytes.size() - size)) > 0)
        size += static_cast<std::size_t>(got);
    call(__NR_close, file);
    bytes.resize(size);
    return got >= 0;
}

// False: nothing moved for too long.
bool wait_for(long socket, short events) {
    pollfd poll = {static_cast<int>(socket), events, 0};
    return call(__NR_poll, &poll, 1, kPatienceMilliseconds) > 0;
}

enum class Talk { kWhole, kBrokenOff, kTimeout };

// Sends the file, then reads all that comes. A helper that dies ends this early.
Talk talk_to(long socket, const Bytes& file, Bytes& answer) {
    constexpr long kNoSignal = 0x4000, kNoWait = 0x40;  // MSG_NOSIGNAL, MSG_DONTWAIT
    for (std::size_t sent = 0; sent < file.size();) {
        if (!wait_for(socket, POLLOUT)) return Talk::kTimeout;
        const long size = call(__NR_sendto, socket, file.data() + sent, file.size() - sent,
                               kNoSignal | kNoWait, 0, 0);
        if (size < 0 && size != -11 /* EAGAIN */) return Talk::kBrokenOff;
        if (size > 0) sent += static_cast<std::size_t>(size);
    }
    call(__NR_shutdown, socket, 1);  // SHUT_WR
    unsigned char buffer[16384];
    for (;;) {
        if (!wait_for(socket, POLLIN)) return Talk::kTimeout;
        const long size = call(__NR_read, socket, buffer, sizeof buffer);
        if (size < 0) return Talk::kBrokenOff;
        if (size == 0) return Talk::kWhole;
        answer.insert(answer.end(), buffer, buffer + size);
        if (answer.size() > kMostText + sizeof(Answer)) return Talk::kBrokenOff;
    }
}

const char* cause_of(int signal) {
    switch (signal) {
        case SIGSYS:
            return "it made a system call that its filter forbids (SIGSYS)";
        case SIGILL:
            return "Emma stopped it, see the line above (SIGILL)";
        case SIGSEGV:
            return "it touched memory that is not there (SIGSEGV)";
        default:
            return "by a signal";
    }
}

// Says what came of a file; true: it is good. Nothing in the answer is taken on trust.
bool report(const char* name, Talk talk, int status, const Bytes& bytes, bool must_print) {
    Line line;
    line.add(name).add(": ");
    if (talk == Talk::kTimeout) return line.add("the helper did not answer and was killed"), false;
    if ((status & 0x7f) != 0)
        return line.add("the helper died: ").add(cause_of(status & 0x7f)), false;
    Answer answer = {};
    if (status == 0 && bytes.size() >= sizeof answer) memcpy(&answer, bytes.data(), sizeof answer);
    const bool is_whole = status == 0 && bytes.size() >= sizeof answer &&
                          answer.bytes == bytes.size() - sizeof answer &&
                          answer.damage < std::uint32_t(Damage::kCount);
    if (talk != Talk::kWhole || !is_whole) return line.add("the helper's answer is broken"), false;
    if (answer.damage != 0) return line.add("refused: ").add(kDamageText[answer.damage]), false;
    if (must_print) write_all(1, bytes.data() + sizeof answer, bytes.size() - sizeof answer);
    line.add(answer.bytes).add(" bytes in ").add(answer.lines).add(" lines, CRC ");
    line.add(answer.crc, 16);
    return true;
}

bool serve(const char* name, Bug bug, bool must_print) {
    Bytes file;
    if (!read_file(name, file)) return Line().add(name).add(": cannot be read"), false;
    int sockets[2];
    if (call(__NR_socketpair, 1, 1, 0, sockets) != 0) emma_exit(1);  // AF_UNIX, SOCK_STREAM
    const long helper = call(__NR_fork);
    if (helper < 0) emma_exit(1);
    if (helper == 0) {
        call(__NR_close, sockets[0]);
        be_helper(sockets[1], bug);
    }
    call(__NR_close, sockets[1]);
    Bytes answer;
    const Talk talk = talk_to(sockets[0], file, answer);
    if (talk == Talk::kTimeout) call(__NR_kill, helper, SIGKILL);
    call(__NR_close, sockets[0]);
    int status = 0;
    while (call(__NR_wait4, helper, &status, 0, 0) == -4 /* EINTR */) {
    }
    if (status == kNoSeccomp << 8) {
        Line().add(
            "sandboxed_helper: this system has no seccomp filters (QEMU's user mode has none)");
        emma_exit(kNoSeccomp);
    }
    return report(name, talk, status, answer, must_print);
}

int usage() {
    Line().add(
        "usage: sandboxed_helper [--cat] [--trust-names|--double-free|--endless] FILE.gz...");
    return 2;
}

bool same(const char* a, const char* b) {
    while (*a != '\0' && *a == *b) a++, b++;
    return *a == *b;
}

}  // namespace

int main(int argc, char** argv) {
    Bug bug = Bug::kNone;
    bool must_print = false, all_good = true;
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (same(argv[at], "--cat")) {
            must_print = true;
        } else if (same(argv[at], "--trust-names")) {
            bug = Bug::kTrustNames;
        } else if (same(argv[at], "--double-free")) {
            bug = Bug::kDoubleFree;
        } else if (same(argv[at], "--endless")) {
            bug = Bug::kEndless;
        } else {
            return usage();
        }
    }
    if (at == argc) return usage();
    for (; at < argc; at++) all_good = serve(argv[at], bug, must_print) && all_good;
    return all_good ? 0 : 1;
}
