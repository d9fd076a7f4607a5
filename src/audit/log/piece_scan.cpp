#include "audit/log/piece_scan.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace plimsoll::audit {

namespace {

/// An event stays open while less than a margin of text has come since it began.
constexpr AssemblerLimits kLimits{
    .open_events = 8192, .open_bytes = kMargin + kBlock, .linger = true, .keep_text = false};

/// Calls `use` with each line of text[begin, end) and where it begins; the last one may lack its newline.
template <typename Use>
void each_line(std::string_view text, std::size_t begin, std::size_t end, const Use& use) {
    while (begin < end) {
        const void* const newline = std::memchr(text.data() + begin, '\n', end - begin);
        const std::size_t stop =
            newline == nullptr ? end : static_cast<std::size_t>(static_cast<const char*>(newline) - text.data());
        use(text.substr(begin, stop - begin), begin);
        begin = stop + 1;
    }
}

/// The first line that begins at `at` or behind it.
std::size_t line_from(std::string_view text, std::size_t at) {
    if (at == 0) return 0;
    const auto newline = text.find('\n', at - 1);
    return newline == std::string_view::npos ? text.size() : newline + 1;
}

std::string_view line_around(std::string_view text, std::size_t at) {
    const void* const before = at == 0 ? nullptr : ::memrchr(text.data(), '\n', at);
    const std::size_t begin =
        before == nullptr ? 0 : static_cast<std::size_t>(static_cast<const char*>(before) - text.data()) + 1;
    return text.substr(begin, std::min(text.find('\n', at), text.size()) - begin);
}

/// The stretch of a piece in which records of other pieces' events may stand, or of its own in theirs. Both sides
/// reckon it alike, so that no record is told twice and none is lost.
struct Margins {
    std::size_t before;     ///< from here on lines before the piece say which events began there
    std::size_t begin_end;  ///< up to here its lines may be of those events
    std::size_t end_begin;  ///< events with a line from here on may go on behind it
    std::size_t behind;     ///< up to here, a line's end

    explicit Margins(const Piece& piece)
        : before(line_from(piece.lines.text(), piece.own_begin > kMargin ? piece.own_begin - kMargin : 0)),
          begin_end(piece.own_begin + kMargin),
          end_begin(piece.own_end > kMargin ? piece.own_end - kMargin : 0),
          behind(std::max(piece.own_end,
                          std::min(line_from(piece.lines.text(), piece.own_end + kMargin), piece.lines.last_line()))) {}
};

/// A set of ids that is asked for the same id several times in a row.
class Memo {
public:
    using Set = std::unordered_set<EventId, EventIdHash>;
    explicit Memo(const Set& set) : set_(set) {}
    bool has(const EventId& id) {
        if (set_.empty()) return false;
        if (!(id == last_)) {
            last_ = id;
            answer_ = set_.contains(id);
        }
        return answer_;
    }

private:
    const Set& set_;
    EventId last_{.node = {}, .milliseconds = -1, .serial = 0};
    bool answer_ = false;
};

class Adder {
public:
    using Set = std::unordered_set<EventId, EventIdHash>;
    explicit Adder(Set& set) : set_(set) {}
    void add(const EventId& id) {
        if (id == last_) return;
        last_ = id;
        set_.insert(id);
    }

private:
    Set& set_;
    EventId last_{.node = {}, .milliseconds = -1, .serial = 0};
};

}  // namespace

class PieceScan::Judge final : public EventHandler {
public:
    Judge(Matcher& matcher, EventTaker& taker) : matcher_(matcher), taker_(taker) {}

    void start(const Piece& piece) {
        place_.file = piece.file;
        events_ = matched_ = 0;
        undecided_ = matcher_.undecided();
    }
    void event(const LogEvent& event) override {
        ++events_;
        if (!matcher_.matches(event)) return;
        ++matched_;
        taker_.event(event, place_);
    }
    void count(ScanCounts& counts) const {
        counts.events += events_;
        counts.matched += matched_;
        counts.undecided += matcher_.undecided() - undecided_;
    }

private:
    Matcher& matcher_;
    EventTaker& taker_;
    EventPlace place_;
    std::uint64_t events_ = 0;
    std::uint64_t matched_ = 0;
    std::uint64_t undecided_ = 0;
};

PieceScan::PieceScan(Matcher& matcher, const Literals& literals, EventTaker& taker)
    : literals_(literals), judge_(std::make_unique<Judge>(matcher, taker)), assembler_(*judge_, kLimits) {}
PieceScan::~PieceScan() = default;

