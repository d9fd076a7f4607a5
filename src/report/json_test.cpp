#include "report/json.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/text.h"
#include "report/fixture.h"
#include "report/schema_check.h"

namespace plimsoll::report {
namespace {

using nlohmann::json;

constexpr const char* kSchema = PLIMSOLL_SOURCE_DIR "/docs/reference/audit-report.schema.json";

TEST(Json, the_schema_describes_every_report) {
    Schema schema(kSchema);
    for (const auto& report :
         {fixture::ordinary(), fixture::healthy(), fixture::empty(), fixture::hostile(), fixture::crowd(3, 30)}) {
        for (const auto& fault : schema.faults(json::parse(render_json(report, {})))) ADD_FAILURE() << fault;
    }
}

TEST(Json, the_schema_refuses_a_key_too_many_a_key_too_few_and_a_wrong_type) {
    Schema schema(kSchema);
    auto document = json::parse(render_json(fixture::ordinary(), {}));
    document["findings"][0]["extra"] = 1;
    document["totals"].erase("passed");
    document["score"] = "41";
    EXPECT_EQ(schema.faults(document).size(), 3U);
}

TEST(Json, says_everything_with_evidence_and_origin) {
    const auto document = json::parse(render_json(fixture::ordinary(), {}));
    EXPECT_EQ(document["findings"].size(), fixture::ordinary().findings.size());
    const auto& socket = document["findings"][0];
    EXPECT_EQ(socket["check"], "container-engine-socket");
    EXPECT_EQ(document["objects"][socket["object"].get<std::size_t>()]["name"], "ci-runner");
    EXPECT_EQ(socket["evidence"][0]["origin"], "GET /containers/4f1c/json: Mounts[0].Source");
    EXPECT_EQ(socket["path"], 0);
    EXPECT_EQ(document["totals"]["failed_by_severity"]["critical"], 2);
    EXPECT_EQ(document["baseline"]["resolved"], 4);
    EXPECT_TRUE(json::parse(render_json(fixture::healthy(), {}))["baseline"].is_null());
}

TEST(Json, what_passed_is_there_and_says_little) {
    auto report = fixture::crowd(1, 3);
    const auto document = json::parse(render_json(report, {}));
    EXPECT_EQ(document["findings"][0].size(), 3U);
    EXPECT_EQ(document["findings"][0]["outcome"], "pass");
    report.findings[0].evidence = {{"a", "b", "c"}};
    EXPECT_EQ(json::parse(render_json(report, {}))["findings"][0]["evidence"][0]["origin"], "c");
}

TEST(Json, hostile_bytes_come_back_as_text) {
    const auto report = fixture::hostile();
    const auto text = render_json(report, {});
    EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x7f; }));
    const auto name = json::parse(text)["objects"][0]["name"].get<std::string>();
    EXPECT_TRUE(name.starts_with("\x1b]0;owned\x07")) << "control characters survive, escaped";
    EXPECT_EQ(json::parse(text)["objects"][1]["name"], report.objects[1].name);
    EXPECT_NE(name.find("\xef\xbf\xbd"), std::string::npos);
    EXPECT_NE(name.find("</script>"), std::string::npos);
}

TEST(Json, each_finding_is_one_line) {
    const auto report = fixture::crowd(4, 10);
    const auto text = render_json(report, {});
    std::size_t lines = 0;
    for (const auto line : split(text, '\n')) lines += line.find("\"outcome\"") != std::string_view::npos ? 1 : 0;
    EXPECT_EQ(lines, report.findings.size());
}

}  // namespace
}  // namespace plimsoll::report
