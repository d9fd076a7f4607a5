#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ledger/verify_parts.h"

namespace plimsoll::ledger {

namespace {

using Kind = Fault::Kind;

constexpr std::size_t kSure = 8;         // marks in a row that agree by chance once in 2^64
constexpr std::size_t kFarthest = 64;    // records that may be put in or taken out in one place
constexpr std::size_t kMostFaults = 64;  // in one file; more say no more
constexpr std::size_t kMostTried = 2048;

/// How many marks agree from these places on, at most `kSure` asked for.
bool agree(std::string_view then, std::size_t a, std::string_view now, std::size_t b) {
    const std::size_t size =
        std::min({kSure, then.size() - std::min(a, then.size()), now.size() - std::min(b, now.size())});
    if (size < kSure && then.size() - a != now.size() - b) return false;
    return then.substr(a, size) == now.substr(b, size);
}

bool permuted(std::string_view then, std::string_view now) {
    std::array<int, 256> count{};
    for (const char c : then) ++count[static_cast<std::uint8_t>(c)];
    for (const char c : now) --count[static_cast<std::uint8_t>(c)];
    return std::ranges::all_of(count, [](int n) { return n == 0; });
}

std::string counted(std::size_t n, std::string_view what) {
    return n == 1 ? fmt::format("a record {}", what) : fmt::format("{} records {}", n, what);
}

}  // namespace

std::vector<Fault> compare_marks(std::string_view then, std::string_view now, RecordNumber first,
                                 std::string_view file) {
    std::vector<Fault> faults;
    std::size_t a = 0;
    std::size_t b = 0;
    const auto report = [&](Kind kind, std::size_t begin, std::size_t count, std::string message) {
        faults.push_back({.kind = kind,
                          .file = std::string(file),
                          .first = first + begin,
                          .last = first + begin + (count == 0 ? 0 : count - 1),
                          .message = std::move(message)});
    };
    while (faults.size() < kMostFaults && (a < then.size() || b < now.size())) {
        if (a < then.size() && b < now.size() && then[a] == now[b]) {
            ++a, ++b;
            continue;
        }
        // The least change after which the two go on alike.
        bool found = false;
        for (std::size_t n = 1; n <= kFarthest && !found; ++n) {
            if (a + n <= then.size() && b + n <= now.size() && agree(then, a + n, now, b + n)) {
                const bool moved = n > 1 && permuted(then.substr(a, n), now.substr(b, n));
                if (moved) {
                    report(Kind::reordered, a, n, fmt::format("{} stand in another order", counted(n, "here")));
                } else {
                    for (std::size_t i = 0; i < n; ++i)
                        if (then[a + i] != now[b + i])
                            report(Kind::edited, a + i, 1, "the record is not as it was signed");
                }
                a += n, b += n;
                found = true;
            } else if (b + n <= now.size() && agree(then, a, now, b + n)) {
                report(Kind::inserted, a, n, counted(n, "that nobody signed, put in here"));
                b += n;
                found = true;
            } else if (a + n <= then.size() && agree(then, a + n, now, b)) {
                report(Kind::removed, a, n, counted(n, "taken out here"));
                a += n;
                found = true;
            }
        }
        if (found) continue;
        report(then.size() == now.size()  ? Kind::edited
               : then.size() > now.size() ? Kind::removed
                                          : Kind::inserted,
               a, std::max<std::size_t>(then.size() - std::min(a, then.size()), 1),
               "from here on the records are not those that were signed");
        break;
    }
    return faults;
}

std::optional<Fault> explain(const Tree& begin, std::span<const Hash> leaves, std::uint64_t size, const Hash& root) {
    const std::uint64_t wanted = size - begin.size();
    if (wanted == 0 || wanted > kMostTried || leaves.size() < wanted) return std::nullopt;
    Tree tree = begin;  // of the leaves before the one in question
    for (std::size_t i = 0; i < wanted; ++i) {
        if (leaves.size() > wanted) {
            Tree without = tree;
            for (std::size_t j = i + 1; j <= wanted; ++j) without.add(leaves[j]);
            if (without.root() == root)
                return Fault{.kind = Kind::inserted,
                             .first = begin.size() + i,
                             .last = begin.size() + i,
                             .message = "without this record the signed root comes out: it was put in"};
        }
        if (i + 1 < wanted) {
            Tree exchanged = tree;
            exchanged.add(leaves[i + 1]);
            exchanged.add(leaves[i]);
            for (std::size_t j = i + 2; j < wanted; ++j) exchanged.add(leaves[j]);
            if (exchanged.root() == root)
                return Fault{.kind = Kind::reordered,
                             .first = begin.size() + i,
                             .last = begin.size() + i + 1,
                             .message = "with these two the other way round the signed root comes out"};
        }
        tree.add(leaves[i]);
    }
    return std::nullopt;
}

}  // namespace plimsoll::ledger
