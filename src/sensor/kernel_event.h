#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "model/event.h"
#include "model/reading.h"
#include "sensor/names_dns.h"
#include "sensor/process.h"
#include "sensor/raw_event.h"
#include "sensor/users.h"

namespace plimsoll::sensor {

/// What every event of one feed is read against.
struct Surroundings {
    std::int64_t boot_offset = 0;  ///< nanoseconds: add to CLOCK_BOOTTIME for the wall clock
    std::string_view hostname;
    Users* users = nullptr;           ///< null: names of users are unknown
    const DnsNames* names = nullptr;  ///< null: addresses have no names
};

/// An event of the kernel with Falco's fields (docs/falco-differences.md names where they differ). Nothing is computed
/// that nobody reads; a field that was read is remembered. Borrows event, process and surroundings. One thread.
class KernelEvent final : public model::Fields {
public:
    explicit KernelEvent(const Surroundings& surroundings);
    ~KernelEvent() override;
    KernelEvent(const KernelEvent&) = delete;
    KernelEvent& operator=(const KernelEvent&) = delete;

    /// Becomes another event; what was computed of the one before is forgotten. `number` is evt.num.
    void start(const RawEvent& raw, const Process* process, std::uint64_t number);

    /// The names that the file goes by: the kernel's, the caller's where it leads through /proc, and the kernel's in
    /// another spelling where distributions have a link (/bin for /usr/bin, /var/run for /run). At least one for an
    /// event of a file, none for others.
    [[nodiscard]] std::size_t file_names() const;
    /// From now on fd.name and what follows from it are those of that name; 0, the kernel's, after start().
    void use_file_name(std::size_t which);

    [[nodiscard]] model::Reading read(model::FieldId field, std::string_view arg) const override;

    /// evt.type.
    [[nodiscard]] std::string_view type() const;
    [[nodiscard]] const RawEvent& raw() const;
    [[nodiscard]] const Process* process() const;
    [[nodiscard]] Nanoseconds time() const;
    /// While it is the same, so is what is told of the process and its ancestors; 0 without a process.
    [[nodiscard]] std::uint64_t process_change() const;

    /// What is kept of it: the fields that tell what happened, of which process and ancestors, in which container, with
    /// text of its own. Masks nothing. What is told of a process is remembered for its next event.
    void write(model::Event& out) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace plimsoll::sensor
