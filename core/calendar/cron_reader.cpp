#include <span>
#include <string>

#include "core/calendar/cron.hpp"
#include "core/calendar/refusal.hpp"
#include "core/calendar/words.hpp"

namespace steward::core {

namespace {

constexpr std::string_view month_names[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                            "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

/// What a field may hold. `first_name` is the number of the first name.
struct Field {
    std::string_view name;
    int low;
    int high;
    std::string_view may_hold;
    std::span<const std::string_view> names{};
    int first_name = 0;
};

constexpr Field second_field{"second", 0, 59, "0 to 59, ranges (10-20), lists (0,30) and steps (*/10)"};
constexpr Field minute_field{"minute", 0, 59, "0 to 59, ranges (10-20), lists (0,30) and steps (*/15)"};
constexpr Field hour_field{"hour", 0, 23, "0 to 23, ranges (9-17), lists (6,18) and steps (*/2)"};
constexpr Field day_field{"day of month", 1, 31,
                          "1 to 31, L or $ for the last day, ranges (1-7), lists (1,15,L) and steps (*/10)"};
constexpr Field month_field{
    "month", 1, 12, "1 to 12, jan to dec, ranges (apr-sep), lists (1,7) and steps (*/3)", month_names, 1};
constexpr Field weekday_field{
    "weekday",
    0,
    7,
    "0 to 7 (0 and 7 are Sunday), sun to sat, 1#2 for the second Monday of the month, 5L "
    "for its last Friday, ranges (mon-fri), lists (mon,thu) and steps (*/2)",
    weekday_names,
    0};

/// Reads one field of an expression, of which it sets bits.
class FieldReader {
  public:
    FieldReader(std::string_view schedule, std::string_view text, const Field &field, Cron &cron)
        : schedule_(schedule), text_(text), rest_(text), field_(field), cron_(cron) {}

    /// The numbers of the field. Days and weekdays that no number stands for go to `cron`.
    std::uint64_t read() {
        do
            read_item();
        while (take(rest_, ','));
        if (!rest_.empty())
            refuse("\"" + excerpt(rest_) + "\" is not expected there");
        return bits_;
    }

  private:
    [[noreturn]] void refuse(const std::string &why) const {
        refuse_schedule(schedule_,
                        "Field \"" + std::string(field_.name) + "\" is \"" + excerpt(text_) + "\": " + why +
                            ".",
                        "It may hold " + std::string(field_.may_hold) + ".");
    }

    void read_item() {
        if (rest_.empty() || rest_.front() == ',')
            refuse(text_ == "," || text_.empty() ? "it is empty" : "an item of the list is missing");
        if (take(rest_, '*')) {
            set_range(field_.low, field_.high, take_step());
            return;
        }
        if (is_day() && (take(rest_, 'L') || take(rest_, 'l') || take(rest_, '$'))) {
            cron_.last_day = true;
            return;
        }
        int const first = take_value(0);
        if (take(rest_, '-'))
            read_range(first);
        else if (!(is_weekday() && read_weekday_of_month(first)))
            set_single(first);
    }

    void read_range(int first) {
        int const last = take_value(first);
        if (last < first)
            refuse("the range from " + std::to_string(first) + " to " + std::to_string(last) +
                   " ends before it begins");
        set_range(first, last, take_step());
    }

    void set_single(int value) {
        if (!rest_.empty() && rest_.front() == '/')
            refuse("a step stands behind * or a range, such as " + std::to_string(value) + "-" +
                   std::to_string(field_.high) + std::string(rest_.substr(0, rest_.find(','))));
        set_range(value, value, 1);
    }

    /// `n#k` and `nL`.
    bool read_weekday_of_month(int weekday) {
        std::uint32_t const bit = 1U << (weekday % 7);
        if (take(rest_, 'L') || take(rest_, 'l')) {
            cron_.last_weekdays |= bit;
            return true;
        }
        if (!take(rest_, '#'))
            return false;
        int const week = take_number(rest_, 3);
        if (week < 1 || week > static_cast<int>(cron_.nth_weekdays.size()))
            refuse("behind # stands 1 to 5");
        cron_.nth_weekdays[static_cast<std::size_t>(week - 1)] |= bit;
        return true;
    }

    int take_step() {
        if (!take(rest_, '/'))
            return 1;
        int const step = take_number(rest_, 6);
        int const most = field_.high - field_.low + 1;
        if (step < 1)
            refuse("a step is a number from 1 on");
        if (step > most)
            refuse("the step " + std::to_string(step) +
                   " is longer than the whole field; for that there are "
                   "intervals, such as \"90 minutes\"");
        return step;
    }

    /// A number or a name. At the end of a range that does not begin with Sunday `sun` is 7.
    int take_value(int range_begin) {
        std::size_t length = 0;
        while (length < rest_.size() && is_letter(rest_[length]))
            ++length;
        if (length > 0)
            return take_name(length, range_begin);
        std::string_view const digits = rest_.substr(0, rest_.find_first_not_of("0123456789"));
        int const value = take_number(rest_, 6);
        if (value < 0 && (rest_.empty() || rest_.front() == ','))
            refuse("a number is missing");
        if (value < 0)
            refuse("\"" + excerpt(rest_) + "\" is not a number" + (rest_.front() == '?' ? "; write *" : ""));
        if (value < field_.low || value > field_.high || (!rest_.empty() && is_digit(rest_.front())))
            refuse(excerpt(digits) + " is not within " + std::to_string(field_.low) + " to " +
                   std::to_string(field_.high));
        return value;
    }

    int take_name(std::size_t length, int range_begin) {
        std::string_view const name = rest_.substr(0, length);
        for (std::size_t i = 0; i < field_.names.size(); ++i) {
            bool const last_weekday = is_weekday() && length == 4 && lower(name[3]) == 'l';
            if (!same_word(last_weekday ? name.substr(0, 3) : name, field_.names[i]))
                continue;
            rest_.remove_prefix(field_.names[i].size());
            bool const ends_with_sunday = range_begin > 0 && is_weekday() && i == 0;
            return ends_with_sunday ? 7 : static_cast<int>(i) + field_.first_name;
        }
        refuse("\"" + excerpt(name) + "\" is not a number" + (field_.names.empty() ? "" : " or a name"));
    }

    void set_range(int first, int last, int step) {
        for (int i = first; i <= last; i += step)
            bits_ |= std::uint64_t{1} << (is_weekday() ? i % 7 : i);
    }

    bool is_day() const { return &field_ == &day_field; }
    bool is_weekday() const { return &field_ == &weekday_field; }

    std::string_view schedule_;
    std::string_view text_;
    std::string_view rest_;
    const Field &field_;
    Cron &cron_;
    std::uint64_t bits_ = 0;
};

constexpr bool starts_wild(std::string_view field) {
    return field.starts_with('*');
}

} // namespace

Cron read_cron(std::string_view text) {
    constexpr std::size_t without_seconds = 5;
    std::vector<std::string_view> fields = words_of(text, without_seconds + 2);
    if (fields.size() < without_seconds || fields.size() > without_seconds + 1)
        refuse_schedule(
            text,
            "A cron expression has five fields, or six with the seconds first; this has " +
                (fields.size() > without_seconds + 1 ? "more" : std::to_string(fields.size())) + ".",
            "The fields are minute, hour, day of month, month and weekday, such as \"30 2 * * mon-fri\".");
    Cron cron;
    auto const read = [&](std::string_view field, const Field &kind) {
        return FieldReader(text, field, kind, cron).read();
    };
    if (fields.size() > without_seconds) {
        cron.seconds = read(fields[0], second_field);
        fields.erase(fields.begin());
    }
    cron.minutes = read(fields[0], minute_field);
    cron.hours = static_cast<std::uint32_t>(read(fields[1], hour_field));
    cron.days = static_cast<std::uint32_t>(read(fields[2], day_field));
    cron.months = static_cast<std::uint32_t>(read(fields[3], month_field));
    cron.weekdays = static_cast<std::uint32_t>(read(fields[4], weekday_field));
    cron.any_day = starts_wild(fields[2]);
    cron.any_weekday = starts_wild(fields[4]);
    cron.wild = starts_wild(fields[0]) || starts_wild(fields[1]);
    return cron;
}

} // namespace steward::core
