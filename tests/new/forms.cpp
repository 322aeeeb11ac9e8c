// SPDX-License-Identifier: MIT OR Apache-2.0
// Which form of operator new and delete calls which ([new.delete.single], [new.delete.array]), for
// a program that replaces some of them: bits of REPLACED say which pairs. Built by
// tests/scripts/new_forms.sh, with a libc and without.
#include <cstddef>
#include <new>

#if __STDC_HOSTED__ && defined(WITH_LIBC)
#include <cstdio>
static void complain(const char* form) { std::printf("wrong: %s\n", form); }
#else
static void complain(const char*) {}
#endif

namespace {

enum Form {
    kNone,
    kNew,
    kNewArray,
    kNewAligned,
    kNewArrayAligned,
    kDelete,
    kDeleteArray,
    kDeleteAligned,
    kDeleteArrayAligned
};
Form last = kNone;
int count = 0;

alignas(64) unsigned char pool[4096];
void* note_new(Form form) {
    last = form;
    count++;
    return pool + 64;
}
void note_delete(Form form) {
    last = form;
    count++;
}

constexpr bool replaced(Form form) {
    switch (form) {
        case kNew:
        case kDelete:
            return (REPLACED & 1) != 0;
        case kNewArray:
        case kDeleteArray:
            return (REPLACED & 2) != 0;
        case kNewAligned:
        case kDeleteAligned:
            return (REPLACED & 4) != 0;
        case kNewArrayAligned:
        case kDeleteArrayAligned:
            return (REPLACED & 8) != 0;
        default:
            return true;
    }
}

// What a form that is not replaced calls; the last one is the library's own.
constexpr Form calls(Form form) {
    switch (form) {
        case kNewArray:
            return kNew;
        case kNewArrayAligned:
            return kNewAligned;
        case kDeleteArray:
            return kDelete;
        case kDeleteArrayAligned:
            return kDeleteAligned;
        default:
            return kNone;
    }
}

bool wrong = false;

// `form` is where the form that was called begins its way.
void check(const char* name, Form form) {
    while (!replaced(form)) form = calls(form);
    if (last != form || count != (form == kNone ? 0 : 1)) {
        complain(name);
        wrong = true;
    }
    last = kNone;
    count = 0;
}

// The forms through pointers, so that no compiler takes a pair away.
template <typename Function>
Function hidden(Function function) {
    asm volatile("" : "+r"(function));
    return function;
}

constexpr std::align_val_t k64{64};

void check_single() {
    void* p = hidden(static_cast<void* (*)(std::size_t)>(::operator new))(10);
    check("new", kNew);
    hidden(static_cast<void (*)(void*) noexcept>(::operator delete))(p);
    check("delete", kDelete);
    p = hidden(static_cast<void* (*)(std::size_t, const std::nothrow_t&) noexcept>(::operator new))(
        10, std::nothrow);
    check("new nothrow", kNew);
    hidden(static_cast<void (*)(void*, const std::nothrow_t&) noexcept>(::operator delete))(
        p, std::nothrow);
    check("delete nothrow", kDelete);
    p = hidden(static_cast<void* (*)(std::size_t)>(::operator new))(10);
    check("new", kNew);
    hidden(static_cast<void (*)(void*, std::size_t) noexcept>(::operator delete))(p, 10);
    check("delete sized", kDelete);
    p = hidden(static_cast<void* (*)(std::size_t, std::align_val_t)>(::operator new))(10, k64);
    check("new aligned", kNewAligned);
    hidden(static_cast<void (*)(void*, std::align_val_t) noexcept>(::operator delete))(p, k64);
    check("delete aligned", kDeleteAligned);
    p = hidden(
        static_cast<void* (*)(std::size_t, std::align_val_t, const std::nothrow_t&) noexcept>(
            ::operator new))(10, k64, std::nothrow);
    check("new aligned nothrow", kNewAligned);
    hidden(static_cast<void (*)(void*, std::align_val_t, const std::nothrow_t&) noexcept>(
        ::operator delete))(p, k64, std::nothrow);
    check("delete aligned nothrow", kDeleteAligned);
    p = hidden(static_cast<void* (*)(std::size_t, std::align_val_t)>(::operator new))(10, k64);
    check("new aligned", kNewAligned);
    hidden(static_cast<void (*)(void*, std::size_t, std::align_val_t) noexcept>(::operator delete))(
        p, 10, k64);
    check("delete sized aligned", kDeleteAligned);
}

void check_array() {
    void* p = hidden(static_cast<void* (*)(std::size_t)>(::operator new[]))(10);
    check("new[]", kNewArray);
    hidden(static_cast<void (*)(void*) noexcept>(::operator delete[]))(p);
    check("delete[]", kDeleteArray);
    p = hidden(static_cast<void* (*)(std::size_t, const std::nothrow_t&) noexcept>(
        ::operator new[]))(10, std::nothrow);
    check("new[] nothrow", kNewArray);
    hidden(static_cast<void (*)(void*, const std::nothrow_t&) noexcept>(::operator delete[]))(
        p, std::nothrow);
    check("delete[] nothrow", kDeleteArray);
    p = hidden(static_cast<void* (*)(std::size_t)>(::operator new[]))(10);
    check("new[]", kNewArray);
    hidden(static_cast<void (*)(void*, std::size_t) noexcept>(::operator delete[]))(p, 10);
    check("delete[] sized", kDeleteArray);
    p = hidden(static_cast<void* (*)(std::size_t, std::align_val_t)>(::operator new[]))(10, k64);
    check("new[] aligned", kNewArrayAligned);
    hidden(static_cast<void (*)(void*, std::align_val_t) noexcept>(::operator delete[]))(p, k64);
    check("delete[] aligned", kDeleteArrayAligned);
    p = hidden(
        static_cast<void* (*)(std::size_t, std::align_val_t, const std::nothrow_t&) noexcept>(
            ::operator new[]))(10, k64, std::nothrow);
    check("new[] aligned nothrow", kNewArrayAligned);
    hidden(static_cast<void (*)(void*, std::align_val_t, const std::nothrow_t&) noexcept>(
        ::operator delete[]))(p, k64, std::nothrow);
    check("delete[] aligned nothrow", kDeleteArrayAligned);
    p = hidden(static_cast<void* (*)(std::size_t, std::align_val_t)>(::operator new[]))(10, k64);
    check("new[] aligned", kNewArrayAligned);
    hidden(static_cast<void (*)(void*, std::size_t, std::align_val_t) noexcept>(
        ::operator delete[]))(p, 10, k64);
    check("delete[] sized aligned", kDeleteArrayAligned);
}

}  // namespace

#if REPLACED & 1
void* operator new(std::size_t) { return note_new(kNew); }
void operator delete(void*) noexcept { note_delete(kDelete); }
#endif
#if REPLACED & 2
void* operator new[](std::size_t) { return note_new(kNewArray); }
void operator delete[](void*) noexcept { note_delete(kDeleteArray); }
#endif
#if REPLACED & 4
void* operator new(std::size_t, std::align_val_t) { return note_new(kNewAligned); }
void operator delete(void*, std::align_val_t) noexcept { note_delete(kDeleteAligned); }
#endif
#if REPLACED & 8
void* operator new[](std::size_t, std::align_val_t) { return note_new(kNewArrayAligned); }
void operator delete[](void*, std::align_val_t) noexcept { note_delete(kDeleteArrayAligned); }
#endif

int main() {
    check_single();
    check_array();
    return wrong ? 1 : 0;
}
