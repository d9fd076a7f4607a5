#include "base/json.h"

#include <simdjson.h>

#include <cmath>
#include <cstring>

namespace plimsoll {

namespace {

using Element = simdjson::dom::element;

static_assert(std::is_trivially_copyable_v<Element> && sizeof(Element) == 2 * sizeof(void*));

}  // namespace

struct JsonDocument::Parsed {
    simdjson::dom::parser parser;
    Element root;
};

namespace {

template <typename Place>
Element element(const Place& place) {
    Element out;
    std::memcpy(static_cast<void*>(&out), &place, sizeof out);
    return out;
}

template <typename Place>
Place place(const Element& from) {
    Place out;
    std::memcpy(&out, static_cast<const void*>(&from), sizeof out);
    return out;
}

}  // namespace

Json::Kind Json::kind() const {
    if (place_.document == nullptr) return Kind::nothing;
    switch (element(place_).type()) {
        case simdjson::dom::element_type::ARRAY: return Kind::array;
        case simdjson::dom::element_type::OBJECT: return Kind::object;
        case simdjson::dom::element_type::STRING: return Kind::text;
        case simdjson::dom::element_type::BOOL: return Kind::boolean;
        case simdjson::dom::element_type::NULL_VALUE: return Kind::null;
        default: return Kind::number;
    }
}

Json Json::operator[](std::string_view name) const {
    if (kind() != Kind::object) return {};
    Element found;
    if (element(place_).get_object().value().at_key(name).get(found) != simdjson::SUCCESS) return {};
    return Json(place<Place>(found));
}

Json Json::at(std::string_view path) const {
    Json here = *this;
    while (true) {
        const auto dot = path.find('.');
        here = here[path.substr(0, dot)];
        if (dot == std::string_view::npos) return here;
        path.remove_prefix(dot + 1);
    }
}

std::optional<std::string_view> Json::text() const {
    if (kind() != Kind::text) return std::nullopt;
    return element(place_).get_string().value();
}

std::optional<std::int64_t> Json::integer() const {
    if (kind() != Kind::number) return std::nullopt;
    std::int64_t whole = 0;
    if (element(place_).get(whole) == simdjson::SUCCESS) return whole;
    double real = 0;
    if (element(place_).get(real) != simdjson::SUCCESS) return std::nullopt;
    if (std::trunc(real) != real || std::abs(real) > 9e15) return std::nullopt;
    return static_cast<std::int64_t>(real);
}

std::optional<double> Json::number() const {
    double real = 0;
    if (kind() != Kind::number || element(place_).get(real) != simdjson::SUCCESS) return std::nullopt;
    return real;
}

std::optional<bool> Json::truth() const {
    if (kind() != Kind::boolean) return std::nullopt;
    return element(place_).get_bool().value();
}

std::size_t Json::size() const {
    switch (kind()) {
        case Kind::array: return element(place_).get_array().value().size();
        case Kind::object: return element(place_).get_object().value().size();
        default: return 0;
    }
}

void Json::each(const std::function<void(Json)>& visit) const {
    if (kind() != Kind::array) return;
    const simdjson::dom::array items = element(place_).get_array().value();
    for (const Element child : items) visit(Json(place<Place>(child)));
}

void Json::each_member(const std::function<void(std::string_view, Json)>& visit) const {
    if (kind() != Kind::object) return;
    const simdjson::dom::object members = element(place_).get_object().value();
    for (const auto& [name, child] : members) visit(name, Json(place<Place>(child)));
}

std::string Json::dump() const { return kind() == Kind::nothing ? "null" : simdjson::minify(element(place_)); }

JsonDocument::JsonDocument(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

Result<JsonDocument> JsonDocument::parse(std::string_view text) {
    auto parsed = std::make_unique<Parsed>();
    const auto fault = parsed->parser.parse(text.data(), text.size()).get(parsed->root);
    if (fault != simdjson::SUCCESS) return Error{"not valid JSON: " + std::string(simdjson::error_message(fault))};
    return JsonDocument(std::move(parsed));
}

Json JsonDocument::root() const { return Json(place<Json::Place>(parsed_->root)); }

}  // namespace plimsoll
