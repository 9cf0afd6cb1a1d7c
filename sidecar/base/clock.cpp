#include "sidecar/base/clock.hpp"

#include <cstdio>
#include <ctime>

namespace steward::sidecar {
namespace {

std::tm utc(std::time_t time) {
    std::tm parts{};
    gmtime_r(&time, &parts);
    return parts;
}

} // namespace

std::string utc_now() {
    auto const now = std::chrono::system_clock::now();
    std::time_t const time = std::chrono::system_clock::to_time_t(now);
    auto const fraction = std::chrono::duration_cast<std::chrono::milliseconds>(
        now - std::chrono::system_clock::from_time_t(time));
    std::tm const parts = utc(time);
    char text[96];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                  parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                  static_cast<int>(fraction.count()));
    return text;
}

std::string http_date() {
    // strftime would speak the language of the locale.
    static char const *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static char const *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm const parts = utc(std::time(nullptr));
    char text[96];
    std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[parts.tm_wday],
                  parts.tm_mday, months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                  parts.tm_sec);
    return text;
}

std::string utc_from_database(std::string timestamp) {
    if (std::size_t const blank = timestamp.find(' '); blank != std::string::npos)
        timestamp[blank] = 'T';
    if (timestamp.size() > 3 && timestamp.compare(timestamp.size() - 3, 3, "+00") == 0)
        timestamp.replace(timestamp.size() - 3, 3, "Z");
    return timestamp;
}

} // namespace steward::sidecar
