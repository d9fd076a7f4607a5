#include "sensor/kernel_programs.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "base/embedded_file.h"
#include "bpf/shared.h"
#include "host/fd.h"
#include "host/system_error.h"
#include "sensor/filter_maps.h"

extern const plimsoll::EmbeddedFile sensor_programs[];
extern const plimsoll::EmbeddedFile sensor_programs_old[];

namespace plimsoll::sensor {

namespace {

constexpr std::size_t kFirstRing = 1U << 20U;
constexpr std::size_t kMostWishes = 16384;
constexpr std::size_t kMostComplaint = 1500;

/// Names of the programs that calls are handed to, by Shape.
constexpr std::array<const char*, SHAPES> kShapePrograms = {nullptr,           "opened",        "named",
                                                            "descriptor_call", "socket_call",   "message_call",
                                                            "plain_call",      "identity_call", "engine_read"};

/// What libbpf says while this lives, on this thread; kept for the error.
class Complaints {
public:
    Complaints() {
        text().clear();
        before_ = libbpf_set_print(&Complaints::take);
    }
    ~Complaints() { libbpf_set_print(before_); }
    Complaints(const Complaints&) = delete;
    Complaints& operator=(const Complaints&) = delete;

    /// Its first line and, of a long one, the end, which is where the kernel says what it dislikes.
    [[nodiscard]] std::string told() const {
        std::string all = text();
        while (!all.empty() && all.back() == '\n') all.pop_back();
        std::ranges::replace(all, '\n', ';');
        if (all.size() <= kMostComplaint) return all;
        return all.substr(0, 200) + " … " + all.substr(all.size() - (kMostComplaint - 200));
    }

private:
    static std::string& text() {
        thread_local std::string said;
        return said;
    }
    __attribute__((format(printf, 2, 0))) static int take(libbpf_print_level level, const char* format,
                                                          va_list arguments) {
        if (level != LIBBPF_WARN) return 0;
        std::array<char, 16384> line{};
        const int length = std::vsnprintf(line.data(), line.size(), format, arguments);
        if (length > 0)
            text().append(line.data(), std::min<std::size_t>(line.size() - 1, static_cast<std::size_t>(length)));
        return length;
    }
    libbpf_print_fn_t before_ = nullptr;
};

struct CloseObject {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
};
struct CloseFolder {
    void operator()(DIR* folder) const { ::closedir(folder); }
};
struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
struct FreeTypes {
    void operator()(btf* types) const { btf__free(types); }
};
struct DestroyLink {
    void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using Object = std::unique_ptr<bpf_object, CloseObject>;
using Link = std::unique_ptr<bpf_link, DestroyLink>;

/// Where a variable of the programs begins in the map that holds its section.
Result<std::byte*> variable(bpf_object* object, const char* section, std::string_view name) {
    const btf* const types = bpf_object__btf(object);
    const int id = btf__find_by_name_kind(types, section, BTF_KIND_DATASEC);
    std::size_t size = 0;
    bpf_map* const map = bpf_object__find_map_by_name(object, section);
    // Constant for libbpf's callers at large; this object is ours, and what is read-only becomes so when it is loaded.
    auto* const begin = static_cast<std::byte*>(
        map == nullptr ? nullptr : const_cast<void*>(static_cast<const void*>(bpf_map__initial_value(map, &size))));
    if (id < 0 || begin == nullptr) return Error{"the programs have no section " + std::string(section)};
    const btf_type* const type = btf__type_by_id(types, static_cast<unsigned>(id));
    const btf_var_secinfo* const entries = btf_var_secinfos(type);
    for (int i = 0; i < btf_vlen(type); ++i) {
        const btf_type* const entry = btf__type_by_id(types, entries[i].type);
        if (name == btf__name_by_offset(types, entry->name_off)) return begin + entries[i].offset;
    }
    return Error{"the programs have no variable " + std::string(name)};
}

/// Whether this kernel has a tracepoint that programs with types may use.
bool has_tracepoint(const btf* kernel, const std::string& name) {
    return btf__find_by_name_kind(kernel, ("btf_trace_" + name).c_str(), BTF_KIND_TYPEDEF) > 0;
}

class Loaded final : public KernelPrograms {
public:
    static Result<std::unique_ptr<Loaded>> open(const EmbeddedFile& file, const KernelSettings& settings,
                                                const model::KernelFilter& filter);
    Loaded() = default;
    Loaded(const Loaded&) = delete;
    Loaded& operator=(const Loaded&) = delete;
    ~Loaded() override {
        if (!variables_.empty()) ::munmap(variables_.data(), variables_.size());
    }

