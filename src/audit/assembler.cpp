#include "audit/assembler.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "audit/record_types.h"

namespace plimsoll::audit {

namespace {

constexpr std::uint32_t kNone = UINT32_MAX;
constexpr std::size_t kHeaviestLine = 1U << 14U;

/// What programs write (USER, 1100 to 1199, 2000 to 2999) and what auditd writes of itself: one record, its own serial.
bool is_single(std::uint32_t type) {
    return type == 1005 || (type >= 1100 && type <= 1299) || (type >= 2000 && type <= 2999);
}

/// Records that the kernel adds to another one, never alone.
bool is_supplement(std::uint32_t type) {
    return type == kPath || type == kSockaddr || type == kCwd || type == kExecve || type == kProctitle;
}

std::uint64_t hash_of(const EventId& id) {
    std::uint64_t hash = (static_cast<std::uint64_t>(id.milliseconds) * 0x9E3779B97F4A7C15ULL) ^ id.serial;
    hash *= 0xBF58476D1CE4E5B9ULL;
    return hash ^ (hash >> 29U);
}

bool same_line(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    const std::size_t end = std::min<std::size_t>(a.size(), 16);  // lines of one event differ near their ends
    return std::memcmp(a.data() + a.size() - end, b.data() + b.size() - end, end) == 0 && a == b;
}

/// Copies of lines. Blocks stay for the next event.
class TextStore {
public:
    std::string_view keep(std::string_view text) {
        if (text.empty()) return {};
        if (text.size() > kBlock) {
            large_.push_back(std::make_unique<char[]>(text.size()));
            std::memcpy(large_.back().get(), text.data(), text.size());
            return {large_.back().get(), text.size()};
        }
        if (blocks_.empty() || used_ + text.size() > kBlock) {
            if (!blocks_.empty()) ++block_;
            if (block_ == blocks_.size()) blocks_.push_back(std::make_unique<char[]>(kBlock));
            used_ = 0;
        }
        char* const to = blocks_[block_].get() + used_;
        std::memcpy(to, text.data(), text.size());
        used_ += text.size();
        return {to, text.size()};
    }
    void clear() {
        large_.clear();
        if (blocks_.size() > 4) blocks_.resize(4);
        block_ = 0;
        used_ = 0;
    }

private:
    static constexpr std::size_t kBlock = 4096;
    std::vector<std::unique_ptr<char[]>> blocks_;
    std::vector<std::unique_ptr<char[]>> large_;
    std::size_t block_ = 0;
    std::size_t used_ = 0;
};

struct Open {
    EventId id;
    std::uint64_t hash = 0;
    std::int64_t news = 0;       ///< newest time among records when its last one came, milliseconds
    std::int64_t news_tick = 0;  ///< the same by the clock of `tick`
    std::vector<Record> records;
    TextStore text;
    std::size_t bytes = 0;
    std::uint32_t duplicates = 0;
    std::uint32_t chained = kNone;  ///< next in the bucket
    std::uint32_t older = kNone;
    std::uint32_t newer = kNone;
    bool titled = false;
    bool ended = false;  ///< EOE was seen
    bool cut = false;    ///< it continues another one
};

}  // namespace

struct Assembler::State {
    EventHandler& handler;
    AssemblerLimits limits;
    AssemblerCounts counts;
    std::vector<Open> slots;
    std::vector<std::uint32_t> free;
    std::vector<std::uint32_t> buckets;
    std::array<std::uint64_t, 1024> finished{};  ///< hashes of events finished lately, by their low bits
    std::uint32_t oldest = kNone;
    std::uint32_t newest = kNone;
    std::uint32_t last = kNone;  ///< the slot of the record before
    std::size_t open = 0;
    std::size_t bytes = 0;
    std::int64_t clock = INT64_MIN;  ///< the newest time among records
    std::int64_t tick = INT64_MIN;   ///< of the last call of `tick`
    bool titles = false;             ///< this stream has PROCTITLE records, so their absence says something