void PieceScan::run(const Piece& piece, ScanCounts& counts) {
    counts.bytes += piece.bytes;
    counts.mended[static_cast<std::size_t>(Damage::too_long)] += piece.shortened;
    if (piece.own_begin == piece.own_end) return;
    const AssemblerCounts before = assembler_.counts();
    judge_->start(piece);
    wanted_.clear();
    earlier_.clear();
    open_.clear();
    if (literals_.empty())
        read_all(piece, counts);
    else
        read_hits(piece, counts);
    assembler_.flush();
    judge_->count(counts);
    counts.duplicates += assembler_.counts().duplicates - before.duplicates;
    counts.incomplete += assembler_.counts().incomplete - before.incomplete;
}

void PieceScan::read_all(const Piece& piece, ScanCounts& counts) {
    const std::string_view text = piece.lines.text();
    const Margins margins(piece);
    Record record;
    LastHeader last;
    Adder earlier(earlier_);
    each_line(text, margins.before, piece.own_begin, [&](std::string_view line, std::size_t) {
        if (parse_line(line, record, last) == Damage::none) earlier.add(record.id);
    });
    Memo of_earlier(earlier_);
    Adder open(open_);
    each_line(text, piece.own_begin, piece.own_end, [&](std::string_view line, std::size_t at) {
        ++counts.lines;
        const Damage damage = parse_line(line, record, last);
        if (damage != Damage::none) {
            ++counts.damaged[static_cast<std::size_t>(damage)];
            return;
        }
        if (record.mended != Damage::none) ++counts.mended[static_cast<std::size_t>(record.mended)];
        if (at < margins.begin_end && of_earlier.has(record.id)) return;
        if (at >= margins.end_begin) open.add(record.id);
        assembler_.add(record);
    });
    Memo is_open(open_);
    each_line(text, piece.own_end, margins.behind, [&](std::string_view line, std::size_t) {
        if (parse_line(line, record, last) == Damage::none && is_open.has(record.id)) assembler_.add(record);
    });
}

void PieceScan::add_wanted(const EventId& id) {
    if (wanted_.insert(id).second) filter_.add(id);
}

/// Goes through the lines' headers alone: counts what is no record, and notes the lines that may be of wanted events.
/// False when a record of an unusual form may be of interest although no literal told: then once more.
bool PieceScan::find_candidates(const Piece& piece, ScanCounts& counts) {
    const std::string_view text = piece.lines.text();
    const std::size_t known = wanted_.size();
    Record record;
    candidates_.clear();
    counts = {};
    each_line(text, piece.own_begin, piece.own_end, [&](std::string_view line, std::size_t) {
        ++counts.lines;
        switch (filter_.look(line)) {
            case HeaderFilter::Answer::no: return;
            case HeaderFilter::Answer::maybe: candidates_.push_back(line); return;
            case HeaderFilter::Answer::unusual: break;
        }
        const Damage damage = parse_line(line, record);
        if (damage != Damage::none) {
            ++counts.damaged[static_cast<std::size_t>(damage)];
            return;
        }
        if (record.mended != Damage::none) ++counts.mended[static_cast<std::size_t>(record.mended)];
        candidates_.push_back(line);
        add_wanted(record.id);
    });
    return wanted_.size() == known;
}

void PieceScan::read_hits(const Piece& piece, ScanCounts& counts) {
    const std::string_view text = piece.lines.text();
    const Margins margins(piece);
    Record record;
    filter_.clear();
    places_.clear();
    literals_.find(text.substr(piece.own_begin, margins.behind - piece.own_begin), places_);
    for (const std::size_t place : places_)
        if (parse_line(line_around(text, piece.own_begin + place), record) == Damage::none) add_wanted(record.id);
    ScanCounts found;
    while (!find_candidates(piece, found)) {
    }
    counts.add(found);
    if (wanted_.empty()) return;

    each_line(text, margins.before, piece.own_begin, [&](std::string_view line, std::size_t) {
        if (filter_.look(line) != HeaderFilter::Answer::no && parse_line(line, record) == Damage::none)
            earlier_.insert(record.id);
    });
    Memo is_wanted(wanted_);
    Memo of_earlier(earlier_);
    for (const std::string_view line : candidates_) {
        if (parse_line(line, record) != Damage::none || !is_wanted.has(record.id)) continue;
        const auto at = static_cast<std::size_t>(line.data() - text.data());
        if (at < margins.begin_end && of_earlier.has(record.id)) continue;
        if (at >= margins.end_begin) open_.insert(record.id);
        assembler_.add(record);
    }
    if (open_.empty()) return;
    Memo is_open(open_);
    each_line(text, piece.own_end, margins.behind, [&](std::string_view line, std::size_t) {
        if (filter_.look(line) != HeaderFilter::Answer::no && parse_line(line, record) == Damage::none &&
            is_open.has(record.id))
            assembler_.add(record);
    });
}

}  // namespace plimsoll::audit
