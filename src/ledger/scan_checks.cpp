#include "ledger/scan_checks.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace plimsoll::ledger {

namespace {

constexpr std::uint32_t kSmallDictionary = 256;  ///< so few values are all asked before any page is read
constexpr std::size_t kManyRows = 512;           ///< from here on all values are searched at once

void note(RowTruths& out, std::size_t row, Truths truths) {
    if ((truths & may_be_yes) != 0) out.yes.set(row);
    if ((truths & may_be_no) != 0) out.no.set(row);
    if ((truths & may_be_unknown) != 0) out.unknown.set(row);
}

void note(RowTruths& out, const Bits& rows, Truths truths) {
    if ((truths & may_be_yes) != 0) out.yes |= rows;
    if ((truths & may_be_no) != 0) out.no |= rows;
    if ((truths & may_be_unknown) != 0) out.unknown |= rows;
}

}  // namespace

SegmentChecks::SegmentChecks(const Plan& plan, rule::Evaluator& evaluator, SegmentReader& reader)
    : plan_(plan),
      questions_(evaluator),
      reader_(reader),
      info_(reader.segment().info()),
      checks_(plan.everything() ? 0 : plan.program().conditions()) {}

Result<Truths> SegmentChecks::segment() {
    fault_.reset();
    const Truths truths = plan_.possible([this](const PlanNode& node) { return about(node, std::nullopt); });
    if (fault_) return *fault_;
    return truths;
}

Result<Truths> SegmentChecks::page(std::size_t page) {
    fault_.reset();
    const Truths truths = plan_.possible([this, page](const PlanNode& node) { return about(node, page); });
    if (fault_) return *fault_;
    return truths;
}

Result<RowTruths> SegmentChecks::rows(std::size_t page, const Bits& wanted) {
    fault_.reset();
    const std::size_t count = info_.pages[page].rows;
    RowTruths truths = plan_.rows(count, wanted, [&](const PlanNode& node, const Bits& open) {
        RowTruths out{Bits(count), Bits(count), Bits(count)};
        if (!fault_) read_rows(node, page, open, out);
        return out;
    });
    if (fault_) return *fault_;
    return truths;
}

Truths SegmentChecks::ask(const PlanNode& node, const RowField& field) {
    const auto truths = questions_.stored(node, field);
    return take(truths) ? *truths : may_be_any;
}

Truths SegmentChecks::ask_code(const PlanNode& node, Column& column, std::uint16_t code) {
    std::uint8_t& known = column.by_code[code];
    if (known != 0) return static_cast<Truths>(known);
    const auto bytes = reader_.value(column.index, code);
    if (!take(bytes)) return may_be_any;
    const Truths truths = column.wire == Wire::text && node.use->arg.empty()
                              ? questions_.text(node, *bytes)
                              : ask(node, RowField{.number = 0, .wire = column.wire, .bytes = *bytes});
    known = truths;
    return truths;
}

Truths SegmentChecks::ask_number(const PlanNode& node, Column& column, std::uint64_t bits) {
    const RowField field{.number = 0, .wire = column.wire, .bits = bits};
    if (column.by_region.empty()) return ask(node, field);
    std::uint8_t& known = column.by_region[column.wire == Wire::boolean ? std::min<std::uint64_t>(bits, 1)
                                                                        : region(node.bounds, wide(column.wire, bits))];
    if (known == 0) known = ask(node, field);
    return static_cast<Truths>(known);
}

SegmentChecks::Check& SegmentChecks::ready(const PlanNode& node) {
    Check& check = checks_[node.id];
    if (!check.ready) prepare(node, check);
    check.ready = true;
    return check;
}

void SegmentChecks::prepare(const PlanNode& node, Check& check) {
    check.absent = node.derived ? may_be_any : questions_.nothing(node);
    std::uint64_t rows = 0;
    if (const auto number = info_.fields.number(node.use->field)) {
        for (const std::size_t index : reader_.segment().columns(*number)) {
            Column column{.index = index, .wire = info_.columns[index].wire};
            rows += info_.columns[index].rows;
            if (is_number(column.wire)) {
                prepare_numbers(node, column);
            } else {
                prepare_texts(node, column);
            }
            check.columns.push_back(std::move(column));
        }
    }
    check.covered = rows >= info_.rows;
}

