// For texts made at random: what the index finds is what a comparison of each text says.

#include "rule/text_index.h"

#include <random>
#include <set>

#include <gtest/gtest.h>

namespace plimsoll::rule::detail {
namespace {

using Random = std::mt19937;

std::string random_text(Random& random, std::size_t most) {
    constexpr std::string_view kBytes = "aab/./_x";  // few, so that texts have much in common
    std::string out(std::uniform_int_distribution<std::size_t>(0, most)(random), ' ');
    for (char& c : out) c = kBytes[std::uniform_int_distribution<std::size_t>(0, kBytes.size() - 1)(random)];
    return out;
}

struct Asked {
    std::string text;
    int how = 0;

    [[nodiscard]] bool holds(std::string_view value) const {
        switch (how) {
            case 0: return value == text;
            case 1: return value.starts_with(text);
            case 2: return value.ends_with(text);
            default: return value.find(text) != std::string_view::npos;
        }
    }
};

TEST(TextIndex, FindsWhatAComparisonOfEachTextFinds) {
    Random random(20260102);
    std::size_t found = 0;
    for (int round = 0; round < 300; ++round) {
        TextIndex index;
        std::vector<Asked> asked(std::uniform_int_distribution<std::size_t>(1, 24)(random));
        for (TextIndex::Group group = 0; group < asked.size(); ++group) {
            asked[group] = {random_text(random, 6), static_cast<int>(random() % 4)};
            const std::string& text = asked[group].text;
            switch (asked[group].how) {
                case 0: index.add_whole(text, group); break;
                case 1: index.add_beginning(text, group); break;
                case 2: index.add_end(text, group); break;
                default: index.add_inside(text, group); break;
            }
        }
        index.build();
        for (int n = 0; n < 40; ++n) {
            const std::string value = random_text(random, n % 2 == 0 ? 6 : 50);
            std::set<TextIndex::Group> got;
            index.find(value, [&](TextIndex::Group group) { got.insert(group); });
            for (TextIndex::Group group = 0; group < asked.size(); ++group) {
                EXPECT_EQ(got.contains(group), asked[group].holds(value))
                    << '"' << asked[group].text << "\" as " << asked[group].how << " in \"" << value << '"';
            }
            found += got.size();
        }
    }
    EXPECT_GT(found, 10'000U);
}

TEST(TextIndex, ARareTextIsFoundWhereverItStands) {
    TextIndex index;
    index.add_inside("stratum+tcp", 7);
    index.build();
    for (std::size_t size = 11; size < 70; ++size) {
        for (std::size_t at = 0; at + 11 <= size; ++at) {
            std::string value(size, 'a');
            value.replace(at, 11, "stratum+tcp");
            bool found = false;
            index.find(value, [&](TextIndex::Group group) { found = group == 7; });
            EXPECT_TRUE(found) << at << " of " << size;
        }
    }
}

}  // namespace
}  // namespace plimsoll::rule::detail
