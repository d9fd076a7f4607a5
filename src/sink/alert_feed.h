#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "sink/sink.h"

namespace plimsoll::sink {

struct NumberedAlert {
    RecordNumber number = kNotRecorded;
    model::Event alert;
};

/// One that several sinks' threads look at, none of which changes it.
using SharedAlert = std::shared_ptr<const NumberedAlert>;

/// A piece of the ledger, its alerts alone.
struct AlertBatch {
    std::vector<NumberedAlert> alerts;  ///< ascending
    RecordNumber next = 0;              ///< first record that was not looked at
};

/// Where alerts are read that did not come, or not fit, by the short way. Called on the threads of sinks, several at a
/// time.
class AlertFeed {
public:
    virtual ~AlertFeed() = default;

    /// The alerts among the records from `first` on, at most `most` of them.
    [[nodiscard]] virtual Result<AlertBatch> from(RecordNumber first, std::size_t most) = 0;

    /// Number that the next record gets.
    [[nodiscard]] virtual RecordNumber end() = 0;
};

}  // namespace plimsoll::sink
