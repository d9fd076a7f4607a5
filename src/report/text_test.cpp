#include "report/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "report/fixture.h"

namespace plimsoll::report {
namespace {

using testing::HasSubstr;
using testing::Not;

std::size_t line_count(const std::string& text) { return split(text, '\n').size() - 1; }

TEST(Text, begins_with_the_load_line) {
    const auto text = render_text(fixture::ordinary(), {});
    const auto first = split(text, '\n');
    EXPECT_THAT(std::string(first[0]), HasSubstr("web-01 · docker 20.10.24"));
    EXPECT_THAT(std::string(first[1]), HasSubstr("score 41/100"));
    EXPECT_THAT(std::string(first[1]), HasSubstr("2 critical · 1 high"));
    EXPECT_THAT(std::string(first[2]), HasSubstr("840 ms"));
}

TEST(Text, a_healthy_host_fits_on_one_screen) {
    EXPECT_LE(line_count(render_text(fixture::healthy(), {.width = 80})), 24U);
    EXPECT_LE(line_count(render_text(fixture::empty(), {.width = 80})), 24U);
}

TEST(Text, attack_paths_stand_before_findings_and_are_not_repeated) {
    const auto text = render_text(fixture::ordinary(), {});
    EXPECT_LT(text.find("ATTACK PATHS"), text.find("FINDINGS"));
    const std::string step = "ci-runner mounts /var/run/docker.sock read-write";
    const auto at = text.find(step);
    ASSERT_NE(at, std::string::npos);
    EXPECT_EQ(text.find(step, at + 1), std::string::npos);
}

TEST(Text, five_hundred_containers_do_not_scroll_the_terminal_away) {
    const auto text = render_text(fixture::crowd(500, 130), {});
    EXPECT_LE(line_count(text), 60U);
    EXPECT_THAT(text, HasSubstr("500 containers"));
}

TEST(Text, items_are_bounded_and_the_rest_is_counted) {
    const auto text = render_text(fixture::ordinary(), {});
    EXPECT_THAT(text, HasSubstr("0.0.0.0:5435"));
    EXPECT_THAT(text, Not(HasSubstr("0.0.0.0:5436")));
    EXPECT_THAT(text, HasSubstr("and 10 more items"));
    EXPECT_THAT(render_text(fixture::ordinary(), {.verbose = true}), HasSubstr("0.0.0.0:5437"));
}

TEST(Text, unknowns_waivers_problems_and_manual_checks_are_told) {
    const auto text = render_text(fixture::ordinary(), {});
    EXPECT_THAT(text, HasSubstr("2 checks: /proc/PID/status of the container could not be read"));
    EXPECT_THAT(text, HasSubstr("waiver w-old (/etc/plimsoll/waivers.yaml:11) expired on 2026-06-30"));
    EXPECT_THAT(text, HasSubstr("waiver w-lost (/etc/plimsoll/waivers.yaml:18) matches no finding"));
    EXPECT_THAT(text, HasSubstr("reading /etc/docker/daemon.json: permission denied"));
    EXPECT_THAT(text, HasSubstr("1 check for a person to look at (--verbose)"));
    EXPECT_THAT(text, Not(HasSubstr("compare the installed kernel")));
}

TEST(Text, no_line_is_wider_than_the_terminal) {
    for (const unsigned width : {40U, 60U, 80U, 160U}) {
        for (const auto& report : {fixture::ordinary(), fixture::hostile(), fixture::crowd(20, 30)}) {
            const auto text = render_text(report, {.width = width, .verbose = true});
            for (const auto line : split(text, '\n')) ASSERT_LE(display_width(line), width) << line;
        }
    }
}

TEST(Text, an_audit_of_nothing_does_not_look_healthy) {
    const auto text = render_text(fixture::empty(), {});
    EXPECT_THAT(text, HasSubstr("nothing could be judged"));
    EXPECT_THAT(text, Not(HasSubstr("100/100")));
}

TEST(Text, severity_is_a_word_without_colour) {
    const auto text = render_text(fixture::ordinary(), {});
    for (const auto* word : {" CRIT ", " HIGH ", " MED  ", " LOW  ", " INFO "}) EXPECT_THAT(text, HasSubstr(word));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace plimsoll::report
