// SPDX-License-Identifier: MIT OR Apache-2.0
// Races: for every byte that threads touch, when each of them last read and wrote it, plainly and
// atomically. An access races with another thread's when that one is not known to be over; two
// atomic accesses never do.
#include <cstring>

#include "tests/explorer/memory.h"
#include "tests/explorer/model.h"

namespace emma::explore {

Model::Cell& Model::cell_of(std::uintptr_t address) {
    const std::uintptr_t granule = address & ~std::uintptr_t{7};
    Bucket& found = bucket(cell_table_, granule);
    if (found.run == run_) return cells_[found.index];
    if (cell_count_ == kBuckets / 2) fail("the explorer has room for no more bytes");
    if (cell_count_ == cells_.size()) cells_.emplace_back();
    Cell& fresh = cells_[cell_count_];
    fresh = {};
    fresh.granule = granule;
    found = {granule, run_, static_cast<std::uint32_t>(cell_count_++)};
    return fresh;
}

bool Model::is_known(unsigned thread, const Clock& clock) const {
    const Clock& own = threads_[thread].view.clock;
    for (unsigned other = 0; other < kMaxThreads; ++other)
        if (other != thread && clock.of[other] > own.of[other]) return false;
    return true;
}

void Model::find_race(std::uintptr_t address, const char* what) const {
    for (const Range& range : allowed_)
        if (address - range.start < range.bytes) return;
    fail(what);
}

void Model::Cell::split() {
    if (is_split) return;
    for (unsigned byte = 1; byte < 8; ++byte) touched[byte] = touched[0];
    is_split = true;
}

void Model::touch(const Access& access, std::size_t bytes) {
    const std::uintptr_t end = access.address + bytes;
    for (std::uintptr_t at = access.address; at < end;) {
        Cell& cell = cell_of(at);
        const std::uintptr_t next = cell.granule + 8;
        if (at != cell.granule || next > end) cell.split();
        if (!cell.is_split) {
            touch_one(access, cell.touched[0]);
        } else {
            for (std::uintptr_t byte = at; byte < next && byte < end; ++byte)
                touch_one(access, cell.touched[byte & 7]);
        }
        at = next;
    }
}

void Model::touch_one(const Access& access, Touch& touched) {
    const auto [thread, address, is_write, is_atomic] = access;
    if (!is_known(thread, touched.write))
        find_race(address, "race: another thread's plain write is not known to be over");
    if (is_write && !is_known(thread, touched.read))
        find_race(address, "race: another thread's plain read is not known to be over");
    if (!is_atomic && !is_known(thread, touched.atomic_write))
        find_race(address, "race: another thread's atomic write is not known to be over");
    if (!is_atomic && is_write && !is_known(thread, touched.atomic_read))
        find_race(address, "race: another thread's atomic read is not known to be over");
    Clock& mine = is_atomic ? (is_write ? touched.atomic_write : touched.atomic_read)
                            : (is_write ? touched.write : touched.read);
    mine.of[thread] = threads_[thread].view.clock.of[thread];
}

// A plain store where others look atomically: it counts as a relaxed one.
void Model::store_plainly(unsigned thread, std::uintptr_t address, std::size_t bytes) {
    for (std::uintptr_t at = address; at < address + bytes; ++at) {
        Bucket& found = bucket(location_table_, at);
        if (found.run != run_ || found.index == ~0u) continue;
        Location& where = locations_[found.index];
        if (threads_[thread].view.of(index_of(where)) != where.newest())
            fail("race: a plain store over an atomic one that the thread does not know");
        // Its value is in memory only after this: the location starts anew from there.
        found.index = ~0u;
    }
}

void Model::plain_access(unsigned thread, std::uintptr_t address, std::size_t bytes,
                         bool is_write) {
    if (is_write && cell_of(address).has_location) store_plainly(thread, address, bytes);
    touch({thread, address, is_write, false}, bytes);
}

void Model::discard(unsigned thread, std::uintptr_t address, std::size_t bytes) {
    for (std::size_t i = 0; i < cell_count_; ++i) {
        Cell& cell = cells_[i];
        if (cell.granule - address >= bytes) continue;
        for (unsigned byte = 0; byte < cell.touch_count(); ++byte) {
            const Touch& touched = cell.touched[byte];
            for (const Clock* clock :
                 {&touched.read, &touched.write, &touched.atomic_read, &touched.atomic_write})
                if (!is_known(thread, *clock))
                    fail("pages go while another thread's access is not known to be over");
        }
        for (unsigned byte = 0; byte < 8; ++byte) {
            Bucket& found = bucket(location_table_, cell.granule + byte);
            if (found.run == run_) found.index = ~0u;
        }
    }
}

}  // namespace emma::explore
