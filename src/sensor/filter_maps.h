#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "bpf/shared.h"
#include "model/kernel_filter.h"

namespace plimsoll::sensor {

/// The numbers that the kernel programs make of a part of a path, of a whole path, and of a program's name.
[[nodiscard]] std::uint64_t part_number(std::string_view part);
[[nodiscard]] std::uint64_t path_number(std::string_view normal_path);
[[nodiscard]] std::uint64_t program_number(std::string_view name);

/// A filter as the kernel programs look at it.
struct FilterTables {
    struct Acts {
        std::uint16_t last = 0, any = 0;
    };
    FilterSlot slot{};
    std::unordered_map<std::uint64_t, Acts> wishes;
    std::array<std::uint8_t, CALLS> shape{};  ///< by x86-64 number: which program looks at the call
};

/// Paths beyond `most_wishes` make their acts wanted for every path.
[[nodiscard]] FilterTables filter_tables(const model::KernelFilter& filter, std::size_t most_wishes);

/// i386 numbers to x86-64 numbers, 0xffff where there is no namesake that is looked at; the number of socketcall is
/// left to the kernel programs.
[[nodiscard]] const std::array<std::uint16_t, CALLS>& native_numbers();
inline constexpr std::size_t kSocketcall = 102;

}  // namespace plimsoll::sensor
