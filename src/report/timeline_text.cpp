#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "report/digest.h"
#include "report/escape.h"
#include "report/timeline.h"
#include "report/timeline_page.h"
#include "report/timeline_words.h"
#include "report/wrap.h"

namespace plimsoll::report {

namespace {

constexpr std::size_t kColumns = 600;  ///< longest text of one entry
constexpr std::size_t kIndent = 33;    ///< where an entry's words begin
constexpr std::string_view kFaint = "2";
constexpr std::string_view kBold = "1";

std::string padded(std::string_view text, std::size_t columns, bool right = false) {
    const auto wide = display_width(text);
    const std::string blanks(wide < columns ? columns - wide : 0, ' ');
    return right ? blanks + std::string(text) : std::string(text) + blanks;
}

class Page {
public:
    Page(const Timeline& timeline, const Options& options)
        : timeline_(timeline), out_(options.colour, options.width), narrow_(out_.width() < 80) {}

    std::string write() {
        head();
        for (const Life& life : timeline_.lives) tell(life);
        for (const auto& problem : timeline_.problems) {
            out_.blank();
            out_.paragraph(0, "could not be read: " + bounded(problem, kColumns), "1;31");
        }
        return out_.take();
    }

private:
    void head() {
        const std::array mark = {Span{"⊖ ", kBold}};
        std::vector<Span> title = {{bounded(timeline_.asked, 60), kBold}};
        if (!timeline_.host.empty()) title.push_back({"· " + bounded(timeline_.host, 60), kFaint});
        title.push_back({"· " + words::range(timeline_.since, timeline_.until), kFaint});
        out_.paragraph(mark, title, 2);
        const auto from = timeline_.around
                              ? fmt::format("offsets count from {}", words::moment(*timeline_.around))
                              : fmt::format("offsets count from the begin, {}", words::moment(timeline_.since));
        out_.paragraph(2, fmt::format("times are local, {}; {}", words::zone(timeline_.since), from), kFaint);
        if (timeline_.lives.size() > 1)
            out_.paragraph(2, fmt::format("{} had that name in turn", counted(timeline_.lives.size(), "container")));
    }

    void tell(const Life& life) {
        auto title = fmt::format("{} {}", bounded(life.name.empty() ? "container" : life.name, 60), life.id);
        if (!life.project.empty())
            title += fmt::format(" · compose {}/{}", bounded(life.project, 40), bounded(life.service, 40));
        out_.heading(title);
        if (!life.image.empty() && life.before.empty()) out_.paragraph(2, "image " + bounded(life.image, 200), kFaint);
        if (!life.before.empty())
            out_.paragraph(2, fmt::format("at {}: {}", words::minute(timeline_.since), bounded(life.before, kColumns)));
        if (life.moments.empty()) out_.paragraph(2, "nothing was recorded of it in this time", kFaint);
        std::string day;
        for (const Moment& moment : life.moments) {
            if (const auto today = words::day(moment.time); today != day) {
                day = today;
                out_.blank();
                out_.paragraph(2, day, kBold);
            }
            tell(moment);
        }
        if (life.left_out > 0)
            out_.paragraph(2,
                           fmt::format("and {} not told here; ask for a shorter time", counted(life.left_out, "entry")),
                           kFaint);
    }

    void tell(const Moment& moment) {
        const auto colour = page::tone_colour(moment.telling.tone);
        const Nanoseconds origin = timeline_.around.value_or(timeline_.since);
        std::vector<Span> first = {{"  " + words::clock(moment.time)}};
        if (!narrow_) first.push_back({" " + padded(words::offset(moment.time - origin), 9, true), kFaint});
        first.push_back({"  "});
        first.push_back({padded(moment.telling.kind, 10), colour});
        first.push_back({" "});
        const std::size_t indent = narrow_ ? 12 : kIndent;
        std::vector<Span> text;
        text.push_back({bounded(moment.telling.text, kColumns), moment.telling.tone == Tone::quiet ? kFaint : ""});
        if (moment.until && moment.telling.kind != "exec") {
            text.push_back({fmt::format("(until {})", words::day(*moment.until) == words::day(moment.time)
                                                          ? words::clock(*moment.until)
                                                          : words::minute(*moment.until)),
                            kFaint});
        }
        if (moment.afterwards) text.push_back({"(found afterwards)", "35"});
        out_.paragraph(first, text, indent);
        for (const auto& detail : moment.telling.details) out_.paragraph(indent, bounded(detail, kColumns), kFaint);
    }

    const Timeline& timeline_;
    Terminal out_;
    bool narrow_;
};

}  // namespace

std::string timeline_text(const Timeline& timeline, const Options& options) { return Page(timeline, options).write(); }

}  // namespace plimsoll::report
