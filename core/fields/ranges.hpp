// What a parameter may be, and the error that says so.
#pragma once

namespace steward::core {

/// Throws Error(invalid_argument) unless `least` <= value <= `most`; `above`: unless it is more than `least`.
void check_range(const char *name, double value, double least, double most, bool above = false);

} // namespace steward::core
