#include "host/environment.h"

#include <unistd.h>

#include <string_view>

namespace plimsoll::host {

std::map<std::string, std::string, std::less<>> environment() {
    std::map<std::string, std::string, std::less<>> all;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const auto equals = text.find('=');
        if (equals != std::string_view::npos) all.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return all;
}

}  // namespace plimsoll::host