    Result<void> use(const model::KernelFilter& filter) override;
    void know(std::span<const std::pair<std::uint64_t, std::string>> cgroups) override;
    void watch_engines(std::span<const std::uint32_t> pids) override;
    [[nodiscard]] std::vector<Rings::Ring> rings() const override;
    [[nodiscard]] KernelCounts counts() const override;
    [[nodiscard]] std::vector<KernelLosers> losers() const override;
    void flush_folded() override;
    [[nodiscard]] std::vector<std::string> blind() const override;
    /// They are those for old kernels, since this one refused the others.
    void stand_in(std::string refusal) { refusal_ = std::move(refusal); }

private:
    Result<void> prepare(const KernelSettings& settings);
    Result<void> make_rings(const char* outer, std::size_t bytes);
    Result<void> map_control();
    Result<void> fill_shapes();
    Result<void> attach();
    void learn_programs();
    void publish_watched(const std::array<std::uint8_t, CALLS>& shape);
    [[nodiscard]] int map(const char* name) const { return bpf_object__find_map_fd_by_name(object_.get(), name); }

    Object object_;
    std::vector<host::Fd> ring_maps_;
    std::vector<Rings::Ring> rings_;
    std::vector<Link> links_;
    std::span<std::byte> variables_;  ///< shared with the kernel
    Control* control_ = nullptr;      ///< in there
    FilterTables tables_;             ///< in force
    std::size_t processors_ = 0;
    bool folds_ = false;
    bool uring_ = false;
    bool requests_ = false;
    std::string refusal_;  ///< of the programs for newer kernels
};

Result<void> Loaded::prepare(const KernelSettings& settings) {
    processors_ = static_cast<std::size_t>(std::max(1, libbpf_num_possible_cpus()));
    const auto entries = static_cast<std::uint32_t>(processors_);
    bpf_object* const object = object_.get();
    bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "scratches"), entries);
    TRY_VOID(make_rings("first_rings", kFirstRing));
    TRY_VOID(make_rings("bulk_rings", settings.ring_bytes));
    requests_ = settings.requests;
    folds_ = settings.fold_entries > 0 && bpf_object__find_program_by_name(object, "flush") != nullptr;
    if (folds_)
        bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "folds"),
                                 static_cast<std::uint32_t>(settings.fold_entries));

    TRY(std::byte* const place, variable(object, ".rodata", "settings"));
    Settings told{};
    told.own_pid = static_cast<std::uint32_t>(::getpid());
    told.environment_bytes = static_cast<std::uint32_t>(settings.environment_bytes);
    told.data_bytes = static_cast<std::uint32_t>(std::min<std::size_t>(settings.data_bytes, MOST_DATA));
    told.fold = folds_ ? 1 : 0;
    std::memcpy(place, &told, sizeof(told));

    const std::unique_ptr<btf, FreeTypes> kernel(btf__load_vmlinux_btf());
    uring_ = kernel != nullptr && has_tracepoint(kernel.get(), "io_uring_submit_req");
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object) {
        const std::string_view name = bpf_program__name(program);
        if (name == "flush") bpf_program__set_autoload(program, folds_);
        if (name == "uring_request") bpf_program__set_autoload(program, uring_);
        const bool shape = std::ranges::any_of(kShapePrograms, [&](const char* each) { return each && name == each; });
        bpf_program__set_autoattach(program, !shape && name != "flush");
    }
    return {};
}

