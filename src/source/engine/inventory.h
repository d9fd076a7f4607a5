#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "source/engine/container_record.h"

namespace plimsoll::source {

/// The containers of one engine as last inspected. Kept by the engine's source; others (container logs, samples) may
/// look at it from any thread.
class Inventory {
public:
    using Container = std::shared_ptr<const ContainerRecord>;

    static constexpr std::size_t kMostContainers = 20'000;
    static constexpr std::size_t kMostAnnounced = 4096;
    static constexpr std::size_t kMostDeparted = 256;  ///< removed ones, kept for what is still told of them
    static constexpr std::string_view kNotAsked = "the engine was not asked yet";

    /// Of that id, also of one removed lately; null when unknown.
    [[nodiscard]] Container find(std::string_view id) const;
    /// Of that id, also one of which only its making was told so far: for those who cannot wait until it was inspected.
    [[nodiscard]] Container find_early(std::string_view id) const;
    /// A container that an event told of, before anybody asked for it.
    void announce(const Container& container);
    /// Those that exist, ordered by id.
    [[nodiscard]] std::vector<Container> all() const;
    [[nodiscard]] std::size_t size() const;
    /// Grows with each change.
    [[nodiscard]] std::uint64_t version() const { return version_; }

    /// Why containers may be missing here, or be gone by now; empty while the engine tells of each.
    [[nodiscard]] std::string doubt() const;
    void set_doubt(std::string_view reason);

    /// False when there are too many to remember this one.
    bool put(const Container& container);
    void remove(std::string_view id);
    /// Replaces all; those that are gone are remembered as departed.
    void replace(std::vector<Container> containers);

private:
    void depart(const Container& container);

    mutable std::mutex mutex_;
    std::map<std::string, Container, std::less<>> containers_;
    std::map<std::string, Container, std::less<>> departed_;
    std::map<std::string, Container, std::less<>> announced_;
    std::vector<std::string> announcements_;  ///< oldest first
    std::vector<std::string> departures_;     ///< oldest first
    std::string doubt_{kNotAsked};
    std::atomic<std::uint64_t> version_ = 0;
};

}  // namespace plimsoll::source
