#include "cli/record_output.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "host/terminal.h"
#include "report/escape.h"
#include "report/record_text.h"

namespace plimsoll::cli {

namespace {

constexpr std::size_t kHeld = 64 * 1024;
constexpr std::size_t kSubjectWidth = 18;
constexpr std::size_t kKindWidth = 22;

std::string padded(const std::string& text, std::size_t width) {
    const auto used = display_width(text);
    return used >= width ? text : text + std::string(width - used, ' ');
}

}  // namespace

std::string exact_time(Nanoseconds time) {
    auto text = to_clock(time, Zone::utc, 9);
    text[10] = 'T';
    return text + "Z";
}

RecordPrinter::RecordPrinter(RecordFormat format, std::vector<rule::FieldUse> fields, Zone zone, bool to_terminal)
    : format_(format), fields_(std::move(fields)), zone_(zone), to_terminal_(to_terminal) {}

std::string RecordPrinter::head() const {
    if (format_ != RecordFormat::csv) return {};
    std::string out = "number,time";
    if (fields_.empty()) return out + ",container,kind,text\r\n";
    for (const auto& use : fields_) out += "," + report::csv_cell(rule::to_text(use));
    return out + "\r\n";
}

std::string RecordPrinter::line(const ledger::StoredRecord& record) const {
    switch (format_) {
        case RecordFormat::json: return report::json_line(record.event) + "\n";
        case RecordFormat::csv: return csv(record);
        case RecordFormat::raw: return raw(record);
        default: return text(record);
    }
}

std::string RecordPrinter::csv(const ledger::StoredRecord& record) const {
    std::string out = fmt::format("{},{}", record.number, exact_time(record.event.time()));
    const auto cell = [&](std::string_view bytes) { out += "," + report::csv_cell(bytes); };
    if (fields_.empty()) {
        cell(report::subject_text(record.event));
        cell(report::kind_text(record.event));
        cell(report::one_line(record.event));
    }
    for (const auto& use : fields_) cell(report::field_text(record.event, use.field, use.arg));
    return out + "\r\n";
}

std::string RecordPrinter::text(const ledger::StoredRecord& record) const {
    std::string out = to_clock(record.event.time(), zone_) + "  ";
    if (fields_.empty()) {
        out += padded(shortened(report::subject_text(record.event), kSubjectWidth), kSubjectWidth) + "  ";
        out += padded(shortened(report::kind_text(record.event), kKindWidth), kKindWidth) + "  ";
        return out + report::one_line(record.event) + "\n";
    }
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        if (i > 0) out += "  ";
        out += rule::to_text(fields_[i]) + "=" +
               printable(report::field_text(record.event, fields_[i].field, fields_[i].arg));
    }
    return out + "\n";
}

std::string RecordPrinter::raw(const ledger::StoredRecord& record) const {
    const auto raw = record.event.text("record.raw");
    if (raw.empty()) return exact_time(record.event.time()) + " " + report::field_line(record.event) + "\n";
    return (to_terminal_ ? printable(raw) : std::string(raw)) + "\n";
}

Stream::Stream() : is_terminal_(host::standard_output().is_terminal) {}

bool Stream::write(std::string_view text) {
    if (held_.empty() && text.size() >= kHeld) return give(text);
    held_ += text;
    return held_.size() < kHeld && !is_terminal_ ? !closed_ : flush();
}

bool Stream::flush() {
    const bool given = give(held_);
    held_.clear();
    return given;
}

bool Stream::give(std::string_view left) {
    while (!left.empty() && !closed_) {
        const ssize_t wrote = ::write(STDOUT_FILENO, left.data(), left.size());
        if (wrote > 0) {
            left.remove_prefix(static_cast<std::size_t>(wrote));
        } else if (wrote < 0 && errno == EAGAIN) {
            pollfd out{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
            ::poll(&out, 1, -1);
        } else if (wrote < 0 && errno == EPIPE) {
            closed_ = true;
        } else if (wrote < 0 && errno != EINTR) {
            return false;
        }
    }
    return !closed_;
}

bool Stream::is_read() const {
    pollfd out{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
    return ::poll(&out, 1, 0) <= 0 || (out.revents & (POLLERR | POLLHUP)) == 0;
}

}  // namespace plimsoll::cli
