#include "sidecar/http/worker.hpp"

#include "sidecar/api/answer.hpp"
#include "sidecar/api/answer_endpoint.hpp"
#include "sidecar/api/catalog.hpp"
#include "sidecar/api/login.hpp"
#include "sidecar/api/openapi.hpp"
#include "sidecar/api/score.hpp"
#include "sidecar/http/access_log.hpp"
#include "sidecar/http/memory_stream.hpp"
#include "sidecar/http/text.hpp"
#include "sidecar/metrics/open_metrics.hpp"
#include "sidecar/page/page.hpp"

namespace steward::sidecar::http {
namespace {

using api::Failure;

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

void need_json(Request const &request) {
    if (!is_json(request.content_type))
        throw Failure({415, "STW24", "The body must be application/json in UTF-8.", "", 0});
}

} // namespace

Worker::Worker(Service &service, bool is_admin)
    : service_(service), is_admin_(is_admin), session_(service.scores, service.health) {
    set_pre_routing_handler([this](auto &request, auto &response) { return handle(request, response); });
    set_error_handler(
        [this](httplib::Request const &, httplib::Response &response) { fill_error(response); });
    set_post_routing_handler([this](auto &, auto &response) { finish(response); });
}

/// Nothing is left to the routing of the library, which knows patterns only.
httplib::Server::HandlerResponse Worker::handle(httplib::Request const &request,
                                                httplib::Response &response) {
    try {
        route(request, response);
    } catch (...) {
        api::set_problem(response, api::current_problem(connection_->request_id), connection_->request_id);
    }
    return HandlerResponse::Handled;
}

void Worker::route(httplib::Request const &request, httplib::Response &response) {
    std::string_view const path = path_of(connection_->request.target);
    Route const *const route = find_route(path);
    api::PathMatch match;
    if (route == nullptr)
        match = api::match_path(path);
    bool const is_known =
        route != nullptr ? !is_admin_ || route->is_probe : !is_admin_ && !match.endpoints.empty();
    if (!is_known)
        throw Failure({404, "STW22", "There is nothing at this path.", "", 0});
    route_ = route == nullptr ? match.pattern : route->path;
    allow_ = route == nullptr ? match.allow : route->allow;
    if (!allows(allow_, connection_->request.method))
        throw Failure({405, "STW23", "The method is not one that this path knows.", "", 0});
    if (route != nullptr)
        answer_route(*route, request, response);
    else
        answer_from_table(*api::endpoint_for(match, connection_->request.method), response);
}

void Worker::answer_route(Route const &route, httplib::Request const &request, httplib::Response &response) {
    switch (route.target) {
    case Target::score:
        admit();
        if (request.method == "POST") {
            need_json(connection_->request);
            api::post_score(connection_->request.body, response, session_);
        } else {
            api::get_score(connection_->request.target, response, session_);
        }
        break;
    case Target::events:
        begin_stream(request, response);
        break;
    case Target::page:
        answer_page(route, response);
        break;
    case Target::openapi:
        response.set_content(api::openapi_document(), "application/json");
        api::set_entity_tag(response, connection_->request, "everybody");
        break;
    case Target::login:
    case Target::logout:
    case Target::session:
        answer_login(route, response);
        break;
    default:
        answer_probe(route, response);
    }
}

void Worker::answer_probe(Route const &route, httplib::Response &response) {
    if (route.target == Target::livez) {
        response.set_content("{\"alive\":true}\n", "application/json");
    } else if (route.target == Target::metrics) {
        if (!is_admin_)
            admit({.however_old = true}); // how it is while the database is away is what one wants to know
        std::string const text =
            service_.registry.render(service_.settings.metric_aliases) + service_.database_metrics.render();
        if (metrics::prefers_open_metrics(connection_->request.accept))
            response.set_content(metrics::open_metrics(text), metrics::open_metrics_type);
        else
            response.set_content(text, metrics::prometheus_type);
        response.set_header("Vary", "Accept, Authorization, Cookie");
    } else {
        auto const answer = service_.readiness.check();
        response.status = answer.is_ready ? 200 : 503;
        if (!answer.is_ready)
            response.set_header("Retry-After", "1");
        response.set_content(answer.body, "application/json");
    }
}

void Worker::answer_page(Route const &route, httplib::Response &response) {
    page::File const *const file = page::find_file(route.path);
    response.set_header("Content-Security-Policy", page::content_security_policy);
    response.set_header("Referrer-Policy", "no-referrer");
    response.set_content(std::string(file->content()), file->content_type);
    api::set_entity_tag(response, connection_->request, "everybody");
}

void Worker::answer_from_table(api::Endpoint const &endpoint, httplib::Response &response) {
    Request const &request = connection_->request;
    auth::Identity const identity = admit({endpoint.level, endpoint.writes});
    if (!request.body.empty())
        need_json(request);
    api::answer_endpoint(endpoint, request, identity.who(), response, session_);
}

void Worker::answer_login(Route const &route, httplib::Response &response) {
    Request const &request = connection_->request;
    api::LoginSettings const settings{service_.settings.secure_cookies};
    if (route.target == Target::login) {
        api::log_in(request, connection_->address, settings, response, service_.gate, session_);
    } else if (route.target == Target::logout) {
        admit();
        api::log_out(settings, response);
    } else {
        api::show_session(admit(), service_.gate.is_on(), response);
    }
}

/// From here on, the session has the rights of whoever asks. Throws Failure if he may not.
auth::Identity Worker::admit(auth::Wanted wanted) {
    auth::Identity identity =
        service_.gate.admit(connection_->request, connection_->address, wanted, session_);
    session_.set_role(identity.role);
    return identity;
}

/// The rest is up to the front, once it has the connection back.
void Worker::begin_stream(httplib::Request const &request, httplib::Response &response) {
    response.set_header("Content-Type", "text/event-stream");
    response.set_header("Cache-Control", "no-store");
    response.set_header("X-Accel-Buffering", "no"); // a proxy that collects would show the past
    auth::Identity const identity = admit();
    if (request.method == "HEAD")
        return;
    auto subscription = std::make_unique<live::Subscription>();
    subscription->role = identity.role;
    subscription->token = identity.token_id;
    if (auto const last = api::parse_bigint(connection_->request.last_event_id); last && *last > 0)
        subscription->seen.fill(static_cast<std::uint64_t>(*last));
    if (!service_.publisher.add(*subscription))
        throw Failure({503, "STW13", "The server has as many streams as it takes.", "", 5});
    connection_->subscription = std::move(subscription);
}

/// What cpp-httplib refuses by itself has a status and nothing else.
void Worker::fill_error(httplib::Response &response) {
    if (response.body.empty())
        api::set_problem(response, {response.status, "STW01", reason(response.status), "", 0},
                         connection_->request_id);
}

/// The headers that every answer has, and those that the library adds without being asked.
void Worker::finish(httplib::Response &response) {
    for (char const *name : {"Keep-Alive", "Accept-Ranges", "Connection"})
        response.headers.erase(name);
    connection_->close_behind |= service_.is_stopping; // perhaps since the request came
    if (connection_->subscription) {
        connection_->close_behind = true; // its end is the end of the connection
        response.headers.erase("Content-Length");
    }
    if (response.status == 304) // they would describe a body
        for (char const *name : {"Content-Length", "Content-Type"})
            response.headers.erase(name);
    response.set_header("Connection", connection_->close_behind ? "close" : "keep-alive");
    response.set_header("Date", http_date());
    response.set_header("X-Content-Type-Options", "nosniff");
    response.set_header("X-Request-Id", connection_->request_id);
    if (response.status == 401)
        response.set_header("WWW-Authenticate", "Bearer realm=\"steward\"");
    if (response.status == 405)
        response.set_header("Allow", allow_);
    status_ = response.status;
}

void Worker::warm_up() {
    session_.set_role(service_.gate.own_role("steward_reader"));
    api::warm_up(session_);
}

void Worker::connect() {
    try {
        session_.open();
    } catch (db::Error const &) {
        // The log has it; who waits is answered by somebody else.
    }
}

void Worker::answer(Connection &connection) {
    connection_ = &connection;
    route_ = "other";
    allow_.clear();
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
