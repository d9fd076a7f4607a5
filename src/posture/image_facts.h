#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "host/file.h"
#include "model/facts.h"
#include "posture/container_facts.h"
#include "posture/life_cycle.h"

namespace plimsoll::posture {

/// Repositories that images may come from: patterns with *, over registry/repository. Empty: no list is configured.
using AllowList = std::vector<std::string>;

/// Reads GET /images/json into the index that containers are judged with.
[[nodiscard]] ImageIndex read_image_index(const Json& list);

struct ImageReading {
    const Json& inspect;  ///< GET /images/ID/json
    const LifeCycles& cycles;
    const AllowList& allowed;
    const host::Root& root;
    Nanoseconds now = 0;
    bool used = false;
    bool local = true;  ///< its files may lie on this host
};

/// Sets image.* and adds its environment.
void gather_image(const ImageReading& in, model::FactStore& store, model::Facts& image);

/// Adds a layer item for each step of GET /images/ID/history.
void gather_history(const Json& history, model::FactStore& store, const model::Facts& image);

/// A file of an image or container, read from its overlay layers on this host without running anything: the top layer
/// that has it wins. `graph_driver` is the GraphDriver object of an inspect answer.
[[nodiscard]] Result<std::optional<std::string>> read_from_layers(const Json& graph_driver, std::string_view path,
                                                                  std::size_t limit);

}  // namespace plimsoll::posture
