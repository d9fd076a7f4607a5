#include "audit/rules/uring_act.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>

namespace plimsoll::audit {

namespace {

static_assert(kUringConnect == IORING_OP_CONNECT);

constexpr const char* kNowhere = "/.plimsoll-proof-that-is-not-there/x";  // its folder is missing, so nothing is made

// Of newer kernels than the headers of the build.
constexpr unsigned kSocket = 45, kBind = 56, kListen = 57;

constexpr auto kHarmless =
    std::to_array<unsigned>({IORING_OP_CONNECT, IORING_OP_ACCEPT, IORING_OP_OPENAT, IORING_OP_OPENAT2,
                             IORING_OP_UNLINKAT, IORING_OP_RENAMEAT, IORING_OP_MKDIRAT, IORING_OP_SYMLINKAT,
                             IORING_OP_LINKAT, IORING_OP_SHUTDOWN, IORING_OP_FALLOCATE, kSocket, kBind, kListen});

std::uint64_t address_of(const void* object) { return reinterpret_cast<std::uintptr_t>(object); }

/// What an operation's arguments point to.
struct Arguments {
    sockaddr_storage address{};
    open_how how{};
};

void fill(unsigned operation, int no_socket, Arguments& arguments, io_uring_sqe& entry) {
    entry.opcode = static_cast<std::uint8_t>(operation);
    entry.fd = no_socket;  // /dev/null, for reading: no socket, and nothing to be allocated in
    switch (operation) {
        case IORING_OP_CONNECT:
        case kBind:
            arguments.address.ss_family = AF_UNIX;
            entry.addr = address_of(&arguments.address);
            entry.off = sizeof(sa_family_t);
            break;
        case IORING_OP_OPENAT:
        case IORING_OP_UNLINKAT:
        case IORING_OP_MKDIRAT:
            entry.fd = AT_FDCWD;
            entry.addr = address_of(kNowhere);
            break;
        case IORING_OP_OPENAT2:
            entry.fd = AT_FDCWD;
            entry.addr = address_of(kNowhere);
            entry.off = address_of(&arguments.how);
            entry.len = sizeof arguments.how;
            break;
        case IORING_OP_RENAMEAT:
        case IORING_OP_LINKAT:
        case IORING_OP_SYMLINKAT:
            entry.fd = AT_FDCWD;
            entry.len = static_cast<std::uint32_t>(AT_FDCWD);
            entry.addr = address_of(kNowhere);
            entry.addr2 = address_of(kNowhere);
            if (operation == IORING_OP_SYMLINKAT) entry.len = 0;
            break;
        case IORING_OP_FALLOCATE: entry.addr = 1; break;
        case kSocket: entry.fd = AF_MAX; break;
        default: break;
    }
}

}  // namespace

bool is_harmless_uring(unsigned operation) { return std::ranges::find(kHarmless, operation) != kHarmless.end(); }

bool submit_refused(unsigned operation) {
    io_uring_params parameters{};
    const auto ring = static_cast<int>(::syscall(SYS_io_uring_setup, 1, &parameters));
    if (ring < 0) return false;
    const std::size_t size = parameters.sq_off.array + sizeof(std::uint32_t);
    void* const queue = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
    void* const entries =
        ::mmap(nullptr, sizeof(io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
    if (queue == MAP_FAILED || entries == MAP_FAILED) return false;
    Arguments arguments;
    auto& entry = *static_cast<io_uring_sqe*>(entries);
    std::memset(&entry, 0, sizeof entry);
    fill(operation, ::open("/dev/null", O_RDONLY | O_CLOEXEC), arguments, entry);
    auto* const words = static_cast<char*>(queue);
    *reinterpret_cast<std::uint32_t*>(words + parameters.sq_off.array) = 0;
    std::atomic_ref(*reinterpret_cast<std::uint32_t*>(words + parameters.sq_off.tail)).store(1);
    return ::syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0) == 1;
}

}  // namespace plimsoll::audit
