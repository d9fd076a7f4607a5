#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/audit_rule.h"
#include "host/file.h"

namespace plimsoll::audit {

/// What can be done to a file, as far as rules tell it apart.
enum class Access : std::uint8_t { read, write, attribute, execute, connect };
[[nodiscard]] std::string_view to_text(Access access);

/// A file as the kernel sees it: rules match by inode, names only say which inode is meant.
struct FileIdentity {
    std::string path;  ///< links of its folder resolved
    host::FileType type = host::FileType::other;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    bool exists = false;
    bool parent_exists = false;
    bool link = false;  ///< the last name is a symbolic link, which rules do not follow
};
[[nodiscard]] FileIdentity identify(const host::Root& root, std::string_view path);

/// A set of rules in the order in which the kernel tries them, with what their paths mean now.
class RuleSet {
public:
    RuleSet(const host::Root& root, std::vector<host::AuditRule> rules);

    [[nodiscard]] const std::vector<host::AuditRule>& rules() const { return rules_; }
    /// Of the rule's path; null when it has none.
    [[nodiscard]] const FileIdentity* file_of(std::size_t rule) const;

    /// What becomes of one kind of access to a file: the first rule that matches decides, also which key is written.
    struct Verdict {
        bool recorded = false;             ///< whoever does it, by whatever system call of this machine
        std::optional<std::size_t> by;     ///< the deciding rule; also one that says never
        std::vector<std::size_t> in_part;  ///< rules before that which record it of some processes or calls only
        std::string why_not;               ///< "no loaded rule watches it"; empty when recorded
    };
    [[nodiscard]] Verdict verdict(const FileIdentity& file, Access access) const;

    /// The earlier rule that takes everything away from this one, so that its key is never written; nothing when it
    /// has its own events.
    [[nodiscard]] std::optional<std::size_t> shadowed_by(std::size_t rule) const;

    /// Rules that the kernel walks on each system call: all of the exit list but those found by inode.
    [[nodiscard]] std::size_t walked() const;

private:
    enum class Match : std::uint8_t { none, part, whole };
    [[nodiscard]] Match match(std::size_t rule, const FileIdentity& file, Access access) const;
    [[nodiscard]] bool covers_path(std::size_t outer, std::size_t inner) const;

    std::vector<host::AuditRule> rules_;
    std::vector<FileIdentity> files_;  ///< of the same place in rules_; empty path: none
};

/// Whether a rule asks for more than file, kind of access, system call and architecture ("auid>=1000").
[[nodiscard]] std::string limits_of(const host::AuditRule& rule);

}  // namespace plimsoll::audit
