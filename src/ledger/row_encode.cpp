#include <algorithm>
#include <array>
#include <cstring>

#include "ledger/row.h"
#include "ledger/varint.h"
#include "model/fields.h"

// From events to rows.
namespace plimsoll::ledger {

using model::Event;
using model::FieldId;
using model::FieldKey;
using model::Reading;
using model::Value;

namespace {

constexpr std::size_t kLengthRoom = 5;   // most bytes of the length of a list or map
constexpr std::size_t kHexLeast = 32;    // shorter text gains nothing by it
constexpr std::size_t kFewFields = 128;  // as nearly all records have

/// Text that can stand as half its length: an id or a digest.
bool is_hex_text(std::string_view text) {
    if (text.size() < kHexLeast || text.size() % 2 != 0) return false;
    return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

unsigned nibble(char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); }

Wire wire_of(const Value& value) {
    switch (value.index()) {
        case 0: return is_hex_text(*std::get_if<std::string_view>(&value)) ? Wire::hex : Wire::text;
        case 1: return Wire::u64;
        case 2: return Wire::i64;
        case 3: return Wire::f64;
        case 4: return Wire::boolean;
        case 5: return std::get_if<model::Ip>(&value)->v6 ? Wire::ip6 : Wire::ip4;
        default: return Wire::net;
    }
}

char* put_bytes(char* at, std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    return at + bytes.size();
}

char* put_text(char* at, std::string_view text) { return put_bytes(put_varint(at, text.size()), text); }

char* put_net(char* at, const model::Net& net) {
    *at++ = static_cast<char>(net.bits);
    const std::size_t size = net.address.v6 ? 16 : 4;
    std::memcpy(at, net.address.bytes.data(), size);
    return at + size;
}

char* put_value(char* at, Wire wire, const Value& value) {
    switch (wire) {
        case Wire::u64: return put_varint(at, *std::get_if<std::uint64_t>(&value));
        case Wire::i64: return put_varint(at, zigzag(*std::get_if<std::int64_t>(&value)));
        case Wire::f64: std::memcpy(at, std::get_if<double>(&value), 8); return at + 8;
        case Wire::boolean: *at = *std::get_if<bool>(&value) ? 1 : 0; return at + 1;
        case Wire::text: return put_text(at, *std::get_if<std::string_view>(&value));
        case Wire::hex: {
            const std::string_view text = *std::get_if<std::string_view>(&value);
            at = put_varint(at, text.size() / 2);
            for (std::size_t i = 0; i < text.size(); i += 2) {
                *at++ = static_cast<char>(nibble(text[i]) << 4U | nibble(text[i + 1]));
            }
            return at;
        }
        case Wire::ip4: std::memcpy(at, std::get_if<model::Ip>(&value)->bytes.data(), 4); return at + 4;
        case Wire::ip6: std::memcpy(at, std::get_if<model::Ip>(&value)->bytes.data(), 16); return at + 16;
        case Wire::net: {
            const model::Net& net = *std::get_if<model::Net>(&value);
            *at++ = static_cast<char>(net.address.v6 ? 17 : 5);
            return put_net(at, net);
        }
        default: check(false); return at;
    }
}

/// Writes what `body` writes with its length in front.
template <typename Body>
char* put_sized(char* at, Body body) {
    char* const begin = at + kLengthRoom;
    char* const end = body(begin);
    const auto size = static_cast<std::size_t>(end - begin);
    char* const place = put_varint(at, size);
    std::memmove(place, begin, size);
    return place + size;
}

char* put_list(char* at, std::span<const Value> values) {
    return put_sized(at, [&](char* next) {
        for (const Value& value : values) {
            const Wire wire = wire_of(value);
            *next++ = static_cast<char>(wire);
            next = put_value(next, wire, value);
        }
        return next;
    });
}

Wire wire_of(const Event& event, const Event::Slot& slot) {
    if (slot.state == Reading::State::unknown) return Wire::unknown;
    return slot.count == 1 ? wire_of(event.values(slot).front()) : Wire::list;
}

char* put_slot(char* at, Wire wire, const Event& event, const Event::Slot& slot) {
    if (wire == Wire::unknown) return put_text(at, slot.reason);
    if (wire == Wire::list) return put_list(at, event.values(slot));
    return put_value(at, wire, event.values(slot).front());
}

char* put_tag(char* at, FieldNumber number, Wire wire) {
    return put_varint(at, static_cast<std::uint64_t>(number) << 4U | static_cast<unsigned>(wire));
}

/// The slots of one field; slots are ordered by field, then key.
struct Group {
    FieldNumber number;
    std::uint32_t first;
    std::uint32_t count;
};

/// Bytes that the slot takes at most.
std::size_t bound(const Event& event, const Event::Slot& slot) {
    std::size_t size = 40 + slot.key.size() + slot.reason.size();
    for (const Value& value : event.values(slot)) {
        const auto* text = std::get_if<std::string_view>(&value);
        size += text != nullptr ? text->size() + 11 : 19;
    }
    return size;
}

/// One plain value with its tag: what most fields are. `part` becomes what a RowReader would say.
char* put_plain(char* at, FieldNumber number, const Value& value, RowField& part) {
    part.number = number;
    if (const auto* signed_value = std::get_if<std::int64_t>(&value)) {
        part.wire = Wire::i64;
        part.bits = static_cast<std::uint64_t>(*signed_value);
        return put_varint(put_tag(at, number, Wire::i64), zigzag(*signed_value));
    }
    const auto* plain_text = std::get_if<std::string_view>(&value);
    const Wire wire = plain_text != nullptr && plain_text->size() < kHexLeast ? Wire::text : wire_of(value);
    part.wire = wire;
    at = put_tag(at, number, wire);
    switch (wire) {
        case Wire::u64: part.bits = *std::get_if<std::uint64_t>(&value); return put_varint(at, part.bits);
        case Wire::f64: part.bits = std::bit_cast<std::uint64_t>(*std::get_if<double>(&value)); break;
        case Wire::boolean: part.bits = *std::get_if<bool>(&value) ? 1 : 0; break;
        case Wire::text: {
            const std::string_view text = *std::get_if<std::string_view>(&value);
            at = put_varint(at, text.size());
            part.bytes = {at, text.size()};
            return put_bytes(at, text);
        }
        default: break;
    }
    char* const end = put_value(at, wire, value);
    const char* begin = at;
    std::uint64_t size = 0;
    if (wire != Wire::ip4 && wire != Wire::ip6 && !is_number(wire)) check(get_varint(begin, end, size));
    part.bytes = {begin, static_cast<std::size_t>(end - begin)};
    return end;
}

/// The slots of one field as one map or single value.
char* put_group(char* at, const Event& event, const Group& group, RowField& part) {
    const auto slots = event.slots().subspan(group.first, group.count);
    const Event::Slot& slot = slots.front();
    const bool alone = slots.size() == 1 && slot.key.empty();
    if (alone && slot.count == 1 && slot.state != Reading::State::unknown)
        return put_plain(at, group.number, event.values(slot).front(), part);
    part.number = group.number;
    part.wire = alone ? wire_of(event, slot) : Wire::map;
    at = put_tag(at, group.number, part.wire);
    const char* begin = at;
    char* const end = alone ? put_slot(at, part.wire, event, slot) : put_sized(at, [&](char* next) {
        for (const Event::Slot& one : slots) {
            const Wire wire = wire_of(event, one);
            next = put_text(next, one.key);
            *next++ = static_cast<char>(wire);
            next = put_slot(next, wire, event, one);
        }
        return next;
    });
    std::uint64_t size = 0;
    check(get_varint(begin, end, size));
    part.bytes = {begin, static_cast<std::size_t>(end - begin)};
    return end;
}

/// As put_group, from what was kept of the slot, or kept for the next event that has it.
char* put_group(char* at, const Event& event, const Group& group, RowField& part,
                model::KeptSlots<RowEncoder::Kept>& kept) {
    constexpr std::size_t kMostKept = 2048;  // bytes of one
    const Event::Slot& slot = event.slots()[group.first];
    if (group.count != 1 || slot.same == 0) return put_group(at, event, group, part);
    if (const auto* const known = kept.find(slot)) {
        part = known->part;
        if (!is_number(part.wire)) part.bytes = {at + known->value, part.bytes.size()};
        return put_bytes(at, known->bytes);
    }
    char* const end = put_group(at, event, group, part);
    if (end - at > static_cast<std::ptrdiff_t>(kMostKept)) return end;
    RowEncoder::Kept& made = *kept.place(slot);
    made.bytes.assign(at, end);
    made.part = part;
    made.value = is_number(part.wire) ? 0 : static_cast<std::size_t>(part.bytes.data() - at);
    return end;
}

/// Into the order of field numbers, in which they nearly stand.
void sort(std::span<Group> groups) {
    if (groups.size() > kFewFields) {
        std::ranges::sort(groups, {}, &Group::number);
        return;
    }
    for (std::size_t i = 1; i < groups.size(); ++i) {
        const Group group = groups[i];
        std::size_t at = i;
        for (; at > 0 && groups[at - 1].number > group.number; --at) groups[at] = groups[at - 1];
        groups[at] = group;
    }
}

/// `put_one` writes one group, whose part it is given the room for.
template <typename PutOne>
Result<void> encode(const Event& event, const FieldNumbers& fields, std::string& out, std::vector<RowField>* parts,
                    PutOne put_one) {
    static constexpr FieldId kNumber = FieldKey("record.number").id();
    const auto slots = event.slots();
    std::array<Group, kFewFields> few;  // not set to anything: this runs for every record
    std::vector<Group> many;
    if (slots.size() > few.size()) many.resize(slots.size());
    Group* const groups = many.empty() ? few.data() : many.data();
    std::size_t count = 0;
    std::size_t most = 8;
    for (std::uint32_t i = 0; i < slots.size();) {
        std::uint32_t end = i;
        const FieldId id = slots[i].field;
        for (; end < slots.size() && slots[end].field == id; ++end) most += bound(event, slots[end]);
        if (id != kNumber) {
            const auto number = fields.number(id);
            check(number.has_value());
            groups[count++] = {.number = *number, .first = i, .count = end - i};
        }
        i = end;
    }
    sort({groups, count});

    if (most > 2 * kMaxRow) return Error{"the record is larger than 16 MiB"};
    const std::size_t before = out.size();
    if (out.capacity() < before + most) out.reserve(std::max(before + most, 2 * out.capacity()));
    if (parts != nullptr) parts->resize(count);
    out.resize_and_overwrite(before + most, [&](char* data, std::size_t) {
        char* at = data + before;
        const Nanoseconds time = event.time();
        std::memcpy(at, &time, 8);
        at += 8;
        RowField unasked;
        for (std::size_t i = 0; i < count; ++i) at = put_one(at, groups[i], parts != nullptr ? (*parts)[i] : unasked);
        return static_cast<std::size_t>(at - data);
    });
    if (out.size() - before <= kMaxRow) return {};
    out.resize(before);
    return Error{"the record is larger than 16 MiB"};
}

}  // namespace

Result<void> encode_row(const Event& event, const FieldNumbers& fields, std::string& out,
                        std::vector<RowField>* parts) {
    return encode(event, fields, out, parts,
                  [&](char* at, const Group& group, RowField& part) { return put_group(at, event, group, part); });
}

Result<void> RowEncoder::encode(const Event& event, std::string& out, std::vector<RowField>& parts) {
    return ledger::encode(event, fields_, out, &parts, [&](char* at, const Group& group, RowField& part) {
        return put_group(at, event, group, part, kept_);
    });
}

WireValue wire_value(const Value& value) {
    WireValue out{.wire = wire_of(value)};
    if (is_number(out.wire)) {
        switch (out.wire) {
            case Wire::u64: out.bits = *std::get_if<std::uint64_t>(&value); break;
            case Wire::i64: out.bits = static_cast<std::uint64_t>(*std::get_if<std::int64_t>(&value)); break;
            case Wire::f64: out.bits = std::bit_cast<std::uint64_t>(*std::get_if<double>(&value)); break;
            default: out.bits = *std::get_if<bool>(&value) ? 1 : 0;
        }
        return out;
    }
    const auto* text = std::get_if<std::string_view>(&value);
    out.bytes.resize(text != nullptr ? text->size() + kVarintMost : 32);
    const char* end = put_value(out.bytes.data(), out.wire, value);
    out.bytes.resize(static_cast<std::size_t>(end - out.bytes.data()));
    if (out.wire == Wire::ip4 || out.wire == Wire::ip6) return out;
    ByteReader in(out.bytes);
    out.bytes = std::string(in.text(kMaxRow * 2));
    return out;
}

}  // namespace plimsoll::ledger
