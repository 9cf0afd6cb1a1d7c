// What is known of many durations: how many, how long together, and how many in each bucket. Two of them can
// be added, and one takes some twenty bytes where it is stored.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/stats/histogram.hpp"

namespace steward::core {

struct Durations {
    std::uint64_t nanoseconds = 0;
    std::array<std::uint64_t, duration_buckets> buckets{};

    std::uint64_t count() const noexcept;
    void add(const Durations &other) noexcept;
    /// Observations of one duration.
    void observe(std::uint64_t duration, std::uint64_t times) noexcept;
};

/// What came on top of `before`, or all of it where that is more in any respect: counters were set to zero.
Durations since(const Durations &before, const Durations &now) noexcept;

/// Appends to `bytes`: the format's number, the nanoseconds, and for each bucket that holds any how many
/// empty ones stand before it and how many it holds, as numbers of 7 bits a byte.
void pack(const Durations &durations, std::string &bytes);

/// Nothing if these are not the bytes of such.
std::optional<Durations> unpack(std::string_view bytes) noexcept;

/// Adds what was packed to `sum`, without making a value of it; false if these are not the bytes of such, and
/// then `sum` is of no use.
bool add_packed(Durations &sum, std::string_view bytes) noexcept;

/// Numbers of 7 bits a byte, the lowest first.
void append_number(std::string &bytes, std::uint64_t number);
std::optional<std::uint64_t> take_number(std::string_view &bytes) noexcept;

} // namespace steward::core
