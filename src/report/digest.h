#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/finding.h"

namespace plimsoll::report {

/// One check that failed on so many objects of one kind that it is told once.
struct Shared {
    std::uint32_t check = 0;
    model::SubjectKind kind = model::SubjectKind::container;
    std::vector<std::uint32_t> findings;  ///< in the report's order
    bool same_message = true;             ///< every finding says the same words
};

/// What is left to say about one object.
struct ObjectView {
    std::uint32_t object = 0;
    std::vector<std::uint32_t> findings;  ///< failed, told neither in a path nor in a Shared; worst first
    std::uint32_t in_paths = 0;
    std::uint32_t in_shared = 0;
};

/// Checks that could not be decided, for one reason; borrows from the report.
struct Unknowns {
    std::string_view reason;
    std::vector<std::uint32_t> findings;
};

/// A report in the order in which a person wants to hear it. Indexes are those of the report, which must outlive it.
struct Digest {
    std::array<std::uint32_t, model::kSeverities> failed{};  ///< counted ones, by severity
    std::uint32_t passed = 0;
    std::uint32_t unknown = 0;
    std::uint32_t not_applicable = 0;
    std::uint32_t manual = 0;
    std::uint32_t waived = 0;
    std::uint32_t fresh = 0;           ///< counted and new since the baseline
    std::vector<std::uint32_t> paths;  ///< those without a waiver
    std::vector<Shared> shared;        ///< worst first
    std::vector<ObjectView> objects;   ///< worst first; only those that failed something
    std::vector<Unknowns> unknowns;    ///< most frequent reason first
    std::vector<std::uint32_t> waived_findings;
};

/// From how many objects on a failed check is told once instead of with each object.
inline constexpr std::size_t kSharedFrom = 5;

/// Ends the program when an index of the report points nowhere: a bug of whoever made it.
void check_indexes(const model::AuditReport& report);

/// Walks the report once, after check_indexes().
[[nodiscard]] Digest digest(const model::AuditReport& report);

/// Whether any check came to a judgement; without one, neither score nor "no failed check" means anything.
[[nodiscard]] bool judged(const Digest& digest);

/// "41", or a dash when nothing was judged.
[[nodiscard]] std::string score_text(const model::AuditReport& report, const Digest& digest);

/// Number of counted failures.
[[nodiscard]] std::uint32_t failures(const Digest& digest);

/// Severities from critical down to info.
inline constexpr std::array kWorstFirst = {model::Severity::critical, model::Severity::high, model::Severity::medium,
                                           model::Severity::low, model::Severity::info};

[[nodiscard]] constexpr std::size_t rank(model::Severity severity) { return static_cast<std::size_t>(severity); }

[[nodiscard]] inline const model::Check& check_of(const model::AuditReport& report, const model::Finding& finding) {
    return report.checks[finding.check];
}

[[nodiscard]] inline const model::ObjectSummary& object_of(const model::AuditReport& report,
                                                           const model::Finding& finding) {
    return report.objects[finding.object];
}

/// What the finding says: its message, or the check's title when it has none; not escaped.
[[nodiscard]] std::string_view saying(const model::AuditReport& report, const model::Finding& finding);

/// The name by which people know the object: its name, else its id; not escaped.
[[nodiscard]] std::string_view called(const model::ObjectSummary& object);

/// Failed items that the finding does not list among its first `shown`.
[[nodiscard]] std::size_t items_left_out(const model::Finding& finding, std::size_t shown);

/// "container" for 1, "containers", "boxes" or "policies" for any other number.
[[nodiscard]] std::string plural(std::size_t number, std::string_view one);

/// "1 container", "12 images", "2 boxes"; `one` is the singular.
[[nodiscard]] std::string counted(std::size_t number, std::string_view one);

/// "0.84 s", "2 min 5 s".
[[nodiscard]] std::string duration(double seconds);

}  // namespace plimsoll::report
