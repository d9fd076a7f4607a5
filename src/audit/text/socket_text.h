#pragma once

#include <string_view>

#include "audit/text/buffer.h"
#include "audit/text/escape.h"

namespace plimsoll::audit {

/// A socket address as ausearch -i writes it: { saddr_fam=local path=/run/docker.sock }.
void put_socket(Buffer& out, std::string_view hexadecimal, Escape escape);

}  // namespace plimsoll::audit
