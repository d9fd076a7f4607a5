#include "report/junit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/fixture.h"
#include "report/markup_check.h"

namespace plimsoll::report {
namespace {

using testing::HasSubstr;

TEST(Junit, is_well_formed_whatever_the_names_are) {
    for (const auto& report :
         {fixture::ordinary(), fixture::healthy(), fixture::empty(), fixture::hostile(), fixture::crowd(5, 40)}) {
        EXPECT_EQ(markup_fault(render_junit(report, {}), false), "");
    }
}

TEST(Junit, has_a_suite_for_each_object_and_a_case_for_each_check) {
    const auto report = fixture::ordinary();
    const auto text = render_junit(report, {});
    EXPECT_EQ(elements(text, "testsuite"), report.objects.size() + 2) << "and one for paths, one for problems";
    EXPECT_EQ(elements(text, "testcase"), report.findings.size() + report.paths.size() + report.problems.size());
}

TEST(Junit, says_each_outcome_in_its_own_element) {
    const auto text = render_junit(fixture::ordinary(), {});
    EXPECT_EQ(elements(text, "failure"), 13U + 2U);
    EXPECT_EQ(elements(text, "error"), 2U + 1U);
    EXPECT_EQ(elements(text, "skipped"), 3U);
    EXPECT_THAT(text, HasSubstr("<skipped message=\"waived: Postfix drops privileges itself\"/>"));
    EXPECT_THAT(text, HasSubstr("<skipped message=\"not applicable: an image has no mounts\"/>"));
    EXPECT_THAT(text, HasSubstr("type=\"critical\">mount.source = /var/run/docker.sock"));
    EXPECT_THAT(text, HasSubstr("tests=\"31\" failures=\"15\" errors=\"3\" skipped=\"3\""));
}

TEST(Junit, an_audit_that_could_not_be_made_is_no_success) {
    EXPECT_EQ(elements(render_junit(fixture::empty(), {}), "error"), 1U);
}

}  // namespace
}  // namespace plimsoll::report