void SegmentChecks::prepare_texts(const PlanNode& node, Column& column) {
    const std::uint32_t values = info_.columns[column.index].values;
    column.by_code.assign(values, 0);
    const bool can_look_up = !node.equals.empty() && (column.wire == Wire::text || column.wire == Wire::hex);
    unsigned all = 0;
    if (can_look_up) {
        std::ranges::fill(column.by_code, std::uint8_t{may_be_no});
        column.pages = 0;
        std::size_t found = 0;
        column.listed.emplace();
        for (const std::string& text : node.equals) {
            const WireValue value = wire_value(model::Value(std::string_view(text)));
            if (value.wire != column.wire) continue;
            const auto code = reader_.find(column.index, value.bytes);
            if (!take(code)) return;
            if (!*code || column.by_code[**code] != may_be_no) continue;
            column.by_code[**code] = 0;
            const Truths truths = ask_code(node, column, **code);
            all |= truths;
            const auto rows = reader_.rows_of(column.index, **code);
            if (!take(rows)) return;
            if (!*rows) column.listed.reset();
            for (std::size_t i = 0; column.listed && i < (*rows)->size(); ++i)
                column.listed->emplace_back((**rows)[i], truths);
            ++found;
            if (*rows) {
                for (std::size_t n = 0; n < info_.pages.size(); ++n) {
                    const PageInfo& page = info_.pages[n];
                    const bool has = std::ranges::any_of(**rows, [&](std::uint32_t row) {
                        return row >= page.first_row && row - page.first_row < page.rows;
                    });
                    if (has) column.pages |= std::uint64_t{1} << n;
                }
                continue;
            }
            const auto pages = reader_.pages_of(column.index, **code);
            if (!take(pages)) return;
            column.pages |= *pages;
        }
        if (found < values) all |= may_be_no;
    } else if (values <= kSmallDictionary) {
        column.pages = 0;
        for (std::uint32_t code = 0; code < values; ++code) {
            const Truths truths = ask_code(node, column, static_cast<std::uint16_t>(code));
            all |= truths;
            if (truths == may_be_no) continue;
            const auto pages = reader_.pages_of(column.index, static_cast<std::uint16_t>(code));
            if (!take(pages)) return;
            column.pages |= *pages;
        }
    } else {
        all = may_be_any;
    }
    column.all = static_cast<Truths>(all);
}

void SegmentChecks::prepare_numbers(const PlanNode& node, Column& column) {
    const ColumnInfo& info = info_.columns[column.index];
    if (column.wire == Wire::boolean) {
        column.by_region.assign(2, 0);
        column.all = ask_number(node, column, info.min_bits) | ask_number(node, column, info.max_bits);
        return;
    }
    if (column.wire == Wire::f64 || node.bounds.empty()) return;
    column.by_region.assign(2 * node.bounds.size() + 1, 0);
    unsigned all = 0;
    for (const Wide value : samples(node.bounds, wide(column.wire, info.min_bits), wide(column.wire, info.max_bits)))
        all |= ask_number(node, column, static_cast<std::uint64_t>(value));
    column.all = static_cast<Truths>(all);
}

