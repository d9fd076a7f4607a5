#include "posture/log_lines.h"

#include <cstdint>
#include <string>

#include "base/text.h"

namespace plimsoll::posture {

namespace {

constexpr std::size_t kMostLine = 4096;
constexpr std::size_t kMostLines = 10000;
constexpr std::size_t kFrameHeader = 8;

class LineWriter {
public:
    LineWriter(model::FactStore& store, const model::Facts& container) : store_(store), container_(container) {}

    void add(std::string_view text, std::string_view stream) {
        for (const std::string_view line : split(text, '\n')) {
            const std::string_view cut = trim(line).substr(0, kMostLine);
            if (cut.empty() || lines_ >= kMostLines) continue;
            ++lines_;
            model::Facts& out = store_.add(model::SubjectKind::log, {}, cut, &container_);
            out.set("log.line", cut, "GET /containers/ID/logs");
            out.set("log.stream", stream, "GET /containers/ID/logs");
        }
    }

private:
    model::FactStore& store_;
    const model::Facts& container_;
    std::size_t lines_ = 0;
};

std::uint32_t big_endian(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char byte : bytes.substr(0, 4)) value = (value << 8U) | static_cast<unsigned char>(byte);
    return value;
}

}  // namespace

bool has_readable_log(std::string_view driver) {
    return driver == "json-file" || driver == "local" || driver == "journald" || driver == "k8s-file";
}

void gather_log(std::string_view answer, bool tty, model::FactStore& store, const model::Facts& container) {
    LineWriter writer(store, container);
    if (tty) return writer.add(answer, "stdout");
    while (answer.size() >= kFrameHeader) {
        const auto stream = static_cast<unsigned char>(answer[0]);
        const std::uint32_t length = big_endian(answer.substr(4));
        if (stream > 2 || answer[1] != 0 || answer[2] != 0 || answer[3] != 0 || length > answer.size() - kFrameHeader)
            break;
        writer.add(answer.substr(kFrameHeader, length), stream == 2 ? "stderr" : "stdout");
        answer.remove_prefix(kFrameHeader + length);
    }
    if (!answer.empty()) writer.add(answer, "stdout");
}

}  // namespace plimsoll::posture
