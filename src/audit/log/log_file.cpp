#include "audit/log/log_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <tuple>

#include "base/text.h"
#include "host/number.h"

namespace plimsoll::audit {

namespace {

constexpr std::string_view kDefaultLog = "/var/log/audit/audit.log";
constexpr std::size_t kMostFiles = 100'000;

std::string reason() { return std::strerror(errno); }

/// Where a member stands in its set: larger is older. Numbers count up with age, dates count down.
struct Age {
    std::uint64_t number = 0;
    std::string date;
};

std::optional<Age> age_of(std::string_view file, std::string_view name) {
    if (!file.starts_with(name)) return std::nullopt;
    std::string_view rest = file.substr(name.size());
    for (const std::string_view packed : {".gz", ".zst", ".zstd"})
        if (rest.ends_with(packed)) rest.remove_suffix(packed.size());
    if (rest.empty()) return Age{};
    const char mark = rest.front();
    const std::string_view word = rest.substr(1);
    if (word.empty() || !std::ranges::all_of(word, [](char c) { return (c >= '0' && c <= '9') || c == '-'; }))
        return std::nullopt;
    if (mark == '.' && word.size() <= 6) {
        if (const auto number = host::number<std::uint64_t>(word)) return Age{.number = *number, .date = {}};
    }
    if ((mark == '-' || mark == '.') && word.size() >= 8) return Age{.number = 0, .date = std::string(word)};
    return std::nullopt;
}

Result<LogFile> open_log(const std::string& path) {
    LogFile file;
    file.path = path;
    file.fd = host::Fd(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                   : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file.fd) return Error{"cannot open " + path + ": " + reason()};
    struct stat facts {};
    if (::fstat(file.fd.get(), &facts) != 0) return Error{"cannot read " + path + ": " + reason()};
    if (S_ISDIR(facts.st_mode)) return Error{"cannot read " + path + ": it is a directory"};
    file.device = facts.st_dev;
    file.inode = facts.st_ino;
    if (!S_ISREG(facts.st_mode)) return file;
    if (path == "-") return file;  // read from where it stands
    std::string head(4, '\0');
    if (::pread(file.fd.get(), head.data(), head.size(), 0) == static_cast<ssize_t>(head.size()))
        file.packing = packing_of(head);
    file.size = static_cast<std::uint64_t>(facts.st_size);
    file.seekable = file.packing == Packing::none;
    return file;
}

bool is_directory(const std::string& path) {
    struct stat facts {};
    return path != "-" && ::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

/// The members of a set, newest first, each once even if the set is rotated at this moment: a file that gets an older
/// name in between is met again there.
Result<std::vector<LogFile>> open_set(const std::vector<std::string>& oldest_first) {
    std::vector<LogFile> files;
    for (auto path = oldest_first.rbegin(); path != oldest_first.rend(); ++path) {
        auto file = open_log(*path);
        if (!file && errno == ENOENT) continue;  // rotated away since it was listed
        if (!file) return Error(std::move(file.error()));
        const bool known = std::ranges::any_of(
            files, [&](const LogFile& other) { return other.device == file->device && other.inode == file->inode; });
        if (!known) files.push_back(std::move(*file));
    }
    std::ranges::reverse(files);
    return files;
}

/// Opens a set as it stood at one moment: once more when it was rotated in between, or its newest member is just being
/// replaced.
Result<std::vector<LogFile>> open_directory(const std::string& directory) {
    std::vector<LogFile> set;
    for (int attempt = 0; attempt < 20; ++attempt) {
        TRY(const auto members, rotated_set(directory, "audit.log"));
        TRY(set, open_set(members));
        TRY(const auto again, rotated_set(directory, "audit.log"));
        struct stat facts {};
        const bool same = !set.empty() && members == again && set.size() == members.size() &&
                          ::stat(members.back().c_str(), &facts) == 0 && facts.st_ino == set.back().inode &&
                          members.back().ends_with("/audit.log");
        if (same) break;
        const struct timespec moment { .tv_sec = 0, .tv_nsec = 2'000'000 };
        if (attempt > 0) ::nanosleep(&moment, nullptr);
    }
    if (set.empty()) return Error{"there is no audit.log in " + directory};
    return set;
}

}  // namespace

Packing packing_of(std::string_view head) {
    if (head.starts_with("\x1f\x8b")) return Packing::gzip;
    return head.starts_with("\x28\xb5\x2f\xfd") ? Packing::zstd : Packing::none;
}

Result<std::vector<std::string>> rotated_set(const std::string& directory, const std::string& name) {
    DIR* const handle = ::opendir(directory.c_str());
    if (handle == nullptr) return Error{"cannot read " + directory + ": " + reason()};
    const std::unique_ptr<DIR, int (*)(DIR*)> closer(handle, ::closedir);
    std::vector<std::pair<Age, std::string>> members;
    while (const dirent* const entry = ::readdir(handle)) {
        const std::string_view file = entry->d_name;
        if (auto age = age_of(file, name)) members.emplace_back(std::move(*age), directory + "/" + std::string(file));
        if (members.size() > kMostFiles) return Error{"too many files in " + directory};
    }
    // Dated names first, by date; then numbers, the highest first. A number's plain file goes before a packed one.
    std::ranges::sort(members, [](const auto& a, const auto& b) {
        return std::tuple(a.first.date.empty(), a.first.date, UINT64_MAX - a.first.number, a.second) <
               std::tuple(b.first.date.empty(), b.first.date, UINT64_MAX - b.first.number, b.second);
    });
    std::vector<std::string> paths;
    for (auto& member : members) paths.push_back(std::move(member.second));
    return paths;
}

Result<std::vector<std::string>> system_logs(const host::Root& root) {
    std::string log(kDefaultLog);
    TRY(const auto settings, host::read_if_exists(root, "/etc/audit/auditd.conf"));
    if (settings) {
        for (const std::string_view line : split(*settings, '\n')) {
            const auto equals = line.find('=');
            if (equals == std::string_view::npos || lowered(trim(line.substr(0, equals))) != "log_file") continue;
            log = trim(line.substr(equals + 1));
        }
    }
    if (root.path != "/") log = root.path + log;
    const auto slash = log.rfind('/');
    if (slash == std::string::npos) return Error{"log_file in /etc/audit/auditd.conf is no absolute path: " + log};
    TRY(auto paths, rotated_set(log.substr(0, slash), log.substr(slash + 1)));
    if (paths.empty()) return Error{"there is no " + log};
    return paths;
}

Result<std::vector<LogFile>> open_logs(std::span<const std::string> paths) {
    std::vector<LogFile> files;
    for (const std::string& path : paths) {
        if (!is_directory(path)) {
            TRY(auto file, open_log(path));
            files.push_back(std::move(file));
            continue;
        }
        TRY(auto set, open_directory(path));
        for (auto& file : set) files.push_back(std::move(file));
    }
    return files;
}

}  // namespace plimsoll::audit
