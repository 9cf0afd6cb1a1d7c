// Threads that answer requests, each with a worker of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "sidecar/http/connection.hpp"
#include "sidecar/http/service.hpp"

namespace steward::sidecar::http {

class Worker;

class WorkerPool {
  public:
    enum class For { requests, probes, admin };
    using Return = std::function<void(std::unique_ptr<Connection>)>;

    /// Connections whose request is answered, and sent as far as the socket takes it, go to `give_back`.
    /// Workers that answer scores connect first, and take nothing while they cannot and another can.
    /// `overflow` more connect when requests wait, and disconnect when none has come for a while.
    WorkerPool(int threads, int overflow, For what, Service &service, Return give_back);
    ~WorkerPool(); // waits for what is under way
    WorkerPool(WorkerPool const &) = delete;
    WorkerPool &operator=(WorkerPool const &) = delete;

    void submit(std::unique_ptr<Connection> connection);

    /// Those whose request has come before then, and that nobody has taken.
    std::vector<std::unique_ptr<Connection>> take_late(Clock::time_point before);

    /// Nothing more is taken. False if a thread was still busy at that time.
    bool end(Clock::time_point deadline);

  private:
    void work(bool is_extra);
    std::unique_ptr<Connection> take(Worker &worker, bool &is_able);
    std::unique_ptr<Connection> take_as_extra(Worker &worker, bool &is_able);
    std::unique_ptr<Connection> pop();
    bool is_short() const { return queue_.size() > waiting_; }
    void note_ability(bool now, bool &is_able);

    Service &service_;
    For const what_;
    bool const for_scores_;
    Return give_back_;
    std::mutex mutex_;
    std::condition_variable filled_;   // for workers that are able to answer
    std::condition_variable fallback_; // for the others: nobody is able
    std::condition_variable warm_;     // for extra workers with a connection: more requests wait than workers
    std::condition_variable cold_;     // for those without
    std::condition_variable ended_;
    std::deque<std::unique_ptr<Connection>> queue_;
    int able_ = 0;                 // workers that have a connection to the database, or need none
    std::size_t waiting_ = 0;      // workers that are able and wait; so many requests have somebody already
    std::size_t warm_waiting_ = 0; // extra ones with a connection that wait
    int running_ = 0;
    bool is_ending_ = false;
    std::vector<std::thread> threads_;
};

} // namespace steward::sidecar::http
