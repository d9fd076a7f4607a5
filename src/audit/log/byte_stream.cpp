#include "audit/log/byte_stream.h"

#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace plimsoll::audit {

namespace {

class PlainStream final : public ByteStream {
public:
    PlainStream(const LogFile& file, std::string ahead) : file_(file), ahead_(std::move(ahead)) {}

    Result<std::size_t> read(std::span<char> room) override {
        if (!ahead_.empty()) {
            const std::size_t size = ahead_.copy(room.data(), room.size());
            ahead_.erase(0, size);
            return size;
        }
        for (;;) {
            const ssize_t count = ::read(file_.fd.get(), room.data(), room.size());
            if (count >= 0) return static_cast<std::size_t>(count);
            if (errno != EINTR) return Error{"cannot read " + file_.path + ": " + std::strerror(errno)};
        }
    }

    bool holds_more() const override { return !ahead_.empty(); }

private:
    const LogFile& file_;
    std::string ahead_;  ///< read already, to see whether it is packed
};

/// What the two packed kinds share: a window of packed bytes. Broken data is told after what came before it.
class PackedStream : public ByteStream {
public:
    PackedStream(const LogFile& file, std::string ahead) : raw_(file, std::move(ahead)), path_(file.path) {}

    Result<std::size_t> read(std::span<char> room) override {
        if (!fault_.empty()) return Error{fault_};
        std::size_t made = 0;
        while (made == 0 && !ended_) {
            if (used_ == packed_.size() && !more_) {
                TRY(const auto count, raw_.read(std::span(window_)));
                if (count == 0) {
                    ended_ = true;
                    if (inside_) fault_ = path_ + " is packed and ends before its end: " + kind();
                    break;
                }
                packed_ = std::span(window_).first(count);
                used_ = 0;
            }
            std::string fault;
            made = unpack(room, fault);
            more_ = made == room.size();
            if (!fault.empty()) {
                fault_ = path_ + " is packed and broken: " + fault;
                ended_ = true;
            }
        }
        if (made == 0 && !fault_.empty()) return Error{fault_};
        return made;
    }

    bool holds_more() const override { return more_ || used_ < packed_.size() || raw_.holds_more(); }

protected:
    /// Unpacks from packed_[used_…]; how many bytes it made, and `fault` when the data is broken.
    virtual std::size_t unpack(std::span<char> room, std::string& fault) = 0;
    [[nodiscard]] virtual std::string kind() const = 0;

    std::span<char> packed_;
    std::size_t used_ = 0;
    bool inside_ = false;  ///< a member or frame has begun and not ended
    bool ended_ = false;
    bool more_ = false;  ///< the room was too small for what is unpacked already

private:
    PlainStream raw_;
    std::string path_;
    std::string fault_;
    std::array<char, 1U << 17U> window_{};
};

class GzipStream final : public PackedStream {
public:
    GzipStream(const LogFile& file, std::string ahead) : PackedStream(file, std::move(ahead)) {
        check(::inflateInit2(&state_, 15 + 16) == Z_OK);  // 16: gzip's header and checksum
    }
    ~GzipStream() override { ::inflateEnd(&state_); }
    GzipStream(const GzipStream&) = delete;
    GzipStream& operator=(const GzipStream&) = delete;

protected:
    std::size_t unpack(std::span<char> room, std::string& fault) override {
        if (!inside_ && begun_) {  // behind a member: another one (rotated logs may be joined), or padding
            while (used_ < packed_.size() && packed_[used_] == '\0') ++used_;
            if (used_ == packed_.size()) return 0;
            ::inflateReset(&state_);
        }
        inside_ = begun_ = true;
        state_.next_in = reinterpret_cast<Bytef*>(packed_.data() + used_);
        state_.avail_in = static_cast<uInt>(packed_.size() - used_);
        state_.next_out = reinterpret_cast<Bytef*>(room.data());
        state_.avail_out = static_cast<uInt>(std::min<std::size_t>(room.size(), 1U << 30U));
        const auto room_before = state_.avail_out;
        const int answer = ::inflate(&state_, Z_NO_FLUSH);
        used_ = packed_.size() - state_.avail_in;
        if (answer == Z_STREAM_END)
            inside_ = false;
        else if (answer != Z_OK && answer != Z_BUF_ERROR)
            fault = state_.msg == nullptr ? "gzip" : state_.msg;
        return room_before - state_.avail_out;
    }
    std::string kind() const override { return "gzip"; }

private:
    z_stream state_{};
    bool begun_ = false;
};

class ZstdStream final : public PackedStream {
public:
    ZstdStream(const LogFile& file, std::string ahead)
        : PackedStream(file, std::move(ahead)), state_(::ZSTD_createDCtx(), ::ZSTD_freeDCtx) {
        check(state_ != nullptr);
        ::ZSTD_DCtx_setParameter(state_.get(), ZSTD_d_windowLogMax, 25);  // 32 MB: what a hostile file may cost
    }

protected:
    std::size_t unpack(std::span<char> room, std::string& fault) override {
        ZSTD_inBuffer in{packed_.data(), packed_.size(), used_};
        ZSTD_outBuffer out{room.data(), room.size(), 0};
        const std::size_t answer = ::ZSTD_decompressStream(state_.get(), &out, &in);
        used_ = in.pos;
        if (::ZSTD_isError(answer) != 0) fault = ::ZSTD_getErrorName(answer);
        inside_ = answer != 0;
        return out.pos;
    }
    std::string kind() const override { return "zstd"; }

private:
    std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> state_;
};

}  // namespace

Result<std::unique_ptr<ByteStream>> open_stream(const LogFile& file) {
    std::string ahead;
    Packing packing = file.packing;
    if (file.size > 0) {
        if (::lseek(file.fd.get(), 0, SEEK_SET) < 0)
            return Error{"cannot read " + file.path + ": " + std::strerror(errno)};
    } else {  // a pipe: what it carries is seen only by reading
        PlainStream pipe(file, {});
        std::array<char, 4> head{};
        while (ahead.size() < head.size()) {
            TRY(const auto count, pipe.read(std::span(head).first(head.size() - ahead.size())));
            if (count == 0) break;
            ahead.append(head.data(), count);
        }
        packing = packing_of(ahead);
    }
    switch (packing) {
        case Packing::gzip: return std::unique_ptr<ByteStream>(std::make_unique<GzipStream>(file, std::move(ahead)));
        case Packing::zstd: return std::unique_ptr<ByteStream>(std::make_unique<ZstdStream>(file, std::move(ahead)));
        case Packing::none: break;
    }
    return std::unique_ptr<ByteStream>(std::make_unique<PlainStream>(file, std::move(ahead)));
}

}  // namespace plimsoll::audit
