#include "sidecar/http/access_log.hpp"

#include "sidecar/base/log.hpp"

namespace steward::sidecar::http {
namespace {

constexpr std::size_t longest_path = 1000; // a short line is written at once or not at all

} // namespace

void record(metrics::Registry &registry, Connection const &connection, std::string_view route,
            std::string_view method, int status) {
    double const seconds = seconds_between(connection.received, Clock::now());
    registry.count_request(route, method, status, seconds);
    if (!is_logged(Level::info))
        return;
    // Without the query: it may hold what does not belong into a log.
    log(Level::info, "request",
        std::move(JsonObject()
                      .add("request_id", connection.request_id)
                      .add("method", method)
                      .add("path", path_of(connection.request.target).substr(0, longest_path))
                      .add("status", status)
                      .add_milli("duration_ms", seconds * 1000)));
}

} // namespace steward::sidecar::http
