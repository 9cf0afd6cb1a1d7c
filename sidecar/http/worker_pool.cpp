#include "sidecar/http/worker_pool.hpp"

#include "sidecar/http/socket.hpp"
#include "sidecar/http/worker.hpp"

namespace steward::sidecar::http {

WorkerPool::WorkerPool(int threads, bool for_scores, Service &service, Return give_back)
    : service_(service), give_back_(std::move(give_back)) {
    for (int i = 0; i < threads; ++i)
        threads_.emplace_back([this, for_scores] { work(for_scores); });
}

WorkerPool::~WorkerPool() {
    {
        std::lock_guard const lock(mutex_);
        is_ending_ = true;
    }
    filled_.notify_all();
    for (std::thread &thread : threads_)
        thread.join();
}

void WorkerPool::submit(std::unique_ptr<Connection> connection) {
    {
        std::lock_guard const lock(mutex_);
        queue_.push_back(std::move(connection));
    }
    filled_.notify_one();
}

std::unique_ptr<Connection> WorkerPool::take() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return !queue_.empty() || is_ending_; });
    if (queue_.empty())
        return nullptr;
    auto connection = std::move(queue_.front());
    queue_.pop_front();
    return connection;
}

void WorkerPool::work(bool for_scores) {
    Worker worker(service_);
    if (for_scores)
        worker.warm_up();
    while (auto connection = take()) {
        worker.answer(*connection);
        send_some(*connection);
        give_back_(std::move(connection));
    }
}

} // namespace steward::sidecar::http