/// A ring for each processor, and the map that holds them, which then takes the place of the one in the object: kernels
/// before 5.10 want all rings to be as large as the one that the map was made for.
Result<void> Loaded::make_rings(const char* outer, std::size_t bytes) {
    host::Fd all;
    for (std::uint32_t processor = 0; processor < processors_; ++processor) {
        host::Fd ring(
            bpf_map_create(BPF_MAP_TYPE_RINGBUF, "plimsoll_ring", 0, 0, static_cast<std::uint32_t>(bytes), nullptr));
        if (!ring) return host::system_error("making a ring buffer of", std::to_string(bytes) + " bytes");
        const int number = ring.get();
        if (!all) {
            LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = static_cast<std::uint32_t>(number));
            all = host::Fd(bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, outer, sizeof(std::uint32_t),
                                          sizeof(std::uint32_t), static_cast<std::uint32_t>(processors_), &options));
            if (!all) return host::system_error("making the map of ring buffers", "");
        }
        if (bpf_map_update_elem(all.get(), &processor, &number, BPF_ANY) != 0)
            return host::system_error("placing a ring buffer", "");
        rings_.push_back({.map = number, .bytes = bytes});
        ring_maps_.push_back(std::move(ring));
    }
    if (bpf_map__reuse_fd(bpf_object__find_map_by_name(object_.get(), outer), all.get()) != 0)
        return host::system_error("placing the map of ring buffers", "");
    return {};
}

/// The section that holds Control, which libbpf fills but does not share.
Result<void> Loaded::map_control() {
    bpf_map* const section = bpf_object__find_map_by_name(object_.get(), ".bss");
    TRY(std::byte* const control, variable(object_.get(), ".bss", "control"));
    std::size_t size = 0;
    const auto* const begin =
        static_cast<const std::byte*>(static_cast<const void*>(bpf_map__initial_value(section, &size)));
    void* const shared = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(section), 0);
    if (shared == MAP_FAILED) return host::system_error("sharing the kernel programs' variables", "");
    variables_ = {static_cast<std::byte*>(shared), size};
    control_ = reinterpret_cast<Control*>(variables_.data() + (control - begin));
    return {};
}

Result<void> Loaded::fill_shapes() {
    const int shapes = map("shapes");
    for (std::uint32_t shape = 1; shape < SHAPES; ++shape) {
        const bpf_program* const program = bpf_object__find_program_by_name(object_.get(), kShapePrograms[shape]);
        const int number = program == nullptr ? -1 : bpf_program__fd(program);
        if (number < 0 || bpf_map_update_elem(shapes, &shape, &number, BPF_ANY) != 0)
            return host::system_error("placing the program", kShapePrograms[shape]);
    }
    return {};
}

Result<void> Loaded::attach() {
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object_.get()) {
        if (!bpf_program__autoload(program) || !bpf_program__autoattach(program)) continue;
        Link link(bpf_program__attach(program));
        if (!link) return host::system_error("attaching the program", bpf_program__name(program));
        links_.push_back(std::move(link));
    }
    return {};
}

/// Names of the processes that run already.
void Loaded::learn_programs() {
    const int programs = map("programs");
    const std::unique_ptr<DIR, CloseFolder> folder(::opendir("/proc"));
    if (!folder) return;
    while (const dirent* const entry = ::readdir(folder.get())) {
        const std::string_view name = entry->d_name;
        std::uint32_t pid = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr != name.data() + name.size()) continue;
        std::array<char, 64> comm{};
        const std::unique_ptr<std::FILE, CloseFile> file(
            std::fopen(("/proc/" + std::string(name) + "/comm").c_str(), "re"));
        if (!file || std::fgets(comm.data(), comm.size(), file.get()) == nullptr) continue;
        std::string_view text(comm.data());
        if (text.ends_with('\n')) text.remove_suffix(1);
        const std::uint64_t number = program_number(text);
        bpf_map_update_elem(programs, &pid, &number, BPF_NOEXIST);  // what an exec told meanwhile is newer
    }
}

