#include "rule/yaml.h"

#include <gtest/gtest.h>

namespace plimsoll::rule {
namespace {

TEST(Yaml, AByteThatYamlForbidsIsToldWithItsPlace) {
    const auto control = parse_yaml("a: 1\nb: 2\nc: x\x01y\n", 3);
    ASSERT_FALSE(control);
    EXPECT_EQ(control.error().at.file, 3U);
    EXPECT_EQ(control.error().at.line, 3U);
    EXPECT_EQ(control.error().at.column, 5U);
    const auto broken = parse_yaml("a: 1\nb: \xff\n", 0);
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().at.line, 2U);
    EXPECT_EQ(broken.error().at.column, 4U);
}

TEST(Yaml, AFaultOfTheGrammarKeepsItsPlace) {
    const auto parsed = parse_yaml("a: 1\nb: [c\n", 0);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().at.line, 3U);
}

}  // namespace
}  // namespace plimsoll::rule