/// Searches all values of a column for the parts; only those that hold one are asked.
void SegmentChecks::find_parts(const PlanNode& node, Column& column) {
    const auto values = reader_.values(column.index);
    if (!take(values)) return;
    const auto all = *values;
    unsigned truths = 0;
    column.pages = 0;
    const auto candidate = [&](std::size_t code) {
        if (column.by_code[code] == 0) ask_code(node, column, static_cast<std::uint16_t>(code));
    };
    for (std::size_t begin = 0; begin < all.size();) {
        std::size_t end = begin + 1;  // values that lie one behind the other are searched as one text
        while (end < all.size() && all[end].data() == all[end - 1].data() + all[end - 1].size()) ++end;
        const char* const stop = all[end - 1].data() + all[end - 1].size();
        for (const std::string& part : node.parts) {
            const char* at = all[begin].data();
            std::size_t code = begin;
            while (at < stop || part.empty()) {
                const auto* hit = static_cast<const char*>(
                    ::memmem(at, static_cast<std::size_t>(stop - at), part.data(), part.size()));
                if (hit == nullptr) break;
                code = static_cast<std::size_t>(
                    std::upper_bound(all.begin() + static_cast<std::ptrdiff_t>(code),
                                     all.begin() + static_cast<std::ptrdiff_t>(end), hit,
                                     [](const char* place, std::string_view value) { return place < value.data(); }) -
                    all.begin() - 1);
                candidate(code);
                if (++code >= end) break;
                at = all[code].data();
            }
        }
        begin = end;
    }
    for (std::size_t code = 0; code < all.size(); ++code) {
        if (column.by_code[code] == 0) column.by_code[code] = may_be_no;
        truths |= column.by_code[code];
        if (column.by_code[code] == may_be_no) continue;
        const auto pages = reader_.pages_of(column.index, static_cast<std::uint16_t>(code));
        if (!take(pages)) return;
        column.pages |= *pages;
    }
    column.all = static_cast<Truths>(truths);
}

Truths SegmentChecks::over_time(const PlanNode& node, Nanoseconds from, Nanoseconds to) {
    if (!node.monotone || from < 0) return may_be_any;
    return questions_.time(node, from) | questions_.time(node, to);
}

Truths SegmentChecks::over_numbers(const PlanNode& node, RecordNumber from, RecordNumber to) {
    if (node.bounds.empty()) return may_be_any;
    unsigned all = 0;
    for (const Wide value : samples(node.bounds, Wide{from}, Wide{to}))
        all |= questions_.record_number(node, static_cast<RecordNumber>(value));
    return static_cast<Truths>(all);
}

Truths SegmentChecks::about(const PlanNode& node, std::optional<std::size_t> page) {
    if (!node.use || fault_) return may_be_any;
    if (node.numbered) {
        const RecordNumber from = info_.first + (page ? info_.pages[*page].first_row : 0);
        return over_numbers(node, from, from + (page ? info_.pages[*page].rows : info_.rows) - 1);
    }
    const Check& check = ready(node);
    if (node.derived && check.columns.empty()) {
        return page ? over_time(node, info_.pages[*page].min_time, info_.pages[*page].max_time)
                    : over_time(node, info_.min_time, info_.max_time);
    }
    unsigned all = check.covered ? 0 : check.absent;
    for (const Column& column : check.columns) {
        const bool may_hold = !page || (column.pages >> *page & 1U) != 0;
        all |= may_hold ? column.all : may_be_no;
    }
    return static_cast<Truths>(all);
}

void SegmentChecks::read_rows(const PlanNode& node, std::size_t page, const Bits& wanted, RowTruths& out) {
    if (!node.use) return note(out, wanted, may_be_any);
    if (node.numbered) return rows_by_number(node, page, wanted, out);
    Check& check = ready(node);
    if (node.derived) {
        if (!check.columns.empty()) return note(out, wanted, may_be_any);
        return rows_by_time(node, page, wanted, out);
    }
    Bits left = wanted;  // rows without a value so far
    for (Column& column : check.columns) {
        if (is_number(column.wire)) {
            read_numbers(node, column, page, wanted, left, out);
        } else {
            read_codes(node, column, check.absent, page, wanted, left, out);
        }
        if (fault_) return;
    }
    note(out, left, check.absent);
}

