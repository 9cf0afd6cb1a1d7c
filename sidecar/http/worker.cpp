#include "sidecar/http/worker.hpp"

#include "sidecar/api/answer.hpp"
#include "sidecar/api/score.hpp"
#include "sidecar/http/access_log.hpp"
#include "sidecar/http/memory_stream.hpp"
#include "sidecar/http/routes.hpp"
#include "sidecar/http/text.hpp"

namespace steward::sidecar::http {
namespace {

/// The head as cpp-httplib gets to see it: what was framed, and not a header more. So it meets neither a
/// Range that makes a short answer long, nor anything it would read in another way than we did, as it does
/// with queries.
std::string plain_head(Request const &request) {
    std::string head;
    head.append(request.method).append(" ").append(path_of(request.target)).append(" HTTP/1.1\r\n");
    if (!request.content_type.empty())
        head.append("Content-Type: ").append(request.content_type).append("\r\n");
    head.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n\r\n");
    return head;
}

bool is_json(std::string_view content_type) {
    std::string_view const type = trim(content_type.substr(0, content_type.find(';')));
    if (!equal_ignoring_case(type, "application/json"))
        return false;
    if (type.size() == content_type.size())
        return true;
    std::string_view const parameter = trim(content_type.substr(content_type.find(';') + 1));
    return parameter.empty() || equal_ignoring_case(parameter, "charset=utf-8") ||
           equal_ignoring_case(parameter, "charset=\"utf-8\"");
}

} // namespace

Worker::Worker(Service &service) : service_(service), session_(service.scores, service.health) {
    add_routes();
    set_pre_routing_handler([this](auto &request, auto &response) { return check(request, response); });
    set_error_handler(
        [this](httplib::Request const &, httplib::Response &response) { fill_error(response); });
    set_post_routing_handler([this](auto &request, auto &response) { finish(request, response); });
}

void Worker::add_routes() {
    Get(score_path, guarded([this](auto &, auto &response) {
            api::get_score(connection_->request.target, response, session_);
        }));
    Post(score_path,
         guarded([this](auto &request, auto &response) { api::post_score(request, response, session_); }));
    Get("/livez", guarded([](auto &, auto &response) {
            response.set_content("{\"alive\":true}\n", "application/json");
        }));
    Get("/readyz", guarded([this](auto &, auto &response) {
            auto const answer = service_.readiness.check();
            response.status = answer.is_ready ? 200 : 503;
            if (!answer.is_ready)
                response.set_header("Retry-After", "1");
            response.set_content(answer.body, "application/json");
        }));
    Get("/metrics", guarded([this](auto &, auto &response) {
            response.set_content(service_.registry.render() + service_.database_metrics.render(),
                                 "text/plain; version=0.0.4; charset=utf-8");
        }));
}

httplib::Server::Handler Worker::guarded(Handle handle) {
    return [this, handle = std::move(handle)](auto &request, auto &response) {
        try {
            handle(request, response);
        } catch (...) {
            api::set_problem(response, api::current_problem(connection_->request_id),
                             connection_->request_id);
        }
    };
}

/// Before the body is looked at.
httplib::Server::HandlerResponse Worker::check(httplib::Request const &request, httplib::Response &response) {
    auto const refuse = [&](int status, char const *code, char const *detail) {
        api::set_problem(response, {status, code, detail, "", 0}, connection_->request_id);
        return HandlerResponse::Handled;
    };
    Route const *const route = find_route(request.path);
    if (route == nullptr)
        return refuse(404, "STW22", "There is nothing at this path.");
    route_ = route->path;
    if (!allows(*route, request.method))
        return refuse(405, "STW23", "The method is not one that this path knows.");
    if (route->takes_json && request.method == "POST" && !is_json(connection_->request.content_type))
        return refuse(415, "STW24", "The body must be application/json in UTF-8.");
    return HandlerResponse::Unhandled;
}

/// What cpp-httplib refuses by itself has a status and nothing else.
void Worker::fill_error(httplib::Response &response) {
    if (response.body.empty())
        api::set_problem(response, {response.status, "STW01", reason(response.status), "", 0},
                         connection_->request_id);
}

/// The headers that every answer has, and those that the library adds without being asked.
void Worker::finish(httplib::Request const &request, httplib::Response &response) {
    for (char const *name : {"Keep-Alive", "Accept-Ranges", "Connection"})
        response.headers.erase(name);
    connection_->close_behind |= service_.is_stopping; // perhaps since the request came
    response.set_header("Connection", connection_->close_behind ? "close" : "keep-alive");
    response.set_header("Date", http_date());
    response.set_header("X-Request-Id", connection_->request_id);
    if (Route const *route = find_route(request.path); response.status == 405 && route != nullptr)
        response.set_header("Allow", route->allow);
    status_ = response.status;
}

void Worker::warm_up() {
    api::warm_up(session_);
}

void Worker::answer(Connection &connection) {
    connection_ = &connection;
    route_ = "other";
    status_ = 500;
    connection.close_behind = !connection.request.keep_alive;
    std::string const head = plain_head(connection.request);
    MemoryStream stream(head, connection.request.body, connection.output);
    bool is_closed = false;
    if (!process_request(stream, connection.close_behind, is_closed, nullptr))
        connection.close_behind = true;
    record(service_.registry, connection, route_, connection.request.method, status_);
}

} // namespace steward::sidecar::http
