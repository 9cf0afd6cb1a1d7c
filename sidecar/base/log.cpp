#include "sidecar/base/log.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <mutex>
#include <string>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sidecar/base/clock.hpp"

namespace steward::sidecar {
namespace {

Level lowest = Level::info;

constexpr std::array<std::string_view, 4> names{"debug", "info", "warning", "error"};

std::mutex writing;
std::int64_t dropped = 0; // lines since the last that went through

/// False if the line would have to wait: a reader that has stalled must not stop the service. The descriptor
/// stays as it is, since others may write to it, too.
bool write_now(std::string const &line) {
    ssize_t count = ::send(STDERR_FILENO, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == ENOTSOCK) {
        pollfd log{STDERR_FILENO, POLLOUT, 0};
        if (::poll(&log, 1, 0) != 1 || (log.revents & POLLOUT) == 0)
            return false;
        // A pipe with room at all takes PIPE_BUF bytes, in one piece.
        count = ::write(STDERR_FILENO, line.data(), line.size());
    }
    return count == static_cast<ssize_t>(line.size());
}

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
    std::lock_guard const lock(writing);
    JsonObject head;
    head.add("time", utc_now()).add("level", names[static_cast<std::size_t>(level)]).add("message", message);
    if (dropped > 0)
        head.add("dropped", dropped);
    std::string line = std::move(head).close();
    std::string tail = std::move(members).close();
    if (line.size() + tail.size() > PIPE_BUF)
        tail = R"({"truncated":true})";
    if (tail.size() > 2) {
        line.back() = ',';
        line.append(tail, 1);
    }
    line += '\n';
    dropped = write_now(line) ? 0 : dropped + 1;
}

} // namespace steward::sidecar
