#pragma once

#include <chrono>
#include <mutex>
#include <set>

#include "source/resource/sampler.h"
#include "source/source.h"

namespace plimsoll::source {

struct ResourceOptions {
    std::chrono::milliseconds interval{10000};
    host::Root root;
};

/// Samples of every container and of the host, each `interval`. A round that is late is not made up for: the next one
/// begins at the next multiple.
class ResourceSource final : public Source {
public:
    /// `directory` may be null (containers are then found by their cgroups); it must outlive this.
    ResourceSource(ResourceOptions options, const ContainerDirectory* directory)
        : options_(std::move(options)), directory_(directory) {
        status_.name = "resources";
    }

    void run(Outlet& outlet, const std::stop_token& stop) override;
    [[nodiscard]] SourceStatus status() const override;

private:
    void deliver(const Samples& samples, Outlet& outlet);

    ResourceOptions options_;
    const ContainerDirectory* directory_;
    std::uint64_t unreported_ = 0;  ///< samples lost since the last loss record
    mutable std::mutex mutex_;
    SourceStatus status_;  ///< guarded by mutex_
};

}  // namespace plimsoll::source
