#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/event.h"
#include "audit/field_values.h"
#include "audit/tables.h"
#include "base/secret_mask.h"

namespace plimsoll::audit {

/// Fields of the kernel that EventFacts finds by number.
enum class Known : std::uint8_t {
    arch,
    syscall,
    success,
    exit,
    a0,
    a1,
    a2,
    a3,
    items,
    ppid,
    pid,
    auid,
    uid,
    gid,
    euid,
    egid,
    suid,
    sgid,
    fsuid,
    fsgid,
    tty,
    ses,
    comm,
    exe,
    key,
    res,
    op,
    uring_op,
    saddr,
    cwd,
    proctitle,
    oflag,
    none
};
inline constexpr std::size_t kKnownFields = static_cast<std::size_t>(Known::none);

/// One value as the record has it.
struct Written {
    std::string_view text;
    bool quoted = false;
    bool set = false;
};

/// One PATH record.
struct PathFact {
    Written name;
    std::string_view device;  ///< MAJOR:MINOR, hexadecimal
    std::string_view inode;
    std::string_view kind;  ///< nametype
    std::uint32_t item = 0;
    mutable bool resolved = false;
    mutable std::string_view full;  ///< of EventFacts, once `resolved`
};

/// NAME=VALUE that has no place of its own.
struct OtherFact {
    std::string_view name;
    Written value;
    std::uint32_t type = 0;  ///< of its record
};

/// What the records of one event say, taken out of them in one pass. Borrows the event's text. May be used for one
/// event after the other and then allocates little.
class EventFacts {
public:
    /// Reads the event; what was there before is forgotten.
    void read(const LogEvent& event);

    [[nodiscard]] const LogEvent& event() const { return *event_; }
    [[nodiscard]] const Record& main() const { return *main_; }  ///< the one that gives the event its type
    [[nodiscard]] const Record* record(std::uint32_t type) const { return event_->first(type); }

    [[nodiscard]] const Written& get(Known field) const { return known_[static_cast<std::size_t>(field)]; }
    [[nodiscard]] bool has(Known field) const { return get(field).set; }
    /// A decimal number; nothing when it is not there or is none.
    [[nodiscard]] std::optional<std::int64_t> number(Known field) const;
    /// A register or a mask in hexadecimal.
    [[nodiscard]] std::optional<std::uint64_t> hex(Known field) const;

    [[nodiscard]] const std::vector<PathFact>& paths() const { return paths_; }
    [[nodiscard]] const std::vector<OtherFact>& others() const { return others_; }
    [[nodiscard]] const std::vector<OtherFact>& claims() const { return claims_; }

    [[nodiscard]] std::string_view syscall() const { return syscall_; }  ///< its name, or its number; empty without one
    [[nodiscard]] std::string_view call() const { return call_; }  ///< what was called: of socketcall the real call
    [[nodiscard]] bool is_exec() const { return is_exec_; }

    /// Arguments that EXECVE records hold, else those of the title; each cut where all together reach `kMostArguments`.
    [[nodiscard]] const std::vector<std::string>& arguments() const;
    [[nodiscard]] bool arguments_of_exec() const { return has_execve_; }
    [[nodiscard]] const std::vector<std::string>& title() const;
    [[nodiscard]] const SocketAddress* address() const;

    /// The path as the record has it, and the same made absolute and plain where the record tells how.
    [[nodiscard]] std::string_view raw_path(const PathFact& path) const;
    [[nodiscard]] std::string_view full_path(const PathFact& path) const;
    /// The path that the call is about; null when there is none.
    [[nodiscard]] const PathFact* subject() const { return subject_; }
    [[nodiscard]] const PathFact* path_of(std::string_view kind) const;

    /// Decoded text; absent words of the kernel ("(null)", "?") give empty text.
    [[nodiscard]] std::string_view text(const Written& value) const;
    [[nodiscard]] std::string_view text(Known field) const { return text(get(field)); }

    /// Why records are thought to be missing; empty for a whole event.
    [[nodiscard]] std::string incomplete() const;

    /// For whoever makes fields of the event, so that it need not be made for each.
    [[nodiscard]] FieldValues& scratch() const { return scratch_; }

    /// Masks secrets in arguments, title and claims from here on, when not null.
    void mask_with(SecretMasker* masker);
    [[nodiscard]] SecretMasker* masker() const { return masker_; }

    static constexpr std::size_t kMostArguments = 65536;  ///< bytes
    static constexpr std::size_t kMostPaths = 256;
    static constexpr std::size_t kMostOthers = 512;

private:
    static constexpr std::size_t kMostTitle = 512;  ///< bytes of a title that is remembered, as written
    static constexpr std::size_t kTitles = 64;
    struct Title {
        std::string written;  ///< empty: none
        std::vector<std::string> words;
        bool quoted = false;
        bool masked = false;  ///< looked at for secrets; it had none
    };

    [[nodiscard]] std::string_view resolve(const PathFact& path) const;
    void take(const Record& record);
    void take_field(std::string_view name, const Written& value, Known known, std::uint32_t type);
    void take_path(const Record& record);
    [[nodiscard]] const PathFact* find_subject() const;
    void name_call();

    const LogEvent* event_ = nullptr;
    const Record* main_ = nullptr;
    std::array<Written, kKnownFields> known_;
    std::vector<PathFact> paths_;
    std::vector<OtherFact> others_;
    std::vector<OtherFact> claims_;
    std::string_view syscall_;
    std::string_view call_;
    std::uint32_t arch_ = 0;
    bool has_execve_ = false;
    bool is_exec_ = false;
    const PathFact* subject_ = nullptr;
    SecretMasker* masker_ = nullptr;

    mutable TextStore store_;
    mutable FieldValues scratch_;
    mutable bool arguments_read_ = false;
    mutable std::vector<std::string> arguments_;
    mutable const std::vector<std::string>* title_read_ = nullptr;  ///< null: not yet
    mutable std::vector<std::string> title_;                        ///< of one that is not remembered
    mutable std::vector<Title> titles_;                             ///< remembered, by a hash
    mutable std::string decoded_;
    mutable bool address_read_ = false;
    mutable std::optional<SocketAddress> address_;
};

/// Removes `//`, `.` and `..` from an absolute path, by its text alone; links are not followed.
[[nodiscard]] std::string plain_path(std::string_view path);

}  // namespace plimsoll::audit
