#include "audit/summary/overview.h"

#include <cstring>

#include "audit/find_either.h"
#include "audit/record_types.h"
#include "audit/summary/blanks.h"
#include "audit/tables.h"
#include "audit/tables_decode.h"

namespace plimsoll::audit {

namespace {

constexpr std::size_t kRecent = std::size_t{1} << 15;  ///< events that may be told of at a time

constexpr std::size_t kEndings = 1024;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads digits at `at`, at most 18 of them.
bool take_number(const char*& at, const char* end, std::uint64_t& value) {
    const char* const begin = at;
    value = 0;
    while (at != end && is_digit(*at) && at - begin < 18) value = value * 10 + static_cast<std::uint64_t>(*at++ - '0');
    return at != begin;
}

/// The types of most lines, without a search.
std::uint32_t usual_type(std::string_view name) {
    switch (name.size()) {
        case 3: return name == "CWD" ? kCwd : kNoType;
        case 4: return name == "PATH" ? kPath : kNoType;
        case 6: return name == "EXECVE" ? kExecve : kNoType;
        case 7: return name == "SYSCALL" ? kSyscall : kNoType;
        case 8: return name == "SOCKADDR" ? kSockaddr : kNoType;
        case 9: return name == "PROCTITLE" ? kProctitle : kNoType;
        case 10: return name == "BPRM_FCAPS" ? kBprmFcaps : kNoType;
        default: return kNoType;
    }
}

using LastId = Overview::LastId;

struct Header {
    std::uint32_t type = 0;
    std::string_view body;
};

/// A line as auditd writes it, without node=: type=WORD msg=audit(SECONDS.MILLIS:SERIAL): …
bool read_header(std::string_view line, Header& header, LastId& last) {
    constexpr std::string_view kBegin = "type=";
    constexpr std::string_view kMessage = " msg=audit(";
    if (!line.starts_with(kBegin)) return false;
    const char* at = line.data() + kBegin.size();
    const char* const end = line.data() + line.size();
    const char* const name = at;
    while (at != end && *at != ' ') ++at;
    if (static_cast<std::size_t>(end - at) < kMessage.size() || std::memcmp(at, kMessage.data(), kMessage.size()) != 0)
        return false;
    const std::string_view word(name, static_cast<std::size_t>(at - name));
    header.type = usual_type(word);
    if (header.type == 0) header.type = type_number(word).value_or(0);
    at += kMessage.size();
    const char* const id = at;
    if (last.size != 0 && static_cast<std::size_t>(end - at) >= last.size &&
        std::memcmp(at, last.text.data(), last.size) == 0) {
        at += last.size;
        header.body = {at, static_cast<std::size_t>(end - at)};
        return header.type != 0;
    }
    last.size = 0;
    std::uint64_t seconds = 0;
    std::uint64_t millis = 0;
    if (!take_number(at, end, seconds) || seconds > 253'402'300'799U || end - at < 6 || *at++ != '.') return false;
    if (!is_digit(at[0]) || !is_digit(at[1]) || !is_digit(at[2]) || at[3] != ':') return false;
    millis = static_cast<std::uint64_t>((at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0'));
    at += 4;
    if (!take_number(at, end, last.serial) || end - at < 2 || *at++ != ')' || *at++ != ':') return false;
    last.milliseconds = static_cast<std::int64_t>(seconds * 1000 + millis);
    if (const auto size = static_cast<std::size_t>(at - id); size <= last.text.size()) {
        std::memcpy(last.text.data(), id, size);
        last.size = size;
    }
    header.body = {at, static_cast<std::size_t>(end - at)};
    return header.type != 0;
}

/// The value that begins at `at`: within quotes, or up to the next blank.
std::string_view value_at(std::string_view body, std::size_t at) {
    if (at < body.size() && body[at] == '"') {
        const char* const begin = body.data() + at + 1;
        return {begin, static_cast<std::size_t>(find_either(begin, body.data() + body.size(), '"', '"') - begin)};
    }
    const char* const begin = body.data() + at;
    return {begin, static_cast<std::size_t>(find_either(begin, body.data() + body.size(), ' ', '\x1d') - begin)};
}

std::uint64_t identity(std::int64_t milliseconds, std::uint64_t serial, std::string_view node) {
    std::uint64_t hash = static_cast<std::uint64_t>(milliseconds) * 0x9E3779B97F4A7C15U ^ serial;
    for (const char c : node) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    return hash == 0 ? 1 : hash;
}

}  // namespace

Overview::Overview(const OverviewOptions& options) : options_(options), recent_(kRecent), endings_(kEndings) {}

void Overview::saw(std::int64_t milliseconds) {
    first_ms_ = std::min(first_ms_, milliseconds);
    last_ms_ = std::max(last_ms_, milliseconds);
    first_selected_ms_ = std::min(first_selected_ms_, milliseconds);
    last_selected_ms_ = std::max(last_selected_ms_, milliseconds);
}

void Overview::forget() { recent_.assign(kRecent, {}); }

void Overview::read(std::string_view lines, bool own) {
    own_ = own;
    const char* at = lines.data();
    const char* const end = at + lines.size();
    while (at < end) {
        const void* const newline = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
        const char* const stop = newline != nullptr ? static_cast<const char*>(newline) : end;
        line({at, static_cast<std::size_t>(stop - at)});
        at = stop + 1;
    }
}

void Overview::line(std::string_view line) {
    Header header;
    if (read_header(line, header, last_id_)) {
        record(header.type, last_id_.milliseconds, last_id_.serial, {}, header.body);
        return;
    }
    Record read;
    const Damage damage = parse_line(line, read);
    if (damage == Damage::none)
        record(read.type, read.id.milliseconds, read.id.serial, read.id.node, read.body);
    else if (damage != Damage::empty && own_)
        ++damaged_;
}

void Overview::count(Count what) {
    const std::uint32_t bit = 1U << what;
    if ((event_->counted & bit) != 0) return;
    event_->counted |= bit;
    if (own_) ++counts_[what];
}

void Overview::record(std::uint32_t type, std::int64_t milliseconds, std::uint64_t serial, std::string_view node,
                      std::string_view body) {
    if (type == kEoe) return;
    if (!options_.node.empty() && node != options_.node) return;
    if (own_) {
        first_ms_ = std::min(first_ms_, milliseconds);
        last_ms_ = std::max(last_ms_, milliseconds);
    }
    if (options_.since_ms && milliseconds < *options_.since_ms) return;
    if (options_.until_ms && milliseconds > *options_.until_ms) return;
    if (own_) {
        first_selected_ms_ = std::min(first_selected_ms_, milliseconds);
        last_selected_ms_ = std::max(last_selected_ms_, milliseconds);
    }
    // Serials follow each other: the events of a while have places of their own
    const std::uint64_t id = identity(milliseconds, serial, node);
    event_ = &recent_[serial % kRecent];
    if (event_->id != id) *event_ = {.id = id, .counted = 0};
    count(kEvents);
    switch (type) {
        case kCwd:
        case kExecve:
        case kProctitle:
        case kBprmFcaps: return;
        case kSyscall: call(body); return;
        case kPath: path(body); return;
        case kSockaddr: socket(body); return;
        default: other(type, body);
    }
}

void Overview::call(std::string_view body) {
    // The calls of a process end alike, from its login user on: what such an ending says is counted once
    const std::size_t ending = call_fields(body, true);
    if (ending == std::string_view::npos) return;
    const std::string_view rest = body.substr(ending);
    const std::uint64_t hash = Distinct::hash(rest);
    std::uint64_t& known = endings_[hash % endings_.size()];
    if (known == hash && own_) return;
    const bool failed = call_fields(rest, false) != std::string_view::npos;
    if (own_ && !failed) known = hash;
}

std::size_t Overview::call_fields(std::string_view body, bool to_ending) {
    std::size_t ending = std::string_view::npos;
    std::size_t unusual = std::string_view::npos;
    // The begin of each field is behind a blank; what is looked for begins with one of seven letters
    for_each_blank(body, [&](std::size_t blank) {
        const char* at = body.data() + blank + 1;
        const std::size_t left = body.size() - blank - 1;
        const auto is = [&](std::string_view name) {
            return left > name.size() && std::memcmp(at, name.data(), name.size()) == 0;
        };
        const auto value = [&](std::string_view name) { return value_at(body, blank + 1 + name.size()); };
        if (left == 0) return true;
        switch (*at) {
            case 's':
                if (!is("success=no")) break;
                count(kFailedCalls);
                if (!to_ending) unusual = blank;
                break;
            case 'p':
                if (is("pid=")) add_value(kPids, value("pid="));
                break;
            case 'a':
                if (!is("auid=")) break;
                if (to_ending) {
                    ending = blank;
                    return false;
                }
                add_value(kUsers, value("auid="));
                break;
            case 't':
                if (is("tty=")) add_value(kTerminals, value("tty="));
                break;
            case 'c':
                if (is("comm=")) add_value(kCommands, value("comm="));
                break;
            case 'e':
                if (is("exe=")) add_value(kExecutables, value("exe="));
                break;
            case 'k':
                if (is("key=")) add_keys(value("key="), left > 4 && at[4] == '"');
                break;
            default: break;
        }
        return true;
    });
    return to_ending ? ending : unusual;
}

void Overview::add_keys(std::string_view value, bool quoted) {
    if (!quoted && value == "(null)") return;
    decoded_.clear();
    if (quoted || !append_hex_decoded(decoded_, value)) {
        add_value(kKeys, value);
        return;
    }
    std::string_view rest = decoded_;
    for (;;) {
        const std::size_t at = rest.find('\1');
        add_value(kKeys, rest.substr(0, at));
        if (at == std::string_view::npos) return;
        rest.remove_prefix(at + 1);
    }
}

void Overview::path(std::string_view body) {
    // Nearly always it is the second field
    constexpr std::string_view kName = " name=";
    constexpr std::size_t kUsual = std::string_view(" item=0").size();
    const std::size_t at =
        body.substr(0, kUsual + kName.size()).ends_with(kName) && body[kUsual - 2] == '=' ? kUsual : body.find(kName);
    if (at == std::string_view::npos) return;
    const std::size_t begin = at + 6;
    const std::string_view value = value_at(body, begin);
    decoded_.clear();
    if (body[begin] != '"' && append_hex_decoded(decoded_, value))
        add_value(kFiles, decoded_);
    else
        add_value(kFiles, value);
    if (value.empty() && own_) sets_[kFiles].add(value);  // an empty name is one, too
}

void Overview::socket(std::string_view body) {
    const std::size_t at = body.find("saddr=");
    if (at == std::string_view::npos) return;
    const std::string_view value = value_at(body, at + 6);
    if (value.starts_with("0100") && value.size() > 6 && !value.substr(4).starts_with("00")) {
        // The path as the other records have it; its NULs are padding
        decoded_.clear();
        constexpr std::size_t kLongest = 216;
        if (append_hex_decoded(decoded_, value.substr(4, kLongest)))
            add_value(kFiles, std::string_view(decoded_).substr(0, decoded_.find('\0')));
        return;
    }
    const SocketAddress address = socket_address(value);
    constexpr unsigned kUnix = 1;
    add_value(address.family == kUnix ? kFiles : kHosts, address.address);
}

void Overview::other(std::uint32_t type, std::string_view body) {
    std::string_view outcome;
    std::string_view host;
    FieldCursor cursor(body.substr(0, body.find('\x1d')));
    while (const auto field = cursor.next()) {
        const std::string_view name = field->name;
        if (name == "auid" && !field->claim)
            add_value(kUsers, field->value);
        else if (name == "pid" && !field->claim)
            add_value(kPids, field->value);
        else if (name == "exe")
            add_value(kExecutables, field->value);
        else if (name == "comm")
            add_value(kCommands, field->value);
        else if (name == "terminal" || name == "tty")
            add_value(kTerminals, field->value);
        else if (name == "hostname" || (name == "addr" && field->claim && (host.empty() || host == "?")))
            host = field->value;
        else if (name == "res" || name == "result")
            outcome = field->value;
        else if (name == "key" && !field->claim)
            add_keys(field->value, field->quoted);
        else if (name == "name" && (type == kAvc || (type >= 1800 && type <= 1899)))
            add_value(kFiles, field->value);
    }
    add_value(kHosts, host);
    const bool failed = outcome.starts_with("fail") || outcome == "no" || outcome.starts_with('0');
    const bool succeeded = outcome.starts_with("success") || outcome == "yes" || outcome.starts_with('1');
    const auto between = [&](std::uint32_t first, std::uint32_t last) { return type >= first && type <= last; };

    if ((type == kConfigChange && !options_.without_config) || type == 1203 || type == 1111 || type == 1325 ||
        type == 1328 || between(1403, 1405) || type == 2310 || type == 2312)
        count(kConfig);
    if (type == 1102 || type == 1108 || between(1114, 1117) || type == 1119 || type == 1132 || type == 1133 ||
        type == 2301 || type == 2302 || type == 2311)
        count(kAccounts);
    if (type == kUserLogin && succeeded) count(kLogins);
    if (type == kUserLogin && failed) count(kFailedLogins);
    if (type == kUserAuth && succeeded) count(kAuths);
    if (type == kUserAuth && failed) count(kFailedAuths);
    if (type == kAvc || type == kUserAvc) count(kAvcs);
    if (between(1403, 1419) || between(2300, 2399)) count(kMacs);
    if (between(1700, 1799) || between(2100, 2199)) count(kAnomalies);
    if (between(2200, 2299)) count(kResponses);
    if (between(1600, 1699) || between(2400, 2499)) count(kCrypto);
    if (between(1800, 1899)) count(kIntegrity);
    if (between(2500, 2599)) count(kVirt);
}

void Overview::add(const Overview& other) {
    for (std::size_t i = 0; i < kCounts; ++i) counts_[i] += other.counts_[i];
    for (std::size_t i = 0; i < kSets; ++i) sets_[i].add(other.sets_[i]);
    damaged_ += other.damaged_;
    first_ms_ = std::min(first_ms_, other.first_ms_);
    last_ms_ = std::max(last_ms_, other.last_ms_);
    first_selected_ms_ = std::min(first_selected_ms_, other.first_selected_ms_);
    last_selected_ms_ = std::max(last_selected_ms_, other.last_selected_ms_);
}

std::optional<std::pair<std::int64_t, std::int64_t>> Overview::range() const {
    if (first_ms_ > last_ms_) return std::nullopt;
    return std::pair(first_ms_, last_ms_);
}

}  // namespace plimsoll::audit
