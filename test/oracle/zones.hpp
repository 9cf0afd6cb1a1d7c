// Time zones for tests: a table of changes, and those of some real zones.
#pragma once

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "core/calendar/zone.hpp"

namespace steward::oracle {

/// "2027-03-14 02:30" or with seconds, as a count of seconds.
inline core::Seconds at(const std::string &text) {
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    std::sscanf(text.c_str(), "%d-%d-%d %d:%d:%d", &year, &month, &day, &hour, &minute, &second);
    return core::days_from_date({year, month, day}) * core::day_seconds + hour * core::hour_seconds +
           minute * core::minute_seconds + second;
}

/// The inverse of at(), always with seconds.
inline std::string show(core::Seconds seconds) {
    std::int64_t const days = core::floor_divide(seconds, core::day_seconds);
    auto const time = static_cast<int>(seconds - days * core::day_seconds);
    core::Date const date = core::date_from_days(days);
    char text[64];
    std::snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d", static_cast<int>(date.year),
                  date.month, date.day, time / 3600, time / 60 % 60, time % 60);
    return text;
}

/// A zone of which every change is listed.
class TableZone final : public core::Zone {
  public:
    struct Change {
        core::Seconds at;     ///< UTC
        core::Seconds offset; ///< from then on
    };

    TableZone(core::Seconds offset, std::vector<Change> changes)
        : offset_(offset), changes_(std::move(changes)) {}

    Span span(core::Seconds instant) const override {
        core::Seconds offset = offset_;
        for (const Change &change : changes_) {
            if (change.at > instant)
                return {offset, change.at};
            offset = change.offset;
        }
        return {offset, forever};
    }

  private:
    core::Seconds offset_;
    std::vector<Change> changes_;
};

inline constexpr core::Seconds hour = core::hour_seconds;

inline TableZone utc() {
    return {0, {}};
}
/// One hour at 02:00 in both directions.
inline TableZone new_york() {
    return {-5 * hour,
            {{at("2026-03-08 07:00"), -4 * hour},
             {at("2026-11-01 06:00"), -5 * hour},
             {at("2027-03-14 07:00"), -4 * hour},
             {at("2027-11-07 06:00"), -5 * hour}}};
}
/// Half an hour at 02:00.
inline TableZone lord_howe() {
    return {11 * hour,
            {{at("2026-04-04 15:00"), 21 * hour / 2},
             {at("2026-10-03 15:30"), 11 * hour},
             {at("2027-04-03 15:00"), 21 * hour / 2}}};
}
/// Left out 2011-12-30, a whole day.
inline TableZone apia() {
    return {-11 * hour,
            {{at("2011-09-24 14:00"), -10 * hour},
             {at("2011-12-30 10:00"), 14 * hour},
             {at("2012-03-31 14:00"), 13 * hour}}};
}
/// An hour at midnight: of 2018-11-04 the first hour is missing, of 2018-02-17 the last one comes twice.
inline TableZone sao_paulo() {
    return {-2 * hour, {{at("2018-02-18 02:00"), -3 * hour}, {at("2018-11-04 03:00"), -2 * hour}}};
}

} // namespace steward::oracle
