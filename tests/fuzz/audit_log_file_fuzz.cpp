#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/log/scan.h"
#include "base/result.h"

namespace {

using namespace plimsoll::audit;

std::string answer(const std::vector<LogFile>& files, const Query& query, bool by_literals) {
    class Taker final : public EventTaker {
    public:
        explicit Taker(std::string& to) : to_(to) {}
        void event(const LogEvent& event, const EventPlace&) override {
            for (const Record& record : event.records) (to_ += record.line) += '\n';
            to_ += "--\n";
        }

    private:
        std::string& to_;
    };
    std::string out;
    const auto report =
        scan(files, query, [&] { return std::make_unique<Taker>(out); }, {.threads = 1, .by_literals = by_literals});
    plimsoll::check(report.has_value());
    return out;
}

}  // namespace

/// Any bytes as a log, gzip and zstd by their first bytes: a search by literals finds what reading all records finds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const int fd = ::memfd_create("log", MFD_CLOEXEC);
    plimsoll::check(fd >= 0 && ::write(fd, data, size) == static_cast<ssize_t>(size));
    const std::vector<std::string> paths{"/proc/self/fd/" + std::to_string(fd)};
    const auto files = open_logs(paths);
    plimsoll::check(files.has_value());
    Query by_key;
    by_key.key = "docker-sock";
    Query by_user;
    by_user.users = {{.of = IdOf::login, .id = 4242}};
    by_user.success = true;
    Query by_file;
    by_file.file = "docker.sock";
    by_file.whole_words = false;
    for (const Query& query : {by_key, by_user, by_file})
        plimsoll::check(answer(*files, query, true) == answer(*files, query, false));
    static_cast<void>(answer(*files, {}, false));
    ::close(fd);
    return 0;
}