    State(EventHandler& to, const AssemblerLimits& with) : handler(to), limits(with) {
        limits.open_events = std::clamp<std::size_t>(limits.open_events, 1, 1U << 20U);
        limits.records = std::max<std::size_t>(limits.records, 1);
        std::size_t size = 16;
        while (size < limits.open_events * 2) size *= 2;
        buckets.assign(size, kNone);
    }

    std::uint32_t& bucket(std::uint64_t hash) { return buckets[hash & (buckets.size() - 1)]; }

    std::uint32_t find(const EventId& id, std::uint64_t hash) {
        if (last != kNone && slots[last].hash == hash && slots[last].id == id) return last;
        for (auto at = bucket(hash); at != kNone; at = slots[at].chained)
            if (slots[at].hash == hash && slots[at].id == id) return at;
        return kNone;
    }

    void append(std::uint32_t at) {
        slots[at].older = newest;
        slots[at].newer = kNone;
        (newest == kNone ? oldest : slots[newest].newer) = at;
        newest = at;
    }

    void unlink(std::uint32_t at) {
        Open& event = slots[at];
        (event.older == kNone ? oldest : slots[event.older].newer) = event.newer;
        (event.newer == kNone ? newest : slots[event.newer].older) = event.older;
    }

    std::uint32_t begin(const Record& record, std::uint64_t hash) {
        while (open >= limits.open_events) finish(oldest);
        if (free.empty()) {
            slots.emplace_back();
            free.push_back(static_cast<std::uint32_t>(slots.size() - 1));
        }
        const auto at = free.back();
        free.pop_back();
        ++open;
        Open& event = slots[at];
        event.id = record.id;
        event.id.node = limits.keep_text ? event.text.keep(record.id.node) : record.id.node;
        event.hash = hash;
        event.chained = bucket(hash);
        bucket(hash) = at;
        append(at);
        if (finished[hash & (finished.size() - 1)] == hash) {
            ++counts.late;
            event.cut = true;
        }
        return at;
    }

    Record kept(const Record& record, Open& event) const {
        if (!limits.keep_text) return record;
        Record copy = record;
        const char* const from = record.line.data();
        const std::string_view line = event.text.keep(record.line);
        const auto moved = [&](std::string_view part) {
            if (part.empty()) return std::string_view();
            return line.substr(static_cast<std::size_t>(part.data() - from), part.size());
        };
        copy.line = line;
        copy.body = moved(record.body);
        copy.enriched = moved(record.enriched);
        copy.id.node = event.id.node;
        return copy;
    }

    void add(const Record& record) {
        ++counts.records;
        const bool ends = record.type == kEoe;
        if (!limits.linger && is_single(record.type)) {
            ++counts.events;
            handler.event({.id = record.id, .records = {&record, 1}, .complete = true});
            advance(record.id.milliseconds);
            return;
        }
        const auto hash = hash_of(record.id);
        auto at = find(record.id, hash);
        if (at == kNone) {
            if (ends) {  // of an event that is finished already, or that lost everything else
                if (finished[hash & (finished.size() - 1)] != hash) ++counts.incomplete;
                advance(record.id.milliseconds);
                return;
            }
            at = begin(record, hash);
        }
        last = at;
        take(at, record, ends);
        advance(record.id.milliseconds);
    }

    /// Gives the event one more record.
    void take(std::uint32_t at, const Record& record, bool ends) {
        Open& event = slots[at];
        event.news = std::max(clock, record.id.milliseconds);
        event.news_tick = tick;
        if (!limits.linger && at != newest) {
            unlink(at);
            append(at);
        }
        if (ends) {
            event.ended = true;
            if (!limits.linger) finish(at);
            return;
        }
        for (auto known = event.records.rbegin(); known != event.records.rend(); ++known) {
            if (!same_line(known->line, record.line)) continue;
            ++counts.duplicates;
            ++event.duplicates;
            return;
        }
        if (event.records.size() >= limits.records) {
            event.cut = true;
            finish(at);
            const auto hash = hash_of(record.id);
            const auto next = begin(record, hash);
            last = next;
            take(next, record, ends);
            return;
        }
        event.records.push_back(kept(record, event));
        // Text that is not kept costs nothing: then the limit says how far apart records may stand, long lines or not.
        const std::size_t weight = limits.keep_text ? record.line.size() : std::min(record.line.size(), kHeaviestLine);
        event.bytes += weight;
        bytes += weight;
        if (record.type == kProctitle) {
            event.titled = true;
            titles = true;
        }
        while (bytes > limits.open_bytes && open > 1) finish(oldest == at ? slots[at].newer : oldest);
    }

