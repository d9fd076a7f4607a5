#include "report/formats.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"
#include "report/fixture.h"
#include "report/golden.h"

namespace plimsoll::report {
namespace {

struct Case {
    const char* name;
    model::AuditReport (*make)();
};

constexpr Case kCases[] = {{"ordinary", fixture::ordinary}, {"healthy", fixture::healthy}, {"empty", fixture::empty}};

TEST(Formats, every_report_in_every_format_is_as_the_golden_file_has_it) {
    for (const Case& one : kCases) {
        for (const Format& format : formats()) {
            fixture::expect_golden(fmt::format("report/{}.{}", one.name, format.file_ending),
                                   format.render(one.make(), {}));
        }
    }
}

TEST(Formats, verbose_coloured_crowded_and_hostile_text_is_as_the_golden_file_has_it) {
    fixture::expect_golden("report/ordinary-verbose.txt",
                           find_format("text")->render(fixture::ordinary(), {.verbose = true}));
    fixture::expect_golden("report/ordinary-colour-60.txt",
                           find_format("text")->render(fixture::ordinary(), {.colour = true, .width = 60}));
    for (const auto* name : {"text", "markdown", "csv"}) {
        fixture::expect_golden(fmt::format("report/hostile.{}", find_format(name)->file_ending),
                               find_format(name)->render(fixture::hostile(), {}));
    }
    fixture::expect_golden("report/crowd.txt", find_format("text")->render(fixture::crowd(500, 130), {}));
}

TEST(Formats, the_same_report_gives_the_same_bytes) {
    for (const Format& format : formats()) {
        EXPECT_EQ(format.render(fixture::hostile(), {}), format.render(fixture::hostile(), {})) << format.name;
    }
}

TEST(Formats, names_and_file_endings_are_unique_and_found_by_name_only) {
    std::set<std::string_view> seen;
    for (const Format& format : formats()) {
        EXPECT_TRUE(seen.insert(format.name).second);
        EXPECT_EQ(find_format(format.name)->file_ending, format.file_ending);
    }
    EXPECT_FALSE(find_format("pdf"));
    EXPECT_FALSE(find_format("TEXT"));
}

/// Markdown without what stands in fenced blocks, where markup means itself.
std::string without_fences(const std::string& markdown) {
    std::string out;
    std::string fence;
    for (const auto line : split(markdown, '\n')) {
        const auto text = trim(line);
        if (fence.empty() && text.starts_with("```")) {
            fence = text;
        } else if (!fence.empty() && text == fence) {
            fence.clear();
        } else if (fence.empty()) {
            out.append(line).append("\n");
        }
    }
    EXPECT_TRUE(fence.empty()) << "a fenced block is never closed";
    return out;
}

class Hostile : public testing::TestWithParam<bool> {};

TEST_P(Hostile, no_control_character_override_or_invalid_byte_leaves_any_format) {
    for (const Format& format : formats()) {
        SCOPED_TRACE(format.name);
        const auto text = format.render(fixture::hostile(), {.verbose = GetParam()});
        EXPECT_EQ(valid_utf8(text), text);
        for (const char c : text) {
            const auto byte = static_cast<unsigned char>(c);
            ASSERT_TRUE((byte >= 0x20 && byte != 0x7f) || c == '\n' || c == '\r') << int{byte};
        }
        EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos) << "C1 control";
        EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos) << "right-to-left override";
        EXPECT_EQ(text.find("\xe2\x80\x8b"), std::string::npos) << "zero-width space";
    }
}

TEST_P(Hostile, colour_brings_in_only_the_sequences_that_the_report_writes) {
    const auto text = find_format("text")->render(fixture::hostile(), {.colour = true, .verbose = GetParam()});
    for (auto at = text.find('\x1b'); at != std::string::npos; at = text.find('\x1b', at + 1)) {
        const auto end = text.find_first_not_of("0123456789;", at + 2);
        ASSERT_EQ(text[at + 1], '[');
        ASSERT_EQ(text[end], 'm');
    }
}

TEST_P(Hostile, no_script_starts_in_any_document_that_a_browser_may_show) {
    for (const auto* name : {"json", "html", "markdown", "sarif", "junit"}) {
        SCOPED_TRACE(name);
        auto text = find_format(name)->render(fixture::hostile(), {.verbose = GetParam()});
        if (std::string_view(name) == "markdown") text = without_fences(text);
        for (const auto* part : {"<script", "<img", "<!--", "]]>"}) EXPECT_FALSE(icontains(text, part)) << part;
    }
}

TEST_P(Hostile, sizes_stay_bounded_in_documents_for_people) {
    for (const auto* name : {"text", "markdown", "html"}) {
        EXPECT_LT(find_format(name)->render(fixture::hostile(), {.verbose = GetParam()}).size(), 400'000U) << name;
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, Hostile, testing::Bool(),
                         [](const auto& verbose) { return verbose.param ? "verbose" : "brief"; });

TEST(Formats, sixty_five_thousand_findings_are_written_in_time) {
    const auto report = fixture::crowd(500, 130);
    for (const Format& format : formats()) {
        const auto begin = std::chrono::steady_clock::now();
        const auto text = format.render(report, {});
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
        RecordProperty(std::string(format.name) + "_ms", fmt::format("{:.1f}", took.count()));
        RecordProperty(std::string(format.name) + "_bytes", fmt::format("{}", text.size()));
        EXPECT_LT(took.count(), 5000) << format.name;  // a guard against quadratic work; sanitizers are slow
    }
}

}  // namespace
}  // namespace plimsoll::report
