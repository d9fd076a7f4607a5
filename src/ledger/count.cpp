#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <optional>
#include <thread>
#include <unordered_map>

#include "ledger/scan.h"

namespace plimsoll::ledger {

namespace {

using model::FieldId;

/// Begin of each bucket and the texts of a group, and how many records it has.
using Groups = std::map<std::pair<Nanoseconds, std::vector<std::string>>, std::uint64_t>;

Nanoseconds bucket_of(Nanoseconds time, Nanoseconds bucket) {
    if (bucket <= 0) return 0;
    const Nanoseconds rest = time % bucket;
    return time - (rest < 0 ? rest + bucket : rest);
}

/// The field as one text: "" when absent.
std::string group_text(const model::Event& event, FieldId field) {
    std::string out;
    bool any = false;
    for (const auto& slot : event.slots()) {
        if (slot.field != field) continue;
        if (slot.state == model::Reading::State::unknown) return "(unknown)";
        for (const model::Value& value : event.values(slot)) {
            if (any) out += ',';
            any = true;
            if (!slot.key.empty()) out.append(slot.key).append("=");
            out += model::to_text(value);
        }
    }
    if (any) return out;
    const auto reading = event.read(field, {});  // from the record's time
    return reading.values.empty() ? std::string() : model::to_text(reading.values.front());
}

bool is_stored(FieldId field) {
    const auto name = model::field(field).name;
    return name != "record.number" && !name.starts_with("evt.time") && !name.starts_with("evt.datetime") &&
           !name.starts_with("evt.rawtime");
}

/// Pairs of numbers, numbered as they come.
class Pairs {
public:
    std::uint32_t number(std::uint32_t a, std::uint32_t b) {
        const std::uint64_t key = std::uint64_t{a} << 32U | b;
        Recent& recent = recent_[(a * 31 + b) % kRecent];
        if (recent.key == key && recent.filled) return recent.number;
        const auto [place, fresh] = numbers_.try_emplace(key, static_cast<std::uint32_t>(pairs_.size()));
        if (fresh) pairs_.emplace_back(a, b);
        recent = {key, place->second, true};
        return place->second;
    }
    [[nodiscard]] std::pair<std::uint32_t, std::uint32_t> pair(std::uint32_t number) const { return pairs_[number]; }

private:
    static constexpr std::size_t kRecent = 1024;
    struct Recent {
        std::uint64_t key = 0;
        std::uint32_t number = 0;
        bool filled = false;
    };
    std::vector<Recent> recent_ = std::vector<Recent>(kRecent);
    std::unordered_map<std::uint64_t, std::uint32_t> numbers_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs_;
};

/// Numbers for the values of one field in one segment: 0 is absent.
class FieldValues {
public:
    FieldValues(SegmentReader& reader, FieldId field) : reader_(reader), field_(field), texts_(1) {
        const SegmentInfo& info = reader.segment().info();
        const auto number = info.fields.number(field);
        if (!number) return;
        for (const std::size_t index : reader.segment().columns(*number)) {
            const ColumnInfo& column = info.columns[index];
            columns_.push_back({.index = index, .wire = column.wire, .by_code = {}, .by_bits = {}});
            if (!is_number(column.wire)) columns_.back().by_code.assign(column.values, 0);
        }
    }

    /// One number for each row of the page.
    Result<void> read(std::size_t page, std::vector<std::uint32_t>& out) {
        std::ranges::fill(out, 0);
        for (Column& column : columns_) {
            TRY(const auto present, reader_.rows_present(column.index, page));
            if (present == 0) continue;
            if (is_number(column.wire)) {
                TRY_VOID(read_numbers(column, page, out));
            } else {
                TRY_VOID(read_codes(column, page, out));
            }
        }
        return {};
    }

    /// The only column, when all rows of the page have a code of it.
    [[nodiscard]] std::optional<std::size_t> whole_column(std::size_t page) {
        if (columns_.size() != 1 || is_number(columns_[0].wire)) return std::nullopt;
        const auto present = reader_.rows_present(columns_[0].index, page);
        if (!present || *present != reader_.segment().info().pages[page].rows) return std::nullopt;
        return columns_[0].index;
    }
    Result<std::uint32_t> number_of_code(std::uint16_t code) { return number(columns_[0], code); }

    [[nodiscard]] const std::string& text(std::uint32_t number) const { return texts_[number]; }

private:
    struct Column {
        std::size_t index = 0;
        Wire wire = Wire::u64;
        std::vector<std::uint32_t> by_code;  ///< 0: not met yet
        std::unordered_map<std::uint64_t, std::uint32_t> by_bits;
    };

