#include "enrich/image_seen.h"

namespace plimsoll::enrich {

std::uint64_t image_key(std::string_view id, std::string_view reference) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
    const auto mix = [&hash](std::string_view text) {
        for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
        hash = (hash ^ 0xffU) * 0x100000001b3ULL;
    };
    mix(id);
    mix(reference);
    return hash;
}

ImageSeen::ImageSeen(const std::vector<std::uint64_t>& known) {
    for (const std::uint64_t key : known) add(key);
}

bool ImageSeen::add(std::uint64_t key) {
    if (!seen_.insert(key).second) return false;
    order_.push_back(key);
    if (order_.size() > kMost) {
        seen_.erase(order_.front());
        order_.pop_front();
    }
    return true;
}

void ImageSeen::enrich(model::Event& event) {
    const std::string_view action = event.text("docker.action");
    if (event.text("docker.type") == "container" && action == "found") {  // it was here before the ledger was
        if (const auto id = event.text("container.image.id"); !id.empty())
            add(image_key(id, event.text("container.image")));
        return;
    }
    if (event.text("docker.type") != "container" || (action != "create" && action != "start" && action != "restart"))
        return;
    const std::string_view id = event.text("container.image.id");
    if (id.empty()) {
        event.unknown("container.image.new", "the id of its image is not known");
        return;
    }
    // `start` follows `create` at once; it must say the same, so only a start makes an image a known one.
    const std::uint64_t key = image_key(id, event.text("container.image"));
    event.set("container.image.new", action == "create" ? !seen_.contains(key) : add(key));
}

}  // namespace plimsoll::enrich
