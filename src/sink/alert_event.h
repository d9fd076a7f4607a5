#pragma once

#include "model/event.h"
#include "rule/alert_rules.h"
#include "sink/sink.h"

namespace plimsoll::sink {

/// The alert to be recorded for a rule that held for `cause`, whose record has that number: time and identifying fields
/// of the cause (container, exec session, engine event, user, loss), each cut at kAlertText bytes, with `alert.*`.
/// `alert` forgets what it held, and keeps its memory.
void make_alert(const rule::AlertMatch& match, const model::Event& cause, RecordNumber number, model::Event& alert);

/// Makes alerts of acts for which rules hold: one record tells of both (docs/decisions/0011). One thread.
class ActAlert {
public:
    /// Adds to the act what an alert says, but for alert.record, and makes `alert` its kind. False, and nothing done,
    /// where the act has more text than an alert may have.
    [[nodiscard]] bool tell(const rule::AlertMatch& match, model::Event& act);

private:
    model::Event own_;  ///< kept for its memory
};

/// Number of the record that the rule held for: the alert's own where it tells of the act too; 0 where none was kept,
/// and of a summary of several.
[[nodiscard]] RecordNumber cause_of(const Delivery& delivery);

inline constexpr std::size_t kAlertText = 2048;
inline constexpr std::size_t kAlertOutput = 8192;
inline constexpr std::size_t kAlertBytes = 32'768;  ///< of all copied texts together

/// An alert's priority; debug when it has none that is known.
[[nodiscard]] rule::Priority priority_of(const model::Event& alert);

/// The `loss` record about an alert that a sink refused for good.
[[nodiscard]] model::Event make_undelivered(RecordNumber number, const model::Event& alert, const std::string& sink,
                                            const std::string& reason);

/// Whether the alert is about an alert that was not delivered; such a one is never the cause of another.
[[nodiscard]] bool tells_undelivered(const model::Event& alert);

inline constexpr const char* kUndelivered = "alert.undelivered";  ///< value of loss.what

}  // namespace plimsoll::sink
