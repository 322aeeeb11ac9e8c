// SPDX-License-Identifier: MIT OR Apache-2.0
// Schedules as text, and the listing of a failing run: an operation a line, with its place in the
// sources.
#include "tests/explorer/listing.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" const char __executable_start;  // from the linker

namespace emma::explore {
namespace {

const char* name_of(Kind kind) {
    constexpr const char* kNames[] = {
        "load", "store", "exchange",         "add",    "subtract", "and",
        "or",   "xor",   "compare-exchange", "barrier"};
    return kNames[static_cast<unsigned>(kind)];
}
const char* name_of_order(int order) {
    switch (order) {
        case __ATOMIC_RELAXED:
            return "relaxed";
        case __ATOMIC_ACQUIRE:
            return "acquire";
        case __ATOMIC_RELEASE:
            return "release";
        case __ATOMIC_ACQ_REL:
            return "acq_rel";
        default:
            return "seq_cst";
    }
}

void append_step(std::string& text, const Choice& choice, unsigned count) {
    if (!text.empty()) text += ' ';
    text += std::to_string(choice.thread);
    if (choice.back != 0) text += ':' + std::to_string(choice.back);
    if (count > 1) text += '*' + std::to_string(count);
}

// `function at file:line`, by binutils' addr2line; without it the address.
std::string place_of(const void* code) {
    // Before the return address, and relative to where the program was loaded.
    const void* const address =
        reinterpret_cast<const void*>(static_cast<const char*>(code) - 1 - &__executable_start);
    char command[200], line[400];
    std::snprintf(command, sizeof command, "addr2line -Cfsip -e /proc/%d/exe %p 2>/dev/null",
                  static_cast<int>(getpid()), address);
    std::string place;
    std::FILE* const pipe = popen(command, "r");
    // Of the functions that were inlined there, the first that is not just a way to an access.
    while (pipe != nullptr && std::fgets(line, sizeof line, pipe) != nullptr) {
        place.assign(line, std::strcspn(line, "\n"));
        if (std::strstr(line, "atomic") == nullptr && std::strstr(line, "cpu.h") == nullptr) break;
    }
    if (pipe != nullptr) pclose(pipe);
    const std::size_t inlined = place.find("inlined by) ");
    return inlined == std::string::npos ? place : place.substr(inlined + 12);
}

}  // namespace

std::string to_text(const std::vector<Event>& events) {
    std::string text;
    Choice last{kMaxThreads, 0};
    unsigned count = 0;
    for (const Event& event : events) {
        const unsigned back = event.operation.is_load() ? event.newest - event.store_read : 0u;
        if (count != 0 && (event.thread != last.thread || back != last.back)) {
            append_step(text, last, count);
            count = 0;
        }
        last = {event.thread, back};
        ++count;
    }
    if (count != 0) append_step(text, last, count);
    return text;
}

bool from_text(const std::string& text, std::vector<Choice>& choices) {
    const char* at = text.c_str();
    while (*at != '\0') {
        char* end = nullptr;
        Choice choice{static_cast<unsigned>(std::strtoul(at, &end, 10)), 0};
        unsigned long count = 1;
        if (end == at || choice.thread >= kMaxThreads) return false;
        if (*end == ':') choice.back = static_cast<unsigned>(std::strtoul(end + 1, &end, 10));
        if (*end == '*') count = std::strtoul(end + 1, &end, 10);
        choices.insert(choices.end(), count, choice);
        while (*end == ' ') ++end;
        at = end;
    }
    return true;
}

void print_run(const Runner& runner) {
    for (const Event& event : runner.events()) {
        const Operation& operation = event.operation;
        std::printf("    %u  ", event.thread);
        if (operation.kind == Kind::kBarrier) {
            std::printf("barrier passed by thread %u", operation.target);
        } else {
            std::printf("%s %s %s: ", name_of(operation.kind), name_of_order(operation.order),
                        runner.name_of(operation.address).c_str());
            if (operation.kind == Kind::kLoad)
                std::printf("%#llx", static_cast<unsigned long long>(event.found));
            else if (!event.wrote)
                std::printf("fails at %#llx", static_cast<unsigned long long>(event.found));
            else
                std::printf("%#llx -> %#llx", static_cast<unsigned long long>(event.found),
                            static_cast<unsigned long long>(event.left));
            if (operation.is_load() && event.store_read != event.newest)
                std::printf(" (%u stores late)", event.newest - event.store_read);
        }
        std::printf("   [%s]\n", place_of(operation.code).c_str());
    }
    if (runner.failure_code() != nullptr)
        std::printf("    %u  then [%s]\n", runner.thread(),
                    place_of(runner.failure_code()).c_str());
    std::printf("  schedule: --replay '%s'\n", to_text(runner.events()).c_str());
}

}  // namespace emma::explore
