#include "audit/log/checkpoint.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "audit/log/pieces.h"
#include "base/text.h"
#include "host/number.h"

namespace plimsoll::audit {

namespace {

constexpr std::uint64_t kStep = std::uint64_t{1} << 21;

std::optional<std::uint64_t> number_behind(std::string_view text, std::string_view name) {
    if (!text.starts_with(name)) return std::nullopt;
    text.remove_prefix(name.size());
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    return host::number<std::uint64_t>(hex ? text.substr(2) : text, hex ? 16 : 10);
}

/// `NODE SECONDS.MILLIS:SERIAL 0xTYPE`
bool take_event(std::string_view text, Checkpoint& checkpoint) {
    const auto words = split(text, ' ');
    if (words.size() < 2) return false;
    Record record;
    const std::string line = "type=USER msg=audit(" + std::string(words[1]) + "): ";
    if (parse_line(line, record) != Damage::none) return false;
    checkpoint.node = words[0] == "-" ? "" : std::string(words[0]);
    checkpoint.milliseconds = record.id.milliseconds;
    checkpoint.serial = record.id.serial;
    if (words.size() > 2) checkpoint.type = static_cast<std::uint32_t>(number_behind(words[2], "").value_or(0));
    return true;
}

std::string bytes_of(const LogFile& file, std::uint64_t offset, std::uint64_t size) {
    std::string text(static_cast<std::size_t>(size), '\0');
    std::size_t got = 0;
    while (got < text.size()) {
        const ssize_t count =
            ::pread(file.fd.get(), text.data() + got, text.size() - got, static_cast<off_t>(offset + got));
        if (count <= 0) break;
        got += static_cast<std::size_t>(count);
    }
    text.resize(got);
    return text;
}

std::string id_text(const Checkpoint& checkpoint) {
    return fmt::format("{}.{:03}:{}", checkpoint.milliseconds / 1000, checkpoint.milliseconds % 1000,
                       checkpoint.serial);
}

}  // namespace

Result<std::optional<Checkpoint>> read_checkpoint(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        if (errno == ENOENT) return std::optional<Checkpoint>();
        return Error{"cannot read checkpoint " + path + ": " + std::strerror(errno)};
    }
    std::string text(4096, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    Checkpoint checkpoint;
    bool device = false;
    bool inode = false;
    bool event = false;
    for (const std::string_view line : split(text, '\n')) {
        if (trim(line).empty()) continue;
        if (const auto value = number_behind(line, "dev=")) {
            checkpoint.device = *value;
            device = true;
        } else if (const auto number = number_behind(line, "inode=")) {
            checkpoint.inode = *number;
            inode = true;
        } else if (line.starts_with("output=") && take_event(line.substr(7), checkpoint)) {
            event = true;
        } else {
            return Error{"checkpoint " + path + " holds what is none: " + printable(shortened(line, 60))};
        }
    }
    if (!device || !inode || !event) return Error{"checkpoint " + path + " is not whole"};
    return std::optional<Checkpoint>(checkpoint);
}

Result<void> write_checkpoint(const std::string& path, const Checkpoint& checkpoint) {
    const std::string text =
        fmt::format("dev=0x{:X}\ninode={}\noutput={} {} 0x{:X}\n", checkpoint.device, checkpoint.inode,
                    checkpoint.node.empty() ? "-" : checkpoint.node, id_text(checkpoint), checkpoint.type);
    const std::string beside = path + ".new";
    std::ofstream out(beside, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    if (!out || std::rename(beside.c_str(), path.c_str()) != 0)
        return Error{"cannot write checkpoint " + path + ": " + std::strerror(errno)};
    return {};
}

std::optional<CheckpointPlace> find_checkpoint(const std::vector<LogFile>& files, const Checkpoint& checkpoint) {
    const std::string wanted = "audit(" + id_text(checkpoint) + ")";
    for (std::size_t i = 0; i < files.size(); ++i) {
        const LogFile& file = files[i];
        if (!file.seekable || file.device != checkpoint.device || file.inode != checkpoint.inode) continue;
        for (std::uint64_t end = file.size; end > 0;) {  // from the end: it is near it
            const std::uint64_t begin = end > kStep ? end - kStep : 0;
            // A line of the step may go on behind it, or begin before it.
            const std::uint64_t from = begin > kBlock ? begin - kBlock : 0;
            const std::string text = bytes_of(file, from, end + kBlock - from);
            for (auto at = text.rfind(wanted); at != std::string::npos;
                 at = at == 0 ? at : text.rfind(wanted, at - 1)) {
                const auto before = text.rfind('\n', at);
                const std::size_t start = before == std::string::npos ? 0 : before + 1;
                const std::size_t stop = std::min(text.find('\n', at), text.size());
                Record record;  // the header itself, not a text like it within a record
                if (parse_line(std::string_view(text).substr(start, stop - start), record) == Damage::none &&
                    record.id == EventId{checkpoint.node, checkpoint.milliseconds, checkpoint.serial})
                    return CheckpointPlace{.file = i, .byte = std::min<std::uint64_t>(from + stop + 1, file.size)};
                if (at == 0) break;
            }
            end = begin;
        }
    }
    return std::nullopt;
}

std::optional<Checkpoint> last_event(const std::vector<LogFile>& files, std::int64_t until_ms) {
    for (auto file = files.rbegin(); file != files.rend(); ++file) {
        if (!file->seekable) continue;
        Piece piece;
        for (std::uint64_t end = file->size; end > 0;) {
            const std::uint64_t begin = end > kStep ? end - kStep : 0;
            read_piece(*file, {begin, end}, {}, piece);
            std::string_view own = piece.lines.text().substr(0, piece.own_end).substr(piece.own_begin);
            while (!own.empty()) {
                if (own.ends_with('\n')) own.remove_suffix(1);
                const auto newline = own.rfind('\n');
                const auto start = newline == std::string_view::npos ? 0 : newline + 1;
                Record record;
                if (parse_line(own.substr(start), record) == Damage::none && record.id.milliseconds <= until_ms)
                    return Checkpoint{.device = file->device,
                                      .inode = file->inode,
                                      .node = std::string(record.id.node),
                                      .milliseconds = record.id.milliseconds,
                                      .serial = record.id.serial,
                                      .type = record.type};
                own = own.substr(0, start);
            }
            end = begin;
        }
    }
    return std::nullopt;
}

}  // namespace plimsoll::audit
