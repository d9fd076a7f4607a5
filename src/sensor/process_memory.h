#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "sensor/process.h"

namespace plimsoll::sensor {

/// What is in memory, by whoever holds it.
struct ProcessMemory {
    std::size_t text = 0;
    std::size_t processes = 0;
};

struct CountedProgram final : Program {
    explicit CountedProgram(std::shared_ptr<ProcessMemory> of) : memory(std::move(of)) {}
    ~CountedProgram() override { memory->text -= counted; }

    std::shared_ptr<ProcessMemory> memory;  // shared with the table, which may end first
    std::size_t counted = 0;
};

struct CountedProcess final : Process {
    explicit CountedProcess(std::shared_ptr<ProcessMemory> of) : memory(std::move(of)) { ++memory->processes; }
    CountedProcess(const CountedProcess&) = delete;
    CountedProcess& operator=(const CountedProcess&) = delete;
    /// A long chain of ancestors ends one by one, not each within the end of its child.
    ~CountedProcess() {
        --memory->processes;
        std::shared_ptr<Process> next = std::move(parent);
        while (next != nullptr && next.use_count() == 1) {
            std::shared_ptr<Process> up = std::move(next->parent);
            next = std::move(up);
        }
    }

    std::shared_ptr<ProcessMemory> memory;  // shared with the table, which may end first
};

}  // namespace plimsoll::sensor
