#include "app/kernel_feed.h"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "app/kernel_cgroups.h"
#include "app/kernel_losses.h"
#include "app/kernel_requests.h"
#include "app/session_person.h"
#include "base/secret_mask.h"
#include "base/time.h"
#include "host/process.h"
#include "sensor/kernel_event.h"
#include "sensor/rings.h"
#include "sensor/users.h"
#include "sink/alert_event.h"

namespace plimsoll::app {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kSleep = 200ms;           // at most, when nothing comes
constexpr auto kReport = 1s;             // between two looks at what is lost
constexpr auto kFlush = 1s;              // between two tellings of what was folded
constexpr std::size_t kTogether = 4096;  // events between two looks at everything else
constexpr std::size_t kMostAwaited = 65'536;
constexpr std::size_t kMostPrograms = 4096;
constexpr int kMostAncestors = 64;
constexpr std::size_t kSecrets = 128;
constexpr std::size_t kNamed = 256;
constexpr std::size_t kFirsts = 16'384;  ///< as many as the kernel folds at a time
constexpr auto kLook = 1ms;

Nanoseconds boot_now() {
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return time.tv_sec * kSecond + time.tv_nsec;
}

bool is_engine(const sensor::Process& process) {
    if (process.comm == "dockerd") return true;
    return process.comm == "podman" && process.program != nullptr &&
           process.program->args.find("service") != std::string_view::npos;
}

/// The fields that hold command lines.
constexpr model::FieldKey kCommandLines[] = {"proc.cmdline", "proc.args", "proc.exeline", "proc.pcmdline"};

}  // namespace

/// One time of watching, from loading the programs to being stopped.
class KernelFeed::Session {
public:
    Session(KernelFeed& owner, source::Outlet& outlet, std::shared_ptr<KernelRules> rules)
        : owner_(owner),
          outlet_(outlet),
          rules_(std::move(rules)),
          table_(owner.containers_, {.environment = owner.options_.environment}),
          event_(surroundings_) {
        std::array<char, 256> name{};
        if (::gethostname(name.data(), name.size() - 1) == 0) hostname_ = name.data();
        surroundings_.hostname = hostname_;
        surroundings_.users = &users_;
        surroundings_.names = &names_;
    }

    Result<void> start() {
        TRY(programs_, sensor::KernelPrograms::load(owner_.options_.kernel, filter_of(*rules_)));
        table_.seed();
        programs_->know(table_.cgroups());
        TRY(const std::vector<pid_t> running, host::process_ids({}));
        for (const pid_t pid : running) notice_engine(table_.find(static_cast<std::uint32_t>(pid)));
        programs_->watch_engines(engines_);
        const auto rings = programs_->rings();
        TRY(rings_, sensor::Rings::open(rings));
        for (const std::string& sentence : programs_->blind()) note_ += (note_.empty() ? "" : " ") + sentence;
        return {};
    }

    void run(const std::stop_token& stop) {
        const auto take = [this](std::span<const std::byte> bytes) { event(bytes); };
        while (!stop.stop_requested()) {
            surroundings_.boot_offset = now() - boot_now();
            if (rings_->drain(kTogether, take) == 0) rings_->wait(kSleep);
            look_after();
        }
        for (int round = 0; round < 2; ++round) {  // the first makes room for what the rings did not take
            programs_->flush_folded();
            while (rings_->drain(kTogether, take) > 0) {
            }
        }
        tell_losses();
        publish();
    }

private:
    void event(std::span<const std::byte> bytes) {
        sensor::RawEvent raw;
        if (!sensor::parse(bytes, raw)) {
            ++malformed_;
            return;
        }
        if (raw.head->kind == WIRE_CGROUP_GONE) {
            record_cgroup(raw, table_.container_of(raw.head->cgroup));
            users_.forget(raw.string(WIRE_CONTAINER));
            named_.fill(0);
        } else if (std::uint64_t& named = named_[raw.head->cgroup % kNamed]; named != raw.head->cgroup) {
            const std::string_view container = table_.container_of(raw.head->cgroup);
            await_name(container);
            if (!container.empty()) named = raw.head->cgroup;
        }
        names_.take(raw);
        const sensor::Process* process = table_.take(raw);
        if (raw.head->kind == WIRE_CGROUP_MADE) record_cgroup(raw, table_.container_of(raw.head->cgroup));
        if (raw.head->kind == WIRE_REQUEST) {
            if (auto record = request_record(raw, table_, surroundings_, own_pid_)) {
                access_.observe(*record);
                put(std::move(*record), {{}, rules_});
            }
            return;
        }
        if (raw.head->kind == WIRE_EXEC && notice_engine(process)) programs_->watch_engines(engines_);
        if (raw.head->kind == WIRE_EXIT && std::erase(engines_, raw.head->pid) > 0) programs_->watch_engines(engines_);
        if (process == nullptr || (!process->in_container && !owner_.options_.host)) return;
        if (raw.head->kind == WIRE_CREDENTIALS) return;  // the call that changed them is told as well
        if (is_set_up(*process)) return;
        event_.start(raw, process, ++number_);
        person_.start();
        judge(raw);
    }

