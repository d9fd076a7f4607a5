#pragma once

#include <string>
#include <vector>

#include "model/facts.h"

namespace plimsoll::posture {

/// All that one audit found out.
struct Inventory {
    model::FactStore store;
    model::Facts* host = nullptr;
    std::string host_name;
    std::vector<std::string> engines;         ///< "docker 20.10.24 at unix:///run/docker.sock"
    std::vector<std::string> silent_engines;  ///< engines that somebody named and that did not answer
    std::vector<std::string> problems;        ///< what could not be read, and why; hostile bytes
};

}  // namespace plimsoll::posture
