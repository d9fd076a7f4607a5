#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "sensor/recording.h"
#include "sensor/recording_format.h"

/// A file that may be anything: it is read to the first fault, and what a piece may be is read from the bytes as they
/// are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace plimsoll;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto container = sensor::decode_container(text)) {
        const std::string again = sensor::encode(*container);
        check(sensor::decode_container(again).has_value());
    }
    (void)sensor::decode_start(text);

    const int file = ::memfd_create("recording", MFD_CLOEXEC);
    check(file >= 0 && ::write(file, data, size) == static_cast<ssize_t>(size));
    if (auto reader = sensor::RecordingReader::open("/proc/self/fd/" + std::to_string(file))) {
        std::size_t events = 0;
        const auto whole = (*reader)->read(
            [&](std::span<const std::byte> bytes) {
                check(bytes.size() <= sensor::kMostRecordBytes);
                check(reinterpret_cast<std::uintptr_t>(bytes.data()) % 8 == 0);
                ++events;
            },
            [](const sensor::Container&) {});
        check(whole.has_value() || !whole.error().message.empty());
    }
    ::close(file);
    return 0;
}
