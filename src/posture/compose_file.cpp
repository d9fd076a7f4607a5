#include "posture/compose_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "posture/reach.h"

namespace plimsoll::posture {

namespace {

constexpr std::size_t kMostProblems = 1000;

/// Keys twice in one map: the library takes both, compose refuses; the first counts.
void report_doubles(const ComposeNode& map, ComposeLog& log) {
    std::set<std::string_view> seen;
    for (const auto& [key, value] : map.entries) {
        if (key.text != "<<" && !seen.insert(key.text).second)
            log.problem(key.at, fmt::format("the key {} stands twice; the first counts", key.text));
    }
}

/// Puts the maps named by `<<` into their map; what the map says itself counts more, and the first named counts more
/// than later ones.
void expand_merge_keys(ComposeNode& node, ComposeLog& log) {
    for (ComposeNode& item : node.items) expand_merge_keys(item, log);
    if (!node.is_map()) return;
    report_doubles(node, log);
    std::vector<ComposeNode> sources;
    std::vector<std::pair<ComposeNode, ComposeNode>> own;
    for (auto& [key, value] : node.entries) {
        expand_merge_keys(value, log);
        if (key.text != "<<" || !key.plain) {
            own.emplace_back(std::move(key), std::move(value));
        } else if (value.is_map()) {
            sources.push_back(std::move(value));
        } else if (value.is_sequence()) {
            for (ComposeNode& each : value.items) sources.push_back(std::move(each));
        } else {
            log.problem(value.at, "<< needs a map");
        }
    }
    std::set<std::string> known;
    for (const auto& [key, value] : own) known.insert(key.text);
    for (ComposeNode& source : sources) {
        if (!source.is_map()) log.problem(source.at, "<< needs maps");
        for (auto& entry : source.entries) {
            if (known.insert(entry.first.text).second) own.push_back(std::move(entry));
        }
    }
    node.entries = std::move(own);
}

void interpolate_all(ComposeNode& node, ComposeContext& context) {
    for (ComposeNode& item : node.items) interpolate_all(item, context);
    for (auto& [key, value] : node.entries) interpolate_all(value, context);
    if (!node.is_scalar() || node.text.find('$') == std::string::npos) return;
    Interpolated result = interpolate(node.text, context.variables);
    for (const std::string& problem : result.problems) context.log.problem(node.at, problem);
    for (const std::string& name : result.unset) {
        if (context.log.unset.insert(name).second)
            context.log.problem(node.at, fmt::format("the variable {} is not set, it reads as empty", name));
    }
    node.text = std::move(result.text);
}

bool is_extension(std::string_view key) { return key.starts_with("x-"); }

void absolute_entry(ComposeNode& map, std::string_view key, std::string_view base, const ComposeContext& context) {
    ComposeNode* path = find_entry(map, key);
    if (path != nullptr && path->is_scalar()) path->text = context.resolve(path->text, base);
}

/// The files of configs and secrets, and host folders behind volumes.
void resolve_definitions(ComposeNode& file, std::string_view base, ComposeContext& context) {
    for (const char* section : {"configs", "secrets"}) {
        ComposeNode* all = find_entry(file, section);
        if (all == nullptr) continue;
        for (auto& [name, definition] : all->entries) absolute_entry(definition, "file", base, context);
    }
    ComposeNode* volumes = find_entry(file, "volumes");
    if (volumes == nullptr) return;
    for (auto& [name, volume] : volumes->entries) {
        ComposeNode* options = find_entry(volume, "driver_opts");
        ComposeNode* device = options == nullptr ? nullptr : find_entry(*options, "device");
        if (device != nullptr && (device->text.starts_with('.') || device->text.starts_with('~')))
            device->text = context.resolve(device->text, base);
    }
}

}  // namespace

std::uint32_t ComposeLog::add_file(std::string_view path) {
    files_.emplace_back(path);
    return static_cast<std::uint32_t>(files_.size() - 1);
}

std::string ComposeLog::place(const rule::Position& at) const {
    return fmt::format("{}:{}:{}", at.file < files_.size() ? files_[at.file] : "", at.line, at.column);
}

void ComposeLog::problem(const rule::Position& at, std::string_view what) {
    problem(fmt::format("{}: {}", place(at), what));
}

void ComposeLog::problem(std::string_view what) {
    if (problems_.size() < kMostProblems)
        problems_.emplace_back(what);
    else
        ++left_out_;
}

std::vector<std::string> ComposeLog::take() const {
    std::vector<std::string> all = problems_;
    if (left_out_ > 0) all.push_back(fmt::format("and {} more problems", left_out_));
    return all;
}

Result<std::string> ComposeContext::read(const std::string& path) {
    TRY(std::string text, host::read_file(root, path));
    bytes += text.size();
    if (bytes > kMostComposeBytes)
        return Error{fmt::format("{}: the project's files are larger than {} MB together", path,
                                 kMostComposeBytes / 1024 / 1024)};
    return text;
}

std::string ComposeContext::resolve(std::string_view path, std::string_view base) const {
    if (path == "~" || path.starts_with("~/")) return normalized(home + std::string(path.substr(1)));
    if (path.starts_with('/')) return normalized(path);
    return normalized(fmt::format("{}/{}", base, path));
}

ComposeNode* find_entry(ComposeNode& map, std::string_view key) {
    const auto found = std::ranges::find_if(map.entries, [&](const auto& entry) { return entry.first.text == key; });
    return found == map.entries.end() ? nullptr : &found->second;
}

ComposeNode make_scalar(std::string_view text, const rule::Position& at) {
    ComposeNode node;
    node.kind = ComposeNode::Kind::scalar;
    node.text = text;
    node.at = at;
    return node;
}

ComposeNode make_map(const rule::Position& at) {
    ComposeNode node;
    node.kind = ComposeNode::Kind::map;
    node.at = at;
    return node;
}

void put_entry(ComposeNode& map, std::string_view key, ComposeNode value) {
    if (ComposeNode* found = find_entry(map, key))
        *found = std::move(value);
    else
        map.entries.emplace_back(make_scalar(key, map.at), std::move(value));
}

Result<ComposeNode> read_compose_file(const std::string& path, std::string_view base, ComposeContext& context) {
    TRY(const std::string text, context.read(path));
    const std::uint32_t number = context.log.add_file(path);
    auto parsed = rule::parse_yaml(text, number);
    if (!parsed) return Error{fmt::format("{}: {}", context.log.place(parsed.error().at), parsed.error().message)};
    if (parsed->size() > 1) context.log.problem((*parsed)[1].at, "only the file's first document is read");
    if (parsed->empty() || !parsed->front().is_map())
        return Error{fmt::format("{}:1:1: not a compose file: the document is no map", path)};
    ComposeNode file = std::move(parsed->front());
    std::erase_if(file.entries, [](const auto& entry) { return is_extension(entry.first.text); });
    expand_merge_keys(file, context.log);
    interpolate_all(file, context);
    shape_file(file, context.log);
    resolve_definitions(file, base, context);

    ComposeNode* services = find_entry(file, "services");
    if (services != nullptr && services->entries.size() > kMostServices)
        return Error{fmt::format("{}: more than {} services", path, kMostServices)};
    if (services != nullptr) {
        for (auto& [name, service] : services->entries) {
            if (service.is_map())
                normalise_service(service, base, context);
            else if (!service.is_null())
                context.log.problem(service.at, fmt::format("services.{} is no map", name.text));
        }
    }
    return file;
}

}  // namespace plimsoll::posture
