#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "audit/summary/overview.h"
#include "audit/summary/report.h"
#include "audit/text/formats.h"

namespace {

using namespace plimsoll::audit;

/// The records of the lines, taken for one event.
std::vector<Record> records_of(std::string_view text) {
    std::vector<Record> records;
    while (!text.empty() && records.size() < 64) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() < text.size() ? line.size() + 1 : text.size());
        Record record;
        if (parse_line(line, record) == Damage::none) records.push_back(record);
    }
    return records;
}

/// A terminal is safe from what every format but raw writes, and no record grows without measure.
void check_output(std::string_view what, const std::string& out, std::size_t input, bool escapes) {
    constexpr std::size_t kGrowth = 400;  // flags=ffffffff and a set of all capabilities are the longest words
    const auto fail = [&](std::string_view why) {
        std::fprintf(stderr, "%.*s: %.*s\n%s\n", static_cast<int>(what.size()), what.data(),
                     static_cast<int>(why.size()), why.data(), out.substr(0, 4000).c_str());
        std::abort();
    };
    if (out.size() > 20000 + kGrowth * input) fail("too long");
    for (const char c : out)
        if (escapes && c != '\n' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)) fail("a control character");
}

}  // namespace

/// Any text as the lines of an event, in every format; any text as a log of which an overview and reports are made.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::vector<Record> records = records_of(text);
    if (!records.empty()) {
        const LogEvent event{.id = records.front().id, .records = records};
        for (const auto name : format_names()) {
            for (const Escape escape : {Escape::tty, Escape::raw, Escape::shell, Escape::shell_quote}) {
                FormatOptions options;
                options.escape = escape;
                options.zone = plimsoll::Zone::utc;
                options.extra_keys = options.extra_labels = options.extra_obj2 = options.extra_time = true;
                std::string out;
                make_format(*format_kind(name), options)->write(event, out);
                check_output(name, out, size, name != "raw" && escape != Escape::raw);
            }
        }
        for (const ReportSpec& spec : report_specs()) {
            ReportOptions options;
            options.kind = spec.kind;
            options.interpret = size % 2 == 0;
            ReportRows rows(options);
            rows.add(event);
            check_output(spec.name, rows.take_lines().text, size, true);
        }
    }
    Overview overview{OverviewOptions{}};
    overview.read(text, true);
    check_output("overview", overview.text(plimsoll::Zone::utc, false), size, true);
    return 0;
}
