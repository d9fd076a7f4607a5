#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sensor/process.h"
#include "sensor/raw_event.h"

namespace plimsoll::sensor {

/// Which cgroup is whose container, and which processes came into a container first. Bounded. One thread.
class ContainerCgroups {
public:
    /// A container as far as events told of it.
    struct Held {
        std::string id;
        std::shared_ptr<const Container> now;  ///< as the engine told of it, or its id alone
        std::size_t cgroups = 0;
        bool by_root = true;  ///< its cgroups were made by root, or stood already
        std::uint32_t told = 0;
        ProcessKey first;  ///< the process that came into it first
        ProcessKey first_parent;
        bool first_is_init = false;  ///< it was process 1 already: no runtime was seen making the container
    };

    /// Borrows `containers`, which must outlive it.
    explicit ContainerCgroups(const Containers& containers) : containers_(containers) {}

    /// A cgroup was made, as WIRE_CGROUP_MADE tells. Below a container's cgroup it is that container's, whatever its
    /// name; and where one of the same name stands elsewhere, whose root made it is the container.
    void made(const RawEvent& event);
    /// A cgroup that stood already.
    void found(std::uint64_t cgroup, std::string_view id);
    void gone(std::uint64_t cgroup);
    /// Null when no container's cgroup has that number.
    [[nodiscard]] Held* find(std::uint64_t cgroup) const;
    /// The container of that id, known from now on.
    Held& of(const std::string& id);

    /// Puts the process into the container, and sees whether it came with the container's first process.
    void enter(Process& process, Held& held);
    /// Gives the process what engines have told of its container since; `told()` changes when there may be news.
    void refresh(Process& process);
    [[nodiscard]] std::uint32_t told() const { return told_; }
    void notice_news();

    /// Cgroup numbers with ids, ascending.
    [[nodiscard]] std::vector<std::pair<std::uint64_t, std::string>> all() const;

private:
    const std::shared_ptr<const Container>& current(Held& held);
    void put(std::uint64_t cgroup, Held& held);
    [[nodiscard]] bool has_another(std::uint64_t cgroup, const Held& held) const;
    void drop_cgroups(Held& held);

    const Containers& containers_;
    std::unordered_map<std::uint64_t, Held*> cgroups_;
    std::unordered_map<std::string, std::unique_ptr<Held>> held_;
    std::uint64_t generation_ = 0;
    std::uint32_t told_ = 1;
};

}  // namespace plimsoll::sensor
