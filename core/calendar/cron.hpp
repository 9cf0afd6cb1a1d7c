// A cron expression: which times of a wall clock it names.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/calendar/civil.hpp"
#include "core/calendar/zone.hpp"

namespace steward::core {

/// The times of a cron expression. Where a bit stands for a number, bit n stands for n.
///
/// If both days of the month and weekdays are restricted, a day that is either counts; else it must be both.
/// A field that begins with an asterisk is not restricted, even if a step follows (Vixie cron).
struct Cron {
    std::uint64_t seconds = 1;
    std::uint64_t minutes = 0;
    std::uint32_t hours = 0;
    std::uint32_t days = 0;   ///< of the month, 1..31
    std::uint32_t months = 0; ///< 1..12
    std::uint32_t weekdays = 0;
    std::array<std::uint32_t, 5> nth_weekdays{}; ///< weekdays whose first, second, ... of the month counts
    std::uint32_t last_weekdays = 0;             ///< weekdays whose last of the month counts
    bool last_day = false;                       ///< of the month
    bool any_day = false;                        ///< the days of the month are not restricted
    bool any_weekday = false;
    bool wild = false; ///< the minute or the hour begins with an asterisk

    /// The first time at or after `local`; none if there is none within 400 years, and so none ever.
    std::optional<Seconds> at_or_after(Seconds local) const;

    /// The first instant after `after` at which the expression is due. A wild one is due whenever the clocks
    /// show one of its times. Another one is due once for each of its times, when the clocks show it or more
    /// for the first time: the rule of Vixie cron, for clock changes of any size.
    std::optional<Seconds> next(const Zone &zone, Seconds after) const;
};

/// Reads an expression of five fields, or of six with the seconds first. Throws Error(invalid_argument) that
/// names the field.
Cron read_cron(std::string_view text);

} // namespace steward::core
