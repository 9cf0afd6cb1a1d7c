#include "sidecar/http/worker_pool.hpp"

#include "sidecar/http/socket.hpp"
#include "sidecar/http/worker.hpp"

namespace steward::sidecar::http {
namespace {

// How often a worker without a connection looks whether it may have one; the back-off says no more often.
constexpr std::chrono::milliseconds look_interval{200};

} // namespace

WorkerPool::WorkerPool(int threads, For what, Service &service, Return give_back)
    : service_(service), what_(what), for_scores_(what == For::requests), give_back_(std::move(give_back)),
      running_(threads) {
    for (int i = 0; i < threads; ++i)
        threads_.emplace_back([this] { work(); });
}

WorkerPool::~WorkerPool() {
    end(Clock::now());
    for (std::thread &thread : threads_)
        thread.join();
}

bool WorkerPool::end(Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    is_ending_ = true;
    filled_.notify_all();
    fallback_.notify_all();
    return ended_.wait_until(lock, deadline, [this] { return running_ == 0; });
}

void WorkerPool::submit(std::unique_ptr<Connection> connection) {
    std::lock_guard const lock(mutex_);
    queue_.push_back(std::move(connection));
    (able_ > 0 ? filled_ : fallback_).notify_one();
}

/// Called with the lock held.
void WorkerPool::note_ability(bool now, bool &is_able) {
    if (now == is_able)
        return;
    is_able = now;
    able_ += now ? 1 : -1;
    if (able_ == 0)
        fallback_.notify_all(); // somebody has to say that there is no database
}

/// The next request. A worker without a connection fails at once and would soon have all requests: it tries
/// to connect instead, unless no other worker could do better.
std::unique_ptr<Connection> WorkerPool::take(Worker &worker, bool &is_able) {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            note_ability(!for_scores_ || worker.is_connected(), is_able);
            auto const is_due = [&] { return is_ending_ || (!queue_.empty() && (is_able || able_ == 0)); };
            if (is_able)
                filled_.wait(lock, is_due);
            else
                fallback_.wait_for(lock, look_interval, is_due);
            if (is_due()) {
                if (queue_.empty())
                    return nullptr;
                auto connection = std::move(queue_.front());
                queue_.pop_front();
                return connection;
            }
        }
        worker.warm_up();
    }
}

void WorkerPool::work() {
    {
        Worker worker(service_, what_ == For::admin);
        bool is_able = false;
        if (for_scores_)
            worker.warm_up();
        while (auto connection = take(worker, is_able)) {
            worker.answer(*connection);
            send_some(*connection);
            give_back_(std::move(connection));
        }
    }
    std::lock_guard const lock(mutex_);
    --running_;
    ended_.notify_all();
}

} // namespace steward::sidecar::http
