// Answers complete requests, one after the other, through a connection to the database of its own.
#pragma once

#include <functional>

#include <httplib.h>

#include "sidecar/http/connection.hpp"
#include "sidecar/http/service.hpp"

namespace steward::sidecar::http {

/// cpp-httplib routes requests and writes answers; it is never given a socket.
class Worker : private httplib::Server {
  public:
    explicit Worker(Service &service);

    /// Connects if it may, so that no request has to wait for it.
    void warm_up();
    bool is_connected() const { return session_.is_connected(); }

    /// Reads the request of `connection` and appends the answer to its output.
    void answer(Connection &connection);

  private:
    using Handle = std::function<void(httplib::Request const &, httplib::Response &)>;

    void add_routes();
    Handler guarded(Handle handle);
    HandlerResponse check(httplib::Request const &request, httplib::Response &response);
    void fill_error(httplib::Response &response);
    void finish(httplib::Request const &request, httplib::Response &response);

    Service &service_;
    db::Session session_;
    Connection *connection_ = nullptr; // whose request is answered at the moment
    std::string route_;                // its label
    int status_ = 0;
};

} // namespace steward::sidecar::http
