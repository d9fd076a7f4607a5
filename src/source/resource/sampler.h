#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/usage.h"
#include "model/event.h"
#include "source/container_directory.h"

namespace plimsoll::source {

/// The use of one container, or of the host (id "host").
struct Sample {
    ContainerEntry container;
    host::Usage usage;
    host::Share cpu_percent;  ///< of one processor, since the sample before; absent for the first
};

/// What one round of samples found.
struct Samples {
    std::vector<Sample> containers;  ///< in order of id
    Sample host;
    std::vector<std::string> faults;  ///< containers that run but could not be measured, and why
    std::string discovered;           ///< why containers were found by their cgroups alone; empty when an engine told
};

/// Measures every running container and the host, again and again. A container is known from the directory; without
/// one, or when it fails or doubts, from the names of cgroups. One thread.
class Sampler {
public:
    /// `directory` may be null; it must outlive this.
    static Result<Sampler> open(const ContainerDirectory* directory, host::Root root = {});

    [[nodiscard]] Samples sample();
    [[nodiscard]] std::uint64_t system_calls() const { return reader_->system_calls(); }

private:
    struct Watched {
        std::unique_ptr<host::UsageWatch> files;
        std::optional<host::Usage> last;
        bool seen = false;
    };

    Sampler(const ContainerDirectory* directory, std::unique_ptr<host::UsageReader> reader)
        : directory_(directory), reader_(std::move(reader)) {}
    std::vector<ContainerEntry> running(Samples& out);
    /// Finds the cgroups of new containers of which the directory knows the names only. With a `doubt` about the
    /// directory the cgroups alone say what runs.
    void locate(std::vector<ContainerEntry>& containers, const std::string& doubt);
    void measure(ContainerEntry entry, Samples& out);

    const ContainerDirectory* directory_;
    std::unique_ptr<host::UsageReader> reader_;
    std::map<std::string, Watched> watched_;
    std::optional<host::Usage> last_host_;
};

/// Processor time between two samples in percent of one processor; unknown when time or the counter did not grow.
[[nodiscard]] host::Share cpu_percent(const std::optional<host::Usage>& before, const host::Usage& now);

/// The sample as a record: record.kind, container.*, usage.*.
[[nodiscard]] model::Event to_event(const Sample& sample, Nanoseconds time);

}  // namespace plimsoll::source
