#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/cgroup.h"
#include "host/file.h"
#include "host/process.h"
#include "model/facts.h"

namespace plimsoll::posture {

/// What reading any container's live processes needs of the host.
struct LiveContext {
    host::Root root;
    host::Namespaces own;  ///< of the host's first process
    std::vector<host::CgroupHierarchy> cgroups;
    std::map<std::uint32_t, std::string> groups;  ///< of the host, by number

    static LiveContext of_host(const host::Root& root);
};

/// Puts what the kernel says about a running container in the place of what its configuration promised: uid, groups,
/// capabilities, seccomp, no_new_privs, security label, shared namespaces, OOM kills; and adds its processes. `pid` is
/// its first process as the host sees it.
void add_live_facts(const LiveContext& context, int pid, model::FactStore& store, model::Facts& container);

/// Says that the container does not run, so that what only a live process shows is absent.
void add_no_live_facts(model::Facts& container);

}  // namespace plimsoll::posture
