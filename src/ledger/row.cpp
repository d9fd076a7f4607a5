#include "ledger/row.h"

#include <algorithm>
#include <cstring>
#include <deque>

#include "base/text.h"
#include "ledger/varint.h"
#include "model/fields.h"

namespace plimsoll::ledger {

using model::Event;
using model::FieldId;
using model::FieldKey;
using model::Value;

namespace {

constexpr FieldNumber kKindNumber = 0;
constexpr FieldNumber kNumberNumber = 1;
constexpr FieldNumber kNameNumber = 2;
constexpr FieldNumber kTypeNumber = 3;
constexpr std::size_t kMaxName = 256;

std::string hex_text(std::string_view bytes) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 15U];
    }
    return out;
}

/// What follows a wire of this kind, as a value of a list or map; `texts` owns what had to be written out.
bool read_value(ByteReader& in, Wire wire, std::deque<std::string>& texts, Value& out) {
    switch (wire) {
        case Wire::u64: out = in.varint(); break;
        case Wire::i64: out = unzigzag(in.varint()); break;
        case Wire::f64: out = in.fixed<double>(); break;
        case Wire::boolean: out = in.fixed<std::uint8_t>() != 0; break;
        case Wire::text: out = in.text(kMaxRow); break;
        case Wire::hex: out = std::string_view(texts.emplace_back(hex_text(in.text(kMaxRow)))); break;
        case Wire::ip4:
        case Wire::ip6: {
            model::Ip ip{.v6 = wire == Wire::ip6};
            const std::string_view bytes = in.take(ip.v6 ? 16 : 4);
            if (!in.ok()) return false;
            std::memcpy(ip.bytes.data(), bytes.data(), bytes.size());
            out = ip;
            break;
        }
        case Wire::net: {
            const std::string_view bytes = in.text(17);
            if (!in.ok() || (bytes.size() != 5 && bytes.size() != 17)) return false;
            model::Net net{.address = {.v6 = bytes.size() == 17}, .bits = static_cast<std::uint8_t>(bytes[0])};
            std::memcpy(net.address.bytes.data(), bytes.data() + 1, bytes.size() - 1);
            out = net;
            break;
        }
        default: return false;
    }
    return in.ok();
}

bool read_list(std::string_view bytes, std::deque<std::string>& texts, std::vector<Value>& out) {
    ByteReader in(bytes);
    out.clear();
    while (in.left() > 0) {
        const auto wire = static_cast<Wire>(in.fixed<std::uint8_t>());
        if (!read_value(in, wire, texts, out.emplace_back())) return false;
    }
    return true;
}

bool put_map(std::string_view bytes, FieldId id, Event& event) {
    ByteReader in(bytes);
    std::deque<std::string> texts;
    std::vector<Value> values(1);
    while (in.left() > 0) {
        const std::string_view key = in.text(kMaxRow);
        const auto wire = static_cast<Wire>(in.fixed<std::uint8_t>());
        if (!in.ok()) return false;
        if (wire == Wire::unknown) {
            event.put_unknown(id, key, in.text(kMaxRow));
        } else if (wire == Wire::list) {
            if (!read_list(in.text(kMaxRow), texts, values)) return false;
            event.put_list(id, key, values);
        } else {
            Value value;
            if (!read_value(in, wire, texts, value)) return false;
            event.put(id, key, value);
        }
        if (!in.ok()) return false;
    }
    return true;
}

Error malformed(const FieldNumber number) { return {"field " + std::to_string(number) + " of the row is malformed"}; }

}  // namespace

FieldNumbers::FieldNumbers() {
    for (const std::string_view name :
         {"record.kind", "ledger.field.number", "ledger.field.name", "ledger.field.type"}) {
        const bool number = name == "ledger.field.number";
        check(add(next(), name, number ? "unsigned integer" : "string").has_value());
    }
}

std::optional<FieldId> FieldNumbers::id(FieldNumber number) const {
    return number < entries_.size() ? entries_[number].id : std::nullopt;
}

