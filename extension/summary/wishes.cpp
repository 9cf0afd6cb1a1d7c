#include "extension/summary/wishes.hpp"

#include "worker/wake.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/timestamp.h"
}

namespace steward::summary {

namespace {

constexpr int wait_ms = 1000; ///< what is written within that time is refreshed together

bool is_wished = false;
TimestampTz asked = 0; ///< the worker comes then, so that it need not be asked again

void at_end(XactEvent event, void *) {
    if (event == XACT_EVENT_ABORT)
        is_wished = false;
    if ((event != XACT_EVENT_COMMIT && event != XACT_EVENT_PREPARE) || !std::exchange(is_wished, false))
        return;
    TimestampTz const now = GetCurrentTimestamp();
    if (now < asked && asked <= now + wait_ms * INT64CONST(1000))
        return;
    asked = now + wait_ms * INT64CONST(1000);
    run_duties_by(asked);
}

} // namespace

void wish_refresh() {
    static bool is_watching = false;
    if (!std::exchange(is_watching, true))
        RegisterXactCallback(
            [](XactEvent event, void *argument) { boundary([&] { at_end(event, argument); }); }, nullptr);
    is_wished = true;
}

} // namespace steward::summary
