#include "app/control.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "app/audit_import.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"

namespace plimsoll::app {

namespace {

constexpr std::size_t kMostAlerts = 1000;
constexpr std::size_t kMostText = 4096;

host::ServedAnswer json_answer(unsigned status, const nlohmann::json& body) {
    return {.status = status, .body = body.dump(), .content_type = "application/json"};
}

host::ServedAnswer refusal(unsigned status, std::string_view reason) {
    return json_answer(status, {{"error", valid_utf8(reason)}});
}

}  // namespace

Control::Control(std::string ledger, EventQueue& queue, std::function<std::string()> status)
    : ledger_(std::move(ledger)), queue_(queue), status_(std::move(status)) {}

host::ServedAnswer Control::answer(const host::ServedRequest& request) {
    if (request.path() == "/v1/status") {
        if (request.method != "GET") return refusal(405, "only GET");
        return {.body = status_(), .content_type = "application/json"};
    }
    if (request.path() == "/v1/ack") {
        if (request.method != "POST") return refusal(405, "only POST");
        return acknowledge(request);
    }
    if (request.path() == "/v1/import") {
        if (request.method != "POST") return refusal(405, "only POST");
        const auto recorded = record_import(request.body, queue_);
        if (!recorded) return refusal(400, recorded.error().message);
        return json_answer(200, {{"records", *recorded}});
    }
    return refusal(404, "known: GET /v1/status, POST /v1/ack, POST /v1/import");
}

Result<bool> Control::is_alert(ledger::RecordNumber number) {
    const std::scoped_lock lock(mutex_);
    if (!reader_) {
        TRY(reader_, ledger::Reader::open(ledger_));
    }
    TRY(const auto record, reader_->record(number));
    return record && record->event.text("record.kind") == "alert";
}

host::ServedAnswer Control::acknowledge(const host::ServedRequest& request) {
    const auto document = JsonDocument::parse(request.body);
    if (!document) return refusal(400, document.error().message);
    const Json body = document->root();
    const std::string_view by = body["by"].text_or("");
    const std::string_view reason = body["reason"].text_or("");
    if (by.empty() || reason.empty() || by.size() > kMostText || reason.size() > kMostText)
        return refusal(400, "needs 'by' and 'reason'");
    std::vector<ledger::RecordNumber> alerts;
    bool numbers = body["alerts"].is_array() && body["alerts"].size() <= kMostAlerts;
    body["alerts"].each([&](Json item) {
        const auto number = item.integer();
        numbers = numbers && number && *number >= 0;
        if (numbers) alerts.push_back(static_cast<ledger::RecordNumber>(*number));
    });
    if (!numbers || alerts.empty()) return refusal(400, "'alerts' must be a list of record numbers");
    for (const ledger::RecordNumber number : alerts) {
        const auto known = is_alert(number);
        if (!known) return refusal(503, known.error().message);
        if (!*known) return refusal(404, fmt::format("record {} is no alert of this ledger", number));
    }
    nlohmann::json records = nlohmann::json::array();
    for (const ledger::RecordNumber number : alerts) {
        model::Event event(now());
        event.set("record.kind", "ack");
        event.set("evt.source", "plimsoll");
        event.set("evt.type", "ack");
        event.set_unsigned("ack.alert", number);
        event.set("ack.by", by);
        event.set("ack.reason", reason);
        if (request.peer)
            event.set_number("user.uid", request.peer->uid);  // what the kernel says, beside what was said
        event.set("record.summary", fmt::format("alert {} acknowledged by {}: {}", number, by, reason));
        const auto kept = queue_.record(std::move(event));
        if (!kept) return refusal(503, kept.error().message);
        records.push_back(*kept);
    }
    return json_answer(200, {{"records", records}});
}

}  // namespace plimsoll::app
