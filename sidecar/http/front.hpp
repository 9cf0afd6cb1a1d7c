// The one thread that owns all sockets: it accepts, reads until a request is complete, and closes.
//
// Workers are lent a connection together with a complete request, and give it back with the answer sent. So
// a connection that is idle or slow occupies no worker, and nothing but the queues is shared.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "sidecar/http/connection.hpp"
#include "sidecar/http/problem.hpp"
#include "sidecar/http/service.hpp"
#include "sidecar/http/socket.hpp"
#include "sidecar/http/worker_pool.hpp"

namespace steward::sidecar::http {

struct FrontSettings {
    Limits limits;
    int max_connections = 4096;
    std::size_t max_memory_bytes = 256 * 1024 * 1024;
    int workers = 4;
    int overflow = 0;             // more of them while requests wait
    Clock::duration queue_time{}; // that a request may wait for one; 0: any time
    bool is_admin = false;        // answers probes alone, to whoever asks, until the service stops
};

class Front {
  public:
    /// Takes over the listening socket. SIGTERM, SIGINT and SIGHUP have to be blocked in all threads: they
    /// are read here, and the former two stop the front.
    Front(int listener, FrontSettings settings, Service &service);
    ~Front();
    Front(Front const &) = delete;
    Front &operator=(Front const &) = delete;

    /// Serves until a signal comes. False if requests were still under way at the end of the time for that.
    bool run();

    /// Serves until the service stops.
    void run_admin();

  private:
    /// By descriptor: what is known of a socket, whoever has the connection.
    struct Slot {
        std::unique_ptr<Connection> connection; // null while it is lent, or if there is none
        bool is_lent = false;
        std::uint32_t events = 0; // that came while it was lent
    };

    void wait_and_serve();
    void handle_event(int fd, std::uint32_t events);
    void take_back();
    void take_back(std::unique_ptr<Connection> connection);
    void refuse_late();
    void heed_signal();
    void begin_stop();
    void sweep();

    void accept_some();
    void add_connection(int fd, std::string address);
    void watch_listener(bool on);

    void advance(int fd);
    void read_requests(Slot &slot);
    bool read_some(Connection &connection);
    void discard_input(Connection &connection);
    void dispatch(Slot &slot, Request const &request);
    void refuse(Connection &connection, Problem const &problem);
    void finish_answer(Connection &connection);
    void expire(Connection &connection);
    void begin_stream(Connection &connection);
    void send_events(Connection &connection);
    void send_news();
    void keep_stream_alive(Connection &connection);
    void close(int fd);
    bool is_quiet() const;
    void charge(Connection &connection);
    bool has_room(Connection const &connection, Framed const &framed) const;

    FrontSettings const settings_;
    Service &service_;
    Descriptor listener_;
    Descriptor epoll_;
    Descriptor returns_; // readable when something was given back
    Descriptor signals_;
    Descriptor news_; // readable when there are new values for streams
    bool listener_is_watched_ = false;
    Clock::time_point stop_deadline_{};
    Clock::time_point swept_at_{};
    std::vector<Slot> slots_;
    int open_ = 0;
    int lent_ = 0;
    std::size_t memory_ = 0; // what all connections are charged with
    std::array<char, 64 * 1024> buffer_;

    std::mutex returned_mutex_;
    std::vector<std::unique_ptr<Connection>> returned_;

    // Last: their threads end before anything they use.
    std::unique_ptr<WorkerPool> scores_;
    std::unique_ptr<WorkerPool> probes_;
};

} // namespace steward::sidecar::http
