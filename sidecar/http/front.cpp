#include "sidecar/http/front.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "sidecar/base/log.hpp"
#include "sidecar/http/request_id.hpp"
#include "sidecar/http/routes.hpp"

namespace steward::sidecar::http {
namespace {

constexpr std::chrono::seconds stop_time{10};
constexpr std::chrono::milliseconds sweep_interval{250};
// Two questions of the database may be under way at once, and one thread is always free for the third route.
constexpr int probe_threads = 3;

void watch(int epoll, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        throw std::runtime_error("epoll_ctl failed");
}

void note_events(Connection &connection, std::uint32_t events) {
    connection.readable |= (events & ~std::uint32_t{EPOLLOUT}) != 0;
    connection.is_ending |= (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
}

int signal_descriptor() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

} // namespace

Front::Front(int listener, FrontSettings settings, Service &service)
    : settings_(settings), service_(service), listener_(listener), epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      returns_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      signals_(settings.is_admin ? -1 : signal_descriptor()),
      news_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    watch(epoll_.get(), returns_.get(), EPOLLIN);
    if (!settings_.is_admin) {
        watch(epoll_.get(), news_.get(), EPOLLIN);
        service_.publisher.on_news([fd = news_.get()] { ::eventfd_write(fd, 1); });
        watch(epoll_.get(), signals_.get(), EPOLLIN);
    }
    watch_listener(true);
    auto const give_back = [this](std::unique_ptr<Connection> connection) {
        bool was_empty = false;
        {
            std::lock_guard const lock(returned_mutex_);
            was_empty = returned_.empty();
            returned_.push_back(std::move(connection));
        }
        if (was_empty)
            ::eventfd_write(returns_.get(), 1);
    };
    using For = WorkerPool::For;
    if (!settings_.is_admin)
        scores_ = std::make_unique<WorkerPool>(settings_.workers, settings_.overflow, For::requests, service_,
                                               give_back);
    probes_ = std::make_unique<WorkerPool>(probe_threads, 0, settings_.is_admin ? For::admin : For::probes,
                                           service_, give_back);
}

Front::~Front() {
    if (!settings_.is_admin)
        service_.publisher.on_news(nullptr);
    scores_.reset();
    probes_.reset();
    for (std::size_t fd = 0; fd < slots_.size(); ++fd)
        if (slots_[fd].connection)
            close(static_cast<int>(fd));
}

void Front::run_admin() {
    while (!service_.is_stopping)
        wait_and_serve();
    probes_->end(Clock::now() + std::chrono::seconds(1));
}

bool Front::run() {
    while (stop_deadline_ == Clock::time_point{} || !is_quiet()) {
        if (stop_deadline_ != Clock::time_point{} && Clock::now() > stop_deadline_)
            return false;
        wait_and_serve();
    }
    // What still runs is for nobody: workers that connect.
    auto const deadline = std::min(stop_deadline_, Clock::now() + std::chrono::seconds(1));
    bool const is_ended = scores_->end(deadline);
    return probes_->end(deadline) && is_ended;
}

void Front::wait_and_serve() {
    std::array<epoll_event, 256> events;
    int const count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   static_cast<int>(sweep_interval.count()));
    for (int i = 0; i < count; ++i)
        handle_event(events[static_cast<std::size_t>(i)].data.fd, events[static_cast<std::size_t>(i)].events);
    if (Clock::now() - swept_at_ >= sweep_interval)
        sweep();
}

void Front::handle_event(int fd, std::uint32_t events) {
    if (fd == listener_.get()) {
        accept_some();
    } else if (fd == returns_.get()) {
        take_back();
    } else if (fd == news_.get()) {
        send_news();
    } else if (fd == signals_.get()) {
        heed_signal();
    } else {
        Slot &slot = slots_[static_cast<std::size_t>(fd)];
        if (slot.is_lent) {
            slot.events |= events;
        } else if (slot.connection) {
            note_events(*slot.connection, events);
            advance(fd);
        }
    }
}

