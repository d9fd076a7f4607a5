#include "ledger/wal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>
#include <cstring>
#include <filesystem>

#include "host/system_error.h"
#include "ledger/crc32c.h"
#include "ledger/varint.h"

namespace plimsoll::ledger {

namespace {

constexpr std::string_view kMagic = "PLMWAL1\n";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kFixedHead = 32;  // magic, version, CRC of the rest of the head, first record, bytes that follow
constexpr std::size_t kMaxHead = std::size_t{4} << 20U;
constexpr std::size_t kLeastRow = 8;
constexpr std::string_view kPrefix = "tail-";
constexpr std::string_view kSuffix = ".wal";

/// CRC of a frame: of its length too, so that zeroes are no frame.
std::uint32_t frame_crc(std::uint32_t length, std::string_view row) {
    char bytes[4];
    std::memcpy(bytes, &length, 4);
    return crc32c(row, crc32c({bytes, 4}));
}

/// The row of the frame at `at`, or nothing when there is no good one.
std::optional<std::string_view> frame_at(std::string_view file, std::size_t at) {
    if (file.size() - at < kFrameHead + kLeastRow) return std::nullopt;
    std::uint32_t length = 0;
    std::uint32_t crc = 0;
    std::memcpy(&length, file.data() + at, 4);
    std::memcpy(&crc, file.data() + at + 4, 4);
    if (length < kLeastRow || length > kMaxRow || length > file.size() - at - kFrameHead) return std::nullopt;
    const std::string_view row = file.substr(at + kFrameHead, length);
    if (frame_crc(length, row) != crc) return std::nullopt;
    return row;
}

/// Looks for a good frame behind a bad one. Bounded: hostile bytes could make every offset look like a long frame.
std::optional<std::size_t> resume_point(std::string_view file, std::size_t at) {
    std::size_t budget = 16 * file.size() + (std::size_t{1} << 20U);
    for (++at; at + kFrameHead + kLeastRow <= file.size(); ++at) {
        std::uint32_t length = 0;
        std::memcpy(&length, file.data() + at, 4);
        if (length < kLeastRow || length > kMaxRow || length > file.size() - at - kFrameHead) continue;
        if (length > budget) return std::nullopt;
        budget -= length;
        if (frame_at(file, at)) return at;
    }
    return std::nullopt;
}

Result<void> write_all(int fd, std::string_view bytes, std::size_t offset, const std::string& path) {
    while (!bytes.empty()) {
        const ssize_t done = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return host::system_error("writing", path, done == 0 ? EIO : errno);
        bytes.remove_prefix(static_cast<std::size_t>(done));
        offset += static_cast<std::size_t>(done);
    }
    return {};
}

}  // namespace

std::string encode_wal_head(const WalHead& head) {
    std::string rest;
    append_varint(rest, head.frontier.size());
    rest += head.frontier;
    append_varint(rest, head.fields.entries().size());
    for (const FieldNumbers::Entry& entry : head.fields.entries()) {
        append_varint(rest, entry.name.size());
        rest += entry.name;
        append_varint(rest, entry.type.size());
        rest += entry.type;
    }
    std::string tail;
    append_fixed<std::uint64_t>(tail, head.first);
    append_fixed<std::uint64_t>(tail, rest.size());
    tail += rest;
    std::string out(kMagic);
    append_fixed<std::uint32_t>(out, kVersion);
    append_fixed<std::uint32_t>(out, crc32c(tail));
    return out + tail;
}

void close_frame(std::string& buffer, std::size_t at) {
    const auto length = static_cast<std::uint32_t>(buffer.size() - at - kFrameHead);
    const std::uint32_t crc = frame_crc(length, std::string_view(buffer).substr(at + kFrameHead));
    std::memcpy(buffer.data() + at, &length, 4);
    std::memcpy(buffer.data() + at + 4, &crc, 4);
}

Result<WalView> parse_wal_head(std::string_view file) {
    WalView view;
    ByteReader in(file);
    if (in.take(kMagic.size()) != kMagic) return Error{"this is no log of the ledger"};
    const auto version = in.fixed<std::uint32_t>();
    if (in.ok() && version != kVersion) {
        return Error{fmt::format("version {} of the log's format; this build knows {}", version, kVersion)};
    }
    const auto crc = in.fixed<std::uint32_t>();
    view.head.first = in.fixed<std::uint64_t>();
    const auto size = in.fixed<std::uint64_t>();
    const std::string_view rest = in.take(size);
    if (!in.ok() || size > kMaxHead || crc32c(file.substr(16, 16 + size)) != crc) {
        return Error{"the head of the log is damaged"};
    }
    ByteReader parts(rest);
    view.head.frontier = std::string(parts.text(kMaxHead));
    const std::uint64_t count = parts.varint(kMaxFields);
    for (std::uint64_t n = 0; n < count; ++n) {
        const std::string_view name = parts.text(kMaxHead);
        const std::string_view type = parts.text(kMaxHead);
        if (!parts.ok()) return Error{"the head of the log is malformed"};
        TRY_VOID(view.head.fields.add(static_cast<FieldNumber>(n), name, type));
    }
    if (!parts.ok() || parts.left() != 0) return Error{"the head of the log is malformed"};
    view.begin = kFixedHead + size;
    return view;
}

WalEnd read_frames(std::string_view file, std::size_t begin, const std::function<bool(std::string_view)>& visit) {
    WalEnd end{.good = begin};
    while (end.good < file.size()) {
        const auto row = frame_at(file, end.good);
        if (!row) {
            const auto behind = resume_point(file, end.good);
            end.damaged = behind.has_value();
            end.torn = !end.damaged;
            end.resumes = behind.value_or(0);
            return end;
        }
        if (!visit(*row)) return end;
        ++end.rows;
        end.good += kFrameHead + row->size();
    }
    return end;
}

std::string wal_name(RecordNumber first) { return fmt::format("{}{:016}{}", kPrefix, first, kSuffix); }

std::optional<RecordNumber> parse_wal_name(std::string_view name) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
    name.remove_prefix(kPrefix.size());
    name.remove_suffix(kSuffix.size());
    RecordNumber first = 0;
    const auto [end, fault] = std::from_chars(name.data(), name.data() + name.size(), first);
    if (name.size() < 16 || fault != std::errc() || end != name.data() + name.size()) return std::nullopt;
    return first;
}

