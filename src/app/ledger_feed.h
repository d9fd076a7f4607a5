#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "ledger/reader.h"
#include "rule/expression.h"
#include "sink/alert_feed.h"

namespace plimsoll::app {

/// The alerts of a ledger, for sinks that are behind. Opens its reader at the first question.
class LedgerFeed final : public sink::AlertFeed {
public:
    explicit LedgerFeed(std::string path);

    [[nodiscard]] Result<sink::AlertBatch> from(sink::RecordNumber first, std::size_t most) override;
    [[nodiscard]] sink::RecordNumber end() override;

private:
    Result<void> open();

    std::string path_;
    rule::ExpressionPtr alerts_;  ///< record.kind = alert
    std::mutex mutex_;            ///< guards what follows
    std::unique_ptr<ledger::Reader> reader_;
    sink::RecordNumber seen_ = 0;  ///< what it saw ends there
};

}  // namespace plimsoll::app
