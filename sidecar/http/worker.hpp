// Answers complete requests, one after the other, through a connection to the database of its own.
#pragma once

#include <httplib.h>

#include "sidecar/api/endpoint.hpp"
#include "sidecar/http/connection.hpp"
#include "sidecar/http/routes.hpp"
#include "sidecar/http/service.hpp"

namespace steward::sidecar::http {

/// cpp-httplib writes answers; it is never given a socket.
class Worker : private httplib::Server {
  public:
    /// For administrators, it answers probes alone, and asks nobody who he is.
    Worker(Service &service, bool is_admin);

    /// Connects if it may, so that no request has to wait for it.
    void warm_up();
    bool is_connected() const { return session_.is_connected(); }
    /// Connects if it may, and no more: there is somebody who waits.
    void connect();
    void disconnect() { session_.disconnect(); }

    /// Reads the request of `connection` and appends the answer to its output.
    void answer(Connection &connection);

  private:
    HandlerResponse handle(httplib::Request const &request, httplib::Response &response);
    void route(httplib::Request const &request, httplib::Response &response);
    void answer_route(Route const &route, httplib::Request const &request, httplib::Response &response);
    void answer_probe(Route const &route, httplib::Response &response);
    void answer_page(Route const &route, httplib::Response &response);
    void answer_from_table(api::Endpoint const &endpoint, httplib::Response &response);
    void begin_stream(httplib::Request const &request, httplib::Response &response);
    void answer_login(Route const &route, httplib::Response &response);
    auth::Identity admit(auth::Wanted wanted = {});
    void fill_error(httplib::Response &response);
    void finish(httplib::Response &response);

    Service &service_;
    bool const is_admin_;
    db::Session session_;
    Connection *connection_ = nullptr; // whose request is answered at the moment
    std::string route_;                // its label
    std::string allow_;                // methods that the path knows
    int status_ = 0;
};

} // namespace steward::sidecar::http
