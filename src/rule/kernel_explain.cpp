// The filter in words.

#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "rule/file_wish.h"
#include "rule/kernel_calls.h"
#include "rule/kernel_filter.h"
#include "rule/rule_set.h"

namespace plimsoll::rule {

namespace {

using model::FileAct;
using model::FileWish;
using model::KernelFilter;
using model::PathTest;

constexpr std::size_t kMostRules = 4;  // that a line names

std::string words(const PathTest& test) {
    switch (test.kind) {
        case PathTest::Kind::exact: return printable(test.text);
        case PathTest::Kind::under: return fmt::format("below {}", printable(test.text));
        case PathTest::Kind::name: return fmt::format("named {}", printable(test.text));
        case PathTest::Kind::part: return fmt::format("with a part {}", printable(test.text));
    }
    return {};
}

std::vector<std::string> words(const FileWish& wish) {
    std::vector<std::string> out;
    for (const auto& test : wish.paths) out.push_back(words(test));
    for (const auto& program : wish.programs) out.push_back(fmt::format("by {}", printable(program)));
    if (wish.climbing) out.emplace_back("written with two points in a row");
    return out;
}

std::string because_of(const std::vector<const Rule*>& rules) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < rules.size() && i < kMostRules; ++i) names.push_back(printable(rules[i]->name));
    if (rules.size() > kMostRules) names.push_back(fmt::format("{} more", rules.size() - kMostRules));
    return fmt::format("{}", fmt::join(names, "; "));
}

/// What is wanted, in words, by who wants it: wishes of the same rules stand on one line.
class Reasons {
public:
    void add(const std::string& what, const Rule* rule) {
        const auto [found, fresh] = place_.try_emplace(what, wanted_.size());
        if (fresh) wanted_.push_back({what, {}});
        wanted_[found->second].second.push_back(rule);
    }

    [[nodiscard]] bool empty() const { return wanted_.empty(); }

    void print(std::string& out, std::string_view indent) const {
        std::vector<bool> done(wanted_.size());
        for (std::size_t i = 0; i < wanted_.size(); ++i) {
            if (done[i]) continue;
            std::vector<std::string> whats;
            for (std::size_t k = i; k < wanted_.size(); ++k) {
                if (wanted_[k].second != wanted_[i].second) continue;
                done[k] = true;
                whats.push_back(wanted_[k].first);
            }
            out += fmt::format("{}{}: {}\n", indent, fmt::join(whats, ", "), because_of(wanted_[i].second));
        }
    }

private:
    std::map<std::string, std::size_t> place_;
    std::vector<std::pair<std::string, std::vector<const Rule*>>> wanted_;
};

}  // namespace

std::string explain_kernel_filter(std::span<const Rule* const> rules, bool host) {
    std::vector<KernelFilter> filters;
    KernelFilter all;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        filters.push_back(kernel_filter(rules.subspan(i, 1), host));
        all = united(all, filters.back());
    }
    std::string out = all.host ? "Of all processes" : "Of processes in containers";
    out += " the kernel sends, beside their beginnings and ends:\n";
    for (std::size_t act = 0; act < model::kFileActs; ++act) {
        if (all.files[act].empty()) continue;
        out += fmt::format("files {}\n", detail::act_name(static_cast<FileAct>(act)));
        Reasons reasons;
        for (std::size_t i = 0; i < rules.size(); ++i) {
            const FileWish& wish = filters[i].files[act];
            if (all.files[act].all) {
                if (wish.all) reasons.add("all", rules[i]);
            } else {
                for (const auto& what : words(wish)) reasons.add(what, rules[i]);
            }
        }
        reasons.print(out, "  ");
    }
    Reasons calls;
    for (const auto& call : detail::kernel_calls()) {
        if (!all.succeeded[call.number] && !all.failed[call.number]) continue;
        for (std::size_t i = 0; i < rules.size(); ++i) {
            const bool succeeded = filters[i].succeeded[call.number];
            const bool failed = filters[i].failed[call.number];
            if (!succeeded && !failed) continue;
            const auto* suffix = succeeded ? failed ? "" : " that succeeded" : " that failed";
            calls.add(fmt::format("{}{}", call.name, suffix), rules[i]);
        }
    }
    if (!calls.empty()) out += "calls\n";
    calls.print(out, "  ");
    if (all.environment) out += "the environment of programs\n";
    if (all.names) out += "answers of name servers\n";
    if (all.data) out += "the first bytes that are sent and received\n";
    return out;
}

}  // namespace plimsoll::rule
