#include "rule/event_types.h"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::rule {
namespace {

TEST(EventTypes, EachIsFoundByItsName) {
    for (std::size_t i = 0; i < kEventTypes.size(); ++i) EXPECT_EQ(find_event_type(kEventTypes[i]), i);
}

TEST(EventTypes, NoOtherNameIsFound) {
    for (const std::string_view name : kEventTypes) {
        for (std::size_t i = 0; i < name.size(); ++i) {
            std::string other(name);
            other[i] = '#';
            EXPECT_EQ(find_event_type(other), kEventTypes.size()) << other;
        }
        EXPECT_EQ(find_event_type(std::string(name) + "#"), kEventTypes.size()) << name;
    }
    EXPECT_EQ(find_event_type(""), kEventTypes.size());
    EXPECT_EQ(find_event_type("op"), kEventTypes.size());
    EXPECT_EQ(find_event_type(std::string(10'000, 'x')), kEventTypes.size());
}

}  // namespace
}  // namespace plimsoll::rule
