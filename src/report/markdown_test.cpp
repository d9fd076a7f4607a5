#include "report/markdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/fixture.h"

namespace plimsoll::report {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Markdown, tells_paths_then_findings_then_what_is_unknown) {
    const auto text = render_markdown(fixture::ordinary(), {});
    EXPECT_THAT(text, HasSubstr("# Plimsoll audit of web-01: 41 of 100"));
    EXPECT_LT(text.find("## Attack paths"), text.find("## Findings by object"));
    EXPECT_LT(text.find("## Findings by object"), text.find("## Could not be found out"));
    EXPECT_THAT(text, HasSubstr("1. ci-runner mounts /var/run/docker.sock read-write"));
    EXPECT_THAT(text, HasSubstr("| 2 | 1 | 7 | 2 | 1 |"));
}

TEST(Markdown, a_name_cannot_add_a_cell_a_heading_or_a_mention) {
    auto report = fixture::ordinary();
    report.waivers[0].reason = "a | b\n| c |\n# big @everyone";
    const auto text = render_markdown(report, {});
    EXPECT_THAT(text, HasSubstr("| a \\| b\\\\x0a\\| c \\|\\\\x0a&#35; big &#64;everyone |"));
}

TEST(Markdown, a_remedy_cannot_leave_its_block) {
    auto report = fixture::ordinary();
    report.paths[0].remedy = "echo\n```\n# out";
    EXPECT_THAT(render_markdown(report, {}), HasSubstr("````\necho\n```\n# out\n````\n"));
}

TEST(Markdown, lists_what_needs_a_person_only_when_verbose) {
    EXPECT_THAT(render_markdown(fixture::ordinary(), {}), Not(HasSubstr("compare the installed kernel")));
    EXPECT_THAT(render_markdown(fixture::ordinary(), {.verbose = true}), HasSubstr("compare the installed kernel"));
}

}  // namespace
}  // namespace plimsoll::report