const FieldNumbers::Entry* FieldNumbers::find(FieldNumber number) const {
    return number < entries_.size() ? &entries_[number] : nullptr;
}

Result<void> FieldNumbers::add(FieldNumber number, std::string_view name, std::string_view type) {
    if (number < entries_.size()) {
        const Entry& known = entries_[number];
        if (known.name == name && known.type == type) return {};
        return Error{"field number " + std::to_string(number) + " stands for " + printable(known.name) +
                     " and cannot stand for " + printable(name)};
    }
    if (number != entries_.size() || number >= kMaxFields) {
        return Error{"field number " + std::to_string(number) + " is not the next one"};
    }
    if (name.empty() || name.size() > kMaxName || type.size() > kMaxName) return Error{"a field's name is malformed"};
    if (std::ranges::find(entries_, name, &Entry::name) != entries_.end()) {
        return Error{"field " + printable(name) + " has a number already"};
    }
    entries_.push_back(
        {.number = number, .name = std::string(name), .type = std::string(type), .id = model::find_field(name)});
    if (const auto id = entries_.back().id) {
        if (by_id_.size() <= *id) by_id_.resize(model::kFields.size());
        by_id_[*id] = static_cast<std::uint16_t>(number + 1);
    }
    return {};
}

Result<void> FieldNumbers::learn(std::string_view row) {
    RowReader reader(row);
    RowField field;
    std::uint64_t number = kMaxFields;
    std::string_view name;
    std::string_view type;
    if (!reader.next(field) || field.number != kKindNumber || field.wire != Wire::text || field.bytes != "field")
        return {};
    while (reader.next(field)) {
        if (field.number == kNumberNumber && field.wire == Wire::u64) number = field.bits;
        if (field.number == kNameNumber && field.wire == Wire::text) name = field.bytes;
        if (field.number == kTypeNumber && field.wire == Wire::text) type = field.bytes;
    }
    if (!reader.complete() || number >= kMaxFields) return Error{"the row that assigns a field number is malformed"};
    return add(static_cast<FieldNumber>(number), name, type);
}

std::string encode_field_row(Nanoseconds time, const FieldNumbers::Entry& entry) {
    std::string row;
    append_fixed(row, time);
    append_field(row, {.number = kKindNumber, .wire = Wire::text, .bytes = "field"});
    append_field(row, {.number = kNumberNumber, .wire = Wire::u64, .bits = entry.number});
    append_field(row, {.number = kNameNumber, .wire = Wire::text, .bytes = entry.name});
    append_field(row, {.number = kTypeNumber, .wire = Wire::text, .bytes = entry.type});
    return row;
}

RowReader::RowReader(std::string_view row) {
    if (row.size() < 8) return;
    std::memcpy(&time_, row.data(), 8);
    at_ = row.data() + 8;
    end_ = row.data() + row.size();
    whole_ = true;
}

bool RowReader::next(RowField& field) {
    std::uint64_t tag = 0;
    if (!whole_ || at_ == end_) return false;
    whole_ = false;  // until this field is read
    if (!get_varint(at_, end_, tag) || (tag & 15U) > kLastWire || (tag >> 4U) >= kMaxFields) return false;
    field.number = static_cast<FieldNumber>(tag >> 4U);
    field.wire = static_cast<Wire>(tag & 15U);
    if (static_cast<int>(field.number) <= last_) return false;
    const auto left = static_cast<std::size_t>(end_ - at_);
    std::uint64_t size = 0;
    switch (field.wire) {
        case Wire::u64:
            if (!get_varint(at_, end_, field.bits)) return false;
            break;
        case Wire::i64:
            if (!get_varint(at_, end_, field.bits)) return false;
            field.bits = static_cast<std::uint64_t>(unzigzag(field.bits));
            break;
        case Wire::f64:
            if (left < 8) return false;
            std::memcpy(&field.bits, at_, 8);
            at_ += 8;
            break;
        case Wire::boolean:
            if (left < 1 || static_cast<unsigned char>(*at_) > 1) return false;
            field.bits = static_cast<unsigned char>(*at_++);
            break;
        case Wire::ip4:
        case Wire::ip6:
            size = field.wire == Wire::ip4 ? 4 : 16;
            if (left < size) return false;
            field.bytes = {at_, size};
            at_ += size;
            break;
        default:
            if (!get_varint(at_, end_, size) || size > static_cast<std::size_t>(end_ - at_)) return false;
            field.bytes = {at_, size};
            at_ += size;
            break;
    }
    last_ = field.number;
    whole_ = true;
    return true;
}