Result<std::unique_ptr<Loaded>> Loaded::open(const EmbeddedFile& file, const KernelSettings& settings,
                                             const model::KernelFilter& filter) {
    const Complaints complaints;
    const auto refused = [&](std::string_view doing) {
        const std::string why = host::system_error(doing, "").message;
        return Error{complaints.told().empty() ? why : why + " (" + complaints.told() + ")"};
    };
    auto loaded = std::make_unique<Loaded>();
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "plimsoll");
    loaded->object_.reset(bpf_object__open_mem(file.data, file.size, &options));
    if (!loaded->object_) return refused("reading the kernel programs");
    TRY_VOID(loaded->prepare(settings));
    if (bpf_object__load(loaded->object_.get()) != 0) return refused("loading the kernel programs");
    TRY_VOID(loaded->map_control());
    std::ranges::copy(native_numbers(), loaded->control_->native);
    loaded->control_->known = 1;
    TRY_VOID(loaded->fill_shapes());
    TRY_VOID(loaded->use(filter));
    if (auto attached = loaded->attach(); !attached)
        return Error{complaints.told().empty() ? attached.error().message
                                               : attached.error().message + " (" + complaints.told() + ")"};
    loaded->learn_programs();
    return loaded;
}

/// Which calls the kernel looks at at all, by both ways of numbering them.
void Loaded::publish_watched(const std::array<std::uint8_t, CALLS>& shape) {
    std::array<std::uint64_t, CALLS / 64> watched{};
    const auto watch = [&](std::size_t call) { watched[call / 64] |= std::uint64_t{1} << (call % 64); };
    for (std::size_t call = 0; call < CALLS; ++call) {
        if (shape[call] != 0) watch(call);
        const std::uint16_t native = control_->native[call];
        if (native < CALLS && shape[native] != 0) watch(call);
    }
    watch(kSocketcall);
    std::ranges::copy(shape, control_->shape);
    std::ranges::copy(watched, control_->watched);
}

Result<void> Loaded::use(const model::KernelFilter& filter) {
    FilterTables next = filter_tables(filter, kMostWishes / 2);
    const std::uint32_t generation = control_->generation + 1, slot = generation & 1;
    const int wishes = map("wishes");
    next.shape[0] = tables_.shape[0];  // read, for engines
    // 1. What either filter wants stands in the table; nobody reads the new half yet.
    const auto put = [&](std::uint64_t number, const FilterTables::Acts* now, const FilterTables::Acts* then) {
        PathWish wish{};
        if (now != nullptr) wish.last[slot ^ 1] = now->last, wish.any[slot ^ 1] = now->any;
        if (then != nullptr) wish.last[slot] = then->last, wish.any[slot] = then->any;
        return bpf_map_update_elem(wishes, &number, &wish, BPF_ANY) == 0;
    };
    const auto found = [](const FilterTables& in, std::uint64_t number) {
        const auto at = in.wishes.find(number);
        return at == in.wishes.end() ? nullptr : &at->second;
    };
    for (const auto& [number, acts] : next.wishes)
        if (!put(number, found(tables_, number), &acts))
            return host::system_error("telling the kernel what is wanted", "");
    control_->filter[slot] = next.slot;
    // 2. Calls that either wants are looked at while the filter changes.
    std::array<std::uint8_t, CALLS> either = next.shape;
    for (std::size_t call = 0; call < CALLS; ++call)
        if (either[call] == 0) either[call] = tables_.shape[call];
    publish_watched(either);
    std::atomic_ref(control_->generation).store(generation, std::memory_order_release);
    publish_watched(next.shape);
    // 3. What only the old one wanted goes.
    for (const auto& [number, acts] : tables_.wishes)
        if (!next.wishes.contains(number)) bpf_map_delete_elem(wishes, &number);
    tables_ = std::move(next);
    return {};
}

void Loaded::know(std::span<const std::pair<std::uint64_t, std::string>> cgroups) {
    const int containers = map("containers");
    for (const auto& [cgroup, id] : cgroups) {
        std::array<std::uint64_t, 2> words{};
        std::memcpy(words.data(), id.data(), std::min(id.size(), sizeof words));
        const std::uint64_t container = CONTAINER_NUMBER(words[0], words[1]);
        bpf_map_update_elem(containers, &cgroup, &container, BPF_ANY);
    }
    std::atomic_ref(control_->known).fetch_add(1, std::memory_order_release);
}

