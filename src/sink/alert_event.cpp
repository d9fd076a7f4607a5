#include "sink/alert_event.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace plimsoll::sink {

namespace {

constexpr std::size_t kOwnFields = 8;    ///< set of the alert itself
constexpr std::size_t kOwnText = 96;     ///< of these, but for the rule's own: kind, priority twice, key
constexpr std::size_t kMostValues = 64;  ///< of one list, and of one keyed field
constexpr std::size_t kAlertKey = 128;   ///< bytes of a key

/// What of a cause goes into its alert; names ending in a dot stand for all below them.
constexpr auto kCopied = std::to_array<std::string_view>({
    "alert.rule",
    "alert.sink",
    "change.paths",
    "container.command",
    "container.compose.project",
    "container.compose.service",
    "container.full_id",
    "container.id",
    "container.image",
    "container.image.digest",
    "container.image.id",
    "container.image.new",
    "container.image.repository",
    "container.image.tag",
    "container.lifetime",
    "container.mounts",
    "container.name",
    "container.privileged",
    "container.started_by",
    "container.type",
    "docker.",
    "exec.",
    "fd.name",
    "log.",
    "loss.",
    "proc.",
    "recent.",
    "record.reconciled",
    "record.replayed",
    "user.",
    "who.",
});

consteval bool is_named(std::string_view name) {
    return std::ranges::any_of(kCopied, [&](std::string_view copied) {
        return copied.ends_with('.') ? name.starts_with(copied) : name == copied;
    });
}

/// By field: alerts come in storms.
constexpr auto kIsCopied = [] consteval {
    std::array<bool, model::kFields.size()> all{};
    for (std::size_t id = 0; id < all.size(); ++id) all[id] = is_named(model::kFields[id].name);
    return all;
}
();

std::string cut(std::string_view text, std::size_t most) {
    if (text.size() <= most) return std::string(text);
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U) --most;
    return std::string(text.substr(0, most)) + "…";
}

/// Most slots need no cutting.
bool copy_whole(const model::Event& from, const model::Event::Slot& slot, model::Event& to, std::size_t& room) {
    if (slot.count > kMostValues || slot.key.size() > kAlertKey || slot.reason.size() > kAlertText) return false;
    std::size_t size = 0;
    for (const model::Value& value : from.values(slot)) {
        const auto* const text = std::get_if<std::string_view>(&value);
        if (text == nullptr) continue;
        if (text->size() > kAlertText) return false;
        size += text->size();
    }
    if (size > room) return false;
    room -= size;
    to.add(from, slot);
    return true;
}

/// Copies a slot as far as `room` bytes of text reach, and takes them off.
void copy(const model::Event& from, const model::Event::Slot& slot, model::Event& to, std::size_t& room) {
    if (copy_whole(from, slot, to, room)) return;
    const std::string key = cut(slot.key, kAlertKey);
    if (slot.state == model::Reading::State::unknown)
        return to.put_unknown(slot.field, key, cut(slot.reason, kAlertText));
    std::vector<std::string> kept;  // texts that `values` borrow
    std::vector<model::Value> values;
    const std::size_t count = std::min<std::size_t>(slot.count, kMostValues);
    kept.reserve(count);
    values.reserve(count);
    for (const model::Value& value : from.values(slot).first(count)) {
        if (const auto* text = std::get_if<std::string_view>(&value)) {
            const std::string& part = kept.emplace_back(cut(*text, std::min(kAlertText, room)));
            room -= std::min(room, part.size());
            values.emplace_back(std::string_view(part));
        } else {
            values.push_back(value);
        }
    }
    to.put_list(slot.field, key, values);
}

/// As much as the alert will take, since thousands wait for their sinks.
void make_room(const rule::AlertMatch& match, const model::Event& cause, model::Event& alert) {
    std::size_t slots = kOwnFields;
    std::size_t values = kOwnFields + match.rule->tags.size();
    std::size_t text = kOwnText + match.rule->name.size() + 2 * std::min(match.output.size(), kAlertOutput);
    for (const std::string& tag : match.rule->tags) text += tag.size();
    for (const model::Event::Slot& slot : cause.slots()) {
        if (!kIsCopied[slot.field]) continue;
        ++slots;
        values += slot.count;
        text += slot.key.size() + slot.reason.size();
        for (const model::Value& value : cause.values(slot))
            if (const auto* one = std::get_if<std::string_view>(&value)) text += one->size();
    }
    alert.make_room(slots, values, std::min(text, kAlertBytes));
}

