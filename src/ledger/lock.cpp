#include "ledger/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>

#include "base/text.h"
#include "host/system_error.h"

namespace plimsoll::ledger {

Result<host::Fd> lock_ledger(const std::string& directory) {
    const std::string path = directory + "/lock";
    host::Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) return host::system_error("opening", path);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return host::system_error("locking", path);
        std::array<char, 16> text{};
        const ssize_t size = ::pread(fd.get(), text.data(), text.size(), 0);
        const std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
        return Error{"another process (pid " + printable(trim(pid)) + ") writes the ledger " + printable(directory)};
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), pid.data(), pid.size(), 0) < 0) {
        // On a full disk the pid is missing from the next one's message; the lock holds all the same.
    }
    return fd;
}

}  // namespace plimsoll::ledger
