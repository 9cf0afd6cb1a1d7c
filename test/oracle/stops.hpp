// Stop checks that count their calls, and that throw at one of them.
#pragma once

#include <cstddef>

#include "core/stop.hpp"

namespace steward::oracle {

struct Cancelled {};

/// A Stop is a plain function, so what it counts lives in a static.
inline std::size_t stops_seen = 0;
inline std::size_t stops_allowed = 0;

/// Counts from 0 again.
inline core::Stop counting_stop() {
    stops_seen = 0;
    return core::Stop([] { ++stops_seen; });
}

/// Throws Cancelled at the call after `allowed` calls.
inline core::Stop throwing_stop(std::size_t allowed) {
    stops_seen = 0;
    stops_allowed = allowed;
    return core::Stop([] {
        if (stops_seen++ == stops_allowed)
            throw Cancelled{};
    });
}

} // namespace steward::oracle
