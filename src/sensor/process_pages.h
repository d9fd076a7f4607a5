#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "sensor/process.h"

namespace plimsoll::sensor {

/// Processes by number, found with two loads. Pages without a process are given back.
class ProcessPages {
public:
    static constexpr std::uint32_t kMostPid = 1U << 22U;  ///< PID_MAX_LIMIT of the kernel

    /// Null when there is none of that number.
    [[nodiscard]] Process* find(std::uint32_t pid) const {
        const std::size_t page = pid / kPage;
        if (page >= pages_.size() || pages_[page] == nullptr) return nullptr;
        return pages_[page]->processes[pid % kPage].get();
    }

    [[nodiscard]] std::shared_ptr<Process> share(std::uint32_t pid) const {
        const std::size_t page = pid / kPage;
        if (page >= pages_.size() || pages_[page] == nullptr) return nullptr;
        return pages_[page]->processes[pid % kPage];
    }

    /// Puts it in the place of what was there, which is given back. `pid` is below kMostPid.
    std::shared_ptr<Process> put(std::uint32_t pid, std::shared_ptr<Process> process) {
        const std::size_t page = pid / kPage;
        if (page >= pages_.size()) pages_.resize(page + 1);
        if (pages_[page] == nullptr) pages_[page] = std::make_unique<Page>();
        std::swap(pages_[page]->processes[pid % kPage], process);
        if (process == nullptr) {
            ++pages_[page]->used;
            ++size_;
        }
        return process;
    }

    void remove(std::uint32_t pid) {
        const std::size_t page = pid / kPage;
        if (find(pid) == nullptr) return;
        pages_[page]->processes[pid % kPage].reset();
        --size_;
        if (--pages_[page]->used == 0) pages_[page].reset();
    }

    /// The least number from `pid` on that a process has; 0 when there is none.
    [[nodiscard]] std::uint32_t next(std::uint32_t pid) const {
        for (std::size_t page = pid / kPage; page < pages_.size();
             ++page, pid = static_cast<std::uint32_t>(page * kPage)) {
            if (pages_[page] == nullptr) continue;
            for (std::uint32_t at = pid % kPage; at < kPage; ++at)
                if (pages_[page]->processes[at] != nullptr) return static_cast<std::uint32_t>(page * kPage + at);
        }
        return 0;
    }

    [[nodiscard]] std::size_t size() const { return size_; }

    template <typename Take>
    void each(Take take) const {
        for (const auto& page : pages_) {
            if (page == nullptr) continue;
            for (const auto& process : page->processes)
                if (process != nullptr) take(process);
        }
    }

private:
    static constexpr std::uint32_t kPage = 256;
    struct Page {
        std::array<std::shared_ptr<Process>, kPage> processes;
        std::uint32_t used = 0;
    };
    std::vector<std::unique_ptr<Page>> pages_;
    std::size_t size_ = 0;
};

}  // namespace plimsoll::sensor