    /// A repetition is told with less than its first event had: what that came to counts.
    [[nodiscard]] bool was_recorded(const sensor::RawEvent& raw) const {
        if (raw.arguments == nullptr || raw.arguments->value[4] == 0) return false;
        const std::uint64_t number = first_number(raw.head->pid, raw.arguments->value[4]);
        return recorded_[number % kFirsts] == number;
    }

    void note_recorded(const sensor::RawEvent& raw) {
        if (raw.head->kind != WIRE_CALL || (raw.file == nullptr && raw.socket == nullptr)) return;
        const std::uint64_t number = first_number(raw.head->pid, raw.head->time);
        recorded_[number % kFirsts] = number;
    }

    static std::uint64_t first_number(std::uint32_t pid, std::uint64_t time) {
        return (time ^ std::uint64_t{pid} << 32U) * 0x9e3779b97f4a7c15ULL;
    }

    /// In the hierarchy of version 2; those of version 1, of which a container has one in each, come and go with it.
    void record_cgroup(const sensor::RawEvent& raw, std::string_view container) {
        if (raw.head->cgroup >> WIRE_HIERARCHY != 0) return;
        if (auto record = cgroup_record(raw, container, table_, owner_.containers_, surroundings_))
            put(std::move(*record), {{}, rules_});
    }

    [[nodiscard]] model::KernelFilter filter_of(const KernelRules& rules) const {
        model::KernelFilter filter = rules.filter();
        filter.environment = filter.environment || !owner_.options_.environment.empty();
        return filter;
    }

    /// Whether the process is one whose sockets' requests are to be read, and was not known as that.
    bool notice_engine(const sensor::Process* process) {
        if (process == nullptr || process->in_container || !is_engine(*process)) return false;
        if (std::ranges::find(engines_, process->key.pid) != engines_.end()) return false;
        // Root's engines first: there is room for a few, and anybody can start a program of that name.
        const bool roots = process->credentials_known && process->credentials.euid == 0;
        engines_.insert(roots ? engines_.begin() : engines_.end(), process->key.pid);
        return true;
    }

    /// Of repetitions of an event that the rules have judged, how often is worth a record where that one was.
    void judge(const sensor::RawEvent& raw) {
        const bool folded = raw.head->kind == WIRE_FOLDED;
        const KernelRules::Judgement judgement = rules_->judge(event_, person_);
        if (!judgement.matters() && !(folded && was_recorded(raw))) return;
        std::vector<rule::AlertMatch> matches;
        if (!folded) std::ranges::move(judgement.matches, std::back_inserter(matches));
        model::Event out = spare_event();
        event_.write(out);
        if (owner_.options_.mask_secrets && holds_secret(*event_.process())) mask(out, matches);
        person_.write(out);
        note_recorded(raw);
        const bool alert = !matches.empty() && act_alert_.tell(matches.front(), out);
        if (alert) matches.erase(matches.begin());
        put(std::move(out), {.matches = std::move(matches), .rules = rules_, .alert = alert, .complete = true});
    }

