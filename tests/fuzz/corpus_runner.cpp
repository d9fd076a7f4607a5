// Stands in for libFuzzer: feeds the files of the folders named on the command line to the fuzz target, and with
// -mutations=N that many altered copies of each (the same ones on every run).

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void feed(const std::string& bytes) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

/// Flips, inserts, removes or doubles a few pieces; pieces come from other corpus files too.
std::string altered(std::string bytes, const std::vector<std::string>& corpus, std::mt19937& random) {
    const auto below = [&](std::size_t count) { return count == 0 ? 0 : random() % count; };
    for (auto changes = 1 + below(4); changes > 0; --changes) {
        const auto at = below(bytes.size() + 1);
        switch (below(4)) {
            case 0:
                if (at < bytes.size()) bytes[at] = static_cast<char>(below(256));
                break;
            case 1: bytes.erase(at, 1 + below(8)); break;
            case 2: bytes.insert(at, bytes.substr(below(bytes.size() + 1), below(16))); break;
            default: {
                const auto& other = corpus[below(corpus.size())];
                bytes.insert(at, other.substr(below(other.size() + 1), below(32)));
            }
        }
    }
    return bytes;
}

}  // namespace

int main(int count, char** words) {
    std::vector<std::string> corpus;
    unsigned long mutations = 0;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (word.starts_with("-mutations=")) mutations = std::strtoul(words[i] + 11, nullptr, 10);
        if (word.starts_with('-')) continue;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(words[i])) {
            if (!entry.is_regular_file()) continue;
            std::ifstream in(entry.path(), std::ios::binary);
            corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
        }
    }
    std::mt19937 random(1);
    for (const auto& bytes : corpus) {
        feed(bytes);
        for (auto n = mutations; n > 0; --n) feed(altered(bytes, corpus, random));
    }
    std::printf("%zu corpus files, %lu altered copies of each\n", corpus.size(), mutations);
    return corpus.empty() ? 1 : 0;
}