    Result<std::uint32_t> add(const RowField& field) {
        scratch_.clear();
        TRY_VOID(put_field(field, field_, scratch_));
        texts_.push_back(group_text(scratch_, field_));
        return static_cast<std::uint32_t>(texts_.size() - 1);
    }

    Result<std::uint32_t> number(Column& column, std::uint16_t code) {
        std::uint32_t& known = column.by_code[code];
        if (known == 0) {
            TRY(const auto bytes, reader_.value(column.index, code));
            TRY(known, add({.number = 0, .wire = column.wire, .bytes = bytes}));
        }
        return known;
    }

    Result<void> read_codes(Column& column, std::size_t page, std::vector<std::uint32_t>& out) {
        TRY(const auto codes, reader_.codes(column.index, page));
        for (std::size_t row = 0; row < codes.size(); ++row) {
            if (codes[row] >= column.by_code.size()) continue;
            if (const std::uint32_t known = column.by_code[codes[row]]; known != 0) {
                out[row] = known;
                continue;
            }
            TRY(out[row], number(column, codes[row]));
        }
        return {};
    }

    Result<void> read_numbers(Column& column, std::size_t page, std::vector<std::uint32_t>& out) {
        TRY(const auto holds, reader_.presence(column.index, page));
        TRY(const auto values, reader_.numbers(column.index, page));
        for (std::size_t row = 0; row < values.size(); ++row) {
            if (!holds.empty() && (holds[row / 64] >> (row % 64) & 1U) == 0) continue;
            auto& known = column.by_bits[values[row]];
            if (known == 0) {
                TRY(known, add({.number = 0, .wire = column.wire, .bits = values[row]}));
            }
            out[row] = known;
        }
        return {};
    }

    SegmentReader& reader_;
    FieldId field_;
    std::vector<Column> columns_;
    std::vector<std::string> texts_;
    model::Event scratch_;
};

/// Counts the rows of one segment on codes; texts are made once for each distinct value.
class SegmentCount {
public:
    SegmentCount(const ScanRequest& request, const std::vector<FieldId>& by, Nanoseconds bucket, Groups& groups)
        : request_(request), by_(by), bucket_(bucket), groups_(groups) {}

    bool run(UnitScan& unit, const std::shared_ptr<const Segment>& segment, ScanReport& report) {
        const bool went_on = unit.pages(
            segment,
            [&](SegmentReader& reader, const PageRows& rows) -> Result<bool> {
                if (values_.empty()) {
                    for (const FieldId field : by_) values_.emplace_back(reader, field);
                    levels_.resize(by_.size());
                }
                TRY(const Bits chosen, decided(unit, reader, rows, report));
                TRY_VOID(count_page(reader, rows.page, chosen, chosen.count() == rows.count));
                report.matched += chosen.count();
                return true;
            },
            report);
        for (std::uint32_t number = 0; number < counts_.size(); ++number) {
            if (counts_[number] != 0) groups_[name(number)] += counts_[number];
        }
        return went_on;
    }

private:
    /// The rows that match, those asked one by one too.
    Result<Bits> decided(UnitScan& unit, SegmentReader& reader, const PageRows& rows, ScanReport& report) {
        Bits chosen = rows.sure;
        const std::uint32_t first = reader.segment().info().pages[rows.page].first_row;
        std::optional<Error> fault;
        rows.open.each([&](std::size_t row) {
            if (fault) return;
            const auto truth = unit.ask(reader, static_cast<std::uint32_t>(first + row), record_);
            if (!truth) {
                fault = truth.error();
            } else if (*truth == rule::Truth::yes) {
                chosen.set(row);
            } else if (*truth == rule::Truth::unknown) {
                ++report.unknown;
            }
        });
        if (fault) return *fault;
        return chosen;
    }

    std::uint32_t bucket_number(Nanoseconds time) {
        const Nanoseconds begin = bucket_of(time, bucket_);
        if (!buckets_.empty() && buckets_[last_bucket_] == begin) return last_bucket_;
        const auto place = std::ranges::find(buckets_, begin);
        last_bucket_ = static_cast<std::uint32_t>(place - buckets_.begin());
        if (place == buckets_.end()) buckets_.push_back(begin);
        return last_bucket_;
    }

    void count(std::uint32_t number, std::uint64_t times) {
        if (number >= counts_.size()) counts_.resize(number + 1);
        counts_[number] += times;
    }

