// SPDX-License-Identifier: MIT OR Apache-2.0
// std::pmr: the resources that are always there. emma::memory_resource (emma.hpp) is the one over a
// heap.
#include "crt/cxx/memory_resource.h"

#include <new>

#include "crt/panic.h"

EMMA_CRT_WEAK_TABLE("_ZTVNSt3pmr15memory_resourceE");

namespace std::pmr {

EMMA_CRT_PUBLIC memory_resource::~memory_resource() = default;

}  // namespace std::pmr

namespace {

using std::size_t;
using Resource = std::pmr::memory_resource;

// A resource's table without the destructor: containers of static duration may outlive any order,
// so these two objects are never destroyed. The destructor has the first two entries.
class Undestroyed {
  public:
    virtual void complete_destructor() {}
    virtual void deleting_destructor() {}
    virtual void* do_allocate(size_t size, size_t alignment) = 0;
    virtual void do_deallocate(void* object, size_t size, size_t alignment) = 0;
    virtual bool do_is_equal(const Resource& other) const noexcept {
        return reinterpret_cast<const Undestroyed*>(&other) == this;
    }
    Resource* resource() { return reinterpret_cast<Resource*>(this); }

  protected:
    ~Undestroyed() = default;
};

class NewDelete final : public Undestroyed {
    void* do_allocate(size_t size, size_t alignment) override {
        return ::operator new(size, static_cast<std::align_val_t>(alignment));
    }
    void do_deallocate(void* object, size_t size, size_t alignment) override {
        ::operator delete(object, size, static_cast<std::align_val_t>(alignment));
    }
};

class Null final : public Undestroyed {
    void* do_allocate(size_t, size_t) override {
        emma::crt::panic("emma: std::bad_alloc thrown without exceptions\n");
    }
    void do_deallocate(void*, size_t, size_t) override {}
};

constinit NewDelete g_new_delete;
constinit Null g_null;

// any thread; acquire and release as [mem.res.global] asks for. Null: the one by operator new.
constinit Resource* g_default = nullptr;

Resource* or_new_delete(Resource* resource) {
    return resource == nullptr ? g_new_delete.resource() : resource;
}

}  // namespace

namespace std::pmr {

EMMA_CRT_PUBLIC memory_resource* new_delete_resource() noexcept { return g_new_delete.resource(); }
EMMA_CRT_PUBLIC memory_resource* null_memory_resource() noexcept { return g_null.resource(); }

EMMA_CRT_PUBLIC memory_resource* get_default_resource() noexcept {
    return or_new_delete(__atomic_load_n(&g_default, __ATOMIC_ACQUIRE));
}

EMMA_CRT_PUBLIC memory_resource* set_default_resource(memory_resource* resource) noexcept {
    return or_new_delete(__atomic_exchange_n(&g_default, resource, __ATOMIC_ACQ_REL));
}

}  // namespace std::pmr
