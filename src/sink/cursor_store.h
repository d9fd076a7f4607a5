#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "sink/sink.h"

namespace plimsoll::sink {

/// Keeps how far each sink has come. Any thread.
class CursorStore {
public:
    virtual ~CursorStore() = default;

    /// Number of the first record that the sink has not dealt with; nothing for a sink that is new.
    [[nodiscard]] virtual Result<std::optional<RecordNumber>> load(const std::string& sink) = 0;

    /// Durable when it returns.
    [[nodiscard]] virtual Result<void> save(const std::string& sink, RecordNumber next) = 0;
};

/// A file for each sink, `NAME.cursor`, replaced in one step.
class FileCursorStore final : public CursorStore {
public:
    /// The folder is made with mode 0700 at the first save.
    explicit FileCursorStore(std::string folder) : folder_(std::move(folder)) {}

    [[nodiscard]] Result<std::optional<RecordNumber>> load(const std::string& sink) override;
    [[nodiscard]] Result<void> save(const std::string& sink, RecordNumber next) override;

private:
    std::string folder_;
};

/// [a-z0-9_-]{1,64}, any case: what a sink may be called.
[[nodiscard]] bool is_sink_name(const std::string& name);

}  // namespace plimsoll::sink
