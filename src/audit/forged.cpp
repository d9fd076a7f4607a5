#include "audit/forged.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace plimsoll::audit {

namespace {

constexpr std::size_t kShown = 200;

/// Programs that write a record and then become another one under the same number.
constexpr auto kBecomeOthers =
    std::to_array<std::string_view>({"sudo", "su", "newgrp", "sg", "doas", "runuser", "login", "setpriv", "su-l"});

/// Names by which the kernel's own fields would be mistaken.
constexpr auto kKernelNames =
    std::to_array<std::string_view>({"pid", "uid", "auid", "ses", "subj", "type", "arch", "syscall"});

bool is_user_record(std::uint32_t type) {
    return type == 1005 || (type >= 1100 && type <= 1199) || (type >= 2100 && type <= 2999);
}

std::string_view without_deleted(std::string_view path) {
    constexpr std::string_view kDeleted = " (deleted)";
    return path.ends_with(kDeleted) ? path.substr(0, path.size() - kDeleted.size()) : path;
}

const Record* user_record(const EventFacts& facts) {
    const auto& records = facts.event().records;
    const auto found = std::ranges::find_if(records, [](const Record& record) { return is_user_record(record.type); });
    return found == records.end() ? nullptr : &*found;
}

/// Text that a program put there to look like the kernel's fields, or like another record.
std::string smuggled(const Record& record) {
    const auto begin = record.body.find("msg='");
    if (begin == std::string_view::npos) return {};
    std::string_view claims = record.body.substr(begin + 5);
    if (claims.find("msg=audit(") != std::string_view::npos) return "another record stands within its text";
    if (claims.ends_with('\'')) claims.remove_suffix(1);
    const auto quote = claims.find('\'');
    if (quote == std::string_view::npos) return {};
    const std::string_view after = claims.substr(quote + 1);
    for (const std::string_view name : kKernelNames) {
        const std::string field = " " + std::string(name) + "=";
        if (after.find(field) != std::string_view::npos)
            return "its text ends early and goes on with " + std::string(name) + "=";
    }
    return {};
}

}  // namespace

bool is_claimed(const EventFacts& facts) { return user_record(facts) != nullptr; }

std::string_view claimed_program(const EventFacts& facts) {
    for (const OtherFact& claim : facts.claims()) {
        if (claim.name == "exe") return facts.text(claim.value);
    }
    return {};
}

std::string forged_reason(const EventFacts& facts, const Writer& writer) {
    const Record* record = user_record(facts);
    if (record == nullptr) return {};
    if (std::string why = smuggled(*record); !why.empty()) return why;
    if (!writer.container.empty())
        return "written from inside container " + printable(writer.container.substr(0, kShown)) +
               ": it says nothing about this host";
    const std::string_view claimed = without_deleted(claimed_program(facts));
    if (claimed.empty() || claimed == "?") return {};
    // The call that sent it may be part of the same event: then the kernel itself names the program.
    std::string_view program = without_deleted(facts.text(Known::exe));
    if (program.empty()) {
        program = without_deleted(writer.program);
        const std::string_view name = claimed.substr(claimed.rfind('/') + 1);
        if (claimed == without_deleted(writer.earlier) || std::ranges::find(kBecomeOthers, name) != kBecomeOthers.end())
            return {};
    }
    if (program.empty() || claimed == program) return {};
    return "it claims to come from " + printable(claimed.substr(0, kShown)) + ", its process runs " +
           printable(program.substr(0, kShown));
}

}  // namespace plimsoll::audit
