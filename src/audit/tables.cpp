#include "audit/tables.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <vector>

#include "audit/tables_generated.h"

namespace plimsoll::audit {

namespace {

constexpr std::uint32_t kX86_64 = 0xC000003E;
constexpr std::uint32_t kI386 = 0x40000003;
constexpr std::uint32_t kAarch64 = 0xC00000B7;

struct Arch {
    std::uint32_t value;
    std::string_view name;
};

// linux/audit.h: the ELF machine, 0x80000000 for 64 bits, 0x40000000 for little endian
constexpr auto kArchs = std::to_array<Arch>({
    {kX86_64, "x86_64"},      {kI386, "i386"},         {kAarch64, "aarch64"},     {0x40000028, "arm"},
    {0x00000028, "armeb"},    {0xC00000F3, "riscv64"}, {0x400000F3, "riscv32"},   {0xC0000102, "loongarch64"},
    {0x00000014, "ppc"},      {0x80000015, "ppc64"},   {0xC0000015, "ppc64le"},   {0x00000016, "s390"},
    {0x80000016, "s390x"},    {0x00000008, "mips"},    {0x40000008, "mipsel"},    {0x80000008, "mips64"},
    {0xC0000008, "mips64el"}, {0xC0009026, "alpha"},   {0xC0000032, "ia64"},      {0x00000002, "sparc"},
    {0x8000002B, "sparc64"},  {0x0000000F, "parisc"},  {0x8000000F, "parisc64"},  {0x00000004, "m68k"},
    {0x0000002A, "sh"},       {0x4000002A, "shel"},    {0x40000102, "loongarch"}, {0x400000FC, "csky"},
    {0x40000024, "nds32"},    {0x400000A4, "hexagon"}, {0x0000005C, "openrisc"},  {0x0000005E, "xtensa"},
});

struct ErrorName {
    int number;
    std::string_view name;
};

// linux/errno.h: the kernel's own, which audit sees before user space gets something else
constexpr auto kKernelErrors = std::to_array<ErrorName>({
    {512, "ERESTARTSYS"},
    {513, "ERESTARTNOINTR"},
    {514, "ERESTARTNOHAND"},
    {515, "ENOIOCTLCMD"},
    {516, "ERESTART_RESTARTBLOCK"},
    {517, "EPROBE_DEFER"},
    {518, "EOPENSTALE"},
    {519, "ENOPARAM"},
    {521, "EBADHANDLE"},
    {522, "ENOTSYNC"},
    {523, "EBADCOOKIE"},
    {524, "ENOTSUPP"},
    {525, "ETOOSMALL"},
    {526, "ESERVERFAULT"},
    {527, "EBADTYPE"},
    {528, "EJUKEBOX"},
    {529, "EIOCBQUEUED"},
});

std::span<const std::string_view> calls_of(std::uint32_t arch) {
    switch (arch) {
        case kX86_64: return x86_64_calls();
        case kI386: return i386_calls();
        case kAarch64: return aarch64_calls();
        default: return {};
    }
}

std::vector<std::uint16_t> sorted(std::span<const std::string_view> calls) {
    std::vector<std::uint16_t> numbers(calls.size());
    std::iota(numbers.begin(), numbers.end(), std::uint16_t{0});
    std::ranges::stable_sort(numbers, {}, [&](std::uint16_t number) { return calls[number]; });
    return numbers;
}

/// The numbers of an architecture's calls in the order of their names: every format asks for hundreds of names when it
/// is made.
const std::vector<std::uint16_t>& order_of(std::uint32_t arch) {
    static const std::vector<std::uint16_t> kOrderX86_64 = sorted(x86_64_calls());
    static const std::vector<std::uint16_t> kOrderI386 = sorted(i386_calls());
    static const std::vector<std::uint16_t> kOrderAarch64 = sorted(aarch64_calls());
    static const std::vector<std::uint16_t> kNone;
    switch (arch) {
        case kX86_64: return kOrderX86_64;
        case kI386: return kOrderI386;
        case kAarch64: return kOrderAarch64;
        default: return kNone;
    }
}

}  // namespace

std::string_view arch_name(std::uint32_t arch) {
    const auto found = std::ranges::find(kArchs, arch, &Arch::value);
    return found != kArchs.end() ? found->name : std::string_view();
}

std::string_view syscall_name(std::uint32_t arch, unsigned number) {
    // Programs of the x32 interface carry the architecture of x86_64 and this bit in the number
    constexpr unsigned kX32 = 0x40000000;
    if (arch == kX86_64) number &= ~kX32;
    const auto calls = calls_of(arch);
    return number < calls.size() ? calls[number] : std::string_view();
}

std::optional<unsigned> syscall_number(std::uint32_t arch, std::string_view name) {
    if (name.empty()) return std::nullopt;
    const auto calls = calls_of(arch);
    const auto& order = order_of(arch);
    const auto found = std::ranges::lower_bound(order, name, {}, [&](std::uint16_t number) { return calls[number]; });
    if (found == order.end() || calls[*found] != name) return std::nullopt;
    return *found;
}

std::string_view errno_name(int number) {
    const auto own = std::ranges::find(kKernelErrors, number, &ErrorName::number);
    if (own != kKernelErrors.end()) return own->name;
    const char* name = number > 0 ? ::strerrorname_np(number) : nullptr;
    return name != nullptr ? std::string_view(name) : std::string_view();
}

std::string_view uring_name(unsigned operation) {
    const auto names = uring_operations();
    return operation < names.size() ? names[operation] : std::string_view();
}

}  // namespace plimsoll::audit
