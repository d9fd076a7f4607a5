#include "audit/text/field_kind.h"

#include <array>
#include <bit>
#include <cstring>

#include "audit/record_types.h"

namespace plimsoll::audit {

namespace {

using enum FieldKind;

struct Row {
    std::string_view name;
    FieldKind kind;
};

// Names that one meaning has in every record; the exceptions are below.
constexpr auto kRows = std::to_array<Row>({
    {"msg", nested},
    {"auid", user},
    {"uid", user},
    {"euid", user},
    {"suid", user},
    {"fsuid", user},
    {"ouid", user},
    {"oauid", user},
    {"old-auid", user},
    {"iuid", user},
    {"id", user},
    {"inode_uid", user},
    {"sauid", user},
    {"obj_uid", user},
    {"gid", group},
    {"egid", group},
    {"sgid", group},
    {"fsgid", group},
    {"ogid", group},
    {"obj_gid", group},
    {"igid", group},
    {"new_gid", group},
    {"inode_gid", group},
    {"path", text},
    {"comm", text},
    {"exe", text},
    {"file", text},
    {"name", text},
    {"watch", text},
    {"cwd", text},
    {"cmd", text},
    {"acct", text},
    {"dir", text},
    {"device", text},
    {"ocomm", text},
    {"vm", text},
    {"new-chardev", text},
    {"old-chardev", text},
    {"new-disk", text},
    {"old-disk", text},
    {"new-fs", text},
    {"old-fs", text},
    {"new-net", text},
    {"old-net", text},
    {"new-rng", text},
    {"old-rng", text},
    {"invalid_context", text},
    {"sw", text},
    {"root_dir", text},
    {"apparmor", text},
    {"denied_mask", text},
    {"requested_mask", text},
    {"profile", text},
    {"key", key},
    {"proctitle", title},
    {"data", input},
    {"syscall", syscall},
    {"arch", arch},
    {"exit", exit},
    {"a0", register_},
    {"a1", register_},
    {"a2", register_},
    {"a3", register_},
    {"saddr", socket},
    {"mode", mode},
    {"perm", permission},
    {"perm_mask", permission},
    {"ses", session},
    {"res", result},
    {"result", result},
    {"prom", yes_no},
    {"old_prom", yes_no},
    {"capability", capability},
    {"cap_pi", capabilities},
    {"cap_pe", capabilities},
    {"cap_pp", capabilities},
    {"cap_pa", capabilities},
    {"cap_fi", capabilities},
    {"cap_fp", capabilities},
    {"fp", capabilities},
    {"fi", capabilities},
    {"old_pp", capabilities},
    {"old_pi", capabilities},
    {"old_pe", capabilities},
    {"old_pa", capabilities},
    {"new_pp", capabilities},
    {"new_pi", capabilities},
    {"new_pe", capabilities},
    {"pp", capabilities},
    {"pi", capabilities},
    {"pe", capabilities},
    {"pa", capabilities},
    {"sig", signal},
    {"list", filter},
    {"code", seccomp},
    {"per", personality},
    {"oflag", open_flags},
    {"flags", map_flags},
    {"resolve", resolve},
    {"ioctlcmd", ioctl},
    {"uring_op", uring},
    {"family", netfilter_family},
    {"hook", netfilter_hook},
    {"icmptype", icmp_type},
    {"proto", protocol},
    {"resp", fanotify},
});

constexpr std::size_t kSlots = 512;
constexpr std::size_t kLongest = 16;

/// A name of up to 16 bytes as two words: every field of a log is looked up, and comparing words is quick.
struct Packed {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    friend constexpr bool operator==(const Packed&, const Packed&) = default;
};

constexpr Packed pack(std::string_view name) {
    Packed packed;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const auto byte = static_cast<std::uint64_t>(static_cast<unsigned char>(name[i]));
        (i < 8 ? packed.low : packed.high) |= byte << (i % 8 * 8);
    }
    return packed;
}

constexpr std::size_t slot_of(const Packed& packed) {
    return ((packed.low ^ packed.high * 31) * 0x9E3779B97F4A7C15U) >> 55U;
}

struct Slot {
    Packed name;
    FieldKind kind = plain;
};

constexpr std::array<Slot, kSlots> make_index() {
    std::array<Slot, kSlots> index{};
    for (const Row& row : kRows) {
        const Packed packed = pack(row.name);
        std::size_t slot = slot_of(packed);
        while (index[slot].name.low != 0) slot = (slot + 1) % kSlots;
        index[slot] = {packed, row.kind};
    }
    return index;
}

constexpr auto kIndex = make_index();

/// Little endian without a loop where the name is not at the very end of what may be read.
Packed pack_quickly(std::string_view name, std::size_t readable) {
    if constexpr (std::endian::native == std::endian::little) {
        if (readable >= kLongest) {
            Packed packed;
            std::memcpy(&packed.low, name.data(), 8);
            if (name.size() < 8) {
                packed.low &= (std::uint64_t{1} << (name.size() * 8)) - 1;
            } else if (name.size() > 8) {
                std::memcpy(&packed.high, name.data() + 8, 8);
                if (name.size() < kLongest) packed.high &= (std::uint64_t{1} << ((name.size() - 8) * 8)) - 1;
            }
            return packed;
        }
    }
    return pack(name);
}

FieldKind general_kind(std::string_view name, std::size_t readable) {
    if (name.empty() || name.size() > kLongest) return plain;
    const Packed packed = pack_quickly(name, readable);
    for (std::size_t slot = slot_of(packed); kIndex[slot].name.low != 0; slot = (slot + 1) % kSlots)
        if (kIndex[slot].name == packed) return kIndex[slot].kind;
    return plain;
}

/// aN or aN[M] of EXECVE: an argument; aN_len is a number.
bool is_argument(std::string_view name) {
    return name.size() >= 2 && name[0] == 'a' && name[1] >= '0' && name[1] <= '9' && !name.ends_with("_len");
}

}  // namespace

FieldKind field_kind(std::uint32_t type, std::string_view name, std::size_t readable) {
    const FieldKind kind = general_kind(name, readable);
    switch (type) {
        case kSyscall: return kind;
        case kExecve: return is_argument(name) ? text : kind;
        case kPath: return kind == map_flags ? plain : kind;
        case kTrustedApp: return kind == nested ? kind : plain;  // all of it is the program's own
        case kAddGroup:
        case kDelGroup:
        case kGrpMgmt: return name == "id" ? group : kind;
        case kMqOpen: return kind == mode ? octal_mode : kind;
        case kNetfilterPacket: return kind == socket ? plain : kind;
        case kCryptoKeyUser: return name == "fp" ? plain : kind;  // a fingerprint
        default: return kind;
    }
}

}  // namespace plimsoll::audit