    model::Event spare_event() {
        if (spare_.empty()) owner_.queue_.take_spare(spare_);
        if (spare_.empty()) return {};
        model::Event event = std::move(spare_.back());
        spare_.pop_back();
        event.clear();
        return event;
    }

    void put(model::Event event, Verdict verdict) {
        const Nanoseconds time = event.time();
        if (!owner_.queue_.put_judged(std::move(event), std::move(verdict))) return;
        ++delivered_;
        last_event_ = time;
    }

    /// Whether a command line of the process or its ancestors holds something to hide; remembered for each process, and
    /// for each program.
    bool holds_secret(const sensor::Process& process) {
        Secret& known = secret_of_[process.key.pid % kSecrets];
        const std::uint64_t change = event_.process_change();
        if (known.process == process.key && known.change == change) return known.holds;
        known = {.process = process.key, .change = change, .holds = looks_secret(process)};
        return known.holds;
    }

    bool looks_secret(const sensor::Process& process) {
        const sensor::Process* at = &process;
        for (int generation = 0; at != nullptr && generation < kMostAncestors; ++generation, at = at->parent.get()) {
            if (at->program == nullptr) continue;
            if (secrets_.size() >= kMostPrograms) secrets_.clear();
            const auto [known, fresh] = secrets_.try_emplace(at->program.get(), at->program, false);
            if (fresh) known->second.holds = SecretMasker().text(at->program->cmdline).has_value();
            if (known->second.holds) return true;
        }
        return false;
    }

    /// Hides secrets in command lines, in what alerts say of them too.
    static void mask(model::Event& event, std::vector<rule::AlertMatch>& matches) {
        SecretMasker masker;
        for (const model::FieldKey field : kCommandLines) {
            masker.next_command();
            if (const auto hidden = masker.text(event.text(field))) event.set(field, *hidden);
        }
        for (rule::AlertMatch& match : matches) {
            masker.next_command();
            if (auto hidden = masker.text(match.output)) match.output = std::move(*hidden);
        }
        if (!masker.found_any()) return;
        std::vector<std::string> rules;
        for (const std::string_view name : masker.found()) rules.emplace_back(name);
        event.set_list("audit.masked", rules);
    }

    /// The engine tells of a container a moment after it made it: its first events wait for its name, once. Where no
    /// engine tells (a runtime without one), the wait grows shorter with each that was in vain.
    void await_name(std::string_view id) {
        if (id.empty() || awaited_.contains(std::string(id))) return;
        if (awaited_.size() >= kMostAwaited) awaited_.clear();
        awaited_.emplace(id);
        const std::string name(id);
        const auto until = Clock::now() + patience_;
        do {
            const auto container = owner_.containers_.find(name);
            if (container != nullptr && container->known) {
                patience_ = owner_.options_.name_patience;
                return;
            }
            std::this_thread::sleep_for(kLook);
        } while (Clock::now() < until);
        patience_ /= 2;
    }

    void look_after() {
        const auto time = Clock::now();
        if (time - reported_ < kReport) return;
        reported_ = time;
        if (auto rules = owner_.take_rules()) {
            const auto used = programs_->use(filter_of(*rules));
            owner_.set_fault(used ? std::string() : used.error().message, true);
            rules_ = std::move(rules);
        }
        if (time - flushed_ >= kFlush) {
            flushed_ = time;
            programs_->flush_folded();
        }
        tell_losses();
        publish();
        if (std::exchange(looked_at_, number_) == number_) spare_.clear();
    }

    void tell_losses() {
        for (model::Event& event :
             losses_.since_last(*programs_, [this](std::uint64_t cgroup) { return name_of(cgroup); }))
            static_cast<void>(outlet_.put(std::move(event)));
    }

    std::string name_of(std::uint64_t cgroup) {
        const std::string id(table_.container_of(cgroup));
        if (id.empty()) return "the host";
        const auto container = owner_.containers_.find(id);
        return "container " + (container != nullptr && !container->name.empty() ? container->name : id.substr(0, 12));
    }

