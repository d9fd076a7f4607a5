#include <algorithm>
#include <bit>
#include <cstring>

#include "base/text.h"
#include "host/listening_sockets.h"
#include "host/number.h"

namespace plimsoll::host {

namespace {

constexpr std::string_view kListen = "0A";  // TCP_LISTEN in the "st" column
constexpr std::size_t kProcNetLimit = std::size_t{64} << 20U;

std::vector<std::string_view> words_of(std::string_view line, std::size_t most) {
    std::vector<std::string_view> words;
    for (line = trim(line); !line.empty() && words.size() < most; line = trim(line)) {
        const auto end = std::min(line.find_first_of(" \t"), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
    return words;
}

/// The kernel prints each 32-bit word of an address as a number of the machine's own byte order.
bool read_address(std::string_view text, ListeningTcp& socket) {
    const std::size_t words = socket.v6 ? 4 : 1;
    if (text.size() != words * 8) return false;
    for (std::size_t i = 0; i < words; ++i) {
        const auto word = number<std::uint32_t>(text.substr(i * 8, 8), 16);
        if (!word) return false;
        std::memcpy(socket.address.data() + i * 4, &*word, 4);
    }
    return true;
}

}  // namespace

std::vector<ListeningTcp> parse_proc_tcp(std::string_view text, bool v6) {
    std::vector<ListeningTcp> out;
    for (const std::string_view line : split(text, '\n')) {
        // sl local rem st queues timer retransmits uid timeout inode
        const auto words = words_of(line, 10);
        if (words.size() < 10 || words[3] != kListen) continue;
        const auto colon = words[1].find(':');
        if (colon == std::string_view::npos) continue;
        ListeningTcp socket;
        socket.v6 = v6;
        const auto port = number<std::uint16_t>(words[1].substr(colon + 1), 16);
        const auto uid = number<std::uint32_t>(words[7]);
        const auto inode = number<std::uint64_t>(words[9]);
        if (!port || !uid || !inode || !read_address(words[1].substr(0, colon), socket)) continue;
        socket.port = *port;
        socket.uid = *uid;
        socket.inode = *inode;
        out.push_back(socket);
    }
    return out;
}

std::vector<ListeningUnix> parse_proc_unix(std::string_view text) {
    constexpr std::uint32_t kAcceptsConnections = 0x10000;  // __SO_ACCEPTCON in the "Flags" column
    std::vector<ListeningUnix> out;
    for (const std::string_view line : split(text, '\n')) {
        // Num: RefCount Protocol Flags Type St Inode Path; the path may hold blanks
        const auto words = words_of(line, 7);
        if (words.size() < 7) continue;
        const auto flags = number<std::uint32_t>(words[3], 16);
        const auto inode = number<std::uint64_t>(words[6]);
        if (!flags || !inode || (*flags & kAcceptsConnections) == 0) continue;
        const auto after = static_cast<std::size_t>(words[6].data() + words[6].size() - line.data());
        ListeningUnix socket;
        socket.inode = *inode;
        if (after + 1 <= line.size()) socket.path = line.substr(after + 1);
        out.push_back(std::move(socket));
    }
    return out;
}

Result<ListeningSockets> listening_sockets_from_proc(const Root& root, std::string_view process) {
    const std::string directory = "/proc/" + std::string(process) + "/net/";
    ListeningSockets out;
    TRY(const auto tcp, read_file(root, directory + "tcp", kProcNetLimit));
    out.tcp = parse_proc_tcp(tcp, false);
    TRY(const auto tcp6, read_if_exists(root, directory + "tcp6", kProcNetLimit));
    if (tcp6) {
        const auto more = parse_proc_tcp(*tcp6, true);
        out.tcp.insert(out.tcp.end(), more.begin(), more.end());
    }
    TRY(const auto unix_text, read_file(root, directory + "unix", kProcNetLimit));
    out.unix_sockets = parse_proc_unix(unix_text);
    return out;
}

}  // namespace plimsoll::host
