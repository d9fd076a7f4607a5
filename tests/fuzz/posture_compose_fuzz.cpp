#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "posture/compose.h"
#include "posture/compose_interpolate.h"

/// Any bytes as a compose file with its own text as .env, and as a text with variables in it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static const std::string folder = [] {
        std::string name =
            std::filesystem::temp_directory_path() / ("plimsoll-fuzz-compose-" + std::to_string(::getpid()));
        std::filesystem::create_directories(name);
        return name;
    }();
    for (const char* name : {"/compose.yaml", "/.env"}) std::ofstream(folder + name, std::ios::binary) << text;
    const auto inventory = plimsoll::posture::gather_compose({.files = {"/compose.yaml"},
                                                              .project_directory = "/",
                                                              .project_name = "fuzz",
                                                              .environment = {{"A", "1"}},
                                                              .root = {folder},
                                                              .now = 0});
    if (inventory && inventory->host == nullptr) __builtin_trap();
    const auto result = plimsoll::posture::interpolate(text, {{"A", "$A${A}"}, {"B", ""}});
    if (result.text.size() > 1024 * 1024 + size) __builtin_trap();
    std::filesystem::remove(folder + "/compose.yaml");
    std::filesystem::remove(folder + "/.env");
    return 0;
}