    void advance(std::int64_t milliseconds) {
        clock = std::max(clock, milliseconds);
        if (limits.linger) return;
        while (oldest != kNone && clock - slots[oldest].news > limits.timeout_ms) finish(oldest);
    }

    void expire(std::int64_t now) {
        tick = now;
        for (auto at = oldest; at != kNone;) {
            Open& event = slots[at];
            const auto next = event.newer;
            if (event.news_tick == INT64_MIN) event.news_tick = now;  // came before the first tick
            if (now - event.news_tick <= limits.timeout_ms) break;
            finish(at);
            at = next;
        }
    }

    /// Whether the event lost no record, as far as one can tell from what is there.
    bool whole(const Open& event, bool complete) const {
        if (event.cut) return false;
        bool main = false;
        bool call = false;
        for (const Record& record : event.records) {
            main = main || !is_supplement(record.type);
            call = call || record.type == kSyscall;
        }
        return main && (complete || !call || !titles);
    }

    /// What lingers has left the processor's nearest cache: fetches the event that will be finished next while another
    /// one is worked on.
    void fetch(const Open& event) const {
        constexpr std::size_t kLine = 64;
        constexpr std::size_t kMost = 4096;
        if (event.records.empty()) return;
        const auto fetch_bytes = [](const void* from, std::size_t size) {
            for (std::size_t i = 0; i < size && i < kMost; i += kLine)
                __builtin_prefetch(static_cast<const char*>(from) + i);
        };
        fetch_bytes(event.records.data(), event.records.size() * sizeof(Record));
        fetch_bytes(event.records.front().line.data(), event.bytes);  // its lines mostly stand together
    }

    void finish(std::uint32_t at) {
        Open& event = slots[at];
        if (limits.linger && event.newer != kNone) fetch(slots[event.newer]);
        const bool single = event.records.size() == 1 && is_single(event.records.front().type);
        const bool complete = !event.cut && (event.ended || event.titled || single);
        if (!event.records.empty()) {
            ++counts.events;
            if (!whole(event, complete)) ++counts.incomplete;
            handler.event(
                {.id = event.id, .records = event.records, .complete = complete, .duplicates = event.duplicates});
        } else if (event.ended) {
            ++counts.incomplete;
        }
        finished[event.hash & (finished.size() - 1)] = event.hash;
        for (auto* link = &bucket(event.hash); *link != kNone; link = &slots[*link].chained) {
            if (*link != at) continue;
            *link = event.chained;
            break;
        }
        unlink(at);
        bytes -= event.bytes;
        --open;
        if (last == at) last = kNone;
        event.records.clear();
        if (event.records.capacity() > 64) std::vector<Record>().swap(event.records);
        event.text.clear();
        event.bytes = 0;
        event.duplicates = 0;
        event.titled = event.ended = event.cut = false;
        free.push_back(at);
    }
};

Assembler::Assembler(EventHandler& handler, const AssemblerLimits& limits)
    : state_(std::make_unique<State>(handler, limits)) {}
Assembler::~Assembler() = default;

void Assembler::add(const Record& record) { state_->add(record); }

void Assembler::tick(std::int64_t now_ms) { state_->expire(now_ms); }

void Assembler::flush() {
    while (state_->oldest != kNone) state_->finish(state_->oldest);
    state_->finished.fill(0);
    state_->titles = false;
    state_->clock = INT64_MIN;
}

const AssemblerCounts& Assembler::counts() const { return state_->counts; }

}  // namespace plimsoll::audit
