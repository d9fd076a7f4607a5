#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/subject.h"

namespace plimsoll::model {

enum class Severity : std::uint8_t { info, low, medium, high, critical };
inline constexpr std::size_t kSeverities = 5;

/// What a check concluded about one object. `manual`: no fact can decide it, a person must look.
enum class Outcome : std::uint8_t { pass, fail, unknown, not_applicable, manual };

[[nodiscard]] std::string_view to_text(Severity severity);
[[nodiscard]] std::string_view to_text(Outcome outcome);
[[nodiscard]] std::optional<Severity> parse_severity(std::string_view text);

/// The part of a check that people read. Text comes from rule files: trusted in meaning, still escaped at each edge.
struct Check {
    std::string id;
    std::string title;
    std::string why;
    std::string remedy;  ///< a command or setting that can be pasted
    Severity severity = Severity::info;
    SubjectKind subject = SubjectKind::host;
    std::vector<std::string> references;  ///< "cis-1.8:5.5", "nist-800-190:4.4.3", "mitre:T1611"
    std::vector<std::string> tags;
};

/// One fact that a judgement used. Values come from containers and images: hostile bytes.
struct Evidence {
    std::string field;  ///< name in the field table, brackets included
    std::string value;
    std::string origin;  ///< where it was read: an API path, a file of /proc, a flag, daemon.json
};

/// One mount, port, variable, file, … that failed (or could not be judged) within an object.
struct FindingItem {
    std::string name;     ///< hostile bytes
    std::string message;  ///< the check's message with this item's values; hostile bytes
    std::vector<Evidence> evidence;
    std::uint32_t count = 1;  ///< how many equal items are folded into this one (log lines)
};

/// A thing that reports list by itself.
struct ObjectSummary {
    SubjectKind kind = SubjectKind::host;
    std::string id;                                   ///< engine's id, twelve characters; host name for the host
    std::string name;                                 ///< hostile bytes
    std::string detail;                               ///< "nginx:1.27, running 3 days"; hostile bytes
    int score = 100;                                  ///< 0 to 100; see AuditReport::score_explanation
    std::array<std::uint32_t, kSeverities> failed{};  ///< failed checks by severity, waived ones left out
    std::uint32_t passed = 0;
    std::uint32_t unknown = 0;
};

struct Finding {
    std::uint32_t check = 0;   ///< index in AuditReport::checks
    std::uint32_t object = 0;  ///< index in AuditReport::objects
    Outcome outcome = Outcome::pass;
    std::string message;  ///< one line, with the object's values; hostile bytes
    std::string reason;   ///< why unknown, not applicable, or what to look at when manual
    std::vector<Evidence> evidence;
    std::vector<FindingItem> items;       ///< empty when the check judges the object as a whole
    std::uint32_t items_total = 0;        ///< failed items before the list was cut
    std::optional<std::uint32_t> waiver;  ///< index in AuditReport::waivers
    std::optional<std::uint32_t> path;    ///< index in AuditReport::paths: told there, not again
    bool is_new = false;                  ///< a baseline was given and does not hold it
};

/// Findings of one object that together are worse than each.
struct AttackPath {
    std::string id;
    std::string title;
    std::string consequence;  ///< what an attacker ends up with
    std::string message;      ///< the steps with this object's values; hostile bytes
    std::string remedy;
    Severity severity = Severity::critical;
    std::uint32_t object = 0;
    std::vector<std::uint32_t> findings;  ///< indexes in AuditReport::findings, in the order of the steps
    std::vector<std::string> references;
    std::optional<std::uint32_t> waiver;
};

struct WaiverSummary {
    std::string id;
    std::string reason;
    std::string owner;
    std::string expires;  ///< YYYY-MM-DD, empty for never
    std::string file;
    std::uint32_t line = 0;
    bool expired = false;
    std::uint32_t used = 0;  ///< findings it covers
};

/// One whole audit, ready to be written in any format.
struct AuditReport {
    std::string version;  ///< of plimsoll
    std::string host;
    std::string started;                ///< RFC 3339, UTC
    double seconds = 0;                 ///< wall time of the audit
    std::vector<std::string> engines;   ///< "docker 20.10.24 at unix:///var/run/docker.sock"
    std::vector<std::string> problems;  ///< what could not be read, one line each; hostile bytes
    std::vector<Check> checks;
    std::vector<ObjectSummary> objects;
    std::vector<Finding> findings;  ///< all outcomes; worst first
    std::vector<AttackPath> paths;  ///< worst first
    std::vector<WaiverSummary> waivers;
    int score = 100;
    std::string score_explanation;
    bool has_baseline = false;
    std::uint32_t resolved_since_baseline = 0;
};

/// Failed, not waived, and therefore counted: in scores, in the exit code, in totals.
[[nodiscard]] inline bool counts(const Finding& finding) { return finding.outcome == Outcome::fail && !finding.waiver; }

}  // namespace plimsoll::model
