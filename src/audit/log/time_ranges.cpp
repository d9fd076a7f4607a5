#include "audit/log/time_ranges.h"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <string_view>

#include "audit/record.h"

namespace plimsoll::audit {

namespace {

constexpr std::int64_t kSlack = 5000;  // milliseconds that times may step back without notice
constexpr std::uint64_t kSamples = 256;
constexpr std::uint64_t kSmallest = std::uint64_t{1} << 18;  // bytes; less is not cut further
constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();

/// The time of the first record behind `offset`; kUnknown when there is none within a block.
std::int64_t time_at(const LogFile& file, std::uint64_t offset) {
    std::vector<char> block(1U << 13U);
    std::size_t size = 0;
    for (;;) {
        const ssize_t count =
            ::pread(file.fd.get(), block.data() + size, block.size() - size, static_cast<off_t>(offset + size));
        if (count > 0) size += static_cast<std::size_t>(count);
        std::string_view text(block.data(), size);
        std::size_t at = 0;
        while (at < text.size()) {
            const auto newline = text.find('\n', at);
            if (newline == std::string_view::npos) break;
            Record record;
            const bool whole = at > 0 || offset == 0;  // the first line may be a part of one
            if (whole && parse_line(text.substr(at, newline - at), record) == Damage::none)
                return record.id.milliseconds;
            at = newline + 1;
        }
        if (count <= 0 || block.size() >= kBlock) return kUnknown;
        block.resize(block.size() * 4);
    }
}

struct Sample {
    std::uint64_t offset = 0;
    std::int64_t time = kUnknown;
};

class Finder {
public:
    Finder(const LogFile& file, std::int64_t since, std::int64_t until) : file_(file), since_(since), until_(until) {}

    /// Notes what may be of interest between two samples.
    void look(const Sample& low, const Sample& high, int depth = 0) {
        const bool known = low.time != kUnknown && high.time != kUnknown && high.time + kSlack >= low.time;
        if (known && (high.time + kSlack < since_ || low.time - kSlack > until_)) return;
        const bool inside = known && low.time >= since_ && high.time <= until_;
        if (inside || high.offset - low.offset <= kSmallest || depth > 40) {
            keep(low.offset, high.offset);
            return;
        }
        Sample middle{.offset = low.offset + (high.offset - low.offset) / 2, .time = kUnknown};
        middle.time = time_at(file_, middle.offset);
        look(low, middle, depth + 1);
        look(middle, high, depth + 1);
    }

    [[nodiscard]] std::vector<Range> ranges() && { return std::move(ranges_); }

private:
    void keep(std::uint64_t begin, std::uint64_t end) {
        begin = begin > kMargin ? begin - kMargin : 0;  // the records around the first and last event
        end = std::min(end + kMargin, file_.size);
        if (!ranges_.empty() && begin <= ranges_.back().end + 2 * kMargin)
            ranges_.back().end = std::max(ranges_.back().end, end);
        else
            ranges_.push_back({begin, end});
    }

    const LogFile& file_;
    std::int64_t since_;
    std::int64_t until_;
    std::vector<Range> ranges_;
};

}  // namespace

std::vector<Range> ranges_in_time(const LogFile& file, std::optional<std::int64_t> since_ms,
                                  std::optional<std::int64_t> until_ms) {
    if (file.size <= 2 * kSmallest || (!since_ms && !until_ms)) return {{0, file.size}};
    Finder finder(file, since_ms.value_or(std::numeric_limits<std::int64_t>::min() / 2),
                  until_ms.value_or(std::numeric_limits<std::int64_t>::max() / 2));
    const std::uint64_t count = std::clamp<std::uint64_t>(file.size / kSmallest, 1, kSamples);
    Sample last{.offset = 0, .time = time_at(file, 0)};
    for (std::uint64_t i = 1; i <= count; ++i) {
        Sample next{.offset = file.size / count * i, .time = kUnknown};
        if (i == count) next.offset = file.size;
        next.time = i == count ? std::numeric_limits<std::int64_t>::max() / 4 : time_at(file, next.offset);
        finder.look(last, next);
        last = next;
    }
    return std::move(finder).ranges();
}

}  // namespace plimsoll::audit
