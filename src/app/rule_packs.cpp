#include "app/rule_packs.h"

#include <span>

#include "base/embedded_file.h"
#include "host/file.h"
#include "host/user_file.h"

extern "C" {
extern const plimsoll::EmbeddedFile plimsoll_rules[];
extern const unsigned long plimsoll_rules_count;
}

namespace plimsoll::app {

namespace {

constexpr std::size_t kMostRuleFile = 4 * 1024 * 1024;

std::span<const EmbeddedFile> shipped() { return {plimsoll_rules, plimsoll_rules_count}; }

Result<bool> add_file(const std::string& path, rule::RuleLoader& loader) {
    TRY(const std::string text, host::read_file({}, path, kMostRuleFile));
    loader.add(path, text);
    return true;
}

}  // namespace

Result<rule::RuleSet> load_posture_rules(const std::string& folder, const std::vector<std::string>& files) {
    rule::RuleLoader loader;
    for (const EmbeddedFile& file : shipped()) {
        if (file.name().ends_with(".yaml")) loader.add(file.name(), file.content());
    }
    TRY(const auto entries, host::list_directory({}, folder));
    if (entries) {
        for (const host::DirectoryEntry& entry : *entries) {
            if (entry.name.ends_with(".yaml") || entry.name.ends_with(".yml"))
                TRY_VOID(add_file(folder + "/" + entry.name, loader));
        }
    }
    for (const std::string& file : files) TRY_VOID(add_file(host::from_root(file), loader));
    return std::move(loader).finish();
}

Result<rule::RuleSet> load_rule_files(const std::vector<std::string>& files) {
    rule::RuleLoader loader;
    for (const std::string& file : files) TRY_VOID(add_file(host::from_root(file), loader));
    return std::move(loader).finish();
}

std::string_view life_cycle_data() {
    for (const EmbeddedFile& file : shipped()) {
        if (file.name() == "rules/data/life-cycle.tsv") return file.content();
    }
    return {};
}

}  // namespace plimsoll::app
