#pragma once

#include <string_view>

#include "audit/text/buffer.h"

namespace plimsoll::audit {

/// A JSON string of these bytes, ASCII only: characters beyond it become \uNNNN, bytes that are no UTF-8 become \\xNN
/// (a backslash, spelled out).
void put_json(Buffer& out, std::string_view bytes);

}  // namespace plimsoll::audit
