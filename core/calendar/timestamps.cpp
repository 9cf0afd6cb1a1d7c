#include "core/calendar/timestamps.hpp"

#include <algorithm>
#include <string>

#include "core/calendar/refusal.hpp"
#include "core/calendar/words.hpp"

namespace steward::core {

namespace {

constexpr const char *hint =
    "Write \"2027-03-01 14:30\", or with an offset from UTC \"2027-03-01 14:30+02\"; "
    "commas separate several.";

/// Reads one timestamp.
class TimestampReader {
  public:
    TimestampReader(std::string_view schedule, std::string_view text)
        : schedule_(schedule), text_(text), rest_(text) {}

    Seconds read(const Zone &zone) {
        if (text_.empty())
            refuse_schedule(schedule_, "A timestamp is missing in the list.", hint);
        Seconds const day = read_day();
        bool const has_time = take_separator();
        Seconds const local = day * day_seconds + (has_time ? read_time() : 0);
        rest_ = trimmed(rest_);
        Seconds const instant =
            rest_.empty() || !has_time ? first_reached(zone, local) : local - read_offset();
        if (!rest_.empty())
            refuse("\"" + excerpt(rest_) + "\" is not expected there");
        if (instant < first_instant || instant > last_instant)
            refuse("its year is not within 1970 to 9999");
        return instant;
    }

  private:
    [[noreturn]] void refuse(const std::string &why) const {
        refuse_schedule(schedule_, "Timestamp \"" + excerpt(text_) + "\": " + why + ".", hint);
    }

    /// Exactly `digits` digits between `low` and `high`.
    int number(const char *what, std::size_t digits, int low, int high) {
        std::size_t const before = rest_.size();
        int const value = take_number(rest_, digits);
        if (before - rest_.size() != digits)
            refuse("the " + std::string(what) + " has " + std::to_string(digits) + " digits");
        if (value < low || value > high)
            refuse("the " + std::string(what) + " is not within " + std::to_string(low) + " to " +
                   std::to_string(high));
        return value;
    }

    void expect(char c, const char *where) {
        if (!take(rest_, c))
            refuse("\"" + std::string(1, c) + "\" is missing " + where);
    }

    Seconds read_day() {
        int const year = number("year", 4, 1970, 9999);
        expect('-', "behind the year");
        int const month = number("month", 2, 1, 12);
        expect('-', "behind the month");
        int const day = number("day", 2, 1, days_in_month(year, month));
        return days_from_date({year, month, day});
    }

    /// What stands between date and time; false if there is no time.
    bool take_separator() {
        if (take(rest_, 'T') || take(rest_, 't'))
            return true;
        std::string_view const behind = trimmed(rest_);
        if (behind.empty() || behind.size() == rest_.size())
            return false;
        rest_ = behind;
        return true;
    }

    Seconds read_time() {
        Seconds time = number("hour", 2, 0, 23) * hour_seconds;
        expect(':', "behind the hour");
        time += number("minute", 2, 0, 59) * minute_seconds;
        if (!take(rest_, ':'))
            return time;
        time += number("second", 2, 0, 59);
        if (!take(rest_, '.'))
            return time;
        while (take(rest_, '0')) {
        }
        if (!rest_.empty() && is_digit(rest_.front()))
            refuse("there are no fractions of a second");
        return time;
    }

    Seconds read_offset() {
        if (take(rest_, 'Z') || take(rest_, 'z'))
            return 0;
        bool const east = take(rest_, '+');
        if (!east && !take(rest_, '-'))
            refuse("\"" + excerpt(rest_) + "\" is neither an offset from UTC nor Z");
        Seconds offset = number("hour of the offset", 2, 0, 15) * hour_seconds;
        for (Seconds const unit : {minute_seconds, Seconds{1}}) {
            if (rest_.empty())
                break;
            take(rest_, ':');
            offset += number("minute of the offset", 2, 0, 59) * unit;
        }
        return east ? offset : -offset;
    }

    std::string_view schedule_;
    std::string_view text_;
    std::string_view rest_;
};

} // namespace

bool begins_with_date(std::string_view text) {
    constexpr std::size_t year_digits = 4;
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits]))
        ++digits;
    return digits >= year_digits && digits + 1 < text.size() && text[digits] == '-' &&
           is_digit(text[digits + 1]);
}

std::vector<Seconds> read_timestamps(std::string_view text, const Zone &zone) {
    std::vector<Seconds> times;
    for (std::size_t begin = 0; begin <= text.size();) {
        std::size_t const end = std::min(text.find(',', begin), text.size());
        times.push_back(TimestampReader(text, trimmed(text.substr(begin, end - begin))).read(zone));
        begin = end + 1;
    }
    std::sort(times.begin(), times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());
    return times;
}

} // namespace steward::core
