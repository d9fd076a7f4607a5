#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "host/file.h"
#include "ledger/segment.h"
#include "ledger/wal.h"
#include "model/event.h"

namespace plimsoll::ledger {

/// For tests: every row that the files of a ledger hold, in order, each once. Trusts the files.
inline std::vector<std::string> read_all_rows(const std::string& path, FieldNumbers& fields) {
    std::vector<std::string> rows;
    std::vector<RecordNumber> segments;
    std::vector<RecordNumber> logs;
    for (const auto& entry : std::filesystem::directory_iterator(path + "/segments")) {
        if (const auto first = parse_segment_name(entry.path().filename().string())) segments.push_back(*first);
    }
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
        if (const auto first = parse_wal_name(entry.path().filename().string())) logs.push_back(*first);
    }
    std::ranges::sort(segments);
    std::ranges::sort(logs);
    RecordNumber next = segments.empty() ? logs.front() : segments.front();
    for (const RecordNumber first : segments) {
        const auto segment = Segment::open(path + "/segments/" + segment_name(first));
        check(segment.has_value() && first == next);
        SegmentReader reader(*segment);
        for (std::size_t page = 0; page < (*segment)->info().pages.size(); ++page) {
            std::string bytes;
            std::vector<std::uint32_t> ends;
            check(reader.rows(page, bytes, ends).has_value());
            std::uint32_t begin = 0;
            for (const std::uint32_t end : ends) {
                rows.push_back(bytes.substr(begin, end - begin));
                begin = end;
            }
        }
        next += (*segment)->info().rows;
        fields = (*segment)->info().fields;
    }
    for (const RecordNumber first : logs) {
        const std::string file = host::read_file({}, path + "/" + wal_name(first), std::size_t{1} << 28U).value();
        const auto view = parse_wal_head(file);
        check(view.has_value() && first <= next);
        if (fields.next() < view->head.fields.next()) fields = view->head.fields;
        RecordNumber number = first;
        static_cast<void>(read_frames(file, view->begin, [&](std::string_view row) {
            check(fields.learn(row).has_value());
            if (number++ < next) return true;
            rows.emplace_back(row);
            ++next;
            return true;
        }));
    }
    return rows;
}

/// For tests: the same as events, without the records that number fields' own meaning lost.
inline std::vector<model::Event> read_all(const std::string& path) {
    FieldNumbers fields;
    const std::vector<std::string> rows = read_all_rows(path, fields);
    std::vector<model::Event> events;
    for (const std::string& row : rows) check(decode_row(row, fields, events.emplace_back()).has_value());
    return events;
}

}  // namespace plimsoll::ledger
