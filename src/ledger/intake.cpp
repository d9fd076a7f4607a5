#include "ledger/intake.h"

#include <unistd.h>

namespace plimsoll::ledger {

using model::Event;

Intake::Intake(Recovered found, std::uint32_t segment_rows, std::function<Result<void>()> make_room)
    : segment_rows_(segment_rows),
      make_room_(std::move(make_room)),
      fields_(std::move(found.fields)),
      tree_(std::move(found.tree)),
      next_(tree_.size()),
      durable_(next_),
      builder_(std::move(*found.builder)),
      wal_(std::move(*found.wal)),
      log_bytes_(wal_.size()) {}

/// `encode` appends the row and says its parts_.
template <typename Encode>
Result<RecordNumber> Intake::put_row(Nanoseconds time, Encode encode) {
    if (segment_is_full()) TRY_VOID(make_room_());
    const std::size_t at = waiting_.size();
    if (at == 0) oldest_ = std::chrono::steady_clock::now();
    waiting_.append(kFrameHead, '\0');
    if (auto encoded = encode(waiting_); !encoded) {
        waiting_.resize(at);
        return Error(encoded.error());
    }
    const std::size_t begin = at + kFrameHead;
    builder_.add(time, parts_, waiting_.size() - begin);
    close_frame(waiting_, at);
    unhashed_.emplace_back(begin, waiting_.size() - begin);
    const RecordNumber number = next_++;
    if (next_ % kHashTogether == 0) hash_rows();
    return number;
}

Result<RecordNumber> Intake::put(const Event& event) {
    static constexpr model::FieldId kOwn = model::FieldKey("ledger.field.number").id();
    static constexpr model::FieldId kNumber = model::FieldKey("record.number").id();
    for (const Event::Slot& slot : event.slots()) {
        if (numbered_[slot.field]) continue;
        if (slot.field == kOwn) return Error{"records that number fields are the ledger's own"};
        if (slot.field == kNumber) continue;
        if (!fields_.number(slot.field)) TRY_VOID(number_field(slot.field, event.time()));
        numbered_[slot.field] = true;
    }
    return put_row(event.time(), [&](std::string& out) { return encoder_.encode(event, out, parts_); });
}

Result<void> Intake::number_field(model::FieldId id, Nanoseconds time) {
    const model::Field& field = model::field(id);
    FieldNumbers::Entry entry{
        .number = fields_.next(), .name = std::string(field.name), .type = model::type_name(field), .id = id};
    if (entry.number >= kMaxFields) return Error{"the ledger holds as many fields as it can"};
    TRY_VOID(put_row(time, [&](std::string& out) -> Result<void> {
        const std::size_t at = out.size();
        out += encode_field_row(time, entry);
        parts_.clear();
        RowReader reader(std::string_view(out).substr(at));
        for (RowField part; reader.next(part);) parts_.push_back(part);
        return {};
    }));
    return fields_.add(entry.number, entry.name, entry.type);
}

Tree& Intake::tree() {
    hash_rows();
    return tree_;
}

void Intake::hash_rows() {
    if (unhashed_.empty()) return;
    std::array<std::string_view, kHashTogether> rows;
    std::array<Hash, kHashTogether> leaves;
    for (std::size_t i = 0; i < unhashed_.size(); ++i)
        rows[i] = std::string_view(waiting_).substr(unhashed_[i].first, unhashed_[i].second);
    leaf_hashes(std::span(rows).first(unhashed_.size()), std::span(leaves).first(unhashed_.size()));
    tree_.add(std::span<const Hash>(leaves).first(unhashed_.size()));
    unhashed_.clear();
}

Result<void> Intake::write() {
    TRY_VOID(wait_until_written());
    if (waiting_.empty()) return {};
    TRY_VOID(wal_.write(waiting_));
    log_bytes_ = wal_.size();
    durable_ = next_;
    hash_rows();
    waiting_.clear();
    return {};
}

void Intake::begin_write() {
    check(!waiting_.empty());
    hash_rows();  // they are found in waiting_
    writing_.swap(waiting_);
    writing_until_ = next_;
    side_.begin([this] { return wal_.write(writing_); });
}

std::optional<Result<void>> Intake::written() {
    auto outcome = side_.ended();
    if (!outcome) return std::nullopt;
    return note_written(std::move(*outcome));
}

Result<void> Intake::wait_until_written() {
    if (!side_.pending()) return {};
    return note_written(side_.wait());
}

Result<void> Intake::note_written(Result<void> outcome) {
    if (outcome) {
        log_bytes_ = wal_.size();
        durable_ = writing_until_;
    } else {
        hash_rows();
        writing_ += waiting_;
        waiting_.swap(writing_);
    }
    writing_.clear();
    return outcome;
}

SegmentEnd Intake::end_segment() {
    check(waiting_.empty() && !writing());
    const Hash root = tree().root();
    SegmentEnd end{.first = builder_.first(), .frontier = tree().frontier()};
    end.bytes = builder_.finish(fields_, {reinterpret_cast<const char*>(root.data()), root.size()}, end.frontier);
    return end;
}

Result<void> Intake::begin_segment(const std::string& folder) {
    const std::string old = wal_.path();
    TRY(Wal wal, Wal::create(folder + "/" + wal_name(next_), {next_, tree().frontier(), fields_}));
    wal_ = std::move(wal);
    log_bytes_ = wal_.size();
    builder_.reset(next_);
    ::unlink(old.c_str());  // one that stays is removed at the next start
    return {};
}

}  // namespace plimsoll::ledger
