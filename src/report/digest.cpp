#include "report/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/result.h"

namespace plimsoll::report {

namespace {

using model::Finding;
using model::Outcome;

bool told_in_path(const model::AuditReport& report, const Finding& finding) {
    return finding.path && !report.paths[*finding.path].waiver;
}

void count(const model::AuditReport& report, Digest& out) {
    std::map<std::string_view, std::vector<std::uint32_t>> unknowns;
    for (std::uint32_t i = 0; i < report.findings.size(); ++i) {
        const Finding& finding = report.findings[i];
        if (finding.waiver && finding.outcome != Outcome::pass && finding.outcome != Outcome::not_applicable) {
            ++out.waived;
            out.waived_findings.push_back(i);
            continue;
        }
        switch (finding.outcome) {
            case Outcome::pass: ++out.passed; break;
            case Outcome::not_applicable: ++out.not_applicable; break;
            case Outcome::manual: ++out.manual; break;
            case Outcome::unknown:
                ++out.unknown;
                unknowns[finding.reason].push_back(i);
                break;
            case Outcome::fail:
                ++out.failed[rank(check_of(report, finding).severity)];
                if (finding.is_new) ++out.fresh;
                break;
        }
    }
    for (auto& [reason, findings] : unknowns) out.unknowns.push_back({reason, std::move(findings)});
    std::ranges::stable_sort(out.unknowns, std::greater{}, [](const Unknowns& u) { return u.findings.size(); });
}

/// Which checks fail on many objects of one kind, as a table by check; findings that a path tells are left out.
std::vector<Shared> find_shared(const model::AuditReport& report) {
    std::map<std::pair<std::uint32_t, model::SubjectKind>, Shared> by_check;
    for (std::uint32_t i = 0; i < report.findings.size(); ++i) {
        const Finding& finding = report.findings[i];
        if (!counts(finding) || told_in_path(report, finding)) continue;
        const auto kind = object_of(report, finding).kind;
        Shared& shared = by_check[{finding.check, kind}];
        shared.check = finding.check;
        shared.kind = kind;
        shared.findings.push_back(i);
        shared.same_message &= finding.message == report.findings[shared.findings.front()].message;
    }
    std::vector<Shared> many;
    for (auto& [key, shared] : by_check) {
        if (shared.findings.size() >= kSharedFrom) many.push_back(std::move(shared));
    }
    std::ranges::stable_sort(many, [&](const Shared& a, const Shared& b) {
        const auto sa = report.checks[a.check].severity;
        const auto sb = report.checks[b.check].severity;
        return sa != sb ? sa > sb : a.findings.size() > b.findings.size();
    });
    return many;
}

void view_objects(const model::AuditReport& report, Digest& out) {
    std::vector<bool> is_shared(report.findings.size());
    for (const Shared& shared : out.shared) {
        for (const auto finding : shared.findings) is_shared[finding] = true;
    }
    std::vector<ObjectView> views(report.objects.size());
    std::vector<std::array<std::uint32_t, model::kSeverities>> worst(report.objects.size());
    for (std::uint32_t i = 0; i < report.findings.size(); ++i) {
        const Finding& finding = report.findings[i];
        if (!counts(finding)) continue;
        ObjectView& view = views[finding.object];
        ++worst[finding.object][model::kSeverities - 1 - rank(check_of(report, finding).severity)];
        if (told_in_path(report, finding)) {
            ++view.in_paths;
        } else if (is_shared[i]) {
            ++view.in_shared;
        } else {
            view.findings.push_back(i);
        }
    }
    for (std::uint32_t i = 0; i < views.size(); ++i) {
        views[i].object = i;
        std::ranges::stable_sort(views[i].findings, std::greater{}, [&](std::uint32_t finding) {
            return check_of(report, report.findings[finding]).severity;
        });
        if (worst[i] != decltype(worst)::value_type{}) out.objects.push_back(std::move(views[i]));
    }
    std::ranges::stable_sort(out.objects, [&](const ObjectView& a, const ObjectView& b) {
        if (worst[a.object] != worst[b.object]) return worst[a.object] > worst[b.object];
        return report.objects[a.object].score < report.objects[b.object].score;
    });
}

}  // namespace

void check_indexes(const model::AuditReport& report) {
    for (const Finding& finding : report.findings) {
        check(finding.check < report.checks.size() && finding.object < report.objects.size());
        check(!finding.waiver || *finding.waiver < report.waivers.size());
        check(!finding.path || *finding.path < report.paths.size());
    }
    for (const auto& path : report.paths) {
        check(path.object < report.objects.size());
        check(!path.waiver || *path.waiver < report.waivers.size());
        for (const auto finding : path.findings) check(finding < report.findings.size());
    }
}

Digest digest(const model::AuditReport& report) {
    check_indexes(report);
    Digest out;
    count(report, out);
    for (std::uint32_t i = 0; i < report.paths.size(); ++i) {
        if (!report.paths[i].waiver) out.paths.push_back(i);
    }
    out.shared = find_shared(report);
    view_objects(report, out);
    return out;
}

bool judged(const Digest& digest) { return digest.passed + digest.waived + failures(digest) > 0; }

std::string score_text(const model::AuditReport& report, const Digest& digest) {
    return judged(digest) ? std::to_string(std::clamp(report.score, 0, 100)) : "–";
}

std::uint32_t failures(const Digest& digest) {
    return std::accumulate(digest.failed.begin(), digest.failed.end(), std::uint32_t{0});
}

std::string_view saying(const model::AuditReport& report, const Finding& finding) {
    return finding.message.empty() ? std::string_view(check_of(report, finding).title) : finding.message;
}

std::string_view called(const model::ObjectSummary& object) { return object.name.empty() ? object.id : object.name; }

std::size_t items_left_out(const Finding& finding, std::size_t shown) {
    return std::max<std::size_t>(finding.items_total, finding.items.size()) - std::min(shown, finding.items.size());
}

std::string plural(std::size_t number, std::string_view one) {
    if (number == 1) return std::string(one);
    if (one.ends_with('y')) return std::string(one.substr(0, one.size() - 1)) + "ies";
    return std::string(one) + (one.ends_with('x') || one.ends_with('s') ? "es" : "s");
}

std::string counted(std::size_t number, std::string_view one) {
    return fmt::format("{} {}", number, plural(number, one));
}

std::string duration(double seconds) {
    if (!(seconds >= 0)) return "an unknown time";
    if (seconds < 1) return fmt::format("{:.0f} ms", seconds * 1000);
    if (seconds < 120) return fmt::format("{:.1f} s", seconds);
    const auto whole = static_cast<std::uint64_t>(std::min(seconds, 1e12));
    return fmt::format("{} min {} s", whole / 60, whole % 60);
}

}  // namespace plimsoll::report
