#include "posture/score.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace plimsoll::posture {

namespace {

/// Points lost for one failed check: info, low, medium, high, critical.
constexpr std::array<int, model::kSeverities> kPenalty = {0, 1, 4, 15, 40};

int score_of(const model::ObjectSummary& object) {
    int lost = 0;
    for (std::size_t severity = 0; severity < model::kSeverities; ++severity)
        lost += kPenalty[severity] * static_cast<int>(object.failed[severity]);
    return std::max(0, 100 - lost);
}

}  // namespace

void set_scores(model::AuditReport& report) {
    const model::ObjectSummary* worst = nullptr;
    long sum = 0;
    long judged = 0;
    for (model::ObjectSummary& object : report.objects) {
        object.score = score_of(object);
        if (object.passed == 0 && object.failed == decltype(object.failed){}) continue;  // nothing was decided about it
        ++judged;
        sum += object.score;
        if (worst == nullptr || object.score < worst->score) worst = &object;
    }
    if (worst == nullptr) {
        report.score = 0;
        report.score_explanation = "Nothing could be judged.";
        return;
    }
    const double mean = static_cast<double>(sum) / static_cast<double>(judged);
    report.score = static_cast<int>((mean + worst->score) / 2);
    report.score_explanation = fmt::format(
        "Each object starts at 100 and loses 40 for a failed critical check, 15 for high, 4 for medium, 1 for low; "
        "waived findings cost nothing. "
        "{} objects have {:.0f} on average, the worst one ({} {}) has {}; the score is the middle of the two.",
        judged, mean, model::to_text(worst->kind), worst->name, worst->score);
}

}  // namespace plimsoll::posture
