#include "sidecar/http/worker_pool.hpp"

#include "sidecar/http/socket.hpp"
#include "sidecar/http/worker.hpp"

namespace steward::sidecar::http {
namespace {

// How often a worker without a connection looks whether it may have one; the back-off says no more often.
constexpr std::chrono::milliseconds look_interval{200};
constexpr std::chrono::seconds extra_idle_time{2};

} // namespace

WorkerPool::WorkerPool(int threads, int overflow, For what, Service &service, Return give_back)
    : service_(service), what_(what), for_scores_(what == For::requests), give_back_(std::move(give_back)),
      running_(threads + overflow) {
    for (int i = 0; i < threads + overflow; ++i)
        threads_.emplace_back([this, is_extra = i >= threads] { work(is_extra); });
}

WorkerPool::~WorkerPool() {
    end(Clock::now());
    for (std::thread &thread : threads_)
        thread.join();
}

bool WorkerPool::end(Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    is_ending_ = true;
    for (auto *const sleepers : {&filled_, &fallback_, &warm_, &cold_})
        sleepers->notify_all();
    return ended_.wait_until(lock, deadline, [this] { return running_ == 0; });
}

void WorkerPool::submit(std::unique_ptr<Connection> connection) {
    std::lock_guard const lock(mutex_);
    queue_.push_back(std::move(connection));
    (able_ > 0 ? filled_ : fallback_).notify_one();
    if (!is_short())
        return;
    warm_.notify_one();
    if (queue_.size() > waiting_ + warm_waiting_)
        cold_.notify_one();
}

std::vector<std::unique_ptr<Connection>> WorkerPool::take_late(Clock::time_point before) {
    std::vector<std::unique_ptr<Connection>> late;
    std::lock_guard const lock(mutex_);
    while (!queue_.empty() && queue_.front()->received < before)
        late.push_back(pop());
    return late;
}

/// Called with the lock held, and something in the queue.
std::unique_ptr<Connection> WorkerPool::pop() {
    auto connection = std::move(queue_.front());
    queue_.pop_front();
    return connection;
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
            if (is_able) {
                ++waiting_;
                filled_.wait(lock, is_due);
                --waiting_;
            } else {
                fallback_.wait_for(lock, look_interval, is_due);
            }
            if (is_due())
                return queue_.empty() ? nullptr : pop();
        }
        worker.warm_up();
    }
}

/// The next request that the others have no time for. It is taken only with a connection: those that have one
/// will come for it sooner than it would fail here.
std::unique_ptr<Connection> WorkerPool::take_as_extra(Worker &worker, bool &is_able) {
    auto const is_due = [this] { return is_ending_ || is_short(); };
    std::unique_lock lock(mutex_);
    for (;;) {
        note_ability(worker.is_connected(), is_able);
        if (is_able) {
            ++warm_waiting_;
            bool const is_needed = warm_.wait_for(lock, extra_idle_time, is_due);
            --warm_waiting_;
            if (is_needed)
                return queue_.empty() ? nullptr : pop();
            worker.disconnect();
            note_ability(false, is_able);
        }
        cold_.wait(lock, is_due);
        if (is_ending_)
            return nullptr;
        lock.unlock();
        worker.connect();
        lock.lock();
        if (!worker.is_connected()) // there is no database, or it has no room for more
            cold_.wait_for(lock, look_interval, [this] { return is_ending_; });
    }
}

void WorkerPool::work(bool is_extra) {
    {
        Worker worker(service_, what_ == For::admin);
        bool is_able = false;
        if (for_scores_ && !is_extra)
            worker.warm_up();
        while (auto connection = is_extra ? take_as_extra(worker, is_able) : take(worker, is_able)) {
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
