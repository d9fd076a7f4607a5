#include "host/netlink.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <chrono>

#include "host/system_error.h"

namespace plimsoll::host {

namespace {

constexpr std::size_t kBufferSize = 65536;                     // the kernel fills dump messages up to 32 KiB
constexpr std::size_t kAnswerLimit = std::size_t{256} << 20U;  // all datagrams of one answer together
constexpr std::chrono::seconds kTimeout{3};                    // for one datagram
constexpr std::chrono::seconds kAnswerTime{20};                // for the whole answer

constexpr std::size_t aligned(std::size_t size) { return (size + 3U) & ~std::size_t{3}; }

}  // namespace

void for_each_attribute(Bytes payload, std::size_t skip, const std::function<void(unsigned, Bytes)>& take) {
    for (std::size_t at = aligned(skip);;) {
        const auto header = copy_at<nlattr>(payload, at);
        if (!header || header->nla_len < sizeof(nlattr) || header->nla_len > payload.size() - at) return;
        take(header->nla_type & static_cast<unsigned>(NLA_TYPE_MASK),
             payload.subspan(at + sizeof(nlattr), header->nla_len - sizeof(nlattr)));
        at += aligned(header->nla_len);
    }
}

std::string attribute_text(Bytes content) {
    std::string text(content.size(), '\0');
    std::memcpy(text.data(), content.data(), content.size());
    return text.substr(0, text.find('\0'));
}

Result<NetlinkSocket> NetlinkSocket::open(int protocol, std::string_view name) {
    Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
    if (!fd) return system_error("opening netlink", name);
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    // The sockets interface takes every address family through one pointer type.
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return system_error("binding netlink", name);
    }
    const timeval timeout{.tv_sec = kTimeout.count(), .tv_usec = 0};
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0 ||
        ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) != 0) {
        return system_error("setting the timeout of netlink", name);
    }
    NetlinkSocket out(std::move(fd), std::string(name));
    out.buffer_.resize(kBufferSize);
    return out;
}

Result<std::size_t> NetlinkSocket::receive() {
    for (;;) {
        sockaddr_nl sender{};
        iovec part{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
        msghdr message{};
        message.msg_name = &sender;
        message.msg_namelen = sizeof sender;
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        const ssize_t size = ::recvmsg(fd_.get(), &message, 0);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return Error{fmt::format("netlink {}: no answer within {} s", name_, kTimeout.count())};
        }
        if (size < 0) return system_error("receiving from netlink", name_);
        if (message.msg_namelen != sizeof sender || sender.nl_pid != 0) continue;  // not from the kernel
        if ((message.msg_flags & MSG_TRUNC) != 0) return Error{"netlink " + name_ + ": an answer was cut short"};
        return static_cast<std::size_t>(size);
    }
}

Result<bool> NetlinkSocket::take_datagram(Bytes datagram, Until until,
                                          const std::function<void(const Message&)>& take) {
    while (const auto header = copy_at<nlmsghdr>(datagram)) {
        if (header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > datagram.size()) {
            return Error{"netlink " + name_ + ": malformed answer"};
        }
        const Bytes payload = datagram.subspan(sizeof(nlmsghdr), header->nlmsg_len - sizeof(nlmsghdr));
        datagram = datagram.subspan(std::min(aligned(header->nlmsg_len), datagram.size()));
        if (header->nlmsg_seq != sequence_) continue;  // a late answer to an earlier question
        if ((header->nlmsg_flags & NLM_F_DUMP_INTR) != 0) {
            return Error{"netlink " + name_ + ": the state changed while it was read"};
        }
        if (header->nlmsg_type == NLMSG_ERROR || header->nlmsg_type == NLMSG_DONE) {
            // DONE carries an error number only if its payload has room for one; ERROR 0 is the acknowledgement.
            const int code = copy_at<int>(payload).value_or(0);
            if (code < 0) {
                refusal_ = -code;
                return system_error("netlink", name_, refusal_);
            }
            if (header->nlmsg_type == NLMSG_DONE || until == Until::ack) return true;
            continue;
        }
        if (header->nlmsg_type == NLMSG_OVERRUN) return Error{"netlink " + name_ + ": answers were lost"};
        if (header->nlmsg_type < NLMSG_MIN_TYPE) continue;
        take({header->nlmsg_type, payload});
        if (until == Until::first) return true;
    }
    return false;
}

Result<void> NetlinkSocket::ask(unsigned type, unsigned flags, Bytes payload, Until until,
                                const std::function<void(const Message&)>& take) {
    refusal_ = 0;
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + payload.size());
    header.nlmsg_type = static_cast<std::uint16_t>(type);
    header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
    header.nlmsg_seq = ++sequence_;
    std::vector<std::byte> request(aligned(header.nlmsg_len));
    std::memcpy(request.data(), &header, sizeof header);
    if (!payload.empty()) std::memcpy(request.data() + sizeof header, payload.data(), payload.size());
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    const ssize_t sent = ::sendto(fd_.get(), request.data(), request.size(), 0,
                                  reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
    if (sent < 0) {
        refusal_ = errno;
        return system_error("asking netlink", name_, refusal_);
    }
    const auto deadline = std::chrono::steady_clock::now() + kAnswerTime;
    for (std::size_t received = 0; received <= kAnswerLimit;) {
        TRY(const auto size, receive());
        received += size;
        TRY(const auto finished, take_datagram(Bytes(buffer_).first(size), until, take));
        if (finished) return {};
        if (std::chrono::steady_clock::now() > deadline) return Error{"netlink " + name_ + ": the answer does not end"};
    }
    return Error{fmt::format("netlink {}: the answer is larger than {} bytes", name_, kAnswerLimit)};
}

}  // namespace plimsoll::host
