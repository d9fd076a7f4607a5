#include "sensor/filter_maps.h"

#include <cstring>
#include <span>
#include <utility>

namespace plimsoll::sensor {

namespace {

using model::FileAct;
using model::PathTest;

/// Which program looks at a call when it is wanted. Calls that are not here are told by their numbers alone.
constexpr std::pair<std::uint16_t, Shape> kShapes[] = {
    {2, SHAPE_OPEN},         {85, SHAPE_OPEN},        {257, SHAPE_OPEN},       {304, SHAPE_OPEN},
    {437, SHAPE_OPEN},       {76, SHAPE_NAMES},       {80, SHAPE_NAMES},       {82, SHAPE_NAMES},
    {83, SHAPE_NAMES},       {84, SHAPE_NAMES},       {86, SHAPE_NAMES},       {87, SHAPE_NAMES},
    {88, SHAPE_NAMES},       {90, SHAPE_NAMES},       {92, SHAPE_NAMES},       {94, SHAPE_NAMES},
    {133, SHAPE_NAMES},      {155, SHAPE_NAMES},      {161, SHAPE_NAMES},      {165, SHAPE_NAMES},
    {166, SHAPE_NAMES},      {188, SHAPE_NAMES},      {189, SHAPE_NAMES},      {258, SHAPE_NAMES},
    {259, SHAPE_NAMES},      {260, SHAPE_NAMES},      {263, SHAPE_NAMES},      {264, SHAPE_NAMES},
    {265, SHAPE_NAMES},      {266, SHAPE_NAMES},      {268, SHAPE_NAMES},      {316, SHAPE_NAMES},
    {429, SHAPE_NAMES},      {452, SHAPE_NAMES},      {59, SHAPE_NAMES},       {322, SHAPE_NAMES},
    {32, SHAPE_DESCRIPTOR},  {33, SHAPE_DESCRIPTOR},  {72, SHAPE_DESCRIPTOR},  {77, SHAPE_DESCRIPTOR},
    {81, SHAPE_DESCRIPTOR},  {91, SHAPE_DESCRIPTOR},  {93, SHAPE_DESCRIPTOR},  {190, SHAPE_DESCRIPTOR},
    {292, SHAPE_DESCRIPTOR}, {308, SHAPE_DESCRIPTOR}, {313, SHAPE_DESCRIPTOR}, {41, SHAPE_SOCKET},
    {42, SHAPE_SOCKET},      {43, SHAPE_SOCKET},      {49, SHAPE_SOCKET},      {50, SHAPE_SOCKET},
    {288, SHAPE_SOCKET},     {44, SHAPE_MESSAGE},     {45, SHAPE_MESSAGE},     {46, SHAPE_MESSAGE},
    {47, SHAPE_MESSAGE},     {299, SHAPE_MESSAGE},    {307, SHAPE_MESSAGE},    {105, SHAPE_IDENTITY},
    {106, SHAPE_IDENTITY},   {113, SHAPE_IDENTITY},   {114, SHAPE_IDENTITY},   {116, SHAPE_IDENTITY},
    {117, SHAPE_IDENTITY},   {119, SHAPE_IDENTITY},   {122, SHAPE_IDENTITY},   {123, SHAPE_IDENTITY},
    {126, SHAPE_IDENTITY},
};

/// Calls that do what acts say.
constexpr std::pair<FileAct, std::uint16_t> kActs[] = {
    {FileAct::unlink, 87}, {FileAct::unlink, 263}, {FileAct::rmdir, 84},    {FileAct::rmdir, 263},
    {FileAct::mkdir, 83},  {FileAct::mkdir, 258},  {FileAct::chmod, 90},    {FileAct::chmod, 91},
    {FileAct::chmod, 268}, {FileAct::chmod, 452},  {FileAct::chown, 92},    {FileAct::chown, 93},
    {FileAct::chown, 94},  {FileAct::chown, 260},  {FileAct::mknod, 133},   {FileAct::mknod, 259},
    {FileAct::rename, 82}, {FileAct::rename, 264}, {FileAct::rename, 316},  {FileAct::link, 86},
    {FileAct::link, 265},  {FileAct::symlink, 88}, {FileAct::symlink, 266},
};
constexpr std::uint16_t kOpens[] = {2, 85, 257, 304, 437};
constexpr std::uint16_t kOpensByHandle = 304;  // may be wanted as a call, too

constexpr std::uint16_t kReceives[] = {45, 47, 299};

/// Processes' beginnings are events of their own; these calls are of interest only when they fail.
constexpr std::uint16_t kBeginnings[] = {56, 57, 58, 59, 322, 435};

constexpr bool is_open_act(std::size_t act) { return act <= static_cast<std::size_t>(FileAct::failed); }

bool is_normal(std::string_view path) {
    if (path.empty() || path.front() != '/') return false;
    if (path == "/") return true;
    path.remove_prefix(1);
    while (true) {
        const std::size_t end = path.find('/');
        const std::string_view part = path.substr(0, end);
        if (part.empty() || part == "." || part == "..") return false;
        if (end == std::string_view::npos) return true;
        path.remove_prefix(end + 1);
    }
}

/// Adds one act's wish; what the kernel cannot test makes the act wanted for every path.
void add_wish(const model::FileWish& wish, std::uint16_t act, std::size_t most, FilterTables& tables) {
    const auto note = [&](std::uint64_t number) -> FilterTables::Acts* {
        if (tables.wishes.size() >= most && !tables.wishes.contains(number)) return nullptr;
        return &tables.wishes[number];
    };
    if (wish.all) tables.slot.every |= act;
    if (wish.climbing) tables.slot.climbing |= act;
    for (const PathTest& test : wish.paths) {
        const bool whole = test.kind == PathTest::Kind::exact || test.kind == PathTest::Kind::under;
        if (whole ? !is_normal(test.text) || test.text == "/" : test.text.find('/') != std::string::npos) {
            tables.slot.every |= act;
            continue;
        }
        FilterTables::Acts* const acts = note(whole ? path_number(test.text) : part_number(test.text));
        if (acts == nullptr)
            tables.slot.every |= act;
        else if (test.kind == PathTest::Kind::exact || test.kind == PathTest::Kind::name)
            acts->last |= act;
        else
            acts->any |= act;
    }
    for (const std::string& program : wish.programs) {
        FilterTables::Acts* const acts = note(program_number(program));
        if (acts == nullptr) {
            tables.slot.every |= act;
            continue;
        }
        acts->last |= act;
        tables.slot.programs |= act;
    }
    if (!wish.empty()) tables.slot.some |= act;
    if (!wish.paths.empty() || (tables.slot.every & act) != 0) tables.slot.pathed |= act;
}

void set_bits(const std::bitset<model::KernelFilter::kCalls>& from, std::span<u64, CALLS / 64> to) {
    for (std::size_t call = 0; call < CALLS; ++call)
        if (from[call]) to[call / 64] |= std::uint64_t{1} << (call % 64);
}

}  // namespace

std::uint64_t part_number(std::string_view part) {
    std::uint64_t number = PART_SEED ^ part.size();
    while (!part.empty()) {
        std::uint64_t word = 0;
        const std::size_t bytes = std::min<std::size_t>(part.size(), 8);
        std::memcpy(&word, part.data(), bytes);
        PART_MIX(number, word);
        part.remove_prefix(bytes);
    }
    return number;
}

std::uint64_t path_number(std::string_view path) {
    std::uint64_t number = PATH_SEED;
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::size_t end = std::min(path.find('/'), path.size());
        const std::uint64_t part = part_number(path.substr(0, end));
        PATH_MIX(number, part);
        path.remove_prefix(end);
    }
    return number;
}

