// Schedules against the definition, which looks at each second.
//
// Input: an option digit, a schedule, a line feed, a number of seconds. The digit chooses one of eight zones,
// two of which are made of the number; the time that is asked about lies so many seconds behind the first
// clock change of the zone. An interval of the database is written as "<digits> M", "D" or "s" here.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/calendar/schedule.hpp"
#include "core/error.hpp"
#include "test/fuzz/input.hpp"
#include "test/oracle/calendar.hpp"
#include "test/oracle/zones.hpp"

namespace steward::fuzz {
namespace {

using core::Seconds;

// The definition takes time by what it looks at.
constexpr Seconds looked_at = 4 * core::hour_seconds;

Seconds number_in(std::string_view text) {
    constexpr Seconds most = 1'000'000'000'000;
    bool const negative = text.starts_with('-');
    Seconds number = 0;
    for (char const c : text.substr(negative ? 1 : 0)) {
        if (c < '0' || c > '9' || number > most)
            break;
        number = number * 10 + (c - '0');
    }
    return negative ? -number : number;
}

std::optional<core::Interval> read_interval(std::string_view text) {
    if (text.size() < 3 || text[text.size() - 2] != ' ')
        return std::nullopt;
    std::int64_t const number = number_in(text.substr(0, text.size() - 2));
    switch (text.back()) {
    case 'M':
        return core::Interval{number % 2147483648, 0, 0};
    case 'D':
        return core::Interval{number % 1000, number % 2147483648, number * 1000};
    case 's':
        return core::Interval{0, 0, number * 500'000};
    default:
        return std::nullopt;
    }
}

oracle::TableZone zone_of(unsigned choice, Seconds number) {
    Seconds const jump = number % (2 * core::day_seconds);
    Seconds const second_at = std::max<Seconds>(number % 100'000, 1);
    switch (choice % 8) {
    case 0:
        return oracle::utc();
    case 1:
        return oracle::new_york();
    case 2:
        return oracle::lord_howe();
    case 3:
        return oracle::apia();
    case 4:
        return oracle::sao_paulo();
    case 5:
        return {0, {{1'000'000'000, jump}}};
    case 6:
        return {jump, {{1'000'000'000, 0}, {1'000'000'000 + second_at, jump / 2}}};
    default:
        return {core::most_offset, {{1'000'000'000, -core::most_offset}, {1'000'700'000, jump}}};
    }
}

Seconds first_change(const core::Zone &zone) {
    Seconds const end = zone.span(0).end;
    return end == core::Zone::forever ? 1'000'000'000 : end;
}

/// What holds for every schedule; `next` is its first time after `after`.
void check_order(const core::Schedule &schedule, Seconds after, std::optional<Seconds> next) {
    if (!next)
        return;
    require(*next > after, "not later than what was asked");
    require(*next <= core::last_instant, "later than the last year");
    require(schedule.next(*next - 1, after) == next || *next - 1 == after - 1,
            "not found a second before it");
    std::optional<Seconds> const second = schedule.next(*next, after);
    require(!second || *second > *next, "not in order");
}

void check_cron(std::string_view text, const core::Zone &zone, Seconds after) {
    core::Cron cron;
    try {
        cron = core::read_cron(text);
    } catch (const core::Error &) {
        return;
    }
    std::optional<Seconds> const next = cron.next(zone, after);
    Seconds const until = next ? std::min(*next, after + looked_at) : after + looked_at;
    std::optional<Seconds> const due = oracle::next_due(cron, zone, after, until);
    if (next && *next <= until)
        require(due == next, "times differ");
    else
        require(!due, "a time was missed");
}

void check(std::string_view text, const core::Zone &zone, Seconds after) {
    try {
        core::Schedule const schedule(text, zone, read_interval);
        check_order(schedule, after, schedule.next(after, after));
    } catch (const core::Error &error) {
        require(!error.detail().empty() && !error.hint().empty(), "an error that explains nothing");
        require(error.kind() == core::ErrorKind::invalid_argument, "an error of another kind");
    }
    check_cron(text, zone, after);
}

} // namespace
} // namespace steward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    namespace fuzz = steward::fuzz;
    namespace core = steward::core;
    fuzz::Input const input = fuzz::split(data, size);
    core::Seconds const number = fuzz::number_in(input.behind);
    steward::oracle::TableZone const zone = fuzz::zone_of(input.options, number);
    core::Seconds const after =
        std::clamp(fuzz::first_change(zone) + number, core::first_instant, core::last_instant);
    fuzz::check(input.before, zone, after);
    return 0;
}
