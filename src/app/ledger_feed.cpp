#include "app/ledger_feed.h"

#include <utility>

#include "rule/scope.h"

namespace plimsoll::app {

LedgerFeed::LedgerFeed(std::string path) : path_(std::move(path)) {
    auto condition = rule::resolve("record.kind = alert", rule::Scope{});
    check(condition.has_value());
    alerts_ = std::move(*condition);
}

Result<void> LedgerFeed::open() {
    if (!reader_) {
        TRY(reader_, ledger::Reader::open(path_));
    }
    return {};
}

Result<sink::AlertBatch> LedgerFeed::from(sink::RecordNumber first, std::size_t most) {
    const std::scoped_lock lock(mutex_);
    TRY_VOID(open());
    sink::AlertBatch batch;
    const ledger::Query query{.condition = alerts_, .first = first, .limit = most, .threads = 1};
    TRY(const auto report, reader_->scan(query, [&](const ledger::StoredRecord& record) {
        batch.alerts.push_back({record.number, record.event.clone()});
        return true;
    }));
    batch.next = batch.alerts.size() == most ? batch.alerts.back().number + 1 : report.next;
    // What it read of the log may be much; whoever has caught up does not ask again soon.
    if (batch.alerts.size() < most) reader_.reset();
    return batch;
}

sink::RecordNumber LedgerFeed::end() {
    const std::scoped_lock lock(mutex_);
    return open() ? reader_->size() : 0;
}

}  // namespace plimsoll::app
