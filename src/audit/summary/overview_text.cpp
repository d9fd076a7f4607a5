#include <string>

#include "audit/summary/overview.h"
#include "audit/text/clock.h"

namespace plimsoll::audit {

namespace {

struct Label {
    bool is_set;
    unsigned index;
    std::string_view text;  ///< behind "Number of "
    std::string_view name;
};

// In aureport's order. Indices are those of Count and Set.
constexpr Label kLabels[] = {
    {false, 1, "changes in configuration", "config_changes"},
    {false, 2, "changes to accounts, groups, or roles", "account_changes"},
    {false, 3, "logins", "logins"},
    {false, 4, "failed logins", "failed_logins"},
    {false, 5, "authentications", "authentications"},
    {false, 6, "failed authentications", "failed_authentications"},
    {true, 0, "users", "users"},
    {true, 1, "terminals", "terminals"},
    {true, 2, "host names", "hosts"},
    {true, 3, "executables", "executables"},
    {true, 4, "commands", "commands"},
    {true, 5, "files", "files"},
    {false, 7, "AVC's", "avcs"},
    {false, 8, "MAC events", "mac_events"},
    {false, 9, "failed syscalls", "failed_syscalls"},
    {false, 10, "anomaly events", "anomalies"},
    {false, 11, "responses to anomaly events", "responses"},
    {false, 12, "crypto events", "crypto_events"},
    {false, 13, "integrity events", "integrity_events"},
    {false, 14, "virt events", "virt_events"},
    {true, 6, "keys", "keys"},
    {true, 7, "process IDs", "pids"},
    {false, 0, "events", "events"},
};

/// A moment, or its second: what was asked for is shown as it was asked.
void put_moment(Buffer& out, Clock& clock, std::int64_t milliseconds, bool with_millis) {
    const std::size_t before = out.size();
    clock.put_moment(out, milliseconds);
    constexpr std::size_t kMillis = 4;
    if (!with_millis && out.size() - before == 21) out.cut(out.size() - kMillis);
}

}  // namespace

std::string Overview::text(Zone zone, bool iso_times) const {
    Buffer out;
    Clock clock(zone, iso_times);
    out.put("\nSummary Report\n======================\nRange of time in logs: ");
    if (first_ms_ <= last_ms_) {
        put_moment(out, clock, first_ms_, true);
        out.put(" - ");
        put_moment(out, clock, last_ms_, true);
    } else {
        out.put("none");
    }
    out.put("\nSelected time for report: ");
    if (first_selected_ms_ <= last_selected_ms_ || options_.since_ms || options_.until_ms) {
        put_moment(out, clock,
                   options_.since_ms.value_or(first_selected_ms_ <= last_selected_ms_ ? first_selected_ms_ : 0), false);
        out.put(" - ");
        if (options_.until_ms)
            put_moment(out, clock, *options_.until_ms, false);
        else
            put_moment(out, clock, first_selected_ms_ <= last_selected_ms_ ? last_selected_ms_ : *options_.since_ms,
                       true);
    } else {
        out.put("none");
    }
    out.put('\n');
    for (const Label& label : kLabels) {
        out.put("Number of ");
        out.put(label.text);
        out.put(": ");
        const Distinct* set = label.is_set ? &sets_[label.index] : nullptr;
        if (set != nullptr && set->full()) out.put("more than ");
        out.put_number(set != nullptr ? set->size() : counts_[label.index]);
        out.put('\n');
    }
    out.put('\n');
    return std::string(out.text());
}

std::string Overview::json() const {
    Buffer out;
    out.put('{');
    if (first_ms_ <= last_ms_) {
        out.put("\"first\":\"");
        Clock::put_utc(out, first_ms_);
        out.put("\",\"last\":\"");
        Clock::put_utc(out, last_ms_);
        out.put("\",");
    }
    bool full = false;
    for (const Label& label : kLabels) {
        out.put('"');
        out.put(label.name);
        out.put("\":");
        out.put_number(label.is_set ? sets_[label.index].size() : counts_[label.index]);
        out.put(',');
        full = full || (label.is_set && sets_[label.index].full());
    }
    if (full) out.put("\"more_values_than_told_apart\":true,");
    out.put("\"damaged_lines\":");
    out.put_number(damaged_);
    out.put("}\n");
    return std::string(out.text());
}

}  // namespace plimsoll::audit
