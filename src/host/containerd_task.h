#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/file.h"

namespace plimsoll::host {

/// A bind mount of a containerd task, by its OCI settings.
struct ContainerdMount {
    std::string source;
    std::string destination;
    std::string options;  ///< with commas between
    bool writable = true;
    std::string propagation;  ///< rprivate, rslave, …; empty when not said
};

/// A container as the bundle tells of it that containerd keeps while its task lives (OCI runtime specification,
/// config.json). What runs containers over containerd alone (CRI of Kubernetes, nerdctl, ctr) leaves its names in the
/// annotations.
struct ContainerdTask {
    std::string space;        ///< containerd's namespace: k8s.io, default, …
    std::string name;         ///< empty when no annotation tells
    std::string image;        ///< as asked for; empty when no annotation tells
    bool privileged = false;  ///< every device and the capability SYS_ADMIN
    std::vector<ContainerdMount> mounts;
    std::map<std::string, std::string, std::less<>> labels;  ///< of Kubernetes, in its own words (io.kubernetes.…)
    std::int64_t made = 0;                                   ///< seconds since 1970
};

/// The task of that id, of any namespace but Docker's own, whose engine tells better. Nothing when there is none, or
/// its bundle cannot be read.
[[nodiscard]] std::optional<ContainerdTask> find_containerd_task(const Root& root, std::string_view id);

/// Nothing when the text is no settings of a container.
[[nodiscard]] std::optional<ContainerdTask> decode_containerd_task(std::string_view config);

}  // namespace plimsoll::host
