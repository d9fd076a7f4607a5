#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/file.h"

namespace plimsoll::host {

/// For tests: a directory that stands for "/" and is removed at the end.
class TemporaryTree {
public:
    TemporaryTree() {
        std::string name = std::filesystem::temp_directory_path() / "plimsoll-tree-XXXXXX";
        check(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    TemporaryTree(const TemporaryTree&) = delete;
    TemporaryTree& operator=(const TemporaryTree&) = delete;
    ~TemporaryTree() {
        std::error_code ignored;  // a tree that stays behind fails no test
        std::filesystem::remove_all(path_, ignored);
    }

    /// The tree as the probes see it.
    [[nodiscard]] Root root() const { return {path_.string()}; }

    /// Where a path of the tree really lies.
    [[nodiscard]] std::string at(std::string_view path) const { return path_.string() + std::string(path); }

    /// Writes a file, making its directories.
    void write(std::string_view path, std::string_view content) const {
        const std::filesystem::path real = at(path);
        std::filesystem::create_directories(real.parent_path());
        std::ofstream(real, std::ios::binary) << content;
    }

    /// Makes a symbolic link with this very target.
    void link(std::string_view path, std::string_view target) const {
        const std::filesystem::path real = at(path);
        std::filesystem::create_directories(real.parent_path());
        std::filesystem::create_symlink(target, real);
    }

private:
    std::filesystem::path path_;
};

}  // namespace plimsoll::host
