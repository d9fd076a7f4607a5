#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/fd.h"

namespace plimsoll::host {

using Bytes = std::span<const std::byte>;

/// A copy of the structure at `offset`, so that neither alignment nor a short message can do harm; empty when it does
/// not fit.
template <typename T>
[[nodiscard]] std::optional<T> copy_at(Bytes bytes, std::size_t offset = 0) {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

/// The attributes after a fixed header of `skip` bytes: calls `take(type, content)` for each that is whole, with the
/// flag bits of the type removed. Stops at the first malformed one.
void for_each_attribute(Bytes payload, std::size_t skip, const std::function<void(unsigned, Bytes)>& take);

/// Text of an attribute up to its NUL.
[[nodiscard]] std::string attribute_text(Bytes content);

/// One netlink socket for questions and answers. Only the kernel is believed (sender port 0, our sequence number), each
/// wait is bounded by a timeout and each answer by a number of bytes.
class NetlinkSocket {
public:
    /// Opens and binds; `name` ("audit") is what errors call the other side.
    [[nodiscard]] static Result<NetlinkSocket> open(int protocol, std::string_view name);

    enum class Until : std::uint8_t {
        done,   ///< answers go on until NLMSG_DONE, as for dumps
        first,  ///< one answer
        ack,    ///< none but the acknowledgement
    };

    struct Message {
        unsigned type = 0;
        Bytes payload;
    };

    /// Sends one request and gives each answer to `take`. The kernel's refusal is the error, with errno's words; a dump
    /// that the kernel reports as inconsistent is an error that says so.
    [[nodiscard]] Result<void> ask(unsigned type, unsigned flags, Bytes payload, Until until,
                                   const std::function<void(const Message&)>& take);

    /// errno of the kernel's last refusal; 0 when the last question was answered or failed in another way.
    [[nodiscard]] int refusal() const { return refusal_; }

private:
    NetlinkSocket(Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

    Result<std::size_t> receive();
    Result<bool> take_datagram(Bytes datagram, Until until, const std::function<void(const Message&)>& take);

    Fd fd_;
    std::string name_;
    std::uint32_t sequence_ = 0;
    int refusal_ = 0;
    std::vector<std::byte> buffer_;
};

/// The bytes of a trivially copyable structure, as a request's payload.
template <typename T>
[[nodiscard]] Bytes bytes_of(const T& value) {
    return std::as_bytes(std::span(&value, 1));
}

}  // namespace plimsoll::host