void SegmentChecks::read_codes(const PlanNode& node, Column& column, Truths absent, std::size_t page,
                               const Bits& wanted, Bits& left, RowTruths& out) {
    const auto present = reader_.rows_present(column.index, page);
    if (!take(present) || *present == 0) return;
    if (column.listed && absent == may_be_no) {  // the others stay with those that have no value: no as well
        const PageInfo& info = info_.pages[page];
        for (const auto& [row, truths] : *column.listed) {
            if (row < info.first_row || row - info.first_row >= info.rows || !wanted.test(row - info.first_row))
                continue;
            note(out, row - info.first_row, truths);
            left.reset(row - info.first_row);
        }
        return;
    }
    const auto codes = reader_.codes(column.index, page);
    if (!take(codes)) return;
    const bool search = !node.parts.empty() && column.wire == Wire::text && column.all == may_be_any &&
                        column.by_code.size() > kSmallDictionary && wanted.count() >= kManyRows;
    if (search) find_parts(node, column);
    if (fault_) return;
    const std::span<const std::uint16_t> all = *codes;
    const std::size_t known = column.by_code.size();
    for (std::size_t word = 0; word < wanted.words().size(); ++word) {
        std::uint64_t yes = 0;
        std::uint64_t no = 0;
        std::uint64_t unknown = 0;
        std::uint64_t present_rows = 0;
        for (std::uint64_t open = wanted.words()[word]; open != 0; open &= open - 1) {
            const auto bit = static_cast<unsigned>(std::countr_zero(open));
            const std::uint16_t code = all[word * 64 + bit];
            if (code >= known) continue;  // kAbsent
            std::uint64_t truths = column.by_code[code];
            if (truths == 0) truths = ask_code(node, column, code);
            present_rows |= std::uint64_t{1} << bit;
            yes |= (truths & 1U) << bit;
            no |= (truths >> 1U & 1U) << bit;
            unknown |= (truths >> 2U & 1U) << bit;
        }
        out.yes.words()[word] |= yes;
        out.no.words()[word] |= no;
        out.unknown.words()[word] |= unknown;
        left.words()[word] &= ~present_rows;
    }
}

void SegmentChecks::read_numbers(const PlanNode& node, Column& column, std::size_t page, const Bits& wanted, Bits& left,
                                 RowTruths& out) {
    const auto present = reader_.rows_present(column.index, page);
    if (!take(present) || *present == 0) return;
    const auto presence = reader_.presence(column.index, page);
    const auto numbers = reader_.numbers(column.index, page);
    if (!take(presence) || !take(numbers)) return;
    const std::span<const std::uint64_t> holds = *presence;
    const std::span<const std::uint64_t> values = *numbers;
    std::uint64_t before = 0;
    Truths before_truths{};  // equal neighbours are common where regions are not known
    wanted.each([&](std::size_t row) {
        if (!holds.empty() && (holds[row / 64] >> (row % 64) & 1U) == 0) return;
        left.reset(row);
        if (before_truths == Truths{} || values[row] != before) {
            before = values[row];
            before_truths = ask_number(node, column, before);
        }
        note(out, row, before_truths);
    });
}

void SegmentChecks::rows_by_time(const PlanNode& node, std::size_t page, const Bits& wanted, RowTruths& out) {
    const PageInfo& info = info_.pages[page];
    const Truths over = over_time(node, info.min_time, info.max_time);
    if (!node.monotone || info.min_time < 0 || over != (may_be_yes | may_be_no)) return note(out, wanted, over);
    const Truths early = questions_.time(node, info.min_time);
    Nanoseconds same = info.min_time;  // the last moment known to be answered like the first
    Nanoseconds other = info.max_time;
    while (other - same > 1) {
        const Nanoseconds middle = std::midpoint(same, other);
        (questions_.time(node, middle) == early ? same : other) = middle;
    }
    const auto times = reader_.times(page);
    if (!take(times)) return;
    wanted.each([&](std::size_t row) { note(out, row, (*times)[row] < other ? early : negated(early)); });
}

void SegmentChecks::rows_by_number(const PlanNode& node, std::size_t page, const Bits& wanted, RowTruths& out) {
    std::vector<std::uint8_t> by_region(2 * node.bounds.size() + 1, 0);
    const RecordNumber first = info_.first + info_.pages[page].first_row;
    wanted.each([&](std::size_t row) {
        const RecordNumber number = first + row;
        if (node.bounds.empty()) return note(out, row, questions_.record_number(node, number));
        std::uint8_t& known = by_region[region(node.bounds, Wide{number})];
        if (known == 0) known = questions_.record_number(node, number);
        note(out, row, static_cast<Truths>(known));
    });
}

}  // namespace plimsoll::ledger
