#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "host/fd.h"
#include "host/system_error.h"
#include "sensor/recording.h"
#include "sensor/recording_format.h"
#include "sensor/wire.h"

namespace plimsoll::sensor {

namespace {

constexpr std::size_t kAlign = 8;

struct FreeStream {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

/// One piece, aligned to 8; borrowed until the next.
struct Piece {
    PieceKind kind{};
    std::span<const std::byte> bytes;

    [[nodiscard]] std::string_view text() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

class FileReader final : public RecordingReader {
public:
    FileReader(host::Fd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {
        packed_.resize(ZSTD_DStreamInSize());
    }

    Result<void> begin() {
        std::string header(kRecordingHeader, '\0');
        if (::read(file_.get(), header.data(), header.size()) != static_cast<ssize_t>(header.size()) ||
            !header.starts_with(kRecordingMagic))
            return Error{printable(path_) + " is no recording"};
        std::uint32_t version = 0;
        std::memcpy(&version, header.data() + kRecordingMagic.size(), sizeof version);
        if (version != kRecordingVersion)
            return Error{fmt::format("{} is a recording of version {}; this program reads version {}", printable(path_),
                                     version, kRecordingVersion)};
        offset_ = kRecordingHeader;
        stream_.reset(ZSTD_createDStream());
        if (stream_ == nullptr) return damaged("out of memory");
        ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kRecordingWindow);
        TRY(const Piece piece, next());
        auto start = piece.kind == PieceKind::start ? decode_start(piece.text()) : std::nullopt;
        if (!start) return damaged("it does not begin with where it was made");
        start_ = std::move(*start);
        return {};
    }

    [[nodiscard]] const RecordingStart& start() const override { return start_; }

    Result<void> read(const std::function<void(std::span<const std::byte>)>& event,
                      const std::function<void(const Container&)>& container) override {
        for (;;) {
            TRY(const Piece piece, next());
            switch (piece.kind) {
                case PieceKind::event:
                    ++events_;
                    event(piece.bytes);
                    break;
                case PieceKind::container: {
                    const auto decoded = decode_container(piece.text());
                    if (!decoded) return damaged("a container is malformed");
                    container(*decoded);
                    break;
                }
                case PieceKind::end: return {};
                default: break;  // of a later version
            }
        }
    }

private:
    [[nodiscard]] Error damaged(std::string_view why) const {
        return {
            fmt::format("{}: {}, after {} events, at byte {} of the file", printable(path_), why, events_, offset_)};
    }

    Result<Piece> next() {
        PieceHead head;
        TRY_VOID(unpack(reinterpret_cast<char*>(&head), sizeof head));
        if (head.size > kMostRecordBytes) return damaged("a piece is larger than any can be");
        const std::size_t padded = (head.size + kAlign - 1) / kAlign * kAlign;
        if (piece_.size() < padded / kAlign) piece_.resize(padded / kAlign);
        TRY_VOID(unpack(reinterpret_cast<char*>(piece_.data()), padded));
        return Piece{static_cast<PieceKind>(head.kind), std::as_bytes(std::span(piece_)).first(head.size)};
    }

    Result<void> unpack(char* to, std::size_t size) {
        ZSTD_outBuffer out{to, size, 0};
        while (out.pos < out.size) {
            if (in_.pos == in_.size && !ended_) TRY_VOID(refill());
            const std::size_t before = out.pos;
            const std::size_t consumed = in_.pos;
            const std::size_t left = ZSTD_decompressStream(stream_.get(), &out, &in_);
            if (ZSTD_isError(left) != 0) return damaged(ZSTD_getErrorName(left));
            if (out.pos == before && in_.pos == consumed && ended_) return damaged("the file is cut off");
        }
        return {};
    }

    Result<void> refill() {
        ssize_t got = 0;
        do {
            got = ::read(file_.get(), packed_.data(), packed_.size());
        } while (got < 0 && errno == EINTR);
        if (got < 0) return host::system_error("reading", path_);
        ended_ = got == 0;
        offset_ += static_cast<std::uint64_t>(got);
        in_ = {packed_.data(), static_cast<std::size_t>(got), 0};
        return {};
    }

    host::Fd file_;
    std::string path_;
    RecordingStart start_;
    std::unique_ptr<ZSTD_DStream, FreeStream> stream_;
    std::vector<char> packed_;
    std::vector<std::uint64_t> piece_;
    ZSTD_inBuffer in_{nullptr, 0, 0};
    std::uint64_t offset_ = 0;
    std::uint64_t events_ = 0;
    bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<RecordingReader>> RecordingReader::open(const std::string& path) {
    host::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file) return host::system_error("opening", path);
    auto reader = std::make_unique<FileReader>(std::move(file), path);
    TRY_VOID(reader->begin());
    return std::unique_ptr<RecordingReader>(std::move(reader));
}

}  // namespace plimsoll::sensor
