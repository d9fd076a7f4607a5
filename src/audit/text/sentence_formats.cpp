#include "audit/text/sentence_formats.h"

#include "audit/record_types.h"
#include "audit/tables.h"
#include "audit/text/clock.h"
#include "audit/text/normalized.h"

namespace plimsoll::audit {

namespace {

class CsvFormat final : public OutputFormat {
public:
    explicit CsvFormat(const FormatOptions& options)
        : options_(options), clock_(options.zone, options.iso_times), values_(options.accounts, Escape::raw) {}

    void begin(std::string& out) override {
        out += "NODE,EVENT,DATE,TIME,";
        if (options_.extra_time) out += "YEAR,MONTH,DAY,WEEKDAY,HOUR,MILLI,GMT_OFFSET,";
        out += "SERIAL_NUM,EVENT_KIND,SESSION,SUBJ_PRIME,SUBJ_SEC,SUBJ_KIND,";
        if (options_.extra_labels) out += "SUBJ_LABEL,";
        out += "ACTION,RESULT,OBJ_PRIME,OBJ_SEC,";
        if (options_.extra_obj2) out += "OBJ2,";
        if (options_.extra_labels) out += "OBJ_LABEL,";
        out += "OBJ_KIND,HOW";
        if (options_.extra_keys) out += ",KEY";
        out += '\n';
    }

    void write(const LogEvent& event, std::string& out) override {
        row_.clear();
        const Normalized said = normalized(event, values_);
        cell(event.id.node);
        cell(said.type);
        clock_.put_date(row_, event.id.milliseconds);
        row_.put(',');
        clock_.put_time(row_, event.id.milliseconds);
        row_.put(',');
        if (options_.extra_time) put_extra_time(event.id.milliseconds);
        row_.put_number(event.id.serial);
        row_.put(',');
        cell(said.kind);
        cell(said.session);
        cell(said.subject);
        cell(said.acting_as);
        cell(said.subject_kind);
        if (options_.extra_labels) cell(said.subject_label);
        cell(said.action);
        cell(said.result);
        cell(said.object);
        cell(said.object_detail);
        if (options_.extra_obj2) cell(said.object2);
        if (options_.extra_labels) cell(said.object_label);
        cell(said.object_kind);
        cell(said.how);
        if (options_.extra_keys) cell(said.key);
        out += row_.text().substr(0, row_.size() - 1);
        out += '\n';
    }

private:
    void cell(std::string_view text) {
        escaped_.clear();
        append_escaped(escaped_, text, options_.escape);
        // What a spreadsheet would take for a formula begins with an apostrophe
        constexpr std::string_view kFormula = "=+-@\t\r";
        const bool formula = !escaped_.empty() && kFormula.find(escaped_[0]) != std::string_view::npos;
        const bool quoted = escaped_.find_first_of(",\"\n\r") != std::string::npos;
        if (quoted) row_.put('"');
        if (formula) row_.put('\'');
        for (const char c : escaped_) {
            if (c == '"') row_.put('"');
            row_.put(c);
        }
        if (quoted) row_.put('"');
        row_.put(',');
    }

    void put_extra_time(std::int64_t milliseconds) {
        const CalendarTime at = clock_.calendar(milliseconds);
        row_.put_signed(at.year);
        row_.put(',');
        row_.put_number(at.month);
        row_.put(',');
        row_.put_number(at.day);
        row_.put(',');
        row_.put_number(at.weekday);
        row_.put(at.hour < 10 ? ", " : ",");
        row_.put_number(at.hour);
        row_.put(',');
        row_.put_number(millis(milliseconds));
        row_.put(at.offset < 0 ? ",-" : ",+");
        const auto minutes = static_cast<unsigned>((at.offset < 0 ? -at.offset : at.offset) / 60);
        row_.put_padded(minutes / 60, 2);
        row_.put(':');
        row_.put_padded(minutes % 60, 2);
        row_.put(',');
    }

    FormatOptions options_;
    Clock clock_;
    ValueWriter values_;
    Buffer row_;
    std::string escaped_;
};

class TextFormat final : public OutputFormat {
public:
    explicit TextFormat(const FormatOptions& options)
        : options_(options), clock_(options.zone, options.iso_times), values_(options.accounts, Escape::raw) {}

    void write(const LogEvent& event, std::string& out) override {
        line_.clear();
        const Normalized said = normalized(event, values_);
        if (event.id.node.empty()) {
            line_.put("At ");
        } else {
            line_.put("On ");
            word(event.id.node);
            line_.put(" at ");
        }
        clock_.put_time(line_, event.id.milliseconds);
        line_.put(' ');
        clock_.put_date(line_, event.id.milliseconds);
        line_.put(' ');
        word(said.subject);
        if (!said.acting_as.empty() && said.acting_as != said.subject) {
            line_.put(", acting as ");
            word(said.acting_as);
            line_.put(',');
        }
        if (said.result == "success") line_.put(" successfully");
        if (said.result == "failed") line_.put(" unsuccessfully");
        line_.put(' ');
        word(said.action);
        if (!said.object.empty()) {
            line_.put(' ');
            word(said.object_kind == "socket" ? address_of(event, said.object) : said.object);
        }
        if (!said.object2.empty()) {
            line_.put(said.action == "mounted" ? " on " : " to ");
            word(said.object2);
        }
        // A program that was executed needs no program to do it with
        if (!said.how.empty() && said.action != "executed") {
            line_.put(" using ");
            word(said.how);
        }
        line_.put('\n');
        out += line_.text();
    }

private:
    void word(std::string_view text) { put_escaped(line_, text, options_.escape); }

    static std::string address_of(const LogEvent& event, const std::string& otherwise) {
        const Record* record = event.first(kSockaddr);
        const auto saddr = record != nullptr ? find(*record, "saddr") : std::nullopt;
        return saddr ? socket_address(saddr->value).text : otherwise;
    }

    FormatOptions options_;
    Clock clock_;
    ValueWriter values_;
    Buffer line_;
};

}  // namespace

std::unique_ptr<OutputFormat> make_csv_format(const FormatOptions& options) {
    return std::make_unique<CsvFormat>(options);
}

std::unique_ptr<OutputFormat> make_text_format(const FormatOptions& options) {
    return std::make_unique<TextFormat>(options);
}

}  // namespace plimsoll::audit
