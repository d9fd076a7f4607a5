#include "sensor/recording_format.h"

#include <cstring>

namespace plimsoll::sensor {

namespace {

constexpr std::size_t kMostItems = 4096;  // mounts or labels of one container

void put(std::string& out, std::uint64_t number) {
    for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>(number >> shift & 0xffU);
}

void put(std::string& out, std::string_view text) {
    put(out, std::uint64_t{text.size()});
    out += text;
}

/// Takes numbers and texts off the front; stays at the end once something did not fit.
class Taker {
public:
    explicit Taker(std::string_view bytes) : rest_(bytes) {}

    std::uint64_t number() {
        if (rest_.size() < 8) return fail();
        std::uint64_t out = 0;
        for (unsigned i = 0; i < 8; ++i) out |= std::uint64_t{static_cast<std::uint8_t>(rest_[i])} << 8 * i;
        rest_.remove_prefix(8);
        return out;
    }

    std::string text() {
        const std::uint64_t size = number();
        if (size > rest_.size()) {
            fail();
            return {};
        }
        std::string out(rest_.substr(0, size));
        rest_.remove_prefix(size);
        return out;
    }

    [[nodiscard]] bool whole() const { return !failed_ && rest_.empty(); }
    [[nodiscard]] bool failed() const { return failed_; }

private:
    std::uint64_t fail() {
        failed_ = true;
        rest_ = {};
        return 0;
    }
    std::string_view rest_;
    bool failed_ = false;
};

}  // namespace

std::string encode(const RecordingStart& start) {
    std::string out;
    put(out, static_cast<std::uint64_t>(start.boot_offset));
    put(out, start.hostname);
    return out;
}

std::optional<RecordingStart> decode_start(std::string_view bytes) {
    Taker from(bytes);
    RecordingStart out;
    out.boot_offset = static_cast<std::int64_t>(from.number());
    out.hostname = from.text();
    if (!from.whole()) return std::nullopt;
    return out;
}

std::string encode(const Container& of) {
    std::string out;
    for (const std::string* text : {&of.id, &of.name, &of.image, &of.image_id, &of.image_digest, &of.engine, &of.ip,
                                    &of.health_command, &of.unnamed})
        put(out, *text);
    put(out, std::uint64_t{of.privileged} | std::uint64_t{of.known} << 1U);
    put(out, static_cast<std::uint64_t>(of.created));
    put(out, static_cast<std::uint64_t>(of.started));
    put(out, std::uint64_t{of.mounts.size()});
    for (const ContainerMount& mount : of.mounts) {
        for (const std::string* text : {&mount.source, &mount.destination, &mount.mode, &mount.propagation})
            put(out, *text);
        put(out, std::uint64_t{mount.writable});
    }
    put(out, std::uint64_t{of.labels.size()});
    for (const auto& [key, value] : of.labels) {
        put(out, key);
        put(out, value);
    }
    return out;
}

std::optional<Container> decode_container(std::string_view bytes) {
    Taker from(bytes);
    Container out;
    for (std::string* text : {&out.id, &out.name, &out.image, &out.image_id, &out.image_digest, &out.engine, &out.ip,
                              &out.health_command, &out.unnamed})
        *text = from.text();
    const std::uint64_t flags = from.number();
    out.privileged = (flags & 1U) != 0;
    out.known = (flags & 2U) != 0;
    out.created = static_cast<std::int64_t>(from.number());
    out.started = static_cast<std::int64_t>(from.number());
    const std::uint64_t mounts = from.number();
    if (mounts > kMostItems) return std::nullopt;
    for (std::uint64_t i = 0; i < mounts && !from.failed(); ++i) {
        ContainerMount& mount = out.mounts.emplace_back();
        for (std::string* text : {&mount.source, &mount.destination, &mount.mode, &mount.propagation})
            *text = from.text();
        mount.writable = from.number() != 0;
    }
    const std::uint64_t labels = from.number();
    if (labels > kMostItems) return std::nullopt;
    for (std::uint64_t i = 0; i < labels && !from.failed(); ++i) {
        std::string key = from.text();
        out.labels.emplace_back(std::move(key), from.text());
    }
    if (!from.whole()) return std::nullopt;
    return out;
}

}  // namespace plimsoll::sensor
