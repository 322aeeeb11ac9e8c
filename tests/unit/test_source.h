// SPDX-License-Identifier: MIT OR Apache-2.0
// A page source for unit tests: the system's pages, counted, with the N-th call of a kind refused,
// once, several times or from then on.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

#include "core/holder.h"
#include "core/page_source.h"

namespace emma::test {

// Of an operation that never ends: overlaps no other. Nothing is there, as a name is never read.
inline const OperationName& fresh_name() {
    static std::atomic<std::uintptr_t> last_addr{1 << 20};
    const std::uintptr_t addr = last_addr += OperationName::kBytes;
    return *reinterpret_cast<const OperationName*>(addr);
}

class TestSource {
  public:
    static constexpr std::size_t kNever = ~std::size_t{0};

    // The calls of one kind, and which of them, from 0 on, are refused.
    struct Calls {
        std::size_t made = 0;
        std::size_t refuse_from = kNever;
        std::size_t refuse_count = kNever;  // how many of them
        std::size_t refused = 0;

        bool refuses() {
            const std::size_t call = made++;
            if (call < refuse_from || call - refuse_from >= refuse_count) return false;
            ++refused;
            return true;
        }
    };
    Calls maps;  // and extensions
    Calls unmaps;
    Calls purges;
    Calls resizes;  // in place
    Calls moves;    // the others
    Calls any;      // every call counts here as well

    // From now on nothing is refused.
    void serve() {
        for (Calls* calls : {&maps, &unmaps, &purges, &resizes, &moves, &any})
            calls->refuse_from = kNever;
    }

    std::size_t mapped_bytes = 0;  // now
    std::size_t purged_bytes = 0;  // in all

    // What a test leaves mapped goes with it.
    ~TestSource() {
        for (const auto& [addr, bytes] : mappings_)
            (void)kSystemPages.unmap(kSystemPages.context, reinterpret_cast<void*>(addr), bytes);
    }

    const PageSource& source() {
        source_ = kSystemPages;
        source_.map = map;
        source_.extend = extend;
        source_.unmap = unmap;
        source_.purge = purge;
        source_.resize = resize;
        source_.context = this;
        source_.system_calls = &calls_;
        return source_;
    }

  private:
    static TestSource& self(void* context) { return *static_cast<TestSource*>(context); }
    bool refuses(Calls& kind) {
        calls_.fetch_add(1, memory_order_relaxed);
        const bool any_call = any.refuses();
        return kind.refuses() || any_call;
    }
    static void* map(void* context, std::size_t bytes, std::size_t alignment, std::uintptr_t base) {
        TestSource& test = self(context);
        if (test.refuses(test.maps)) return nullptr;
        void* const pages = kSystemPages.map(kSystemPages.context, bytes, alignment, base);
        if (pages != nullptr) test.note(reinterpret_cast<std::uintptr_t>(pages), bytes);
        return pages;
    }
    static Extension extend(void* context, std::uintptr_t addr, std::size_t bytes) {
        TestSource& test = self(context);
        if (test.refuses(test.maps)) return Extension::kRefused;
        const Extension result = kSystemPages.extend(kSystemPages.context, addr, bytes);
        if (result == Extension::kDone) test.note(addr, bytes);
        return result;
    }
    static bool unmap(void* context, void* pages, std::size_t bytes) {
        TestSource& test = self(context);
        if (test.refuses(test.unmaps) || !kSystemPages.unmap(kSystemPages.context, pages, bytes))
            return false;
        test.forget(reinterpret_cast<std::uintptr_t>(pages), bytes);
        return true;
    }
    static bool purge(void* context, void* pages, std::size_t bytes) {
        TestSource& test = self(context);
        if (test.refuses(test.purges)) return false;
        test.purged_bytes += bytes;
        return kSystemPages.purge(kSystemPages.context, pages, bytes);
    }
    static bool resize(void* context, void* pages, std::size_t old_bytes, void* target,
                       std::size_t new_bytes) {
        TestSource& test = self(context);
        if (test.refuses(target == pages ? test.resizes : test.moves)) return false;
        if (!kSystemPages.resize(kSystemPages.context, pages, old_bytes, target, new_bytes))
            return false;
        test.forget(reinterpret_cast<std::uintptr_t>(pages), old_bytes);
        if (target == pages) test.note(reinterpret_cast<std::uintptr_t>(pages), new_bytes);
        return true;
    }

    void note(std::uintptr_t addr, std::size_t bytes) {
        const std::lock_guard<std::mutex> guard(mutex_);
        mapped_bytes += bytes;
        mappings_[addr] = bytes;
    }
    void forget(std::uintptr_t addr, std::size_t bytes) {
        const std::lock_guard<std::mutex> guard(mutex_);
        CHECK(bytes % kPageBytes == 0);
        CHECK(bytes <= mapped_bytes);
        mapped_bytes -= bytes;
        mappings_.erase(mappings_.lower_bound(addr), mappings_.lower_bound(addr + bytes));
    }

    CallCount calls_;
    std::mutex mutex_;
    std::map<std::uintptr_t, std::size_t> mappings_;
    PageSource source_{};
};

}  // namespace emma::test
