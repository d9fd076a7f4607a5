#include "audit/summary/report.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "audit/record_types.h"
#include "audit/tables.h"
#include "audit/text/json_text.h"

namespace plimsoll::audit {

namespace {

using enum ReportKind;

std::string_view or_question(std::string_view text) { return text.empty() ? std::string_view("?") : text; }

std::string_view outcome_text(Outcome outcome) {
    switch (outcome) {
        case Outcome::success: return "yes";
        case Outcome::failed: return "no";
        case Outcome::unset: break;
    }
    return "unset";
}

std::string loginuid_text(const Facts& facts) {
    constexpr std::uint32_t kUnset = 4294967295U;
    if (!facts.loginuid) return "?";
    return *facts.loginuid == kUnset ? "-1" : std::to_string(*facts.loginuid);
}

bool changes_config(std::uint32_t type) {
    return type == kConfigChange || type == kDaemonConfig || type == kUsysConfig || type == kNetfilterCfg ||
           type == kFeatureChange || (type >= kMacPolicyLoad && type <= kMacConfigChange) ||
           type == kUserMacPolicyLoad || type == kUserMacConfigChange;
}

bool changes_account(std::uint32_t type) {
    return type == kUserMgmt || type == kUserChauthtok || (type >= kAddUser && type <= kDelGroup) || type == kChgrpId ||
           type == kGrpMgmt || type == kGrpChauthtok || type == kRoleAssign || type == kRoleRemove ||
           type == kRoleModify;
}

/// The type of record that makes an event belong to a report of types; 0 when none does.
std::uint32_t type_of_interest(ReportKind kind, const Facts& facts, bool without_config) {
    for (const std::uint32_t type : facts.types) {
        bool wanted = false;
        switch (kind) {
            case config: wanted = changes_config(type) && !(without_config && type == kConfigChange); break;
            case account: wanted = changes_account(type); break;
            case mac: wanted = (type >= kMacPolicyLoad && type <= kMacLast) || (type >= 2300 && type <= 2399); break;
            case anomaly:
                wanted = (type >= 1700 && type <= 1799) || (type >= 2100 && type <= 2199) || type == kSeccomp;
                break;
            case response: wanted = type >= 2200 && type <= 2299; break;
            case crypto: wanted = (type >= 1600 && type <= 1699) || (type >= 2400 && type <= 2499); break;
            case virtualization: wanted = type >= 2500 && type <= 2599; break;
            case integrity: wanted = type >= 1800 && type <= 1899; break;
            case authentication: wanted = type == kUserAuth; break;
            case login: wanted = type == kUserLogin; break;
            case avc: wanted = type == kAvc || type == kUserAvc; break;
            case tty: wanted = type == kTty || type == kUserTty; break;
            default: return facts.type;
        }
        if (wanted) return type;
    }
    return 0;
}

}  // namespace

ReportRows::ReportRows(const ReportOptions& options)
    : options_(options),
      spec_(report_spec(options.kind)),
      interpreter_(options.accounts, options.escape, options.zone, options.iso_times) {}

bool ReportRows::is_of_interest(const Facts& facts) const {
    if (!options_.node.empty() && facts.id.node != options_.node) return false;
    if (options_.success && facts.outcome != (*options_.success ? Outcome::success : Outcome::failed)) return false;
    if (options_.without_config && options_.kind != config && facts.has(kConfigChange)) return false;
    if (type_of_interest(options_.kind, facts, options_.without_config) == 0) return false;
    switch (options_.kind) {
        case file: return !facts.files.empty();
        case host: return !facts.host.empty();
        case key: return !facts.keys.empty();
        case ReportKind::pid: return facts.pid.has_value();
        case ReportKind::syscall: return facts.syscall.has_value();
        case terminal: return !facts.terminal.empty();
        case user: return facts.loginuid.has_value();
        case executable: return !facts.executable.empty();
        case command: return !facts.comm.empty();
        default: return true;
    }
}

void ReportRows::add(const LogEvent& event) {
    if (event.records.empty()) return;
    read_facts(event, facts_);
    if (!is_of_interest(facts_)) return;
    if (options_.summary)
        add_counts(facts_);
    else
        add_row(facts_);
}

ReportRows::Lines ReportRows::take_lines() { return std::exchange(lines_, {}); }

void ReportRows::add_counts(const Facts& facts) {
    const std::uint32_t type = type_of_interest(options_.kind, facts, options_.without_config);
    switch (options_.kind) {
        case file:
            for (const auto& name : facts.files) counts_.add(name);
            return;
        case key:
            for (const auto& name : facts.keys) counts_.add(name);
            return;
        case host: counts_.add(facts.host); return;
        case ReportKind::pid: counts_.add(std::to_string(*facts.pid)); return;
        case ReportKind::syscall: {
            // Names at once: a number alone does not say of which architecture it is
            const std::string_view name =
                options_.interpret ? syscall_name(facts.arch, *facts.syscall) : std::string_view();
            counts_.add(name.empty() ? std::to_string(*facts.syscall) : std::string(name));
            return;
        }
        case terminal: counts_.add(facts.terminal); return;
        case executable: counts_.add(facts.executable); return;
        case command: counts_.add(facts.comm); return;
        case authentication: counts_.add(or_question(facts.account)); return;
        case avc: counts_.add(or_question(facts.object)); return;
        case login:
        case user: {
            const bool by_name = options_.kind == login && facts.outcome == Outcome::failed && !facts.account.empty();
            if (by_name) {
                counts_.add(facts.account);
            } else if (options_.interpret && !facts.loginuid_name.empty()) {
                counts_.add(facts.loginuid_name);
            } else if (options_.interpret && facts.loginuid) {
                counts_.add(interpreter_.values().user(*facts.loginuid));
            } else {
                counts_.add(loginuid_text(facts));
            }
            return;
        }
        default: {
            const std::string_view name = options_.interpret ? type_name(type) : std::string_view();
            counts_.add(name.empty() ? std::to_string(type) : std::string(name));
        }
    }
}

void ReportRows::add_row(const Facts& facts) {
    if (options_.kind == key) {
        for (const auto& name : facts.keys) put_row(facts, name);
        return;
    }
    put_row(facts, options_.kind == file ? std::string_view(facts.files.front()) : std::string_view());
}

void ReportRows::put_row(const Facts& facts, std::string_view value) {
    row_.clear();
    std::string_view columns = spec_.columns;
    if (options_.json) row_.put('{');
    bool first = true;
    while (!columns.empty()) {
        const std::string_view column = columns.substr(0, columns.find(' '));
        columns.remove_prefix(std::min(column.size() + 1, columns.size()));
        if (options_.json) {
            if (column == "time") continue;
            if (!first) row_.put(',');
            row_.put('"');
            row_.put(column == "date" ? "time" : column);
            row_.put("\":");
        } else {
            row_.put(' ');
        }
        put_cell(column, facts, value);
        first = false;
    }
    row_.put(options_.json ? "}\n" : "\n");
    lines_.text += row_.text();
    ++lines_.rows;
}

void ReportRows::put_text(std::string_view text) {
    if (options_.json)
        put_json(row_, text);
    else
        interpreter_.values().put_text(row_, text);
}

void ReportRows::put_loginuid(const Facts& facts) {
    if (options_.interpret && !facts.loginuid_name.empty())
        put_text(facts.loginuid_name);
    else if (options_.interpret && facts.loginuid)
        put_text(interpreter_.values().user(*facts.loginuid));
    else
        put_text(loginuid_text(facts));
}

void ReportRows::put_syscall(const Facts& facts) {
    if (!facts.syscall) {
        put_text(options_.interpret ? "?" : "0");
        return;
    }
    const std::string_view name = options_.interpret ? syscall_name(facts.arch, *facts.syscall) : std::string_view();
    put_text(name.empty() ? std::to_string(*facts.syscall) : std::string(name));
}

void ReportRows::put_cell(std::string_view column, const Facts& facts, std::string_view value) {
    if (column == "date") {
        if (options_.json) {
            row_.put('"');
            Clock::put_utc(row_, facts.id.milliseconds);
            row_.put('"');
        } else {
            interpreter_.clock().put_date(row_, facts.id.milliseconds);
        }
    } else if (column == "time") {
        interpreter_.clock().put_time(row_, facts.id.milliseconds);
    } else if (column == "event") {
        row_.put_number(facts.id.serial);
    } else if (column == "type") {
        const std::uint32_t type = type_of_interest(options_.kind, facts, options_.without_config);
        const std::string_view name = type_name(type);
        put_text(name.empty() ? std::to_string(type) : std::string(name));
    } else if (column == "auid") {
        if (options_.kind == login && facts.outcome == Outcome::failed && !facts.account.empty())
            put_text(facts.account);
        else
            put_loginuid(facts);
    } else if (column == "success") {
        put_text(outcome_text(facts.outcome));
    } else if (column == "syscall") {
        put_syscall(facts);
    } else if (column == "pid") {
        put_text(facts.pid ? std::to_string(*facts.pid) : "?");
    } else if (column == "file" || column == "key") {
        put_text(value);
    } else if (column == "acct") {
        put_text(or_question(facts.account));
    } else if (column == "host" || column == "addr") {
        put_text(or_question(facts.host));
    } else if (column == "term") {
        put_text(or_question(facts.terminal));
    } else if (column == "exe") {
        put_text(or_question(facts.executable));
    } else if (column == "comm") {
        put_text(or_question(facts.comm));
    } else if (column == "sess") {
        put_text(or_question(facts.session));
    } else if (column == "subj") {
        put_text(or_question(facts.subject));
    } else if (column == "class") {
        put_text(or_question(facts.object_class));
    } else if (column == "permission") {
        put_text(or_question(facts.permission));
    } else if (column == "obj") {
        put_text(or_question(facts.object));
    } else if (column == "result") {
        put_text(or_question(facts.decision));
    } else if (column == "data") {
        Buffer typed;
        Call none;
        const RawField field{
            .type = kTty, .name = "data", .value = facts.input, .quoted = facts.input_quoted, .enriched = {}};
        if (facts.input_quoted)
            typed.put('"'), interpreter_.values().put_text(typed, facts.input), typed.put('"');
        else
            interpreter_.values().put(typed, FieldKind::input, field, none);
        if (options_.json)
            put_json(row_, typed.text());
        else
            row_.put(typed.text());
    }
}

std::string summary_rows(const ReportOptions& options, const ValueCounts& counts) {
    Buffer out;
    std::vector<ValueCounts::Row> rows = counts.rows();
    // Types and pids are in the order of their numbers where they are equally many
    if (report_spec(options.kind).counted == "type" || options.kind == ReportKind::pid) {
        const auto number = [](std::string_view text) {
            std::uint32_t value = 0;
            const bool read = std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
            return read ? value : type_number(text).value_or(0);
        };
        std::ranges::stable_sort(rows, [&](const auto& one, const auto& other) {
            return one.count != other.count ? one.count > other.count : number(one.value) < number(other.value);
        });
    }
    for (const auto& row : rows) {
        if (options.json) {
            out.put("{\"total\":");
            out.put_number(row.count);
            out.put(",\"");
            out.put(report_spec(options.kind).counted);
            out.put("\":");
            put_json(out, row.value);
            out.put("}\n");
            continue;
        }
        out.put_number(row.count);
        out.put("  ");
        put_escaped(out, row.value, options.escape);
        out.put('\n');
    }
    if (counts.others() != 0) {
        if (options.json) {
            out.put("{\"total\":");
            out.put_number(counts.others());
            out.put(",\"others\":true}\n");
        } else {
            out.put_number(counts.others());
            out.put("  (others, not told apart)\n");
        }
    }
    return std::string(out.text());
}

}  // namespace plimsoll::audit
