#include "sidecar/api/answer.hpp"

#include <atomic>

#include "sidecar/base/clock.hpp"
#include "sidecar/base/log.hpp"
#include "sidecar/db/result.hpp"

namespace steward::sidecar::api {
namespace {

/// While there is no connection every request fails alike: one warning a second says so.
bool is_worth_a_warning(std::string const &sqlstate) {
    if (sqlstate.rfind("08", 0) != 0)
        return true;
    static std::atomic<Clock::rep> next{0};
    Clock::rep due = next;
    Clock::rep const now = Clock::now().time_since_epoch().count();
    return now >= due &&
           next.compare_exchange_strong(due, now + Clock::duration(std::chrono::seconds(1)).count());
}

} // namespace

void set_problem(httplib::Response &response, http::Problem const &problem, std::string const &request_id) {
    response.status = problem.status;
    if (problem.retry_after > 0)
        response.set_header("Retry-After", std::to_string(problem.retry_after));
    response.set_content(http::problem_body(problem, request_id), "application/problem+json");
}

http::Problem current_problem(std::string const &request_id) {
    try {
        throw;
    } catch (Failure const &failure) {
        return failure.problem();
    } catch (db::Error const &error) {
        http::Problem problem = http::problem_of_sqlstate(error.sqlstate(), error.what(), error.hint());
        if ((problem.status >= 500 || problem.status == 403) && is_worth_a_warning(error.sqlstate()))
            log(Level::warning, "the database refused a request",
                JsonObject()
                    .add("request_id", request_id)
                    .add("code", error.sqlstate())
                    .add("detail", std::string_view(error.what()).substr(0, 1000)));
        return problem;
    } catch (std::exception const &error) {
        log(Level::error, "a handler failed",
            JsonObject().add("request_id", request_id).add("detail", error.what()));
        return {500, "STW99", "The server made a mistake; the log has more.", "", 0};
    }
}

} // namespace steward::sidecar::api
