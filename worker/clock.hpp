// The time that the worker goes by: that of the machine, or one that a test sets.
#pragma once

#include "extension/boundary.hpp"

extern "C" {
#include "datatype/timestamp.h"
}

namespace steward {

TimestampTz worker_now();
/// True while a test has set the time: it stands still.
bool clock_is_virtual();

} // namespace steward
