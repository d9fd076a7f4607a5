#pragma once

#include <string_view>

namespace plimsoll {

/// A file that the build put into the program (cmake/embed.cmake lays it out: pointer and length, twice).
struct EmbeddedFile {
    const char* name_data;
    unsigned long name_size;
    const char* data;
    unsigned long size;

    [[nodiscard]] std::string_view name() const { return {name_data, name_size}; }
    [[nodiscard]] std::string_view content() const { return {data, size}; }
};

}  // namespace plimsoll
