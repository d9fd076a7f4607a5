#include "source/journal/journal.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "host/system_error.h"

namespace plimsoll::source {

/// The functions of sd-journal(3) that are used; their interface has been stable since systemd 209.
struct Journal::Library {
    Library() = default;
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    ~Library() {
        if (handle != nullptr) ::dlclose(handle);
    }

    template <typename Function>
    bool load(Function*& function, const char* name) const {
        function = reinterpret_cast<Function*>(::dlsym(handle, name));
        return function != nullptr;
    }

    bool load_all() {
        handle = ::dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
        return handle != nullptr && load(open, "sd_journal_open") && load(open_folder, "sd_journal_open_directory") &&
               load(close, "sd_journal_close") && load(add_match, "sd_journal_add_match") &&
               load(seek_cursor, "sd_journal_seek_cursor") && load(test_cursor, "sd_journal_test_cursor") &&
               load(seek_tail, "sd_journal_seek_tail") && load(seek_head, "sd_journal_seek_head") &&
               load(previous, "sd_journal_previous") && load(next, "sd_journal_next") &&
               load(get_data, "sd_journal_get_data") && load(get_time, "sd_journal_get_realtime_usec") &&
               load(get_cursor, "sd_journal_get_cursor") && load(wait, "sd_journal_wait") &&
               load(set_threshold, "sd_journal_set_data_threshold");
    }

    void* handle = nullptr;
    int (*open)(void**, int) = nullptr;
    int (*open_folder)(void**, const char*, int) = nullptr;
    void (*close)(void*) = nullptr;
    int (*add_match)(void*, const void*, std::size_t) = nullptr;
    int (*seek_cursor)(void*, const char*) = nullptr;
    int (*test_cursor)(void*, const char*) = nullptr;
    int (*seek_tail)(void*) = nullptr;
    int (*seek_head)(void*) = nullptr;
    int (*previous)(void*) = nullptr;
    int (*next)(void*) = nullptr;
    int (*get_data)(void*, const char*, const void**, std::size_t*) = nullptr;
    int (*get_time)(void*, std::uint64_t*) = nullptr;
    int (*get_cursor)(void*, char**) = nullptr;
    int (*wait)(void*, std::uint64_t) = nullptr;
    int (*set_threshold)(void*, std::size_t) = nullptr;
};

Journal::Journal(std::unique_ptr<Library> library) : library_(std::move(library)) {}

Journal::~Journal() {
    if (journal_ != nullptr) library_->close(journal_);
}

bool holds_journal(const std::vector<std::string>& folders) {
    namespace files = std::filesystem;
    const auto is_journal = [](const files::directory_entry& entry) { return entry.path().extension() == ".journal"; };
    for (const std::string& folder : folders) {
        std::error_code fault;
        for (files::directory_iterator at(folder, fault); !fault && at != files::directory_iterator();
             at.increment(fault)) {
            if (is_journal(*at)) return true;
            std::error_code none;
            for (files::directory_iterator in(at->path(), none); !none && in != files::directory_iterator();
                 in.increment(none)) {
                if (is_journal(*in)) return true;
            }
        }
    }
    return false;
}

Result<std::unique_ptr<Journal>> Journal::open(const std::string& folder, const std::vector<std::string>& units,
                                               std::size_t most_line) {
    auto library = std::make_unique<Library>();
    if (!library->load_all()) return Error{"this machine has no libsystemd, so no journal; name the engine's log file"};
    // libsystemd opens a journal that does not exist as an empty one.
    if (folder.empty() && !holds_journal({"/run/log/journal", "/var/log/journal"}))
        return Error{
            "this machine keeps no journal: nothing is in /run/log/journal and /var/log/journal; name the engine's log "
            "file (daemon_log.file)"};
    std::unique_ptr<Journal> out(new Journal(std::move(library)));
    constexpr int kLocalOnly = 1;
    const int opened = folder.empty() ? out->library_->open(&out->journal_, kLocalOnly)
                                      : out->library_->open_folder(&out->journal_, folder.c_str(), 0);
    if (opened < 0) {
        out->journal_ = nullptr;
        return host::system_error("opening the journal", folder, -opened);
    }
    out->most_line_ = most_line;
    out->library_->set_threshold(out->journal_, most_line + 64);
    for (const std::string& unit : units) {
        const std::string match = "_SYSTEMD_UNIT=" + unit;
        if (const int added = out->library_->add_match(out->journal_, match.data(), match.size()); added < 0)
            return host::system_error("choosing entries of", unit, -added);
    }
    return out;
}

bool Journal::resume(const std::string& cursor) {
    if (library_->seek_cursor(journal_, cursor.c_str()) >= 0 && library_->next(journal_) > 0 &&
        library_->test_cursor(journal_, cursor.c_str()) > 0)
        return true;
    library_->seek_head(journal_);
    return false;
}

void Journal::skip_to_end() {
    library_->seek_tail(journal_);
    library_->previous(journal_);  // the tail itself is no entry
}

std::string Journal::field(const char* name) const {
    const void* data = nullptr;
    std::size_t size = 0;
    if (library_->get_data(journal_, name, &data, &size) < 0) return {};
    const std::string_view text(static_cast<const char*>(data), size);
    const auto equals = text.find('=');
    return equals == std::string_view::npos ? std::string() : std::string(text.substr(equals + 1, most_line_));
}

Result<bool> Journal::next(JournalEntry& entry) {
    const int moved = library_->next(journal_);
    if (moved < 0) return host::system_error("reading the journal", {}, -moved);
    if (moved == 0) return false;
    std::uint64_t microseconds = 0;
    library_->get_time(journal_, &microseconds);
    entry.time = static_cast<Nanoseconds>(microseconds) * 1000;
    entry.message = field("MESSAGE");
    entry.unit = field("_SYSTEMD_UNIT");
    const std::string priority = field("PRIORITY");
    entry.priority = priority.empty() ? 6 : std::clamp(std::atoi(priority.c_str()), 0, 7);
    return true;
}

std::string Journal::cursor() const {
    char* text = nullptr;
    if (library_->get_cursor(journal_, &text) < 0 || text == nullptr) return {};
    std::string out(text);
    std::free(text);  // NOLINT: libsystemd allocates it with malloc
    return out;
}

void Journal::wait(std::chrono::milliseconds most) {
    library_->wait(journal_, static_cast<std::uint64_t>(most.count()) * 1000);
}

}  // namespace plimsoll::source
