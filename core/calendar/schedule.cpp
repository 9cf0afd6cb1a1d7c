#include "core/calendar/schedule.hpp"

#include <algorithm>
#include <string>

#include "core/calendar/refusal.hpp"
#include "core/calendar/timestamps.hpp"
#include "core/calendar/words.hpp"

namespace steward::core {

namespace {

constexpr const char *kinds = "Write a cron expression such as \"30 2 * * mon-fri\", an interval such as "
                              "\"90 minutes\", or timestamps such as \"2027-03-01 14:30\".";

struct Nickname {
    std::string_view name;
    std::string_view expression;
};

constexpr Nickname nicknames[] = {
    {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"},
};

Cron read_nickname(std::string_view text) {
    for (const Nickname &nickname : nicknames) {
        if (same_word(text, nickname.name))
            return read_cron(nickname.expression);
    }
    refuse_schedule(text, "There is no such name for a schedule.",
                    "The names are @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually; "
                    "@every stands before an interval.");
}

/// What is not numbers and signs alone where a cron expression has its times of the day.
bool looks_like_interval(std::string_view text) {
    if (text.starts_with('@') || text.find(':') != std::string_view::npos) // PostgreSQL takes "@ 1 day"
        return true;
    std::vector<std::string_view> const words = words_of(text, 2);
    return std::any_of(words.begin(), words.end(), [](std::string_view word) {
        return std::any_of(word.begin(), word.end(), is_letter);
    });
}

Interval require_interval(std::string_view schedule, std::string_view text, IntervalReader read_interval) {
    std::optional<Interval> const interval = read_interval(text);
    if (interval) {
        check_interval(*interval, schedule);
        return *interval;
    }
    if (text != schedule)
        refuse_schedule(schedule, "Behind @every stands an interval.",
                        "Write \"@every 30 seconds\", \"@every 90 minutes\" or \"@every 1 month\".");
    // Letters may also stand in a cron expression, where they are wrong.
    if (std::size_t const words = words_of(text, 7).size(); words == 5 || words == 6)
        read_cron(text);
    refuse_schedule(schedule, "It is neither a cron expression nor an interval nor a timestamp.", kinds);
}

} // namespace

Schedule::Kind Schedule::read(std::string_view text, const Zone &zone, IntervalReader read_interval) {
    constexpr std::string_view every = "@every";
    if (text.size() > longest_schedule)
        refuse_schedule(text, "It has " + std::to_string(text.size()) + " bytes.",
                        "A schedule may have " + std::to_string(longest_schedule) + ".");
    text = trimmed(text);
    if (text.empty())
        refuse_schedule(text, "It is empty.", kinds);
    if (begins_with_date(text))
        return read_timestamps(text, zone);
    if (text.size() > 1 && text[0] == '@' && is_letter(text[1])) {
        std::string_view const word = words_of(text, 1).front();
        if (!same_word(word, every))
            return read_nickname(text);
        return require_interval(text, trimmed(text.substr(every.size())), read_interval);
    }
    if (looks_like_interval(text))
        return require_interval(text, text, read_interval);
    return read_cron(text);
}

Schedule::Schedule(std::string_view text, const Zone &zone, IntervalReader read_interval)
    : zone_(zone), kind_(read(text, zone, read_interval)) {
}

std::optional<Seconds> Schedule::next(Seconds after, Seconds anchor) const {
    std::optional<Seconds> next;
    if (auto const *const cron = std::get_if<Cron>(&kind_)) {
        next = cron->next(zone_, after);
    } else if (auto const *const interval = std::get_if<Interval>(&kind_)) {
        next = interval->next(zone_, after, anchor);
    } else {
        const Times &times = std::get<Times>(kind_);
        auto const later = std::upper_bound(times.begin(), times.end(), after);
        if (later != times.end())
            next = *later;
    }
    return next && *next <= last_instant ? next : std::nullopt;
}

} // namespace steward::core
