#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/finding.h"
#include "report/digest.h"

/// The inside of render_html(): one page, its sections in three files.
namespace plimsoll::report::html {

/// Longest name and message in a page; what is longer is cut with an ellipsis.
inline constexpr std::size_t kNameColumns = 100;
inline constexpr std::size_t kMessageColumns = 600;

/// Text from outside, cut to a length and then escaped.
[[nodiscard]] std::string safe(std::string_view bytes, std::size_t columns = kMessageColumns);

/// Kind and name of an object, as markup.
[[nodiscard]] std::string name(const model::ObjectSummary& object);

/// A severity as a coloured word.
[[nodiscard]] std::string chip(model::Severity severity);

/// A remedy under its heading; empty text when there is none.
[[nodiscard]] std::string to_do(std::string_view remedy);

/// Writes one page, section by section, into a string. The report must outlive it.
class Page {
public:
    Page(const model::AuditReport& report, bool verbose);

    /// The whole document; once.
    std::string write();

private:
    template <typename... Args>
    void add(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    }

    void head();
    void summary();
    void paths();
    void path(const model::AttackPath& path);
    void glance();
    void kinds();
    void heat();
    void top_risks();
    void objects();
    void object(const ObjectView& view);
    void finding(const model::Finding& finding);
    void evidence(const model::Finding& finding);
    void undisturbed();
    void unknowns();
    void waivers();
    void by_hand();
    void method();
    [[nodiscard]] std::string names(const std::vector<std::uint32_t>& findings) const;
    [[nodiscard]] std::string verdict() const;
    [[nodiscard]] std::array<std::uint32_t, model::kSeverities> failed_on(std::uint32_t object) const;
    [[nodiscard]] std::string chips(std::uint32_t object) const;

    const model::AuditReport& report_;
    Digest digest_;
    bool verbose_;
    std::vector<std::vector<std::uint32_t>> by_object_;
    std::string out_;
};

}  // namespace plimsoll::report::html
