#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/event.h"

namespace plimsoll::report {

/// How much something should catch the eye. The word beside it says what it is; colour only helps.
enum class Tone : std::uint8_t { quiet, plain, good, notice, warning, severe, gap };

/// "quiet", "plain", …: also the name of the style in a page.
[[nodiscard]] std::string_view to_text(Tone tone);

/// What a record tells a person. Texts come from outside and are not escaped.
struct Telling {
    std::string kind;  ///< created, started, exec, alert, died, …: one word
    Tone tone = Tone::plain;
    std::string text;
    std::vector<std::string> details;
};

/// The record as a person would tell it, without its time and container; nothing for what means nothing to a person
/// alone: samples, single steps of an exec session, resizes, the ledger's own bookkeeping.
[[nodiscard]] std::optional<Telling> tell(const model::Event& event);

/// An exec session, also one of which only some steps were seen.
[[nodiscard]] Telling tell_session(const model::Event& event);

/// The act itself where an alert's record tells of that too (docs/decisions/0011); tell() is of its alert.
[[nodiscard]] std::optional<Telling> tell_alerting_act(const model::Event& event);

/// The text of tell(), or the plainest words for records about which it has nothing to say.
[[nodiscard]] std::string sentence(const model::Event& event);

/// "shop:1.27 (sha256:ab12…)": what a container was made from; empty when the record does not say.
[[nodiscard]] std::string image_text(const model::Event& event);

/// How urgent a rule's priority is.
[[nodiscard]] Tone tone_of_priority(std::string_view priority);

}  // namespace plimsoll::report
