#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "host/fd.h"
#include "host/system_error.h"
#include "sensor/recording.h"
#include "sensor/recording_format.h"

namespace plimsoll::sensor {

namespace {

constexpr int kLevel = 1;
constexpr std::size_t kFlushAfter = 256U << 10U;  // bytes as they came: what a crash may cost
constexpr std::size_t kAlign = 8;

struct FreeStream {
    void operator()(ZSTD_CStream* stream) const { ZSTD_freeCStream(stream); }
};

class FileWriter final : public RecordingWriter {
public:
    FileWriter(host::Fd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {
        packed_.resize(ZSTD_CStreamOutSize());
    }

    Result<void> begin(const RecordingStart& start) {
        stream_.reset(ZSTD_createCStream());
        if (stream_ == nullptr) return failed("out of memory");
        ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_compressionLevel, kLevel);
        ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_checksumFlag, 1);
        std::string header(kRecordingMagic);
        header.append(reinterpret_cast<const char*>(&kRecordingVersion), sizeof kRecordingVersion);
        header.resize(kRecordingHeader, '\0');
        TRY_VOID(put(header));
        return piece(PieceKind::start, encode(start));
    }

    Result<void> event(std::span<const std::byte> bytes) override {
        if (bytes.size() > kMostRecordBytes) return failed("an event is larger than a recording holds");
        return piece(PieceKind::event, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }

    Result<void> container(const Container& container) override {
        const std::string bytes = encode(container);
        if (bytes.size() > kMostRecordBytes) return failed("a container's settings are larger than a recording holds");
        return piece(PieceKind::container, bytes);
    }

    Result<void> finish() override {
        TRY_VOID(piece(PieceKind::end, {}));
        TRY_VOID(pack({}, ZSTD_e_end));
        if (::fsync(file_.get()) != 0 && errno != EINVAL) return failed(std::strerror(errno));
        file_.reset();
        return {};
    }

private:
    [[nodiscard]] Error failed(std::string_view why) const {
        return {"writing " + printable(path_) + ": " + std::string(why)};
    }

    Result<void> put(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t wrote = ::write(file_.get(), bytes.data(), bytes.size());
            if (wrote < 0 && errno == EINTR) continue;
            if (wrote <= 0) return host::system_error("writing", path_);
            bytes.remove_prefix(static_cast<std::size_t>(wrote));
        }
        return {};
    }

    Result<void> piece(PieceKind kind, std::string_view bytes) {
        const PieceHead head{static_cast<std::uint32_t>(kind), static_cast<std::uint32_t>(bytes.size())};
        TRY_VOID(pack({reinterpret_cast<const char*>(&head), sizeof head}, ZSTD_e_continue));
        TRY_VOID(pack(bytes, ZSTD_e_continue));
        static constexpr std::array<char, kAlign> kPadding{};
        TRY_VOID(pack({kPadding.data(), (kAlign - bytes.size() % kAlign) % kAlign}, ZSTD_e_continue));
        unflushed_ += bytes.size() + sizeof head;
        if (unflushed_ < kFlushAfter) return {};
        unflushed_ = 0;
        return pack({}, ZSTD_e_flush);
    }

    Result<void> pack(std::string_view bytes, ZSTD_EndDirective how) {
        ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
        for (;;) {
            ZSTD_outBuffer out{packed_.data(), packed_.size(), 0};
            const std::size_t left = ZSTD_compressStream2(stream_.get(), &out, &in, how);
            if (ZSTD_isError(left) != 0) return failed(ZSTD_getErrorName(left));
            TRY_VOID(put({packed_.data(), out.pos}));
            if (how == ZSTD_e_continue ? in.pos == in.size : left == 0) return {};
        }
    }

    host::Fd file_;
    std::string path_;
    std::unique_ptr<ZSTD_CStream, FreeStream> stream_;
    std::vector<char> packed_;
    std::size_t unflushed_ = 0;
};

}  // namespace

Result<std::unique_ptr<RecordingWriter>> RecordingWriter::create(const std::string& path, const RecordingStart& start) {
    constexpr int kOwnerOnly = 0600;
    host::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerOnly));
    if (!file) return host::system_error("creating", path);
    auto writer = std::make_unique<FileWriter>(std::move(file), path);
    TRY_VOID(writer->begin(start));
    return std::unique_ptr<RecordingWriter>(std::move(writer));
}

}  // namespace plimsoll::sensor
