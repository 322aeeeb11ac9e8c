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

// Is this just a way to an access (std::atomic, the stand-in for arch/)?
bool is_wrapper(const char* line) {
    return std::strstr(line, "atomic") != nullptr || std::strstr(line, "cpu.h") != nullptr;
}

// `function at file:line` for each place in the program, by one call of binutils' addr2line; empty
// without it. Of the functions that were inlined at a place, the first that is no wrapper.
std::vector<std::string> places_of(const std::vector<const void*>& codes) {
    std::string command = "addr2line -Capsife /proc/" + std::to_string(getpid()) + "/exe";
    for (const void* code : codes) {
        char text[32];  // before the return address, and relative to where the program was loaded
        std::snprintf(text, sizeof text, " %#tx",
                      static_cast<const char*>(code) - 1 - &__executable_start);
        command += text;
    }
    std::vector<std::string> places;
    char line[1000];
    std::FILE* const pipe = popen((command + " 2>/dev/null").c_str(), "r");
    while (pipe != nullptr && std::fgets(line, sizeof line, pipe) != nullptr) {
        line[std::strcspn(line, "\n")] = '\0';
        const char* const name = std::strstr(line, ": ");
        const char* const inlined = std::strstr(line, "inlined by) ");
        if (inlined == nullptr && name != nullptr) {
            places.emplace_back(name + 2);
        } else if (inlined != nullptr && !places.empty() && is_wrapper(places.back().c_str())) {
            places.back() = inlined + 12;
        }
    }
    if (pipe != nullptr) pclose(pipe);
    places.resize(codes.size());
    return places;
}

void print_operation(const Runner& runner, const Event& event) {
    const Operation& operation = event.operation;
    std::printf("    %u%c ", event.thread, event.by_handler ? 'h' : ' ');
    if (operation.kind == Kind::kBarrier) {
        std::printf("barrier passed by thread %u", operation.target);
        return;
    }
    std::printf("%s %s %s: %#llx", name_of(operation.kind), name_of_order(operation.order),
                runner.name_of(operation.address).c_str(),
                static_cast<unsigned long long>(event.found));
    if (event.wrote) std::printf(" -> %#llx", static_cast<unsigned long long>(event.left));
    if (operation.kind == Kind::kCompareExchange && !event.wrote) std::printf(" (fails)");
    if (operation.is_load() && event.store_read != event.newest)
        std::printf(" (%d stores late)", event.newest - event.store_read);
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
    std::vector<const void*> codes;
    for (const Event& event : runner.events()) codes.push_back(event.operation.code);
    if (runner.failure_code() != nullptr) codes.push_back(runner.failure_code());
    const std::vector<std::string> places = places_of(codes);
    std::size_t at = 0;
    for (const Event& event : runner.events()) {
        print_operation(runner, event);
        std::printf("   [%s]\n", places[at++].c_str());
    }
    if (runner.failure_code() != nullptr)
        std::printf("    %u  then [%s]\n", runner.thread(), places[at].c_str());
    std::printf("  schedule: --replay '%s'\n", to_text(runner.events()).c_str());
}

}  // namespace emma::explore
