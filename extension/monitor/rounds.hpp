// The rows of steward.metric_history, read with the rights of whoever asks.
#pragma once

#include "extension/monitor/bytes.hpp"

extern "C" {
#include "datatype/timestamp.h"
}

namespace steward::monitor {

/// A row: what was counted in the time up to `at`. Its parts live as long as SPI is connected.
struct RoundRow {
    TimestampTz at;
    double seconds;
    std::span<const std::int64_t> scalars; ///< which series
    std::span<const double> amounts;       ///< as many
    std::span<const std::int64_t> histograms;
    const Datum *bins; ///< as many
};

/// Reads the rows of (since, until] in the order of time; SPI is connected. Plain C. Returns how many.
std::uint64_t find_rounds(TimestampTz since, TimestampTz until);

/// One of them. Plain C.
RoundRow read_round(std::uint64_t row);

} // namespace steward::monitor
