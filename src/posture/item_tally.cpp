#include "posture/item_tally.h"

namespace plimsoll::posture {

namespace {

using model::Outcome;

constexpr std::size_t kMostItems = 64;

std::string without_digits(std::string_view text) {
    std::string rest;
    for (const char c : text) {
        if (c < '0' || c > '9') rest += c;
    }
    return rest;
}

}  // namespace

void ItemTally::add(std::string_view item, Verdict&& verdict) {
    ++judged_;
    switch (verdict.outcome) {
        case Outcome::pass: ++passed_; return;
        case Outcome::not_applicable: otherwise_ = std::move(verdict.reason); return;
        case Outcome::fail:
            ++failed_total_;
            return keep(failed_, {.name = std::string(item),
                                  .message = std::move(verdict.message),
                                  .evidence = std::move(verdict.evidence)});
        default:
            if (unknown_.empty()) unknown_reason_ = verdict.reason;
            if (unknown_.size() < kMostItems) {
                unknown_.push_back({.name = std::string(item),
                                    .message = std::move(verdict.reason),
                                    .evidence = std::move(verdict.evidence)});
            }
    }
}

void ItemTally::keep(std::vector<model::FindingItem>& items, model::FindingItem&& item) {
    if (fold_) {
        const auto [place, fresh] = folded_.emplace(without_digits(item.name), items.size());
        if (!fresh) {
            if (place->second < items.size()) ++items[place->second].count;
            return;
        }
    }
    if (items.size() < kMostItems) items.push_back(std::move(item));
}

model::Finding ItemTally::finish() && {
    model::Finding finding;
    if (!failed_.empty()) {
        finding.outcome = Outcome::fail;
        finding.items = std::move(failed_);
        finding.items_total = failed_total_;
        finding.message = finding.items.front().message;
    } else if (!unknown_.empty()) {
        finding.outcome = Outcome::unknown;
        finding.items = std::move(unknown_);
        finding.reason = std::move(unknown_reason_);
    } else if (passed_ == 0 && judged_ > 0) {
        finding.outcome = Outcome::not_applicable;
        finding.reason = std::move(otherwise_);
    }
    return finding;
}

}  // namespace plimsoll::posture
