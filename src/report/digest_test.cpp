#include "report/digest.h"

#include <gtest/gtest.h>

#include "report/fixture.h"

namespace plimsoll::report {
namespace {

using model::Outcome;
using model::Severity;
using model::SubjectKind;

model::AuditReport containers(std::uint32_t number) {
    model::AuditReport report;
    report.checks = {{"a", "A", "", "", Severity::high, SubjectKind::container},
                     {"b", "B", "", "", Severity::low, SubjectKind::container}};
    for (std::uint32_t i = 0; i < number; ++i) report.objects.push_back({SubjectKind::container, "id", "c"});
    return report;
}

TEST(Digest, a_check_that_fails_on_many_objects_is_told_once) {
    auto report = containers(kSharedFrom);
    for (std::uint32_t i = 0; i < kSharedFrom; ++i) fixture::add(report, 0, i, Outcome::fail, "the same words");
    fixture::add(report, 1, 2, Outcome::fail);
    const auto sums = digest(report);
    ASSERT_EQ(sums.shared.size(), 1U);
    EXPECT_EQ(sums.shared[0].findings.size(), kSharedFrom);
    EXPECT_TRUE(sums.shared[0].same_message);
    EXPECT_EQ(sums.objects[0].object, 2U) << "the object with one failure more is the worst";
    EXPECT_EQ(sums.objects[0].findings.size(), 1U);
    EXPECT_EQ(sums.objects[0].in_shared, 1U);
}

TEST(Digest, one_object_fewer_and_each_tells_it) {
    auto report = containers(kSharedFrom - 1);
    for (std::uint32_t i = 0; i + 1 < kSharedFrom; ++i) fixture::add(report, 0, i, Outcome::fail);
    EXPECT_TRUE(digest(report).shared.empty());
    EXPECT_EQ(digest(report).objects.size(), kSharedFrom - 1);
}

TEST(Digest, a_finding_of_a_path_is_counted_but_not_told_again) {
    const auto report = fixture::ordinary();
    const auto sums = digest(report);
    ASSERT_EQ(sums.paths.size(), 2U);
    ASSERT_EQ(report.objects[sums.objects[0].object].name, "ci-runner");
    EXPECT_EQ(sums.objects[0].in_paths, 2U);
    EXPECT_TRUE(sums.objects[0].findings.empty());
    EXPECT_EQ(sums.failed[rank(Severity::critical)], 2U);
}

TEST(Digest, a_waived_path_gives_its_findings_back_to_their_object) {
    auto report = fixture::ordinary();
    report.paths[0].waiver = 0;
    const auto sums = digest(report);
    EXPECT_EQ(sums.paths.size(), 1U);
    for (const auto& view : sums.objects) {
        if (view.object != 2) continue;
        EXPECT_EQ(view.findings.size(), 2U);
    }
}

TEST(Digest, waived_findings_count_nowhere_else) {
    const auto sums = digest(fixture::ordinary());
    EXPECT_EQ(sums.waived, 1U);
    EXPECT_EQ(sums.waived_findings.size(), 1U);
    EXPECT_EQ(failures(sums), 2U + 1U + 1U + 6U + 3U);
}

TEST(Digest, unknowns_are_grouped_by_reason_most_frequent_first) {
    auto report = containers(3);
    fixture::add(report, 0, 0, Outcome::unknown).reason = "aaa";
    fixture::add(report, 0, 1, Outcome::unknown).reason = "zzz";
    fixture::add(report, 0, 2, Outcome::unknown).reason = "zzz";
    const auto sums = digest(report);
    ASSERT_EQ(sums.unknowns.size(), 2U);
    EXPECT_EQ(sums.unknowns[0].reason, "zzz");
    EXPECT_EQ(sums.unknown, 3U);
}

TEST(DigestDeath, an_index_that_points_nowhere_stops_the_program) {
    auto report = containers(1);
    fixture::add(report, 0, 0, Outcome::fail).path = 7;
    EXPECT_DEATH(static_cast<void>(digest(report)), "check_indexes");
}

TEST(Digest, items_left_out_trust_the_larger_number) {
    model::Finding finding{.items = {{}, {}, {}}, .items_total = 2};
    EXPECT_EQ(items_left_out(finding, 2), 1U);
    finding.items_total = 14;
    EXPECT_EQ(items_left_out(finding, 2), 12U);
    EXPECT_EQ(items_left_out(finding, 100), 11U);
}

TEST(Digest, numbers_read_as_words_do) {
    EXPECT_EQ(counted(1, "container"), "1 container");
    EXPECT_EQ(counted(0, "check"), "0 checks");
    EXPECT_EQ(counted(2, "box"), "2 boxes");
    EXPECT_EQ(duration(0.84), "840 ms");
    EXPECT_EQ(duration(5.25), "5.2 s");
    EXPECT_EQ(duration(125), "2 min 5 s");
    EXPECT_EQ(duration(-1), "an unknown time");
}

}  // namespace
}  // namespace plimsoll::report
