#include "sensor/event_writer.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace plimsoll::sensor {

namespace {

constexpr std::size_t kAlign = 8;
constexpr std::uint16_t kNoCall = 0xffff;

template <typename T>
void append(std::vector<std::byte>& out, const T& block) {
    const auto bytes = std::as_bytes(std::span(&block, 1));
    out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

void EventWriter::start(WireKind kind) {
    head = {};
    head.kind = static_cast<wire_u8>(kind);
    head.call = kNoCall;
    task = {};
    credentials = {};
    file = {};
    socket = {};
    arguments = {};
    has_task = has_credentials = has_file = has_socket = has_arguments = false;
    strings_.clear();
}

void EventWriter::name(std::string_view comm) {
    std::memset(head.comm, 0, sizeof head.comm);
    std::memcpy(head.comm, comm.data(), std::min(comm.size(), sizeof head.comm - 1));
}

void EventWriter::add(WireTag tag, std::string_view text) {
    append(strings_, WireString{static_cast<wire_u32>(tag), static_cast<wire_u32>(text.size())});
    const auto bytes = std::as_bytes(std::span(text));
    strings_.insert(strings_.end(), bytes.begin(), bytes.end());
    strings_.resize((strings_.size() + kAlign - 1) / kAlign * kAlign);
}

void EventWriter::add_words(WireTag tag, std::span<const std::string_view> words) {
    std::string text;
    for (const std::string_view word : words) text.append(word).append(1, '\0');
    add(tag, text);
}

std::span<const std::byte> EventWriter::finish() {
    std::vector<std::byte> out;
    head.parts = static_cast<wire_u8>((has_task ? WIRE_HAS_TASK : 0) | (has_credentials ? WIRE_HAS_CREDENTIALS : 0) |
                                      (has_file ? WIRE_HAS_FILE : 0) | (has_socket ? WIRE_HAS_SOCKET : 0) |
                                      (has_arguments ? WIRE_HAS_ARGUMENTS : 0));
    append(out, head);
    if (has_task) append(out, task);
    if (has_credentials) append(out, credentials);
    if (has_file) append(out, file);
    if (has_socket) append(out, socket);
    if (has_arguments) append(out, arguments);
    out.insert(out.end(), strings_.begin(), strings_.end());
    const auto size = static_cast<wire_u32>(out.size());
    std::memcpy(out.data(), &size, sizeof size);  // WireEvent.size comes first
    bytes_.assign((out.size() + kAlign - 1) / kAlign, 0);
    std::memcpy(bytes_.data(), out.data(), out.size());
    return std::as_bytes(std::span(bytes_)).first(out.size());
}

}  // namespace plimsoll::sensor
