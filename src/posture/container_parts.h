#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "model/facts.h"
#include "posture/container_facts.h"

namespace plimsoll::posture {

/// One container's inspect data with what it is judged against. `origin` begins each fact's origin: GET
/// /containers/ID/json.
struct ContainerReading {
    const Json& inspect;
    const EngineView& engine;
    std::string origin;
};

// Each sets its family of container.* facts; the last four also add the items (mount, port, env, device) to the store.
void gather_user(const ContainerReading& in, model::Facts& out);
void gather_privileges(const ContainerReading& in, model::Facts& out);
void gather_namespaces(const ContainerReading& in, model::Facts& out);
void gather_limits(const ContainerReading& in, model::Facts& out);
void gather_logging(const ContainerReading& in, model::Facts& out);
void gather_mounts(const ContainerReading& in, model::FactStore& store, model::Facts& out);
void gather_ports(const ContainerReading& in, model::FactStore& store, model::Facts& out);
void gather_environment(const ContainerReading& in, model::FactStore& store, model::Facts& out);
void gather_devices(const ContainerReading& in, model::FactStore& store, model::Facts& out);

/// Adds one env item for each NAME=value; values are judged and dropped. `of_image` are the image's own assignments.
void gather_variables(const std::vector<std::string>& variables, const std::vector<std::string>& of_image,
                      const std::string& origin, model::FactStore& store, const model::Facts& owner);

}  // namespace plimsoll::posture