void Loaded::watch_engines(std::span<const std::uint32_t> pids) {
    if (!requests_) return;
    for (std::size_t i = 0; i < ENGINES; ++i) control_->engines[i] = i < pids.size() ? pids[i] : 0;
    tables_.shape[0] = pids.empty() ? SHAPE_NONE : SHAPE_READ;
    publish_watched(tables_.shape);
}

std::vector<Rings::Ring> Loaded::rings() const { return rings_; }

KernelCounts Loaded::counts() const {
    KernelCounts counts;
    std::vector<Counts> each(processors_);
    const std::uint32_t zero = 0;
    if (bpf_map_lookup_elem(map("counts"), &zero, each.data()) != 0) return counts;
    counts.lost.resize(processors_);
    for (std::size_t i = 0; i < processors_; ++i) {
        std::copy_n(each[i].lost, std::size_t{WIRE_LOSSES}, counts.lost[i].begin());
        counts.sent += each[i].sent;
        counts.dropped_by_filter += each[i].dropped;
        counts.folded += each[i].folded;
    }
    // A program that would have run inside itself was not run: whose event that was is not known.
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object_.get()) {
        bpf_prog_info info{};
        std::uint32_t size = sizeof(info);
        if (bpf_program__fd(program) >= 0 && bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) == 0)
            counts.lost[0][WIRE_LOST_OTHER] += info.recursion_misses;
    }
    return counts;
}

std::vector<KernelLosers> Loaded::losers() const {
    std::vector<KernelLosers> losers;
    std::vector<Share> each(processors_);
    const int shares = map("shares");
    for (std::uint32_t place = 0; place < 2 * SHARES; ++place) {
        if (bpf_map_lookup_elem(shares, &place, each.data()) != 0) continue;
        for (std::uint32_t cpu = 0; cpu < processors_; ++cpu)
            if (each[cpu].lost > 0)
                losers.push_back(
                    {.share = cpu * 2 * SHARES + place, .cgroup = each[cpu].cgroup, .lost = each[cpu].lost});
    }
    return losers;
}

void Loaded::flush_folded() {
    if (!folds_) return;
    const bpf_program* const program = bpf_object__find_program_by_name(object_.get(), "flush");
    LIBBPF_OPTS(bpf_test_run_opts, options);
    bpf_prog_test_run_opts(bpf_program__fd(program), &options);
}

std::vector<std::string> Loaded::blind() const {
    std::vector<std::string> all;
    all.emplace_back(
        uring_ ? "Requests to io_uring are seen when they are taken up; what came of them is not, nor the sockets "
                 "of descriptors that were registered there."
               : "Requests to io_uring are not seen: this kernel has no tracepoint io_uring_submit_req.");
    all.emplace_back(
        "Paths of unlink, rename, link, mkdir, chmod and chown are what the caller wrote, read after the call.");
    if (!folds_) all.emplace_back("Repetitions are not folded: every one is sent.");
    if (!refusal_.empty())
        all.emplace_back("The programs for old kernels stand in, since this one refused the others: " + refusal_);
    return all;
}

}  // namespace

Result<std::unique_ptr<KernelPrograms>> KernelPrograms::load(const KernelSettings& settings,
                                                             const model::KernelFilter& filter) {
    if (std::string hindered = obstacle(); !hindered.empty()) return Error{std::move(hindered)};
    auto loaded = Loaded::open(sensor_programs[0], settings, filter);
    if (!loaded) {
        // Kernels before 6.2 may refuse what newer ones take.
        auto old = Loaded::open(sensor_programs_old[0], settings, filter);
        if (!old) {
            const std::string both = loaded.error().message == old.error().message
                                         ? old.error().message
                                         : loaded.error().message + "; those for old kernels: " + old.error().message;
            return Error{both + ". " + std::string(kInstead)};
        }
        (*old)->stand_in(loaded.error().message);
        return std::unique_ptr<KernelPrograms>(std::move(*old));
    }
    return std::unique_ptr<KernelPrograms>(std::move(*loaded));
}

}  // namespace plimsoll::sensor
