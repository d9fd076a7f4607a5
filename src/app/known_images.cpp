#include "app/known_images.h"

#include "enrich/image_seen.h"
#include "ledger/reader.h"
#include "model/fields.h"
#include "rule/scope.h"

namespace plimsoll::app {

Result<std::vector<std::uint64_t>> known_images(const std::string& ledger) {
    auto condition = rule::resolve("evt.source = docker and container.image exists", rule::Scope{});
    check(condition.has_value());
    TRY(const auto reader, ledger::Reader::open(ledger));
    static constexpr model::FieldKey kId = "container.image.id";
    static constexpr model::FieldKey kReference = "container.image";
    TRY(const auto counts, reader->count({.condition = std::move(*condition)}, {kId.id(), kReference.id()}, 0));
    std::vector<std::uint64_t> keys;
    keys.reserve(counts.size());
    for (const ledger::Count& count : counts) keys.push_back(enrich::image_key(count.group[0], count.group[1]));
    return keys;
}

}  // namespace plimsoll::app
