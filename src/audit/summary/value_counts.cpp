#include "audit/summary/value_counts.h"

#include <algorithm>

namespace plimsoll::audit {

void ValueCounts::add(std::string_view value, std::uint64_t times) {
    if (const auto found = index_.find(value); found != index_.end()) {
        order_[found->second].count += times;
        return;
    }
    if (order_.size() >= limits_.values || bytes_ + value.size() > limits_.bytes) {
        others_ += times;
        return;
    }
    bytes_ += value.size();
    order_.push_back({std::string(value), times});
    index_.emplace(order_.back().value, order_.size() - 1);
}

void ValueCounts::add(const ValueCounts& other) {
    for (const Entry& entry : other.order_) add(entry.value, entry.count);
    others_ += other.others_;
}

void ValueCounts::clear() {
    index_.clear();
    order_.clear();
    bytes_ = 0;
    others_ = 0;
}

std::vector<ValueCounts::Row> ValueCounts::rows() const {
    std::vector<Row> rows;
    rows.reserve(order_.size());
    for (const Entry& entry : order_) rows.push_back({entry.value, entry.count});
    std::ranges::stable_sort(rows, std::ranges::greater(), &Row::count);
    return rows;
}

}  // namespace plimsoll::audit
