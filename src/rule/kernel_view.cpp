// The kernel's decision, as a model.

#include <algorithm>

#include "rule/kernel_calls.h"
#include "rule/kernel_filter.h"
#include "rule/path_tests.h"

namespace plimsoll::rule {

namespace {

constexpr std::string_view kProc = "/proc/";

bool wants(const model::FileWish& wish, std::string_view path) {
    if (!detail::is_normal(path)) return true;
    return std::ranges::any_of(wish.paths, [&](const auto& test) { return detail::passes(test, path); });
}

bool wants(const model::FileWish& wish, const KernelView& view, model::FileAct act) {
    if (wish.all || wish.empty()) return wish.all;
    if (std::ranges::find(wish.programs, view.program) != wish.programs.end()) return true;
    if (wish.climbing && view.name.find("..") != std::string_view::npos) return true;
    if (wish.paths.empty()) return false;
    const bool has_two = act == model::FileAct::rename || act == model::FileAct::link;
    if (wants(wish, view.path.empty() ? view.name : view.path)) return true;
    if (has_two && wants(wish, view.second_path)) return true;
    return view.name.starts_with(kProc) && wants(wish, view.name);
}

}  // namespace

bool sends(const model::KernelFilter& filter, const KernelView& view) {
    const auto* call = detail::kernel_call(view.call);
    if (call != nullptr && !view.failed && detail::is_always_sent(*call)) return true;
    if (!view.in_container && !filter.host) return false;
    if (view.acts == 0 && view.call < model::KernelFilter::kCalls)
        return (view.failed ? filter.failed : filter.succeeded)[view.call];
    for (std::size_t act = 0; act < filter.files.size(); ++act) {
        if ((view.acts >> act & 1U) != 0 && wants(filter.files[act], view, static_cast<model::FileAct>(act)))
            return true;
    }
    return false;
}

}  // namespace plimsoll::rule
