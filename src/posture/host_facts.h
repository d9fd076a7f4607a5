#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/file.h"
#include "model/facts.h"
#include "posture/daemon_settings.h"
#include "posture/inventory.h"
#include "posture/life_cycle.h"

namespace plimsoll::posture {

/// Reads the host's own facts: system, kernel, security modules, audit, accounts, firewall.
void gather_host(const host::Root& root, Inventory& inventory);

/// Adds a component of the host with its end of support.
void add_component(std::string_view name, std::string_view version, std::string_view origin, const LifeCycles& cycles,
                   Nanoseconds now, Inventory& inventory);

/// Adds the files that section 3 of the benchmark protects and section 1.1 wants audited, at the paths that this host's
/// daemon really uses.
void gather_files(const host::Root& root, const DaemonSettings* settings, const std::vector<std::string>& binaries,
                  Inventory& inventory);

}  // namespace plimsoll::posture
