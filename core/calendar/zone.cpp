#include "core/calendar/zone.hpp"

#include <algorithm>

namespace steward::core {

Seconds latest_shown(const Zone &zone, Seconds instant) {
    // Before that, clocks cannot have shown more than they show at `instant`.
    Seconds at = instant - 2 * most_offset;
    Seconds latest = std::numeric_limits<Seconds>::min();
    for (;;) {
        Zone::Span const span = zone.span(at);
        latest = std::max(latest, std::min(instant, span.end - 1) + span.offset);
        if (span.end > instant)
            return latest;
        at = span.end;
    }
}

Seconds first_reached(const Zone &zone, Seconds local) {
    Seconds at = local - most_offset; // no clock shows `local` before that
    for (;;) {
        Zone::Span const span = zone.span(at);
        Seconds const shown = std::max(at, local - span.offset);
        if (shown < span.end)
            return shown;
        at = span.end;
    }
}

} // namespace steward::core