Result<Wal> Wal::create(std::string path, const WalHead& head, std::string_view frames) {
    std::string bytes = encode_wal_head(head);
    bytes += frames;
    const std::string temporary = path + ".tmp";
    host::Fd fd(::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd) return host::system_error("making", temporary);
    TRY_VOID(write_all(fd.get(), bytes, 0, temporary));
    if (::fsync(fd.get()) != 0) return host::system_error("syncing", temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) return host::system_error("renaming", temporary);
    const std::string directory = std::filesystem::path(path).parent_path();
    const host::Fd folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fsync(folder.get()) != 0) return host::system_error("syncing", directory);
    return Wal(std::move(path), std::move(fd), bytes.size());
}

Result<Wal> Wal::resume(std::string path, std::size_t offset) {
    host::Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd) return host::system_error("opening", path);
    struct stat facts {};
    if (::fstat(fd.get(), &facts) != 0) return host::system_error("reading", path);
    if (facts.st_size > static_cast<off_t>(offset)) {
        if (::ftruncate(fd.get(), static_cast<off_t>(offset)) != 0) return host::system_error("shortening", path);
        if (::fsync(fd.get()) != 0) return host::system_error("syncing", path);
    }
    return Wal(std::move(path), std::move(fd), offset);
}

Result<void> Wal::write(std::string_view frames) {
    if (doubtful_) {
        host::Fd again(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
        if (!again) return host::system_error("opening", path_);
        fd_ = std::move(again);
    }
    doubtful_ = true;
    TRY_VOID(write_all(fd_.get(), frames, size_, path_));
    if (::fdatasync(fd_.get()) != 0) return host::system_error("syncing", path_);
    doubtful_ = false;
    size_ += frames.size();
    return {};
}

}  // namespace plimsoll::ledger
