#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/finding.h"

namespace plimsoll::app {

/// What `plimsoll audit` was asked for.
struct AuditRequest {
    std::vector<std::string> hosts;          ///< engine addresses; empty: DOCKER_HOST, context, well-known sockets
    std::vector<std::string> compose_files;  ///< judge these files instead of an engine
    std::string container;                   ///< only this one, by name or id
    std::vector<std::string> only;           ///< patterns over check id, tags, references
    std::vector<std::string> rule_files;
    std::vector<std::string> waiver_files;
    std::vector<std::string> allowed_images;
    std::string baseline_file;
    std::string explain;  ///< check id
    unsigned log_lines = 200;
    double timeout_seconds = 10;
};

/// Why an audit has no report: the user's input is broken (exit 2), as opposed to a host that could not be read.
struct AuditFailure {
    std::vector<std::string> messages;  ///< each with file, line and column where there is one
};

/// One audit from beginning to end.
struct AuditOutcome {
    std::optional<model::AuditReport> report;
    AuditFailure failure;
    bool nothing_judged = false;  ///< no check came to pass or fail
    bool incomplete = false;      ///< an engine that was named did not answer, or an object could not be read at all
};

[[nodiscard]] AuditOutcome run_audit(const AuditRequest& request);

}  // namespace plimsoll::app
