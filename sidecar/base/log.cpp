#include "sidecar/base/log.hpp"

#include <array>
#include <string>

#include <unistd.h>

#include "sidecar/base/clock.hpp"

namespace steward::sidecar {
namespace {

Level lowest = Level::info;

constexpr std::array<std::string_view, 4> names{"debug", "info", "warning", "error"};

} // namespace

void set_log_level(Level level) {
    lowest = level;
}

bool is_logged(Level level) {
    return level >= lowest;
}

void log(Level level, std::string_view message, JsonObject members) {
    if (!is_logged(level))
        return;
    JsonObject head;
    head.add("time", utc_now()).add("level", names[static_cast<std::size_t>(level)]).add("message", message);
    std::string line = std::move(head).close();
    std::string const tail = std::move(members).close();
    if (tail.size() > 2) {
        line.back() = ',';
        line.append(tail, 1);
    }
    line += '\n';
    // A log that nobody reads any more must not stop the service.
    [[maybe_unused]] ssize_t const ignored = ::write(STDERR_FILENO, line.data(), line.size());
}

} // namespace steward::sidecar
