#pragma once

#include <string>

#include "model/kept_slots.h"
#include "sink/sink.h"
#include "sink/sink_config.h"

namespace plimsoll::sink {

/// Names an alert for ever: its record's number and its time, NUMBER-NANOSECONDS. A number alone does not, since a
/// crash that took back the last records gives their numbers to others. 0-NANOSECONDS-KEY where the ledger could not
/// take it.
[[nodiscard]] std::string alert_id(const Delivery& delivery);

/// The alert as one JSON object: type, version, id, number, time (RFC 3339 with nanoseconds), host, rule, priority,
/// output, tags, record, folded, and `fields` with every field by its name. Valid UTF-8 on one line, without its end.
[[nodiscard]] std::string alert_json(const Delivery& delivery);

/// alert_json for one alert after the other: what events share is written once.
class AlertJson {
public:
    void append(std::string& out, const Delivery& delivery);

private:
    static constexpr std::size_t kPlaces = 512;     // some ten processes' worth
    static constexpr std::size_t kMostKept = 4096;  // bytes of one field

    model::KeptSlots<std::string> kept_{kPlaces};
};

/// The body of a webhook. In Slack's and Teams' forms no text from outside is read as markup, mention or link.
[[nodiscard]] std::string webhook_body(const Delivery& delivery, BodyForm form);

/// One line for people, safe on a terminal.
[[nodiscard]] std::string alert_line(const Delivery& delivery);

}  // namespace plimsoll::sink
