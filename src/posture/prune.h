#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "host/endpoint.h"
#include "host/file.h"
#include "host/http_client.h"

namespace plimsoll::posture {

enum class PruneKind : std::uint8_t { container, volume, network, image };

/// "container", "volume", "network", "image".
[[nodiscard]] std::string_view to_text(PruneKind kind);

struct PruneOptions {
    Nanoseconds now = 0;
    Nanoseconds older_than = 7 * kDay;
    std::set<PruneKind> kinds = {PruneKind::container, PruneKind::volume, PruneKind::network, PruneKind::image};
    bool named_volumes = false;  ///< also volumes that a person named
    std::string only_label;      ///< NAME or NAME=value: nothing without that label is listed; empty for all
    host::Root root;             ///< for a look at the engine's files when it runs here
    std::chrono::milliseconds sizes{60000};  ///< how long the engine may take to measure sizes
};

/// One thing that nothing uses. Names are hostile bytes.
struct PruneItem {
    PruneKind kind = PruneKind::container;
    std::string id;  ///< full id; a volume's name
    std::string name;
    std::string created;  ///< as the engine writes it; with id and state what makes it the same thing later
    std::string state;    ///< a container's status and when it ended
    std::vector<std::string> references;  ///< an image's tags, or digests when it has none
    std::optional<std::int64_t> size;     ///< bytes that its removal frees, as far as the engine tells
    std::optional<Nanoseconds> since;     ///< unused since then at the earliest, or last changed then
    std::string why;
    std::optional<std::size_t> entries;  ///< of a volume's top folder, when it can be read
    std::vector<std::string> holds;      ///< the first names of it
};

struct PrunePlan {
    std::string engine;
    Nanoseconds made = 0;
    Nanoseconds older_than = 0;
    std::string only_label;
    std::vector<PruneItem> items;             ///< in the order of removal
    std::vector<std::string> kept;            ///< what is unused and stays, and why: "image app:1: younger than 7 days"
    std::vector<std::string> problems;        ///< what could not be found out
    std::optional<std::int64_t> build_cache;  ///< unused bytes of the build cache, which a plan never removes
};

/// What the engine answered; empty text where it gave no answer.
struct PruneAnswers {
    std::string containers;            ///< GET /containers/json?all=1
    std::string images;                ///< GET /images/json
    std::string volumes;               ///< GET /volumes
    std::string networks;              ///< GET /networks
    std::string info;                  ///< GET /info
    std::string sizes;                 ///< GET /system/df
    std::vector<std::string> details;  ///< inspect data of containers that do not run, of unused images and networks
};

/// Plans from answers: what no container uses, is older than the limit, and is not labelled plimsoll.keep (any value
/// but false). What cannot be told to be old enough stays. `local`: the engine's files may be looked at. An error is an
/// answer that is not JSON.
[[nodiscard]] Result<PrunePlan> plan_of(const PruneAnswers& answers, const PruneOptions& options, bool local);

/// Asks the engine and plans. Changes nothing.
[[nodiscard]] Result<PrunePlan> plan_prune(const host::Endpoint& endpoint, const host::HttpLimits& limits,
                                           const PruneOptions& options);

/// What became of one item.
struct PruneOutcome {
    enum class State : std::uint8_t { removed, skipped, failed };

    State state = State::failed;
    std::string reason;  ///< of a skipped or failed one
};

[[nodiscard]] std::string_view to_text(PruneOutcome::State state);

struct PruneReport {
    std::string record;                  ///< the file that holds the plan and the outcomes
    std::vector<PruneOutcome> outcomes;  ///< one for each item of the plan
};

/// The record's usual place: /var/lib/plimsoll/prune-TIME.jsonl.
[[nodiscard]] std::string default_prune_record(Nanoseconds now);

/// Removes exactly the plan's items, in order and never by force, each only after the engine says again that it is the
/// same and unused. First writes the plan to `record`, a new file of mode 0600 (its folder is made with 0700); when
/// that fails nothing is removed and the error says why. Outcomes are added to the record as they come.
[[nodiscard]] Result<PruneReport> execute(const host::Endpoint& endpoint, const host::HttpLimits& limits,
                                          const PrunePlan& plan, const std::string& record);

/// The plan for a terminal, hostile names escaped; with outcomes when `report` is given.
[[nodiscard]] std::string to_text(const PrunePlan& plan, const PruneReport* report = nullptr);

/// The plan as one JSON object; with outcomes when `report` is given.
[[nodiscard]] std::string to_json(const PrunePlan& plan, const PruneReport* report = nullptr);

/// One item as one line of JSON.
[[nodiscard]] std::string to_json(const PruneItem& item);

/// What became of one item as one line of JSON.
[[nodiscard]] std::string to_json(const PruneItem& item, const PruneOutcome& outcome);

/// 1.2 GB, in powers of 1000 as the engine's client writes sizes.
[[nodiscard]] std::string size_text(std::int64_t bytes);

}  // namespace plimsoll::posture
