#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace plimsoll::report::fixture {

/// For tests: compares with a file below tests/golden/; with PLIMSOLL_UPDATE_GOLDEN=1 writes it instead.
inline void expect_golden(std::string_view name, const std::string& produced) {
    const auto path = fmt::format("{}/tests/golden/{}", PLIMSOLL_SOURCE_DIR, name);
    const char* update = std::getenv("PLIMSOLL_UPDATE_GOLDEN");
    if (update != nullptr && std::string_view(update) == "1") {
        std::ofstream(path, std::ios::binary) << produced;
        return;
    }
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    EXPECT_TRUE(text.str() == produced) << path
                                        << " differs; PLIMSOLL_UPDATE_GOLDEN=1 rewrites it, then read the change";
}

}  // namespace plimsoll::report::fixture
