#include "audit/text/formats.h"

#include <algorithm>
#include <array>

#include "audit/text/interpret.h"
#include "audit/text/json_formats.h"
#include "audit/text/sentence_formats.h"
#include "base/result.h"

namespace plimsoll::audit {

namespace {

constexpr std::array<std::string_view, 8> kNames = {"raw",  "default", "interpret", "csv",
                                                    "text", "json",    "ocsf",      "ecs"};

class RawFormat final : public OutputFormat {
public:
    void write(const LogEvent& event, std::string& out) override {
        for (const Record& record : event.records) {
            out += record.line;
            out += '\n';
        }
    }
};

/// ausearch's own form and -i's: the head of an event, then its records, the last one first.
class RecordFormat final : public OutputFormat {
public:
    RecordFormat(const FormatOptions& options, bool interpreted)
        : interpreter_(options.accounts, options.escape, options.zone, options.iso_times),
          escape_(options.escape),
          interpreted_(interpreted) {}

    void write(const LogEvent& event, std::string& out) override {
        buffer_.clear();
        buffer_.put("----\n");
        if (!interpreted_) {
            buffer_.put("time->");
            interpreter_.clock().put_long(buffer_, event.id.milliseconds);
            buffer_.put('\n');
        }
        for (auto record = event.records.rbegin(); record != event.records.rend(); ++record) {
            if (interpreted_)
                interpreter_.put_record(buffer_, *record);
            else
                put_line(*record);
        }
        out += buffer_.text();
    }

private:
    void put_line(const Record& record) {
        // Without what ENRICHED appended
        std::string_view line = record.line;
        if (!record.enriched.empty() && record.body.data() != nullptr)
            line = line.substr(0, static_cast<std::size_t>(record.body.data() + record.body.size() - line.data()));
        put_escaped(buffer_, line, escape_);
        buffer_.put('\n');
    }

    Interpreter interpreter_;
    Escape escape_;
    bool interpreted_;
    Buffer buffer_;
};

}  // namespace

std::unique_ptr<OutputFormat> make_format(FormatKind kind, const FormatOptions& options) {
    switch (kind) {
        case FormatKind::raw: return std::make_unique<RawFormat>();
        case FormatKind::standard: return std::make_unique<RecordFormat>(options, false);
        case FormatKind::interpret: return std::make_unique<RecordFormat>(options, true);
        case FormatKind::csv: return make_csv_format(options);
        case FormatKind::text: return make_text_format(options);
        case FormatKind::json: return make_json_format(options);
        case FormatKind::ocsf: return make_ocsf_format(options);
        case FormatKind::ecs: return make_ecs_format(options);
    }
    contract_broken(std::source_location::current());
}

std::optional<FormatKind> format_kind(std::string_view name) {
    const auto found = std::ranges::find(kNames, name);
    if (found == kNames.end()) return std::nullopt;
    return static_cast<FormatKind>(found - kNames.begin());
}

std::span<const std::string_view> format_names() { return kNames; }

}  // namespace plimsoll::audit