void append_field(std::string& out, const RowField& field) {
    append_varint(out, static_cast<std::uint64_t>(field.number) << 4U | static_cast<unsigned>(field.wire));
    switch (field.wire) {
        case Wire::u64: append_varint(out, field.bits); break;
        case Wire::i64: append_varint(out, zigzag(static_cast<std::int64_t>(field.bits))); break;
        case Wire::f64: append_fixed(out, field.bits); break;
        case Wire::boolean: out += static_cast<char>(field.bits); break;
        case Wire::ip4:
        case Wire::ip6: out += field.bytes; break;
        default: append_varint(out, field.bytes.size()); out += field.bytes;
    }
}

FieldSet::FieldSet(std::span<const FieldId> ids) : bits_(model::kFields.size()) {
    for (const FieldId id : ids) bits_[id] = true;
}

Result<void> put_field(const RowField& field, FieldId id, Event& event) {
    switch (field.wire) {
        case Wire::u64: event.put(id, {}, field.bits); return {};
        case Wire::i64: event.put(id, {}, static_cast<std::int64_t>(field.bits)); return {};
        case Wire::f64: event.put(id, {}, std::bit_cast<double>(field.bits)); return {};
        case Wire::boolean: event.put(id, {}, field.bits != 0); return {};
        case Wire::text: event.put(id, {}, field.bytes); return {};
        case Wire::hex: event.put(id, {}, std::string_view(hex_text(field.bytes))); return {};
        case Wire::unknown: event.put_unknown(id, {}, field.bytes); return {};
        case Wire::map: return put_map(field.bytes, id, event) ? Result<void>() : malformed(field.number);
        case Wire::list: {
            std::deque<std::string> texts;
            std::vector<Value> values;
            if (!read_list(field.bytes, texts, values)) return malformed(field.number);
            event.put_list(id, {}, values);
            return {};
        }
        default: {
            std::deque<std::string> none;
            std::string sized;  // read_value wants the length of a block of addresses
            if (field.wire == Wire::net) append_varint(sized, field.bytes.size());
            sized += field.bytes;
            ByteReader in(sized);
            Value value;
            if (!read_value(in, field.wire, none, value)) return malformed(field.number);
            event.put(id, {}, value);
            return {};
        }
    }
}

Result<void> decode_row(std::string_view row, const FieldNumbers& fields, Event& event, const FieldSet* only) {
    RowReader reader(row);
    event.clear(reader.time());
    RowField field;
    while (reader.next(field)) {
        const auto id = fields.id(field.number);
        if (!id || (only != nullptr && !only->holds(*id))) continue;
        TRY_VOID(put_field(field, *id, event));
    }
    if (!reader.complete()) return Error{"the row breaks the format"};
    return {};
}

std::string wire_text(Wire wire, std::string_view bytes) {
    switch (wire) {
        case Wire::text:
        case Wire::unknown: return std::string(bytes);
        case Wire::hex: return hex_text(bytes);
        case Wire::ip4:
        case Wire::ip6:
        case Wire::net: {
            std::deque<std::string> none;
            std::string sized;
            if (wire == Wire::net) append_varint(sized, bytes.size());
            sized += bytes;
            ByteReader in(sized);
            Value value;
            return read_value(in, wire, none, value) ? model::to_text(value) : std::string();
        }
        default: return {};
    }
}

}  // namespace plimsoll::ledger
