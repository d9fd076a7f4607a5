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

namespace plimsoll::sensor {

/// Which cgroup is whose container, and which processes came into a container first. Bounded. One thread.
class ContainerCgroups {
public:
    /// A container as far as events told of it.
    struct Held {
        std::string id;
        std::shared_ptr<const Container> now;  ///< as the engine told of it, or its id alone
        std::size_t cgroups = 0;
        std::uint32_t told = 0;
        ProcessKey first;  ///< the process that came into it first
        ProcessKey first_parent;
        bool first_is_init = false;  ///< it was process 1 already: no runtime was seen making the container
    };

    /// Borrows `containers`, which must outlive it.
    explicit ContainerCgroups(const Containers& containers) : containers_(containers) {}

    void made(std::uint64_t cgroup, std::string_view id);
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

    const Containers& containers_;
    std::unordered_map<std::uint64_t, Held*> cgroups_;
    std::unordered_map<std::string, std::unique_ptr<Held>> held_;
    std::uint64_t generation_ = 0;
    std::uint32_t told_ = 1;
};

}  // namespace plimsoll::sensor
