#include "rule/rule_set.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "rule/loader.h"

namespace plimsoll::rule {

bool RuleSet::ok() const {
    return std::ranges::none_of(diagnostics,
                                [](const Diagnostic& one) { return one.level == Diagnostic::Level::error; });
}

std::string to_text(const Position& at, const RuleSet& set) {
    if (at.file == 0 || at.file >= set.files.size()) return fmt::format("{}:{}", at.line, at.column);
    return fmt::format("{}:{}:{}", printable(set.files[at.file]), at.line, at.column);
}

std::string to_text(const Diagnostic& diagnostic, const RuleSet& set) {
    const auto context =
        diagnostic.context.empty() ? std::string() : fmt::format(" ({})", printable(diagnostic.context));
    return fmt::format("{}: {}: {} [{}]{}", to_text(diagnostic.at, set),
                       diagnostic.level == Diagnostic::Level::error ? "error" : "warning",
                       printable(diagnostic.message), diagnostic.code, context);
}

RuleLoader::RuleLoader() : state_(std::make_unique<State>()) {}
RuleLoader::~RuleLoader() = default;
RuleLoader::RuleLoader(RuleLoader&&) noexcept = default;
RuleLoader& RuleLoader::operator=(RuleLoader&&) noexcept = default;

void RuleLoader::add(std::string_view name, std::string_view text) { state_->add(name, text); }

RuleSet RuleLoader::finish() && { return state_->finish(); }

RuleSet load_rules(std::string_view name, std::string_view text) {
    RuleLoader loader;
    loader.add(name, text);
    return std::move(loader).finish();
}

}  // namespace plimsoll::rule
