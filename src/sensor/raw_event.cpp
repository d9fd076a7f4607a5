#include "sensor/raw_event.h"

#include <cstring>

namespace plimsoll::sensor {

namespace {

constexpr std::size_t kAlign = 8;

static_assert(sizeof(WireEvent) == 72);
static_assert(sizeof(WireTask) == 64);
static_assert(sizeof(WireCredentials) == 80);
static_assert(sizeof(WireFile) == 64);
static_assert(sizeof(WireSocket) == 64);
static_assert(sizeof(WireArguments) == 48);

/// The block at the front of `rest`, which is taken off; null when it does not fit.
template <typename Block>
const Block* take(std::span<const std::byte>& rest) {
    static_assert(sizeof(Block) % kAlign == 0);
    if (rest.size() < sizeof(Block)) return nullptr;
    const auto* const block = reinterpret_cast<const Block*>(rest.data());
    rest = rest.subspan(sizeof(Block));
    return block;
}

template <typename Block>
bool take_part(std::span<const std::byte>& rest, bool there, const Block*& out) {
    out = there ? take<Block>(rest) : nullptr;
    return !there || out != nullptr;
}

}  // namespace

bool parse(std::span<const std::byte> bytes, RawEvent& out) {
    out = {};
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(WireEvent) != 0) return false;
    std::span<const std::byte> rest = bytes;
    const auto* const head = take<WireEvent>(rest);
    if (head == nullptr || head->size > bytes.size() || head->size < sizeof(WireEvent) || head->size % kAlign != 0)
        return false;
    if (head->kind < WIRE_FORK || head->kind > WIRE_SIGNAL) return false;
    rest = rest.first(head->size - sizeof(WireEvent));
    out.head = head;
    const auto has = [&](WirePart part) { return (head->parts & part) != 0; };
    if (!take_part(rest, has(WIRE_HAS_TASK), out.task) ||
        !take_part(rest, has(WIRE_HAS_CREDENTIALS), out.credentials) ||
        !take_part(rest, has(WIRE_HAS_FILE), out.file) || !take_part(rest, has(WIRE_HAS_SOCKET), out.socket) ||
        !take_part(rest, has(WIRE_HAS_ARGUMENTS), out.arguments))
        return false;
    while (!rest.empty()) {
        const auto* const string = take<WireString>(rest);
        if (string == nullptr || string->length > rest.size()) return false;
        if (string->tag == 0 || string->tag >= out.strings.size()) return false;
        out.strings[string->tag] = {reinterpret_cast<const char*>(rest.data()), string->length};
        const std::size_t padded = (string->length + kAlign - 1) / kAlign * kAlign;
        if (padded > rest.size()) return false;
        rest = rest.subspan(padded);
    }
    return true;
}

}  // namespace plimsoll::sensor
