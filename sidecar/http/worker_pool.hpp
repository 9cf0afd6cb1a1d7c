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

class WorkerPool {
  public:
    using Return = std::function<void(std::unique_ptr<Connection>)>;

    /// Connections whose request is answered, and sent as far as the socket takes it, go to `give_back`.
    /// Workers that answer scores warm up first.
    WorkerPool(int threads, bool for_scores, Service &service, Return give_back);
    ~WorkerPool(); // waits for what is under way
    WorkerPool(WorkerPool const &) = delete;
    WorkerPool &operator=(WorkerPool const &) = delete;

    void submit(std::unique_ptr<Connection> connection);

  private:
    void work(bool for_scores);
    std::unique_ptr<Connection> take();

    Service &service_;
    Return give_back_;
    std::mutex mutex_;
    std::condition_variable filled_;
    std::deque<std::unique_ptr<Connection>> queue_;
    bool is_ending_ = false;
    std::vector<std::thread> threads_;
};

} // namespace steward::sidecar::http
