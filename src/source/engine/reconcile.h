#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "source/engine/engine_client.h"
#include "source/engine/engine_event.h"

namespace plimsoll::source {

/// What has been told of an engine so far: the state that its events, one after the other, lead to. Comparing it with
/// the engine's real state after a gap says what happened unseen.
class Told {
public:
    struct Container {
        std::shared_ptr<const ContainerRecord> record;
        std::string name;
        bool running = false;
        Nanoseconds started = 0;
    };

    [[nodiscard]] bool empty() const { return !known_; }

    /// Takes over the whole state as told.
    void set(const EngineState& state);

    /// What was told of a container when it was last inspected; null when nothing was.
    [[nodiscard]] std::shared_ptr<const ContainerRecord> record(std::string_view id) const;

    /// An event was told. `now` is the container as inspected after it, null when it was not.
    void apply(const EngineEvent& event, const std::shared_ptr<const ContainerRecord>& now);
    void set_images(const ImageIndex& images);

    /// One thing that was found by comparing.
    struct Difference {
        Nanoseconds time = 0;  ///< best known; 0 when nothing says when
        std::string type;
        std::string action;
        std::string id;
        std::string name;
        std::string summary;
        std::shared_ptr<const ContainerRecord> before, after;  ///< of containers
    };

    /// What differs, oldest first; ids in `touched` are left out, since events tell of them.
    [[nodiscard]] std::vector<Difference> compare(const EngineState& real,
                                                  const std::set<std::string, std::less<>>& touched) const;

    // For the state file.
    [[nodiscard]] const std::map<std::string, Container, std::less<>>& containers() const { return containers_; }
    [[nodiscard]] const std::map<std::string, std::string, std::less<>>& images() const { return images_; }
    [[nodiscard]] const std::map<std::string, std::string, std::less<>>& networks() const { return networks_; }
    [[nodiscard]] const std::set<std::string, std::less<>>& volumes() const { return volumes_; }
    void restore(const std::string& id, Container container);
    void restore(std::map<std::string, std::string, std::less<>> images,
                 std::map<std::string, std::string, std::less<>> networks, std::set<std::string, std::less<>> volumes);

private:
    bool known_ = false;
    std::map<std::string, Container, std::less<>> containers_;
    std::map<std::string, std::string, std::less<>> images_;  ///< id -> first tag
    std::map<std::string, std::string, std::less<>> networks_;
    std::set<std::string, std::less<>> volumes_;
};

}  // namespace plimsoll::source
