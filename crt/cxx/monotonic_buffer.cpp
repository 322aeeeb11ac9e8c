// SPDX-License-Identifier: MIT OR Apache-2.0
// std::pmr::monotonic_buffer_resource: the members that libstdc++'s header leaves to its archive.
// The layout is its binary interface.
#include <new>

#include "crt/cxx/memory_resource.h"

EMMA_CRT_WEAK_TABLE("_ZTVNSt3pmr25monotonic_buffer_resourceE");

namespace std::pmr {

class EMMA_CRT_PUBLIC_CLASS monotonic_buffer_resource : public memory_resource {
  public:
    ~monotonic_buffer_resource() override;

  private:
    void* do_allocate(std::size_t size, std::size_t alignment) override;
    void do_deallocate(void*, std::size_t, std::size_t) override {}
    bool do_is_equal(const memory_resource& other) const noexcept override {
        return this == &other;
    }

    void _M_new_buffer(std::size_t size, std::size_t alignment);
    void _M_release_buffers() noexcept;

    struct Buffer;  // a list of what came from upstream

    void* place_;
    std::size_t available_;
    std::size_t next_bytes_;
    memory_resource* upstream_;

  protected:  // the constructors in the header write these, and nothing here reads them
    void* first_place_;
    std::size_t first_bytes_;

  private:
    Buffer* buffers_;
};

// At the start of each buffer.
struct monotonic_buffer_resource::Buffer {
    Buffer* next;
    std::size_t bytes;
    std::size_t alignment;
};

EMMA_CRT_PUBLIC monotonic_buffer_resource::~monotonic_buffer_resource() { _M_release_buffers(); }

EMMA_CRT_PUBLIC void* monotonic_buffer_resource::do_allocate(std::size_t size,
                                                             std::size_t alignment) {
    if (size == 0) size = 1;
    std::size_t skipped = -reinterpret_cast<std::size_t>(place_) % alignment;
    if (place_ == nullptr || available_ < skipped || available_ - skipped < size) {
        _M_new_buffer(size, alignment);
        skipped = 0;
    }
    char* const object = static_cast<char*>(place_) + skipped;
    place_ = object + size;
    available_ -= skipped + size;
    return object;
}

// The next buffer has room for that object at its start. Each is half as large again as the one
// before.
EMMA_CRT_PUBLIC void monotonic_buffer_resource::_M_new_buffer(std::size_t size,
                                                              std::size_t alignment) {
    if (alignment < alignof(std::max_align_t)) alignment = alignof(std::max_align_t);
    const std::size_t header = (sizeof(Buffer) + alignment - 1) & ~(alignment - 1);
    std::size_t bytes = size > next_bytes_ ? size : next_bytes_;
    if (bytes > ~std::size_t{0} - header) bytes = ~std::size_t{0} - header;  // refused upstream
    void* const memory = upstream_->allocate(header + bytes, alignment);
    buffers_ = new (memory) Buffer{buffers_, header + bytes, alignment};
    place_ = static_cast<char*>(memory) + header;
    available_ = bytes;
    if (next_bytes_ < ~std::size_t{0} / 4) next_bytes_ += next_bytes_ / 2;
}

EMMA_CRT_PUBLIC void monotonic_buffer_resource::_M_release_buffers() noexcept {
    while (buffers_ != nullptr) {
        Buffer* const buffer = buffers_;
        buffers_ = buffer->next;
        upstream_->deallocate(buffer, buffer->bytes, buffer->alignment);
    }
}

}  // namespace std::pmr
