#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/event.h"
#include "report/options.h"

namespace plimsoll::report {

/// A count in the period, and in the period of equal length before it.
struct Counted {
    std::uint64_t now = 0;
    std::uint64_t before = 0;
};

struct KindCount {
    std::string kind;  ///< "container start", "session", "alert", …
    Counted count;
};

/// A value that the first and the second period have.
struct ResourceUse {
    std::uint64_t cpu_ns = 0;
    std::uint64_t memory_peak = 0;  ///< bytes
    std::uint64_t io_bytes = 0;     ///< read and written
    std::uint64_t received = 0;     ///< bytes
    std::uint64_t sent = 0;         ///< bytes
};

/// All lives of the containers of one name.
struct ContainerActivity {
    std::string name;  ///< or the id of one without a name
    std::string image;
    std::uint64_t found = 0;  ///< was there when recording of its engine began
    std::uint64_t created = 0;
    std::uint64_t started = 0;
    std::uint64_t died = 0;
    std::uint64_t failed = 0;  ///< died with another code than 0, and not by request
    std::uint64_t removed = 0;
    std::uint64_t restarts = 0;  ///< starts after a death
    std::uint64_t oom = 0;
    std::uint64_t sessions = 0;  ///< without health checks
    std::uint64_t alerts = 0;
    std::uint64_t changes = 0;                                       ///< of settings
    bool restart_loop = false;                                       ///< three deaths within ten minutes
    std::vector<std::pair<std::int64_t, std::uint64_t>> exit_codes;  ///< with counts, most frequent first
    bool sampled = false;                                            ///< resource use is known
    ResourceUse use;
    ResourceUse use_before;
};

struct SessionActivity {
    Nanoseconds first = 0;
    std::string container;
    std::string user;  ///< inside the container; empty for the container's own
    std::string command;
    bool user_unknown = false;
    bool privileged_unknown = false;
    bool tty = false;
    bool privileged = false;
    std::uint64_t count = 0;
    std::uint64_t failed = 0;       ///< ran, and ended with another code than 0
    std::uint64_t not_started = 0;  ///< their command could not be started
    std::uint64_t open = 0;         ///< no end is recorded: they run still, or their end was not seen
    std::string asker;              ///< who asked for it; empty when that is not known
    bool inferred = false;          ///< and a link of the chain to them follows from times and names alone
};

struct ImageActivity {
    std::string image;
    std::string digest;
    std::uint64_t containers = 0;  ///< created or started from it
    bool is_new = false;           ///< this ledger had not seen it before
};

struct AlertActivity {
    std::string rule;
    std::string priority;
    std::string container;
    std::uint64_t count = 0;  ///< those that were folded included
    std::uint64_t open = 0;   ///< not acknowledged
    Nanoseconds last = 0;
};

struct PersonActivity {
    std::string who;  ///< a person with where they came from, a service, a restart policy
    std::uint64_t sessions = 0;
    std::uint64_t starts = 0;
    std::uint64_t others = 0;    ///< stops, removals, changes and the like that they asked for
    std::uint64_t inferred = 0;  ///< of all these, where a link of the chain follows from times and names alone
};

struct DaemonFault {
    std::string text;
    std::uint64_t count = 0;
    Nanoseconds last = 0;
};

struct LossActivity {
    std::string what;
    std::string reason;
    Nanoseconds from = 0;
    Nanoseconds until = 0;
    std::uint64_t count = 0;  ///< 0 when that is not known
};

/// The recorder's own state, as far as records tell it; the rest is filled in by the caller.
struct LedgerHealth {
    std::uint64_t records = 0;  ///< in the period
    std::uint64_t malformed = 0;
    std::uint64_t starts = 0;
    std::uint64_t stops = 0;
    std::uint64_t unclean = 0;        ///< starts without a stop before them
    std::uint64_t lost = 0;           ///< sum of the counts that are known
    std::uint64_t losses = 0;         ///< loss records
    std::uint64_t outages = 0;        ///< times that an engine could not be reached
    Nanoseconds outage = 0;           ///< how long in all; they stand among the gaps
    Nanoseconds blind = 0;            ///< time in which losses and pauses of the recorder lie
    std::vector<LossActivity> gaps;   ///< the first hundred
    std::vector<std::string> faults;  ///< parts that could not be read; from the caller
    std::string range;                ///< what the ledger covers; from the caller
    std::string checkpoint;           ///< newest checkpoint in words; from the caller
    std::string verification;         ///< what `plimsoll verify` said; empty when it was not asked
    std::optional<bool> verified;     ///< absent when it was not asked
};

/// One line that stands at the top.
struct Headline {
    int weight = 0;  ///< larger is told first
    std::string text;
};

/// What a host did in a period, in tables of bounded length with exact totals.
struct Activity {
    std::string version;
    std::string host;
    Nanoseconds since = 0;
    Nanoseconds until = 0;
    std::vector<std::string> unusual;  ///< at most three sentences
    std::uint64_t unusual_left = 0;    ///< more that could be said
    Counted records;
    std::vector<KindCount> kinds;
    std::vector<ContainerActivity> containers;  ///< most worth a look first
    std::uint64_t containers_total = 0;
    std::vector<SessionActivity> sessions;  ///< privileged and interactive ones first
    Counted sessions_total;
    std::uint64_t sessions_open = 0;  ///< of sessions_total, in the period
    std::uint64_t interactive = 0;
    std::uint64_t health_checks = 0;
    std::vector<ImageActivity> images;  ///< new ones first
    std::uint64_t images_total = 0;
    std::uint64_t images_new = 0;
    std::vector<AlertActivity> alerts;  ///< open and urgent ones first
    Counted alerts_total;
    std::uint64_t alerts_open = 0;
    std::vector<PersonActivity> people;
    std::uint64_t unknown_people = 0;  ///< sessions and starts of which nobody says who asked
    std::vector<DaemonFault> faults;
    Counted faults_total;
    Counted deaths;
    Counted restarts;
    LedgerHealth ledger;
};

/// Length of the tables.
inline constexpr std::size_t kActivityRows = 25;

/// Reads records in the order of their numbers, once. Memory is bounded, whatever the records say: names beyond some
/// thousands are counted together as "(others)".
class ActivityBuilder {
public:
    /// Both ends in nanoseconds; `until` is exclusive. Records of the same length of time before `since` are what the
    /// period is compared with.
    ActivityBuilder(Nanoseconds since, Nanoseconds until);
    ~ActivityBuilder();
    ActivityBuilder(const ActivityBuilder&) = delete;
    ActivityBuilder& operator=(const ActivityBuilder&) = delete;

    void add(const model::Event& event);

    /// The fields that it reads; a scan need fill in no others.
    [[nodiscard]] static std::vector<model::FieldId> fields();

    /// Sums and tables, without headlines; once.
    [[nodiscard]] Activity finish();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// Fills `unusual` from the rest, the caller's part of `ledger` included.
void write_headlines(Activity& activity);

[[nodiscard]] std::string activity_text(const Activity& activity, const Options& options);
/// GitHub's Markdown, for mail and chat.
[[nodiscard]] std::string activity_markdown(const Activity& activity, const Options& options);
/// One page that loads and runs nothing.
[[nodiscard]] std::string activity_html(const Activity& activity, const Options& options);
/// Described by docs/reference/activity-report.schema.json.
[[nodiscard]] std::string activity_json(const Activity& activity, const Options& options);

}  // namespace plimsoll::report
