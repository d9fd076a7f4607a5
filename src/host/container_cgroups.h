#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/cgroup.h"
#include "host/file.h"

namespace plimsoll::host {

/// A cgroup whose name is that of a container.
struct ContainerCgroup {
    std::string id;      ///< 64 hexadecimal digits
    std::string engine;  ///< docker, libpod, cri-containerd, crio; empty when the name does not tell
    std::string path;    ///< below the hierarchy's mount point, as in /proc/PID/cgroup
    pid_t pid = 0;       ///< its lowest process; 0 when it has none
};

/// The container that one part of a cgroup's path names: `<id>` below docker/ or a pod, `docker-<id>.scope`,
/// `libpod-<id>`, `cri-containerd-<id>.scope`, `crio-<id>.scope`. An empty id when it names none; monitors (conmon) are
/// none.
[[nodiscard]] ContainerCgroup container_of_cgroup(std::string_view name);

/// Every container that has a cgroup, found without asking an engine; containers inside of containers are not looked
/// for. An error when the hierarchy cannot be listed.
[[nodiscard]] Result<std::vector<ContainerCgroup>> find_container_cgroups(
    const Root& root, const std::vector<CgroupHierarchy>& hierarchies);

}  // namespace plimsoll::host
