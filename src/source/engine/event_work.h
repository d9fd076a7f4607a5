#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "source/engine/checkpoint.h"
#include "source/engine/engine_client.h"
#include "source/engine/exec_work.h"
#include "source/engine/inventory.h"
#include "source/engine/line_splitter.h"
#include "source/engine/lives.h"
#include "source/source.h"

namespace plimsoll::source {

/// Makes records of an engine's event lines: recognises what came before, looks at what the events are about, and after
/// a gap compares. One thread; every question to the engine is bounded in time.
class EventWork {
public:
    using Clock = std::chrono::steady_clock;

    struct Parts {
        const EngineClient& quick;    ///< for what an event waits for
        const EngineClient& patient;  ///< for the whole inventory
        std::shared_ptr<Inventory> inventory;
        std::string endpoint;  ///< as text
        bool local = true;     ///< the engine's processes are this host's
        bool mask_secrets = true;
        std::function<bool(model::Event)> put;
    };

    EventWork(Parts parts, Checkpoint& checkpoint);

    /// A connection stands. `asked_since`: the time from which events were asked for, 0 for none; `restarted`: whether
    /// the engine is known to have started anew since `checkpoint.known_until`.
    void connected(std::string engine, Nanoseconds asked_since, std::optional<bool> restarted);

    void handle(std::vector<Line>& lines);

    /// Does what is due; `idle`: no line waits. Says when to call again at the latest.
    std::chrono::milliseconds tick(bool idle);

    /// The connection ended: everything up to now was seen.
    void disconnected();

    /// Recording ends: tells of the sessions that still run.
    void stop();

    [[nodiscard]] std::uint64_t malformed() const { return malformed_; }
    [[nodiscard]] std::uint64_t told() const { return told_; }
    [[nodiscard]] Nanoseconds last_event() const { return checkpoint_.last; }
    [[nodiscard]] const std::string& fault() const { return fault_; }
    /// Grows when more than the position changed.
    [[nodiscard]] std::uint64_t changes() const { return changes_; }

private:
    struct Item {
        EngineEvent event;                      ///< with a time that can be true
        std::optional<Nanoseconds> stated;      ///< the engine's own, when that cannot be true
        std::optional<model::Event> malformed;  ///< the line was no event
    };
    struct Looked {  ///< what was found out for one batch of events
        std::map<std::string, std::shared_ptr<const ContainerRecord>, std::less<>> containers;
        std::map<std::string, std::string, std::less<>> unread;  ///< container -> why
        ExecWork::Answers execs;
        std::map<std::string, std::vector<std::string>, std::less<>> exec_ids;  ///< container -> its sessions
    };
    struct Subject {  ///< the container that an event is about; null when there is none
        std::shared_ptr<const ContainerRecord> known;  ///< as known best
        std::shared_ptr<const ContainerRecord> fresh;  ///< as inspected after the event
    };

    void take_inventory();
    Looked look(const std::vector<Item>& items);
    void look_at_containers(const std::set<std::string, std::less<>>& ids, Looked& out);
    void read_images();
    [[nodiscard]] Subject subject_of(const EngineEvent& event, const Looked& looked) const;
    void tell(const Item& item, const Looked& looked);
    void tell_change(const EngineEvent& event, const Subject& subject, const Looked& looked, model::Event& out) const;
    void tell_network(const EngineEvent& event, const ContainerRecord& fresh, model::Event& out) const;
    void tell_start(const EngineEvent& event, const ContainerRecord& now, const ContainerRecord* fresh,
                    model::Event& out) const;
    void compare();
    void tell_gap();
    void put(model::Event event);
    void put_sessions();

    Parts parts_;
    Checkpoint& checkpoint_;
    std::string engine_ = "docker";
    std::string fault_;
    ImageIndex images_;
    ExecWork execs_;
    Lives lives_;
    std::uint64_t told_ = 0, malformed_ = 0, changes_ = 0;

    // Of this connection
    Nanoseconds connected_at_ = 0, asked_since_ = 0, first_new_ = 0, gap_from_ = 0, gap_last_ = 0;
    std::optional<bool> restarted_;
    std::optional<EngineState> state_;  ///< inventory not yet compared
    std::set<std::string, std::less<>> touched_;
    std::size_t replayed_ = 0;
    bool compared_ = true, met_last_ = false, another_ = false, first_contact_ = false;
    Clock::time_point quiet_since_, compare_by_, inventory_again_, ask_again_;
};

}  // namespace plimsoll::source