    void publish() {
        const std::scoped_lock lock(owner_.mutex_);
        owner_.status_.events = delivered_;
        owner_.status_.lost = losses_.all();
        owner_.status_.malformed = malformed_;
        owner_.status_.note = note_;
        owner_.status_.last_event = last_event_;
    }

    KernelFeed& owner_;
    source::Outlet& outlet_;
    std::shared_ptr<KernelRules> rules_;  // shared with what waits in the queue and names its rules
    std::string hostname_;
    std::string note_;  ///< what the sensor cannot see here
    sensor::Users users_;
    sensor::DnsNames names_;
    sensor::Surroundings surroundings_;
    sensor::ProcessTable table_;
    sensor::KernelEvent event_;
    enrich::EngineAccess access_;  ///< from the requests that engines read
    SessionPerson person_{event_, access_};
    std::unique_ptr<sensor::KernelPrograms> programs_;
    std::unique_ptr<sensor::Rings> rings_;
    std::vector<std::uint32_t> engines_;  ///< processes that serve an engine's API
    struct ProgramSecret {
        std::weak_ptr<const sensor::Program> program;  ///< its place is no other's meanwhile, its text may go
        bool holds = false;
    };
    std::unordered_map<const sensor::Program*, ProgramSecret> secrets_;
    struct Secret {
        sensor::ProcessKey process;
        std::uint64_t change = 0;  ///< of the process and its ancestors
        bool holds = false;
    };
    std::array<Secret, kSecrets> secret_of_;  ///< by the lowest bits of the process's number
    std::vector<std::uint64_t> recorded_ =
        std::vector<std::uint64_t>(kFirsts);  ///< numbers of firsts, by lowest digits
    std::unordered_set<std::string> awaited_;
    std::array<std::uint64_t, kNamed> named_{};  ///< cgroups of containers whose names were awaited, by lowest bits
    std::chrono::milliseconds patience_ = owner_.options_.name_patience;
    sink::ActAlert act_alert_;
    KernelLosses losses_;
    std::vector<model::Event> spare_;  ///< with the memory of events that were recorded
    const std::uint32_t own_pid_ = static_cast<std::uint32_t>(::getpid());
    std::uint64_t number_ = 0;
    std::uint64_t looked_at_ = 0;  ///< number_ at the last look around
    std::uint64_t delivered_ = 0;
    std::uint64_t malformed_ = 0;
    Nanoseconds last_event_ = 0;
    Clock::time_point reported_;
    Clock::time_point flushed_ = Clock::now();
};

KernelFeed::KernelFeed(KernelFeedOptions options, const sensor::Containers& containers, EventQueue& queue)
    : options_(std::move(options)), containers_(containers), queue_(queue) {
    status_.name = "kernel";
}

KernelFeed::~KernelFeed() = default;

void KernelFeed::use_rules(std::shared_ptr<KernelRules> rules) {
    const std::scoped_lock lock(mutex_);
    next_rules_ = std::move(rules);
}

std::shared_ptr<KernelRules> KernelFeed::take_rules() {
    const std::scoped_lock lock(mutex_);
    if (next_rules_) rules_ = next_rules_;
    return std::exchange(next_rules_, nullptr);
}

source::SourceStatus KernelFeed::status() const {
    const std::scoped_lock lock(mutex_);
    return status_;
}

void KernelFeed::set_fault(std::string fault, bool connected) {
    const std::scoped_lock lock(mutex_);
    status_.fault = std::move(fault);
    status_.connected = connected;
}

void KernelFeed::run(source::Outlet& outlet, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        static_cast<void>(take_rules());
        if (rules_ != nullptr) {
            Session session(*this, outlet, rules_);
            if (auto started = session.start()) {
                set_fault({}, true);
                session.run(stop);
                return;
            } else {
                set_fault(started.error().message, false);
            }
        }
        std::mutex mutex;
        std::condition_variable_any never;
        std::unique_lock lock(mutex);
        never.wait_for(lock, stop, options_.retry, [] { return false; });
    }
}

}  // namespace plimsoll::app