struct FreeDigest {
    void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

/// Half of the text's SHA-256, in hexadecimal. The library looks an algorithm up anew for whoever does not keep it,
/// which takes longer than the hashing.
std::string hashed(std::string_view text) {
    static const std::unique_ptr<EVP_MD, FreeDigest> sha256(EVP_MD_fetch(nullptr, "SHA256", nullptr));
    thread_local const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    check(sha256 && context && EVP_DigestInit_ex2(context.get(), sha256.get(), nullptr) == 1 &&
          EVP_DigestUpdate(context.get(), text.data(), text.size()) == 1 &&
          EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1);
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    hex.reserve(32);
    for (std::size_t i = 0; i < 16; ++i) {
        hex += kDigits[digest[i] >> 4U];
        hex += kDigits[digest[i] & 0xfU];
    }
    return hex;
}

/// What an alert says itself, but for its kind.
void set_own(const rule::AlertMatch& match, model::Event& alert) {
    const std::string output = cut(match.output, kAlertOutput);
    alert.set("record.summary", fmt::format("{}: {}", rule::to_text(match.rule->priority), output));
    alert.set("alert.rule", match.rule->name);
    alert.set("alert.priority", rule::to_text(match.rule->priority));
    alert.set("alert.output", output);
    const std::vector<model::Value> tags(match.rule->tags.begin(), match.rule->tags.end());
    alert.put_list(model::FieldKey("alert.tags").id(), {}, tags);
    alert.set("alert.key", hashed(match.identity));
}

}  // namespace

void make_alert(const rule::AlertMatch& match, const model::Event& cause, RecordNumber number, model::Event& alert) {
    alert.clear(cause.time());
    make_room(match, cause, alert);
    std::size_t keys = 0;
    std::size_t room = kAlertBytes;
    for (const model::Event::Slot& slot : cause.slots()) {
        if (!kIsCopied[slot.field]) continue;
        if (!slot.key.empty() && ++keys > kMostValues) continue;
        copy(cause, slot, alert, room);
    }
    set_own(match, alert);
    alert.set("record.kind", "alert");
    if (number != kNotRecorded) alert.set_unsigned("alert.record", number);
}

bool ActAlert::tell(const rule::AlertMatch& match, model::Event& act) {
    if (act.text_bytes() > kAlertBytes) return false;
    own_.clear();
    set_own(match, own_);
    act.add(own_);
    act.set("record.kind", "alert");
    return true;
}

RecordNumber cause_of(const Delivery& delivery) {
    return model::is_act_alert(delivery.alert) ? delivery.number : delivery.alert.number("alert.record");
}

rule::Priority priority_of(const model::Event& alert) {
    const std::string_view name = alert.text("alert.priority");
    for (auto priority = rule::Priority::emergency; priority < rule::Priority::debug;
         priority = static_cast<rule::Priority>(static_cast<int>(priority) + 1)) {
        if (rule::to_text(priority) == name) return priority;
    }
    return rule::Priority::debug;
}

model::Event make_undelivered(RecordNumber number, const model::Event& alert, const std::string& sink,
                              const std::string& reason) {
    model::Event loss(now());
    loss.set("record.kind", "loss");
    loss.set("record.summary", fmt::format("Alert {} was refused by {}: {}", number, sink, reason));
    loss.set("loss.what", kUndelivered);
    loss.set_unsigned("loss.count", std::max<std::uint64_t>(1, alert.number("alert.folded")));
    loss.set("loss.reason", cut(reason, kAlertText));
    loss.set("alert.rule", alert.text("alert.rule"));
    loss.set("alert.sink", sink);
    loss.set_unsigned("alert.record", number);
    for (const model::FieldKey key : {model::FieldKey("container.id"), model::FieldKey("container.name")}) {
        if (!alert.text(key).empty()) loss.set(key, alert.text(key));
    }
    return loss;
}

bool tells_undelivered(const model::Event& alert) { return alert.text("loss.what") == kUndelivered; }

}  // namespace plimsoll::sink
