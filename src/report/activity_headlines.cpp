#include <fmt/format.h>

#include <algorithm>

#include "report/activity.h"
#include "report/digest.h"
#include "report/escape.h"
#include "report/timeline_sentence.h"
#include "report/timeline_words.h"

namespace plimsoll::report {

namespace {

constexpr std::size_t kSentences = 3;
constexpr std::uint64_t kMuch = std::uint64_t{100} << 20U;  ///< bytes below which a change of volume says little

std::string name(std::string_view bytes) { return bounded(bytes, 60); }

std::string times(std::uint64_t count) {
    return count == 1 ? "once" : count == 2 ? "twice" : fmt::format("{} times", count);
}

class Writer {
public:
    explicit Writer(const Activity& activity) : activity_(activity) {}

    std::vector<Headline> all() {
        ledger();
        alerts();
        containers();
        sessions();
        images();
        volume();
        if (activity_.faults_total.now > 0)
            say(30 + (activity_.faults_total.before == 0 ? 10 : 0), "The engine logged {}; most often: “{}”.",
                counted(activity_.faults_total.now, "error"),
                activity_.faults.empty() ? "" : bounded(activity_.faults[0].text, 160));
        return std::move(lines_);
    }

private:
    template <typename... Args>
    void say(int weight, fmt::format_string<Args...> format, Args&&... args) {
        lines_.push_back({weight, fmt::format(format, std::forward<Args>(args)...)});
    }

    void ledger() {
        const auto& ledger = activity_.ledger;
        if (ledger.verified == false) say(200, "The ledger could not be verified: {}.", ledger.verification);
        if (!ledger.faults.empty())
            say(150, "{} of the ledger could not be read, so this report is incomplete.",
                counted(ledger.faults.size(), "part"));
        if (ledger.blind > 0) {
            const auto weight = ledger.blind > 600 * kSecond ? 85 : 35;
            say(weight, "The recorder was blind for {} in {}.", words::span(ledger.blind),
                counted(ledger.gaps.size() - std::min<std::size_t>(ledger.outages, ledger.gaps.size()), "gap"));
        } else if (ledger.losses > 0) {
            say(50, "Records were lost {}.", times(ledger.losses));
        }
        if (ledger.outages > 0)
            say(ledger.outage > 600 * kSecond ? 84 : 65, "An engine was out of reach {}, for {} in all.",
                times(ledger.outages), words::span(ledger.outage));
        if (ledger.unclean > 0)
            say(45, "The recorder started {} without having stopped in order.", times(ledger.unclean));
    }

    void alerts() {
        if (activity_.alerts_open == 0 || activity_.alerts.empty()) return;
        const auto& worst = activity_.alerts[0];
        const auto tone = tone_of_priority(worst.priority);
        say(tone == Tone::severe    ? 100
            : tone == Tone::warning ? 80
                                    : 40,
            "{} open{}: {} ({}) in {}, {}.",
            counted(activity_.alerts_open, "alert") + (activity_.alerts_open == 1 ? " is" : " are"),
            activity_.alerts.size() > 1 ? "; the gravest" : "", name(worst.rule), name(worst.priority),
            worst.container.empty() ? "no container" : name(worst.container), times(worst.count));
    }

    void containers() {
        for (const auto& one : activity_.containers) {
            if (one.restart_loop)
                say(90, "{} is in a restart loop: it died {}{}.", name(one.name), times(one.died),
                    one.exit_codes.empty() ? "" : fmt::format(", most with exit code {}", one.exit_codes[0].first));
            if (one.oom > 0) say(88, "{} ran out of memory {}.", name(one.name), times(one.oom));
            if (!one.restart_loop && one.oom == 0 && one.failed > 0)
                say(60, "{} ended with an error {}.", name(one.name), times(one.failed));
        }
    }

    void sessions() {
        if (activity_.interactive > 0) {
            const auto one = std::ranges::find_if(activity_.sessions, &SessionActivity::tty);
            if (one == activity_.sessions.end()) return;
            say(70, "{} opened inside containers{}: {} in {} at {}.",
                counted(activity_.interactive, "interactive session") + (activity_.interactive == 1 ? " was" : " were"),
                activity_.interactive > 1 ? ", among them" : "",
                one->user_unknown   ? "a user that is not known"
                : one->user.empty() ? "the container's own user"
                                    : name(one->user),
                name(one->container), words::minute(one->first));
        }
        const auto privileged = std::ranges::count_if(activity_.sessions, &SessionActivity::privileged);
        if (privileged > 0)
            say(82, "{} ran with all privileges.", counted(static_cast<std::size_t>(privileged), "exec session"));
        const auto unknown = std::ranges::count_if(activity_.sessions, &SessionActivity::privileged_unknown);
        if (unknown > 0)
            say(68, "Of {} it is not known with what privileges they ran.",
                counted(static_cast<std::size_t>(unknown), "kind") + " of exec session");
    }

    void images() {
        if (activity_.images_new == 0) return;
        std::string names;
        for (std::size_t i = 0; i < std::min<std::size_t>(activity_.images_new, 3) && i < activity_.images.size(); ++i)
            names += (i == 0 ? "" : ", ") + name(activity_.images[i].image);
        say(48, "{} used for the first time: {}.",
            counted(activity_.images_new, "image") + (activity_.images_new == 1 ? " was" : " were"), names);
    }

    void volume() {
        for (const auto& one : activity_.containers) {
            if (one.use.sent > kMuch && one.use.sent > 3 * one.use_before.sent && one.use_before.sent > 0)
                say(55, "{} sent {}, {:.0f} times as much as in the period before.", name(one.name),
                    words::bytes(one.use.sent),
                    static_cast<double>(one.use.sent) / static_cast<double>(one.use_before.sent));
        }
    }

    const Activity& activity_;
    std::vector<Headline> lines_;
};

}  // namespace

void write_headlines(Activity& activity) {
    auto lines = Writer(activity).all();
    std::ranges::stable_sort(lines, std::greater{}, &Headline::weight);
    activity.unusual.clear();
    activity.unusual_left = lines.size() > kSentences ? lines.size() - kSentences : 0;
    for (std::size_t i = 0; i < std::min(lines.size(), kSentences); ++i) activity.unusual.push_back(lines[i].text);
    if (!activity.unusual.empty()) return;
    activity.unusual.push_back(
        activity.records.now == 0
            ? "Nothing was recorded in this period; that itself may be a fault of the recorder."
            : "Nothing unusual: no open alert, no failed container, no interactive session, no gap.");
}

}  // namespace plimsoll::report
