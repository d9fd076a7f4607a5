#include "report/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "report/fixture.h"
#include "report/html_picture.h"
#include "report/markup_check.h"

namespace plimsoll::report {
namespace {

using testing::HasSubstr;
using testing::Not;

/// What stands between each `opening` and the next quote.
std::vector<std::string> values_after(const std::string& text, std::string_view opening) {
    std::vector<std::string> values;
    for (auto at = text.find(opening); at != std::string::npos; at = text.find(opening, at + 1)) {
        const auto begin = at + opening.size();
        values.push_back(text.substr(begin, text.find('"', begin) - begin));
    }
    return values;
}

TEST(Html, is_well_formed_and_points_nowhere_but_into_itself) {
    for (const auto& report :
         {fixture::ordinary(), fixture::healthy(), fixture::empty(), fixture::hostile(), fixture::crowd(30, 60)}) {
        for (const bool verbose : {false, true})
            EXPECT_EQ(markup_fault(render_html(report, {.verbose = verbose}), true), "");
    }
}

TEST(Html, allows_itself_nothing_and_runs_nothing) {
    const auto text = render_html(fixture::ordinary(), {});
    EXPECT_THAT(
        text,
        HasSubstr("content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\""));
    for (const auto* part : {"<script", "<link", "<iframe", "<img", "@import", "url(http"})
        EXPECT_THAT(text, Not(HasSubstr(part)));
}

TEST(Html, every_link_has_its_target_and_every_target_is_one) {
    const auto text = render_html(fixture::ordinary(), {});
    const auto ids = values_after(text, " id=\"");
    const std::set<std::string> targets(ids.begin(), ids.end());
    EXPECT_EQ(targets.size(), ids.size()) << "an id stands twice";
    for (const auto& link : values_after(text, "href=\"#")) EXPECT_TRUE(targets.contains(link)) << link;
}

TEST(Html, tells_paths_before_all_else_and_everything_once_by_object) {
    const auto text = render_html(fixture::ordinary(), {});
    EXPECT_LT(text.find("id=\"h-paths\""), text.find("id=\"h-state\""));
    EXPECT_LT(text.find("id=\"h-state\""), text.find("id=\"h-risks\""));
    EXPECT_LT(text.find("id=\"h-risks\""), text.find("id=\"h-objects\""));
    EXPECT_EQ(elements(text, "article"), 2U);
    for (const auto* part : {"whoever controls ci-runner owns web-01", "Postfix drops privileges itself", "(expired)",
                             "compare the installed kernel", "permission denied", "caps the score at 45"}) {
        EXPECT_THAT(text, HasSubstr(part));
    }
}

TEST(Html, every_object_has_its_cell_with_a_text_alternative) {
    const auto text = render_html(fixture::ordinary(), {});
    EXPECT_THAT(text, HasSubstr("aria-label=\"container ci-runner: critical\">C</a>"));
    EXPECT_THAT(render_html(fixture::healthy(), {}), HasSubstr("aria-label=\"container app-0: nothing failed\""));
}

TEST(Html, an_audit_of_nothing_does_not_look_healthy) {
    const auto text = render_html(fixture::empty(), {});
    EXPECT_THAT(text, HasSubstr("Nothing could be judged."));
    EXPECT_THAT(text, HasSubstr("no engine answered"));
}

TEST(HtmlPicture, the_water_rises_as_the_score_falls) {
    EXPECT_THAT(load_line_picture(100), HasSubstr("d=\"M0 150.0"));
    EXPECT_THAT(load_line_picture(50), HasSubstr("d=\"M0 90.0"));
    EXPECT_THAT(load_line_picture(0), HasSubstr("d=\"M0 30.0"));
    EXPECT_THAT(load_line_picture(std::nullopt), Not(HasSubstr("water")));
    EXPECT_EQ(load_line_picture(-7), load_line_picture(0));
    EXPECT_THAT(load_line_picture(41), HasSubstr("above the mark"));
}

TEST(HtmlPicture, bars_share_the_longest_width) {
    EXPECT_THAT(severity_bar({0, 0, 0, 0, 5}, 10), HasSubstr("class=\"s-critical\" x=\"0.0\" width=\"149.0\""));
    EXPECT_EQ(severity_bar({}, 10), "");
    EXPECT_EQ(severity_bar({1}, 0), "");
}

}  // namespace
}  // namespace plimsoll::report
