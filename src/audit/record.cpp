#include "audit/record.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "audit/tables.h"
#include "base/load.h"

namespace plimsoll::audit {

namespace {

constexpr std::size_t kLongestPrefix = 512;  // what syslog or dmesg put before a record
constexpr char kEnrichment = '\x1d';

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_padding(char c) { return c == '\0' || c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view without_padding(std::string_view text) {
    while (!text.empty() && is_padding(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_padding(text.back())) text.remove_suffix(1);
    return text;
}

/// Reads digits at `at` and moves it past them; false without digits or when they are too many for 64 bits.
bool take_number(const char*& at, const char* end, std::uint64_t& value) {
    const char* const start = at;
    const char* next = start;
    std::uint64_t sum = 0;
    const char* const surely = end - start > 19 ? start + 19 : end;  // so many digits fit, whatever they are
    while (next != surely && is_digit(*next)) sum = sum * 10 + static_cast<std::uint64_t>(*next++ - '0');
    while (next != end && is_digit(*next)) {
        const auto digit = static_cast<std::uint64_t>(*next - '0');
        if (sum > (UINT64_MAX - digit) / 10) return false;
        sum = sum * 10 + digit;
        ++next;
    }
    at = next;
    value = sum;
    return next != start;
}

/// Eight digits at once; false when one is none.
bool take_eight(const char* at, std::uint64_t& value) {
    std::uint64_t bytes = load(at);
    if constexpr (std::endian::native == std::endian::big) bytes = __builtin_bswap64(bytes);
    const std::uint64_t digits = bytes - 0x3030303030303030ULL;
    if (((digits | (digits + 0x7676767676767676ULL)) & 0x8080808080808080ULL) != 0) return false;
    std::uint64_t sums = digits * 10 + (digits >> 8U);
    sums = (((sums & 0x000000FF000000FFULL) * (100 + (1'000'000ULL << 32U))) +
            (((sums >> 16U) & 0x000000FF000000FFULL) * (1 + (10'000ULL << 32U)))) >>
           32U;
    value = sums;
    return true;
}

/// Reads SECONDS.MILLIS: as it is written since 2001, ten digits and three.
bool take_usual_time(const char*& at, const char* end, std::int64_t& milliseconds) {
    const auto digit = [&](std::size_t i) { return static_cast<unsigned>(at[i] - '0'); };
    std::uint64_t high = 0;
    if (end - at < 17 || at[10] != '.' || at[14] != ':' || !take_eight(at, high)) return false;
    for (const std::size_t i : {8U, 9U, 11U, 12U, 13U})
        if (digit(i) > 9) return false;
    const std::uint64_t seconds = high * 100 + digit(8) * 10 + digit(9);
    milliseconds = static_cast<std::int64_t>(seconds * 1000 + digit(11) * 100 + digit(12) * 10 + digit(13));
    at += 15;
    return true;
}

bool take_time(const char*& at, const char* end, std::int64_t& milliseconds) {
    constexpr std::uint64_t kLastSecond = 253'402'300'799;  // the year 9999
    std::uint64_t seconds = 0;
    std::uint64_t millis = 0;
    if (!take_number(at, end, seconds) || seconds > kLastSecond || at == end || *at++ != '.') return false;
    const char* const fraction = at;
    if (!take_number(at, end, millis)) return false;
    if (at - fraction > 3 || at == end || *at++ != ':') return false;
    milliseconds = static_cast<std::int64_t>(seconds * 1000 + millis);
    return true;
}

/// Reads SECONDS.MILLIS:SERIAL) and the colon and blanks after it; `at` is where the body begins.
bool take_header(const char*& at, const char* end, EventId& id) {
    if (!take_usual_time(at, end, id.milliseconds) && !take_time(at, end, id.milliseconds)) return false;
    if (!take_number(at, end, id.serial) || at == end || *at++ != ')') return false;
    while (at != end && (*at == ' ' || *at == ':')) ++at;
    return true;
}

/// After `audit`: the bracket and what follows. One wrong byte in its place is forgiven and told.
bool take_brackets(const char*& at, const char* end, EventId& id, bool& wrong) {
    constexpr std::string_view kWord = "audit";
    if (static_cast<std::size_t>(end - at) < kWord.size() + 1 || std::memcmp(at, kWord.data(), kWord.size()) != 0)
        return false;
    at += kWord.size();
    wrong = *at != '(';
    if (wrong && is_digit(*at)) return false;
    ++at;
    return take_header(at, end, id);
}

std::optional<std::uint32_t> type_of(std::string_view name) {
    switch (name.size()) {  // the usual ones without a search
        case 3:
            if (name == "CWD") return 1307;
            break;
        case 4:
            if (name == "PATH") return 1302;
            break;
        case 6:
            if (name == "EXECVE") return 1309;
            break;
        case 7:
            if (name == "SYSCALL") return 1300;
            break;
        case 8:
            if (name == "SOCKADDR") return 1306;
            break;
        case 9:
            if (name == "PROCTITLE") return 1327;
            break;
        default: break;
    }
    constexpr std::string_view kUnknown = "UNKNOWN[";
    if (name.starts_with(kUnknown) && name.ends_with(']'))
        name = name.substr(kUnknown.size(), name.size() - kUnknown.size() - 1);
    if (name.empty()) return std::nullopt;
    if (!is_digit(name.front())) return type_number(name);
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
    return number;
}

/// The type that a record must have whose first field is that; 0 when nothing follows from it.
std::uint32_t type_by_field(std::string_view body) {
    struct Sign {
        std::string_view start;
        std::uint32_t type;
    };
    static constexpr auto kSigns = std::to_array<Sign>({{"arch=", 1300},
                                                        {"item=", 1302},
                                                        {"nargs=", 1304},
                                                        {"saddr=", 1306},
                                                        {"cwd=", 1307},
                                                        {"argc=", 1309},
                                                        {"fver=", 1321},
                                                        {"proctitle=", 1327},
                                                        {"uring_op=", 1336}});
    for (const Sign& sign : kSigns)
        if (body.starts_with(sign.start)) return sign.type;
    return 0;
}

/// Splits what follows the header into the record's own fields and auditd's enrichment. A program may have written the
/// separator within msg='…' too: then the line ends with the kernel's quote, as no enrichment does.
void split_body(std::string_view rest, Record& record) {
    record.enriched = {};
    const void* const mark = rest.empty() ? nullptr : ::memrchr(rest.data(), kEnrichment, rest.size());
    if (mark != nullptr && rest.back() != '\'') {
        const auto at = static_cast<std::size_t>(static_cast<const char*>(mark) - rest.data());
        record.enriched = rest.substr(at + 1);
        rest = rest.substr(0, at);
    }
    while (!rest.empty() && rest.back() == ' ') rest.remove_suffix(1);
    record.body = rest;
}

/// Where a record begins that syslog, journald or dmesg carry: behind a prefix whose last word names audit. Programs
/// that write to the same log cannot pretend to be records by their text alone.
std::size_t carried_at(std::string_view line) {
    const std::string_view head = line.substr(0, kLongestPrefix);
    const auto type = head.find("type=");
    if (type == 0 || type == std::string_view::npos) return std::string_view::npos;
    auto start = type;
    const auto node = head.substr(0, type).find("node=");
    if (node != std::string_view::npos) start = node;
    const std::string_view prefix = without_padding(line.substr(0, start));
    if (prefix.empty()) return start;
    const auto blank = prefix.rfind(' ');
    const std::string_view word = blank == std::string_view::npos ? prefix : prefix.substr(blank + 1);
    return word.find("audi") != std::string_view::npos && word.ends_with(':') ? start : std::string_view::npos;
}

/// A line that begins with node= or type=.
Damage parse_record(std::string_view line, Record& record, LastHeader* last) {
    const char* at = line.data();
    const char* const end = at + line.size();
    std::string_view node;
    if (line.starts_with("node=")) {
        const auto blank = line.find(' ');
        if (blank == std::string_view::npos) return Damage::no_type;
        node = line.substr(5, blank - 5);
        at += blank + 1;
    }
    constexpr std::string_view kType = "type=";
    const auto left = [&] { return std::string_view(at, static_cast<std::size_t>(end - at)); };
    std::optional<std::uint32_t> type;
    Damage mended = Damage::none;
    if (left().starts_with(kType)) {
        at += kType.size();
        const auto* const blank = static_cast<const char*>(std::memchr(at, ' ', static_cast<std::size_t>(end - at)));
        if (blank == nullptr) return Damage::no_header;
        type = type_of({at, static_cast<std::size_t>(blank - at)});
        if (!type) mended = Damage::unknown_type;
        at = blank + 1;
    } else {
        mended = Damage::no_type;
    }
    EventId id;
    if (last != nullptr && last->size != 0 && left().size() >= last->size &&
        std::memcmp(at, last->text.data(), last->size) == 0) {
        at += last->size;
        while (at != end && (*at == ' ' || *at == ':')) ++at;
        id = last->id;
    } else {
        const char* const header = at;
        if (left().starts_with("msg=")) at += 4;
        bool wrong = false;
        if (!take_brackets(at, end, id, wrong)) return mended == Damage::no_type ? mended : Damage::no_header;
        if (wrong) mended = Damage::no_header;
        const auto size = static_cast<std::size_t>(at - header);
        if (last != nullptr && !wrong && size <= last->text.size()) {
            std::memcpy(last->text.data(), header, size);
            last->size = size;
            last->id = id;
        }
    }
    const std::string_view rest = left();
    if (mended == Damage::no_type) {
        type = type_by_field(rest);
        if (*type == 0) return Damage::no_type;
    }
    record.type = type.value_or(0);
    record.id = id;
    record.id.node = node;
    record.line = line;
    record.mended = mended;
    split_body(rest, record);
    return Damage::none;
}

}  // namespace

std::string_view to_text(Damage damage) {
    switch (damage) {
        case Damage::none: return "whole";
        case Damage::empty: return "padding";
        case Damage::no_type: return "no type";
        case Damage::no_header: return "no header";
        case Damage::unknown_type: return "unknown type";
        case Damage::too_long: return "too long";
    }
    return "";
}

namespace {

Damage parse(std::string_view line, Record& record, LastHeader* last) {
    if (line.size() > kLongestLine) return Damage::too_long;
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    if (line.starts_with("type=") || line.starts_with("node=")) [[likely]]
        return parse_record(line, record, last);
    line = without_padding(line);
    if (line.empty()) return Damage::empty;
    if (line.starts_with("type=") || line.starts_with("node=") || line.starts_with("msg=audit") ||
        line.starts_with("audit("))
        return parse_record(line, record, last);
    const auto start = carried_at(line);
    return start == std::string_view::npos ? Damage::no_type : parse_record(line.substr(start), record, last);
}

}  // namespace

Damage parse_line(std::string_view line, Record& record) { return parse(line, record, nullptr); }

Damage parse_line(std::string_view line, Record& record, LastHeader& last) { return parse(line, record, &last); }

Damage parse_message(std::uint32_t type, std::string_view payload, Record& record) {
    if (payload.size() > kLongestLine) return Damage::too_long;
    while (!payload.empty() && is_padding(payload.back())) payload.remove_suffix(1);
    const char* at = payload.data();
    const char* const end = at + payload.size();
    EventId id;
    bool wrong = false;
    if (!take_brackets(at, end, id, wrong) || wrong) return payload.empty() ? Damage::empty : Damage::no_header;
    record = {.type = type, .id = id, .body = {}, .enriched = {}, .line = payload};
    record.body = std::string_view(at, static_cast<std::size_t>(end - at));  // the kernel enriches nothing
    while (!record.body.empty() && record.body.back() == ' ') record.body.remove_suffix(1);
    return Damage::none;
}

}  // namespace plimsoll::audit
