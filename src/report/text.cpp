#include "report/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/text.h"
#include "report/digest.h"
#include "report/escape.h"
#include "report/wrap.h"

namespace plimsoll::report {

namespace {

using model::AuditReport;
using model::Finding;
using model::Severity;

constexpr std::size_t kNameColumns = 60;
constexpr std::size_t kMessageColumns = 400;
constexpr std::size_t kDeep = 6;  ///< where the words of a finding begin

struct Limits {
    std::size_t paths = 10;
    std::size_t shared = 15;
    std::size_t objects = 20;
    std::size_t findings = 12;
    std::size_t items = 4;
    std::size_t names = 8;
    std::size_t lines = 6;
};

constexpr Limits kAll = {100'000, 100'000, 100'000, 100'000, 1000, 1000, 1000};

constexpr std::array<std::string_view, model::kSeverities> kMarks = {"INFO", "LOW", "MED", "HIGH", "CRIT"};
constexpr std::array<std::string_view, model::kSeverities> kColours = {"2", "36", "33", "1;31", "1;97;41"};
constexpr std::string_view kFaint = "2";
constexpr std::string_view kBold = "1";

class Page {
public:
    Page(const AuditReport& report, const Options& options)
        : report_(report),
          digest_(digest(report)),
          limits_(options.verbose ? kAll : Limits{}),
          verbose_(options.verbose),
          out_(options.colour, options.width) {}

    std::string write() {
        load_line();
        paths();
        shared();
        objects();
        unknowns();
        problems();
        waivers();
        quiet_ones();
        return out_.take();
    }

private:
    void load_line();
    void paths();
    void path(const model::AttackPath& path);
    void shared();
    void objects();
    void object(const ObjectView& view);
    void finding(const Finding& finding);
    void items(const Finding& finding);
    void unknowns();
    void problems();
    void waivers();
    void quiet_ones();
    void listed(model::Outcome outcome, std::string_view heading);

    /// Severity mark in a column of its own: the word says it, the colour only helps.
    [[nodiscard]] static std::array<Span, 3> mark(Severity severity) {
        const auto word = kMarks[rank(severity)];
        return {Span{" "}, Span{std::string(word), kColours[rank(severity)]}, Span{std::string(5 - word.size(), ' ')}};
    }
    void remedy(std::string_view text, std::size_t indent);
    void more(std::size_t left, std::string_view one, std::size_t indent, bool hint = true);
    [[nodiscard]] std::string name(const model::ObjectSummary& object) const {
        return fmt::format("{} {}", to_text(object.kind), bounded(called(object), kNameColumns));
    }
    [[nodiscard]] std::string names(std::span<const std::uint32_t> findings) const;

