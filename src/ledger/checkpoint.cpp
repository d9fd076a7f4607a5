#include "ledger/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/base64.h"

namespace plimsoll::ledger {

std::string to_base64(const Hash& hash) {
    return plimsoll::to_base64(std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

std::optional<Hash> parse_hash(std::string_view base64) {
    const auto bytes = from_base64(base64);
    Hash hash;
    if (!bytes || bytes->size() != hash.size()) return std::nullopt;
    std::ranges::copy(*bytes, hash.begin());
    return hash;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t size = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (fault != std::errc() || end != text.data() + text.size() || (text.starts_with('0') && text.size() > 1))
        return std::nullopt;
    return size;
}

std::string to_text(const Checkpoint& checkpoint) {
    return fmt::format("{}\n{}\n{}\n", checkpoint.origin, checkpoint.size, to_base64(checkpoint.root));
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
    std::array<std::string_view, 3> lines;
    for (std::string_view& line : lines) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return Error{"a checkpoint has three lines: origin, size, root"};
        line = text.substr(0, end);
        text.remove_prefix(end + 1);
    }
    if (lines[0].empty()) return Error{"the checkpoint has no origin"};
    const auto size = parse_size(lines[1]);
    const auto root = parse_hash(lines[2]);
    if (!size) return Error{"the checkpoint's size is no number"};
    if (!root) return Error{"the checkpoint's root is no hash"};
    if (text.starts_with('\n') || text.contains("\n\n")) return Error{"the checkpoint has an empty line"};
    return Checkpoint{.origin = std::string(lines[0]), .size = *size, .root = *root};
}

std::string sign_checkpoint(const SigningKey& key, std::uint64_t size, const Hash& root) {
    Note note{.text = to_text(Checkpoint{.origin = key.verifier().name, .size = size, .root = root})};
    note.signatures.push_back(key.sign_note(note.text));
    return to_text(note);
}

}  // namespace plimsoll::ledger
