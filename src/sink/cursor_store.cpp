#include "sink/cursor_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/text.h"
#include "host/file.h"
#include "host/system_error.h"

namespace plimsoll::sink {

namespace {

constexpr std::size_t kMostBytes = 64;

Result<void> sync_folder(const std::string& path) {
    const host::Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fsync(folder.get()) != 0) return host::system_error("syncing", path);
    return {};
}

}  // namespace

bool is_sink_name(const std::string& name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, fits);
}

Result<std::optional<RecordNumber>> FileCursorStore::load(const std::string& sink) {
    check(is_sink_name(sink));
    const std::string path = folder_ + "/" + sink + ".cursor";
    TRY(const auto text, host::read_if_exists({}, path, kMostBytes));
    if (!text) return std::optional<RecordNumber>();
    const std::string_view digits = trim(*text);
    RecordNumber next = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), next);
    if (digits.empty() || fault != std::errc() || end != digits.data() + digits.size())
        return Error{path + " does not hold a record number"};
    return std::optional(next);
}

Result<void> FileCursorStore::save(const std::string& sink, RecordNumber next) {
    check(is_sink_name(sink));
    const std::string path = folder_ + "/" + sink + ".cursor";
    const std::string fresh = path + ".new";
    if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return host::system_error("making", folder_);
    const host::Fd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return host::system_error("opening", fresh);
    const std::string text = std::to_string(next) + "\n";
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::fsync(file.get()) != 0) {
        return host::system_error("writing", fresh);
    }
    if (std::rename(fresh.c_str(), path.c_str()) != 0) return host::system_error("replacing", path);
    return sync_folder(folder_);
}

}  // namespace plimsoll::sink