/// Connections whose request has been answered.
void Front::take_back() {
    eventfd_t ignored = 0;
    ::eventfd_read(returns_.get(), &ignored);
    std::vector<std::unique_ptr<Connection>> returned;
    {
        std::lock_guard const lock(returned_mutex_);
        returned.swap(returned_);
    }
    for (auto &connection : returned)
        take_back(std::move(connection));
}

void Front::take_back(std::unique_ptr<Connection> connection) {
    int const fd = connection->fd;
    Slot &slot = slots_[static_cast<std::size_t>(fd)];
    --lent_;
    slot.is_lent = false;
    note_events(*connection, std::exchange(slot.events, 0));
    connection->input.erase(0, connection->request_size);
    if (connection->input.empty())
        connection->input.shrink_to_fit(); // the next request may be a thousand times shorter
    connection->request_size = 0;
    connection->continued = false;
    slot.connection = std::move(connection);
    if (slot.connection->subscription)
        begin_stream(*slot.connection);
    else
        finish_answer(*slot.connection);
    advance(fd);
}

void Front::heed_signal() {
    signalfd_siginfo info{};
    [[maybe_unused]] ssize_t const ignored = ::read(signals_.get(), &info, sizeof info);
    if (info.ssi_signo == SIGHUP) // whoever has put a new secret in place may send it, as to other servers
        log(Level::info, "nothing is to be read anew: secrets and tokens are looked up when they are used");
    else
        begin_stop();
}

void Front::begin_stop() {
    if (stop_deadline_ != Clock::time_point{})
        return;
    log(Level::info, "stopping", std::move(JsonObject().add("requests", lent_)));
    service_.is_stopping = true;
    stop_deadline_ = Clock::now() + stop_time;
    watch_listener(false);
    listener_.reset();
    for (std::size_t fd = 0; fd < slots_.size(); ++fd)
        if (Connection const *connection = slots_[fd].connection.get())
            if (connection->state == Connection::State::reading ||
                connection->state == Connection::State::streaming)
                close(static_cast<int>(fd));
}

/// Nothing is answered or sent any more.
bool Front::is_quiet() const {
    if (lent_ > 0)
        return false;
    for (Slot const &slot : slots_)
        if (slot.connection && slot.connection->state == Connection::State::writing)
            return false;
    return true;
}

void Front::sweep() {
    swept_at_ = Clock::now();
    if (scores_ && settings_.queue_time > Clock::duration::zero())
        refuse_late();
    for (std::size_t fd = 0; fd < slots_.size(); ++fd)
        if (slots_[fd].connection && slots_[fd].connection->deadline < swept_at_) {
            expire(*slots_[fd].connection);
            advance(static_cast<int>(fd));
        }
    // After descriptors had run out.
    if (listener_.get() >= 0)
        watch_listener(true);
}

void Front::close(int fd) {
    auto &connection = slots_[static_cast<std::size_t>(fd)].connection;
    memory_ -= connection->charged;
    if (connection->subscription)
        service_.publisher.remove(*connection->subscription);
    connection.reset();
    ::close(fd); // epoll forgets it by itself
    --open_;
    --service_.registry.connections;
}

/// Lends the connection to a worker.
void Front::dispatch(Slot &slot, Request const &request) {
    Connection &connection = *slot.connection;
    connection.request = request;
    connection.request_id = request.request_id.empty() ? new_request_id() : std::string(request.request_id);
    connection.received = Clock::now();
    charge(connection);
    slot.is_lent = true;
    ++lent_;
    Route const *const route = find_route(path_of(request.target));
    WorkerPool &pool = settings_.is_admin || (route != nullptr && route->is_probe) ? *probes_ : *scores_;
    pool.submit(std::move(slot.connection));
}

} // namespace steward::sidecar::http