std::uint64_t program_number(std::string_view name) {
    std::array<std::uint64_t, 2> words{};
    std::memcpy(words.data(), name.data(), std::min<std::size_t>(name.size(), 15));
    std::uint64_t number = PROGRAM_SEED;
    PART_MIX(number, words[0]);
    PART_MIX(number, words[1]);
    return number;
}

FilterTables filter_tables(const model::KernelFilter& filter, std::size_t most_wishes) {
    FilterTables tables;
    FilterSlot& slot = tables.slot;
    for (std::size_t act = 0; act < model::kFileActs; ++act)
        add_wish(filter.files[act], static_cast<std::uint16_t>(1U << act), most_wishes, tables);
    for (const auto& [number, acts] : tables.wishes) slot.bloom[BLOOM_WORD(number)] |= BLOOM_BIT(number);

    std::bitset<model::KernelFilter::kCalls> succeeded = filter.succeeded;
    for (const std::uint16_t call : kBeginnings) succeeded.reset(call);
    set_bits(succeeded, slot.succeeded);
    set_bits(filter.failed, slot.failed);
    slot.host = filter.host ? 1 : 0;
    slot.environment = filter.environment ? 1 : 0;
    slot.data = filter.data ? 1 : 0;
    slot.names = filter.names ? 1 : 0;

    std::bitset<model::KernelFilter::kCalls> wanted = succeeded | filter.failed;
    for (const std::uint16_t call : kOpens)
        if (call != kOpensByHandle) wanted.reset(call);  // files are wished for by their acts
    for (std::size_t act = 0; act < model::kFileActs; ++act)
        if (is_open_act(act) && !filter.files[act].empty())
            for (const std::uint16_t call : kOpens) wanted.set(call);
    for (const auto& [act, call] : kActs)
        if (!filter.files[static_cast<std::size_t>(act)].empty()) wanted.set(call);
    if (filter.names)
        for (const std::uint16_t call : kReceives) wanted.set(call);
    for (std::size_t call = 0; call < CALLS; ++call)
        if (wanted[call]) tables.shape[call] = SHAPE_PLAIN;
    for (const auto& [call, shape] : kShapes)
        if (wanted[call] || shape == SHAPE_IDENTITY) tables.shape[call] = static_cast<std::uint8_t>(shape);
    return tables;
}

}  // namespace plimsoll::sensor
