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
    sink::AlertBatch batch{.alerts = {}, .next = first};
    while (batch.alerts.size() < most) {
        const bool looks = batch.next >= seen_;  // else what it saw before is not read to its end
        const ledger::Query query{.condition = alerts_,
                                  .first = batch.next,
                                  .limit = most - batch.alerts.size(),
                                  .threads = 1,
                                  .as_seen = true};
        TRY(const auto report, reader_->scan(query, [&](const ledger::StoredRecord& record) {
            batch.alerts.push_back({record.number, record.event.clone()});
            return true;
        }));
        seen_ = report.end;
        batch.next = report.next;
        if (!looks || batch.alerts.size() == most) continue;
        // What it read of the log may be much; whoever has caught up does not ask again soon.
        reader_.reset();
        seen_ = 0;
        break;
    }
    return batch;
}

sink::RecordNumber LedgerFeed::end() {
    const std::scoped_lock lock(mutex_);
    return open() ? reader_->size() : 0;
}

}  // namespace plimsoll::app
