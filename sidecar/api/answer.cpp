#include "sidecar/api/answer.hpp"

#include "sidecar/base/log.hpp"
#include "sidecar/db/result.hpp"

namespace steward::sidecar::api {

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
        if (problem.status >= 500)
            log(Level::warning, "the database refused a request",
                JsonObject()
                    .add("request_id", request_id)
                    .add("code", error.sqlstate())
                    .add("detail", error.what()));
        return problem;
    } catch (std::exception const &error) {
        log(Level::error, "a handler failed",
            JsonObject().add("request_id", request_id).add("detail", error.what()));
        return {500, "STW99", "The server made a mistake; the log has more.", "", 0};
    }
}

} // namespace steward::sidecar::api
