#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "ledger/catalogue.h"
#include "ledger/segment.h"
#include "ledger/verify_parts.h"

namespace plimsoll::ledger {

namespace {

using Kind = Fault::Kind;
using model::FieldKey;

std::string file_of(const Evidence& evidence, RecordNumber number) {
    const auto after = std::ranges::upper_bound(evidence.segments, number);
    return after == evidence.segments.begin() ? std::string() : segment_name(*std::prev(after));
}

/// What the `key` records announce against what `keys` lists.
class KeyCheck {
public:
    KeyCheck(const Evidence& evidence, std::vector<Fault>& faults, std::vector<std::string>& remarks)
        : evidence_(evidence), faults_(faults), remarks_(remarks) {}

    void take(RecordNumber number, const model::Event& event) {
        const std::string key(event.text(FieldKey("ledger.key")));
        announced_[number] = key;
        const auto line =
            std::ranges::find_if(evidence_.keys, [&](const KeyLine& other) { return to_text(other.key) == key; });
        if (line != evidence_.keys.end()) {
            if (line->signature != event.text(FieldKey("ledger.key.signature")))
                fault(number, "the signature of the new key is another one than the file `keys` has");
            return;
        }
        const auto parsed = parse_verifier_key(key);
        const std::string signature(event.text(FieldKey("ledger.key.signature")));
        // A crash right behind the record: the key comes into use at the next start.
        if (parsed && !evidence_.keys.empty() && number + 1 > evidence_.keys.back().size &&
            verify_signature(evidence_.keys.back().key, succession_text(*parsed), signature)) {
            remarks_.push_back(fmt::format("record {} announces a key that is not in use yet", number));
            return;
        }
        fault(number, "the key that this record announces was never one of this ledger's keys");
    }

    void finish(RecordNumber first_kept, RecordNumber size) {
        for (const KeyLine& line : evidence_.keys) {
            if (line.size <= first_kept || line.size > size) continue;
            const auto record = announced_.find(line.size - 1);
            if (record == announced_.end() || record->second != to_text(line.key))
                faults_.push_back({.kind = Kind::forged,
                                   .file = "keys",
                                   .first = line.size - 1,
                                   .message = "no record announces the key that signs from here on"});
        }
    }

private:
    void fault(RecordNumber number, std::string message) {
        faults_.push_back({.kind = Kind::forged,
                           .file = file_of(evidence_, number),
                           .first = number,
                           .last = number,
                           .message = std::move(message)});
    }

    const Evidence& evidence_;
    std::vector<Fault>& faults_;
    std::vector<std::string>& remarks_;
    std::map<RecordNumber, std::string> announced_;
};

std::string_view bytes_of(const Hash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

}  // namespace

RecordNumber check_own_records(const Evidence& evidence, const std::vector<Part>& parts, RecordNumber first_kept,
                               RecordNumber size, std::vector<Fault>& faults, std::vector<std::string>& remarks) {
    KeyCheck keys(evidence, faults, remarks);
    RecordNumber pruned = 0;
    const Tree* begin = evidence.tree(first_kept);
    model::Event event;
    bool whole = true;
    for (const Part& part : parts) {
        whole = whole && part.after.has_value();
        for (const OwnRecord& own : part.own) {
            if (const auto read = decode_row(own.row, part.fields, event); !read) {
                faults.push_back({.kind = Kind::edited,
                                  .file = file_of(evidence, own.number),
                                  .first = own.number,
                                  .last = own.number,
                                  .message = read.error().message});
                continue;
            }
            const std::string_view kind = event.text(FieldKey("record.kind"));
            if (kind == "key") keys.take(own.number, event);
            if (kind != "prune") continue;
            const RecordNumber until = event.number(FieldKey("ledger.pruned.last")) + 1;
            pruned = std::max(pruned, until);
            if (until != first_kept) continue;
            const std::string_view root = event.text(FieldKey("ledger.pruned.root"));
            if (begin != nullptr && !root.empty() && root != bytes_of(begin->root()))
                faults.push_back(
                    {.kind = Kind::forged,
                     .file = file_of(evidence, own.number),
                     .first = own.number,
                     .last = own.number,
                     .message = "the root that this record says of what was pruned is not the signed one"});
        }
    }
    if (whole && !evidence.keys.empty()) keys.finish(first_kept, size);
    if (first_kept == 0 || size == first_kept) return pruned;
    // Retention writes its record first and removes files then, so after a crash it may say more than is gone.
    if (pruned < first_kept) {
        faults.push_back({.kind = Kind::removed,
                          .first = pruned,
                          .last = first_kept - 1,
                          .message = "these records are gone, and no record says that they were pruned"});
    } else {
        remarks.push_back(fmt::format("records 0 to {} were pruned", first_kept - 1));
    }
    return pruned;
}

void check_catalogue(const Evidence& evidence, const std::vector<Part>& parts, RecordNumber pruned,
                     std::vector<Fault>& faults) {
    const auto fault = [&](Kind kind, std::optional<RecordNumber> first, std::string message) {
        faults.push_back({.kind = kind, .file = "state.db", .first = first, .message = std::move(message)});
    };
    auto catalogue = Catalogue::open_read_only(evidence.path);
    if (!catalogue) return fault(Kind::unreadable, {}, catalogue.error().message);
    if (*catalogue == nullptr) {
        if (!evidence.segments.empty())
            fault(Kind::missing, {}, "the catalogue of segments is gone; the writer makes it anew");
        return;
    }
    const auto rows = (*catalogue)->segments();
    if (!rows) return fault(Kind::unreadable, {}, rows.error().message);
    const RecordNumber first_kept = parts.empty() ? 0 : parts.front().first;
    for (const SegmentRow& row : *rows) {
        const auto part = std::ranges::find(parts, row.first, &Part::first);
        if (part == parts.end() || !part->read) {
            if (row.pruned && row.first >= pruned)
                fault(Kind::edited, row.first, "it says that records were pruned that stand behind kept ones");
            if (!row.pruned && row.first < first_kept && evidence.seal(row.first) == nullptr)
                fault(Kind::removed, row.first, fmt::format("it lists {}, which is gone", segment_name(row.first)));
            continue;
        }
        if ((row.pruned && row.first >= pruned) || row.rows != part->rows || row.bytes != part->file_bytes ||
            row.root != part->root || row.frontier != part->frontier || row.min_time != part->min_time ||
            row.max_time != part->max_time)
            fault(Kind::edited, row.first, fmt::format("what it says of {} is not so", segment_name(row.first)));
    }
    for (const Part& part : parts)
        if (part.read && std::ranges::find(*rows, part.first, &SegmentRow::first) == rows->end())
            fault(Kind::missing, part.first, fmt::format("it does not list {}", segment_name(part.first)));
}

void check_secret(const Evidence& evidence, std::vector<Fault>& faults) {
    if (evidence.keys.empty()) return;
    const auto key = read_key(evidence.path + "/key");
    if (!key) {
        // Whoever may not read it can check everything else.
        if (!key.error().message.contains("Permission denied") && !key.error().message.contains("of the user who runs"))
            faults.push_back({.kind = Kind::edited, .file = "key", .message = key.error().message});
        return;
    }
    if (*key == nullptr) {
        faults.push_back({.kind = Kind::missing,
                          .file = "key",
                          .message = "the secret key is gone: nobody can vouch for the next one"});
    } else if ((*key)->verifier() != evidence.keys.back().key) {
        faults.push_back({.kind = Kind::forged,
                          .file = "key",
                          .message = "the secret key is not the one that the ledger announced"});
    }
}

}  // namespace plimsoll::ledger
