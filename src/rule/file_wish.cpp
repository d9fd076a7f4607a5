#include "rule/file_wish.h"

#include <algorithm>
#include <vector>

#include "rule/path_tests.h"

namespace plimsoll::rule::detail {

namespace {

using model::FileWish;

constexpr std::size_t kMostTests = 8192;  // the kernel's table holds 16,384
constexpr int kClimbingBreadth = 3;
constexpr int kProgramsBreadth = 6;
constexpr int kEverything = 7;

template <typename T>
void add_sorted(std::vector<T>& into, const std::vector<T>& from) {
    std::vector<T> both;
    both.reserve(into.size() + from.size());
    std::ranges::set_union(into, from, std::back_inserter(both));
    into = std::move(both);
}

}  // namespace

FileWish everything() {
    FileWish all;
    all.all = true;
    return all;
}

void add(FileWish& wish, const FileWish& other) {
    if (wish.all || other.empty()) return;
    if (!other.all) {
        if (!std::ranges::includes(wish.paths, other.paths)) add_sorted(wish.paths, other.paths);
        if (!std::ranges::includes(wish.programs, other.programs)) add_sorted(wish.programs, other.programs);
        wish.climbing = wish.climbing || other.climbing;
    }
    if (other.all || wish.paths.size() + wish.programs.size() > kMostTests) wish = everything();
}

bool covers(const FileWish& wish, const FileWish& other) {
    if (wish.all || other.empty()) return true;
    return !other.all && (wish.climbing || !other.climbing) && std::ranges::includes(wish.paths, other.paths) &&
           std::ranges::includes(wish.programs, other.programs);
}

int breadth(const FileWish& wish) {
    if (wish.all) return kEverything;
    int most = wish.climbing ? kClimbingBreadth : 0;
    if (!wish.programs.empty()) most = kProgramsBreadth;
    for (const auto& test : wish.paths) most = std::max(most, breadth(test));
    return most;
}

}  // namespace plimsoll::rule::detail