    Result<void> count_page(SegmentReader& reader, std::size_t page, const Bits& chosen, bool all) {
        const PageInfo& info = reader.segment().info().pages[page];
        const bool one_bucket = bucket_of(info.min_time, bucket_) == bucket_of(info.max_time, bucket_);
        if (one_bucket && all && by_.size() == 1) {
            if (const auto column = values_[0].whole_column(page)) {
                TRY(const auto codes, reader.codes(*column, page));
                histogram_.assign(reader.segment().info().columns[*column].values, 0);
                for (const std::uint16_t code : codes) {
                    if (code < histogram_.size()) ++histogram_[code];
                }
                const std::uint32_t bucket = bucket_number(info.min_time);
                for (std::size_t code = 0; code < histogram_.size(); ++code) {
                    if (histogram_[code] == 0) continue;
                    TRY(const auto value, values_[0].number_of_code(static_cast<std::uint16_t>(code)));
                    count(levels_[0].number(bucket, value), histogram_[code]);
                }
                return {};
            }
        }
        numbers_.assign(info.rows, one_bucket ? bucket_number(info.min_time) : 0);
        if (!one_bucket) {
            TRY(const auto times, reader.times(page));
            for (std::size_t row = 0; row < times.size(); ++row) numbers_[row] = bucket_number(times[row]);
        }
        for (std::size_t level = 0; level < by_.size(); ++level) {
            of_field_.resize(info.rows);
            TRY_VOID(values_[level].read(page, of_field_));
            chosen.each([&](std::size_t row) { numbers_[row] = levels_[level].number(numbers_[row], of_field_[row]); });
        }
        chosen.each([&](std::size_t row) { count(numbers_[row], 1); });
        return {};
    }

    std::pair<Nanoseconds, std::vector<std::string>> name(std::uint32_t number) const {
        std::vector<std::string> texts(by_.size());
        for (std::size_t level = by_.size(); level-- > 0;) {
            const auto [rest, value] = levels_[level].pair(number);
            texts[level] = values_[level].text(value);
            number = rest;
        }
        return {buckets_[number], std::move(texts)};
    }

    const ScanRequest& request_;
    const std::vector<FieldId>& by_;
    Nanoseconds bucket_;
    Groups& groups_;
    std::deque<FieldValues> values_;
    std::vector<Pairs> levels_;
    std::vector<Nanoseconds> buckets_;
    std::uint32_t last_bucket_ = 0;
    std::vector<std::uint64_t> counts_;  ///< by number of the last level
    std::vector<std::uint32_t> histogram_;
    std::vector<std::uint32_t> numbers_;
    std::vector<std::uint32_t> of_field_;
    StoredRecord record_;
};

struct Work {
    Groups groups;
    ScanReport report;
    std::vector<SegmentFile> vanished;
};

}  // namespace

Result<std::vector<Count>> run_count(LedgerFiles& files, const Snapshot& snapshot, const ScanRequest& request,
                                     const std::vector<FieldId>& by, Nanoseconds bucket, ScanReport& report) {
    const auto parts = parts_of(snapshot, request, report);
    const unsigned threads = std::max(1U, threads_for(request.query, parts.size()));
    const bool on_codes = std::ranges::all_of(by, is_stored);
    std::vector<Work> works(threads);
    std::atomic<std::size_t> next = 0;
    const auto work = [&](Work& own) {
        UnitScan unit(request);
        const Deliver by_record = [&](StoredRecord& record) {
            std::vector<std::string> texts;
            for (const FieldId field : by) texts.push_back(group_text(record.event, field));
            ++own.groups[{bucket_of(record.event.time(), bucket), std::move(texts)}];
            ++own.report.matched;
            return true;
        };
        for (std::size_t i = next++; i < parts.size(); i = next++) {
            if (parts[i].is_tail()) {
                (void)unit.tail(*parts[i].tail.tail, parts[i].tail.first, by_record, own.report);
                continue;
            }
            const auto segment =
                parts[i].packed ? parts[i].packed : open_part(files, parts[i].segment, own.report, own.vanished);
            if (!segment) continue;
            if (on_codes) {
                (void)SegmentCount(request, by, bucket, own.groups).run(unit, segment, own.report);
            } else {
                (void)unit.segment(segment, by_record, own.report);
            }
        }
    };
    {
        std::vector<std::jthread> others;
        for (unsigned i = 1; i < threads; ++i) others.emplace_back([&, i] { work(works[i]); });
        work(works[0]);
    }
    Groups all;
    for (Work& own : works) {
        for (const auto& [group, count] : own.groups) all[group] += count;
        report.matched += own.report.matched;
        add(report, std::move(own.report));
        TRY_VOID(explain(files, own.vanished, report));
    }
    report.next = std::max(request.query.first, snapshot.end);
    std::vector<Count> counts;
    counts.reserve(all.size());
    for (const auto& [group, count] : all)
        counts.push_back({.bucket = group.first, .group = group.second, .count = count});
    return counts;
}

}  // namespace plimsoll::ledger
