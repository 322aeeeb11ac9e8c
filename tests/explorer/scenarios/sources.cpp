// SPDX-License-Identifier: MIT OR Apache-2.0
// The default instance's page source, which threads change at the same time: what takes more away
// stays, whoever was last.
#include "core/page_source.h"
#include "tests/explorer/scenarios/instances.h"

namespace emma::explore {
namespace {

// One limits the calls, one reserves, and of three the last seals.
class Sources : public Default {
    bool is_to_be_sealed_ = false;

    void set_up() override {
        Default::set_up();
        include_global(&g_few_calls, sizeof g_few_calls);
        name_field(g_few_calls, "g_few_calls");
        make_first_heap();
        is_to_be_sealed_ = false;
    }
    void run_thread(unsigned index) override {
        be_new_thread();
        if (index == 0) expect(emma_limit_calls() == 0, "the calls cannot be limited");
        if (index == 1) use_reserves();
        if (index == 2) is_to_be_sealed_ = emma_seal() == 0;
    }
    void check() override {
        const PageSource& source = g_instance.arenas.pages().source();
        expect(is_sealed() == is_to_be_sealed_, "the instance is not sealed");
        expect(&source != &kSystemPages, "the system's pages are asked for more than three calls");
        expect(&source != &kFewCallsPages, "a reserve is not used");
        expect(!g_instance.heaps.may_ask(), "the system is asked about threads");
        for (void* const object : object_) emma_free(object);
        Default::check();
    }
};
const Registration<Sources> sources_two("sources", 2, "the calls are limited; a reserve");
const Registration<Sources> sources_three("sources", 3, "and the instance is sealed");

}  // namespace
}  // namespace emma::explore
