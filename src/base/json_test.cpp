#include "base/json.h"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(Json, ReadsWhatIsThereAndNothingElse) {
    const auto document = JsonDocument::parse(
        R"({"HostConfig":{"Memory":1048576,"Privileged":true,"CapAdd":null,"Binds":["/a:/b"]},"Name":"/web"})");
    ASSERT_TRUE(document);
    const Json root = document->root();
    EXPECT_EQ(root["Name"].text(), "/web");
    EXPECT_EQ(root.at("HostConfig.Memory").integer(), 1048576);
    EXPECT_EQ(root.at("HostConfig.Privileged").truth(), true);
    EXPECT_TRUE(root.at("HostConfig.CapAdd").is_null());
    EXPECT_EQ(root.at("HostConfig.Binds").size(), 1U);
    EXPECT_FALSE(root.at("HostConfig.Binds.Nothing").text());
    EXPECT_FALSE(root["Name"].integer());
}

TEST(Json, ADocumentKeepsItsValuesWhenItMoves) {
    auto document = JsonDocument::parse(R"({"a":["one","two"]})");
    ASSERT_TRUE(document);
    JsonDocument moved = std::move(*document);
    std::string all;
    moved.root()["a"].each([&](Json item) { all += item.text_or("?"); });
    EXPECT_EQ(all, "onetwo");
}

TEST(Json, TellsBrokenTextApart) {
    EXPECT_FALSE(JsonDocument::parse(""));
    EXPECT_FALSE(JsonDocument::parse(R"({"a":)"));
    EXPECT_FALSE(JsonDocument::parse(R"({} {})"));
    EXPECT_FALSE(JsonDocument::parse("\xff\xfe"));
}

}  // namespace
}  // namespace plimsoll