    const AuditReport& report_;
    Digest digest_;
    Limits limits_;
    bool verbose_;
    Terminal out_;
};

void Page::more(std::size_t left, std::string_view one, std::size_t indent, bool hint) {
    if (left == 0) return;
    out_.paragraph(indent,
                   fmt::format("and {} more {}{}", left, plural(left, one), hint && !verbose_ ? " (--verbose)" : ""),
                   kFaint);
}

void Page::remedy(std::string_view text, std::size_t indent) {
    const auto lines = printable_lines(text);
    if (lines.empty()) return;
    const auto all = split(lines, '\n');
    for (std::size_t i = 0; i < all.size() && (i == 0 || verbose_); ++i) {
        const std::array first = {Span{std::string(indent, ' ')}, Span{i == 0 ? "fix: " : "     ", "32"}};
        const Span words{std::string(all[i])};
        out_.paragraph(first, {&words, 1}, indent + 5);
    }
}

std::string Page::names(std::span<const std::uint32_t> findings) const {
    std::string out;
    const auto shown = std::min(findings.size(), limits_.names);
    for (std::size_t i = 0; i < shown; ++i) {
        if (i > 0) out += ", ";
        out += bounded(called(object_of(report_, report_.findings[findings[i]])), 30);
    }
    if (findings.size() > shown) out += fmt::format(" and {} more", findings.size() - shown);
    return out;
}

void Page::load_line() {
    std::vector<Span> title = {{bounded(report_.host, kNameColumns), kBold}};
    for (const auto& engine : report_.engines) title.push_back({"· " + bounded(engine, 80), kFaint});
    const std::array mark = {Span{"⊖ ", kBold}};
    out_.paragraph(mark, title, 2);

    const auto score = judged(digest_) ? static_cast<std::size_t>(std::clamp(report_.score, 0, 100)) : 0;
    constexpr std::size_t kBar = 20;
    std::string full;
    std::string empty;
    for (std::size_t i = 0; i < kBar; ++i) (i < (score + 2) / 5 ? full : empty) += i < (score + 2) / 5 ? "━" : "╌";
    const std::string_view colour = score >= 80 ? "1;32" : score >= 50 ? "1;33" : "1;31";
    std::vector<Span> line;
    if (!judged(digest_)) {
        line.push_back({"nothing could be judged", "1;31"});
    } else if (failures(digest_) == 0) {
        line.push_back({"no failed check", "32"});
    }
    for (const auto severity : kWorstFirst) {
        const auto failed = digest_.failed[rank(severity)];
        if (failed == 0) continue;
        if (!line.empty()) line.push_back({"·", kFaint});
        line.push_back({fmt::format("{} {}", failed, to_text(severity)), kColours[rank(severity)]});
    }
    const std::array bar = {Span{"  "}, Span{fmt::format("score {}/100 ", score_text(report_, digest_)), colour},
                            Span{full, colour}, Span{empty, kFaint}, Span{"  "}};
    out_.paragraph(bar, line, 2);

    std::string facts = fmt::format("{} × {} in {}: {} passed", counted(report_.objects.size(), "object"),
                                    counted(report_.checks.size(), "check"), duration(report_.seconds), digest_.passed);
    if (digest_.unknown > 0) facts += fmt::format(", {} unknown", digest_.unknown);
    if (digest_.waived > 0) facts += fmt::format(", {} waived", digest_.waived);
    if (report_.has_baseline) {
        facts +=
            fmt::format(", {} new and {} resolved since the baseline", digest_.fresh, report_.resolved_since_baseline);
    }
    out_.paragraph(2, facts, kFaint);
}

void Page::paths() {
    if (digest_.paths.empty()) return;
    out_.heading(digest_.paths.size() == 1 ? "ATTACK PATH" : "ATTACK PATHS");
    const auto shown = std::min(digest_.paths.size(), limits_.paths);
    for (std::size_t i = 0; i < shown; ++i) path(report_.paths[digest_.paths[i]]);
    more(digest_.paths.size() - shown, "path", 1);
}

void Page::path(const model::AttackPath& path) {
    const std::array title = {Span{printable(path.title), kBold}, Span{"· " + name(report_.objects[path.object])}};
    out_.paragraph(mark(path.severity), title, kDeep);
    if (!path.consequence.empty()) {
        const std::array arrow = {Span{std::string(kDeep, ' ')}, Span{"→ ", "1;31"}};
        const Span words{bounded(path.consequence, kMessageColumns), kBold};
        out_.paragraph(arrow, {&words, 1}, kDeep + 2);
    }
    if (!path.message.empty()) out_.paragraph(kDeep, bounded(path.message, kMessageColumns));
    const auto shown = std::min(path.findings.size(), std::max<std::size_t>(limits_.items, 8));
    for (std::size_t i = 0; i < shown; ++i) {
        const Finding& step = report_.findings[path.findings[i]];
        const std::array number = {Span{fmt::format("{:>{}}. ", i + 1, kDeep + 1)}};
        const Span words{bounded(saying(report_, step), 200)};
        out_.paragraph(number, {&words, 1}, kDeep + 3);
    }
    more(path.findings.size() - shown, "step", kDeep);
    remedy(path.remedy, kDeep);
}

void Page::shared() {
    if (digest_.shared.empty()) return;
    out_.heading("ON MANY OBJECTS");
    const auto told = std::min(digest_.shared.size(), limits_.shared);
    for (const Shared& group : std::span(digest_.shared).first(told)) {
        const auto& check = report_.checks[group.check];
        const Finding& first = report_.findings[group.findings.front()];
        std::vector<Span> words = {{printable(check.title), kBold},
                                   {"· " + counted(group.findings.size(), to_text(group.kind))}};
        if (!first.message.empty() && first.message != check.title) {
            words.push_back({(group.same_message ? "· " : "· for one: ") + bounded(first.message, 160)});
        }
        out_.paragraph(mark(check.severity), words, kDeep);
        out_.paragraph(kDeep, names(group.findings), kFaint);
        if (check.severity >= Severity::high) remedy(check.remedy, kDeep);
    }
    more(digest_.shared.size() - told, "check", 1);
}

void Page::objects() {
    std::vector<const ObjectView*> own;
    std::size_t elsewhere = 0;
    for (const ObjectView& view : digest_.objects) {
        if (!view.findings.empty()) own.push_back(&view);
        elsewhere += view.findings.empty() ? 1 : 0;
    }
    if (own.empty()) return;
    out_.heading("FINDINGS, WORST OBJECT FIRST");
    const auto shown = std::min(own.size(), limits_.objects);
    for (std::size_t i = 0; i < shown; ++i) object(*own[i]);
    std::size_t left = 0;
    for (std::size_t i = shown; i < own.size(); ++i) left += own[i]->findings.size();
    if (left > 0) {
        out_.paragraph(0,
                       fmt::format("and {} on {}{}", counted(left, "finding"), counted(own.size() - shown, "object"),
                                   verbose_ ? "" : " (--verbose)"),
                       kFaint);
    }
    if (elsewhere > 0) {
        out_.paragraph(
            0, fmt::format("{} more {} with findings, all told above", elsewhere, plural(elsewhere, "object")), kFaint);
    }
}

void Page::object(const ObjectView& view) {
    const auto& object = report_.objects[view.object];
    std::vector<Span> title = {{name(object), kBold}, {fmt::format("· score {}", object.score)}};
    if (!object.detail.empty()) title.push_back({"· " + bounded(object.detail, 80), kFaint});
    if (const auto above = view.in_paths + view.in_shared; above > 0) {
        title.push_back({fmt::format("· {} more above", above), kFaint});
    }
    out_.paragraph({}, title, 2);
    const auto shown = std::min(view.findings.size(), limits_.findings);
    for (std::size_t i = 0; i < shown; ++i) finding(report_.findings[view.findings[i]]);
    more(view.findings.size() - shown, "finding", kDeep);
}

/// The items say it all, or there is one that says what the finding says.
bool tells_by_items(const Finding& finding) {
    return finding.items.size() > 1 ||
           (finding.items.size() == 1 && finding.items.front().message != finding.message) ||
           (finding.items.size() == 1 && finding.items.front().count > 1);
}

void Page::finding(const Finding& finding) {
    const auto& check = check_of(report_, finding);
    std::vector<Span> words = {{printable(check.title), check.severity >= Severity::high ? kBold : ""}};
    if (!finding.message.empty() && finding.message != check.title && !tells_by_items(finding)) {
        words.push_back({"· " + bounded(finding.message, kMessageColumns)});
    }
    if (finding.is_new) words.push_back({"· new", "35"});
    out_.paragraph(mark(check.severity), words, kDeep);
    items(finding);
    if (check.severity >= Severity::high || verbose_) remedy(check.remedy, kDeep);
}

void Page::items(const Finding& finding) {
    if (!tells_by_items(finding)) return;
    const auto shown = std::min(finding.items.size(), limits_.items);
    for (std::size_t i = 0; i < shown; ++i) {
        const auto& item = finding.items[i];
        std::string words = bounded(item.message.empty() ? item.name : item.message, 200);
        if (item.count > 1) words += fmt::format(" (×{})", item.count);
        const std::array dash = {Span{std::string(kDeep, ' ')}, Span{"- ", kFaint}};
        const Span span{std::move(words)};
        out_.paragraph(dash, {&span, 1}, kDeep + 2);
    }
    more(items_left_out(finding, shown), "item", kDeep + 2, finding.items.size() > shown);
}

void Page::unknowns() {
    if (digest_.unknowns.empty()) return;
    out_.heading("COULD NOT BE FOUND OUT");
    const auto shown = std::min(digest_.unknowns.size(), limits_.lines);
    for (std::size_t i = 0; i < shown; ++i) {
        const Unknowns& group = digest_.unknowns[i];
        const auto reason = group.reason.empty() ? std::string("no reason given") : bounded(group.reason, 200);
        out_.paragraph(1, fmt::format("{}: {}", counted(group.findings.size(), "check"), reason));
        if (!verbose_) continue;
        for (const auto index : group.findings) {
            const Finding& finding = report_.findings[index];
            out_.paragraph(
                kDeep,
                fmt::format("{} · {}", name(object_of(report_, finding)), printable(check_of(report_, finding).title)),
                kFaint);
        }
    }
    more(digest_.unknowns.size() - shown, "reason", 1);
}

void Page::problems() {
    if (report_.problems.empty()) return;
    out_.heading("PROBLEMS");
    const auto shown = std::min(report_.problems.size(), limits_.lines);
    for (std::size_t i = 0; i < shown; ++i) out_.paragraph(1, bounded(report_.problems[i], 300));
    more(report_.problems.size() - shown, "problem", 1);
}

void Page::waivers() {
    std::vector<std::string> lines;
    for (const auto& waiver : report_.waivers) {
        const auto where = fmt::format("waiver {} ({}:{})", printable(waiver.id), printable(waiver.file), waiver.line);
        if (waiver.expired) {
            lines.push_back(fmt::format("{} expired on {} and covers nothing", where, printable(waiver.expires)));
        } else if (waiver.used == 0) {
            lines.push_back(fmt::format("{} matches no finding", where));
        } else if (verbose_) {
            lines.push_back(fmt::format("{} covers {}: {} ({}{})", where, counted(waiver.used, "finding"),
                                        bounded(waiver.reason, 200), printable(waiver.owner),
                                        waiver.expires.empty() ? "" : ", until " + printable(waiver.expires)));
        }
    }
    if (lines.empty()) return;
    out_.heading("WAIVERS");
    const auto shown = std::min(lines.size(), limits_.lines);
    for (std::size_t i = 0; i < shown; ++i) out_.paragraph(1, lines[i]);
    more(lines.size() - shown, "waiver", 1);
}

void Page::listed(model::Outcome outcome, std::string_view heading) {
    bool first = true;
    for (const Finding& finding : report_.findings) {
        if (finding.outcome != outcome) continue;
        if (first) out_.heading(heading);
        first = false;
        std::vector<Span> words = {{name(object_of(report_, finding))},
                                   {"· " + printable(check_of(report_, finding).title)}};
        if (!finding.reason.empty()) words.push_back({"· " + bounded(finding.reason, 200), kFaint});
        const Span blank{" "};
        out_.paragraph({&blank, 1}, words, kDeep);
    }
}

void Page::quiet_ones() {
    if (verbose_) {
        listed(model::Outcome::manual, "FOR A PERSON TO LOOK AT");
        listed(model::Outcome::not_applicable, "DOES NOT APPLY");
        listed(model::Outcome::pass, "PASSED");
        if (!report_.score_explanation.empty()) {
            out_.heading("SCORE");
            out_.paragraph(1, printable(report_.score_explanation));
        }
        return;
    }
    if (digest_.manual == 0) return;
    out_.blank();
    out_.paragraph(0, fmt::format("{} for a person to look at (--verbose)", counted(digest_.manual, "check")), kFaint);
}

}  // namespace

std::string render_text(const AuditReport& report, const Options& options) { return Page(report, options).write(); }

}  // namespace plimsoll::report
