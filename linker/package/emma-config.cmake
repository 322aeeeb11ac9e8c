# SPDX-License-Identifier: MIT OR Apache-2.0
# find_package(emma) offers, for target_link_libraries:
#   emma::emma     in a program with a libc: Emma for everything, malloc and operator new included
#   emma::beside   in a program with a libc: the names that begin with emma_, and nothing else
#   emma::crt      a static program without a libc: start code, threads, the allocator
#   emma::crt_pie  the same as a static-PIE
get_filename_component(emma_libdir "${CMAKE_CURRENT_LIST_DIR}/@LIBDIR@" ABSOLUTE)
get_filename_component(emma_includedir "${CMAKE_CURRENT_LIST_DIR}/@INCLUDEDIR@" ABSOLUTE)

# In words that begin with -Wl CMake escapes nothing.
string(REPLACE " " "\\ " emma_escaped "${emma_libdir}")

foreach(emma_name emma beside crt crt_pie)
    if(NOT TARGET emma::${emma_name})
        add_library(emma::${emma_name} INTERFACE IMPORTED ${emma_scope}) # GLOBAL in CMakeLists.txt
    endif()
endforeach()

set_target_properties(emma::emma PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${emma_includedir}"
    INTERFACE_LINK_LIBRARIES "-Wl,${emma_escaped}/emma/exceptions.o,--whole-archive,${emma_escaped}/libemma.a,--no-whole-archive")
set_target_properties(emma::beside PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${emma_includedir}"
    INTERFACE_LINK_LIBRARIES "${emma_libdir}/libemma_beside.a")

# As emma-cc and emma-c++ have it. The headers come last: no libc's may hide behind Emma's.
foreach(emma_mode static static-pie)
    if(emma_mode STREQUAL static)
        set(emma_name crt)
        set(emma_code -fno-pie)
    else()
        set(emma_name crt_pie)
        set(emma_code -fPIE)
    endif()
    set_target_properties(emma::${emma_name} PROPERTIES
        INTERFACE_COMPILE_OPTIONS "${emma_code};-fno-exceptions;$<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>;-fno-asynchronous-unwind-tables;-ffunction-sections;-fdata-sections;SHELL:-isystem \"${emma_libdir}/emma/c++\";SHELL:-idirafter \"${emma_includedir}\""
        INTERFACE_LINK_OPTIONS "-nostdlib;-nostartfiles;-${emma_mode};-Wl,-T,${emma_libdir}/emma/${emma_mode}.ld;-Wl,--gc-sections"
        INTERFACE_LINK_LIBRARIES "-Wl,--start-group,${emma_escaped}/libemma.a,${emma_escaped}/libemma_crt.a,--end-group;-lgcc")
endforeach()
