#include "sidecar/live/publisher.hpp"

#include <algorithm>
#include <array>

#include "sidecar/base/json.hpp"
#include "sidecar/base/log.hpp"

namespace steward::sidecar::live {
namespace {

constexpr std::chrono::seconds interval{1};
constexpr std::chrono::seconds token_interval{3};
constexpr std::chrono::seconds missing_for{60};

constexpr std::array<db::Statement, topic_count> statements{{
    {"live_state", "SELECT 1"},
    {"live_dashboard", "SELECT steward.dashboard()::text"},
    {"live_alerts",
     "SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(a) ORDER BY a.since DESC, a.rule), '[]')::text"
     " FROM (SELECT * FROM steward.alerts AS s WHERE s.state <> 'closed'"
     "       OR s.closed_at > pg_catalog.now() - interval '1 hour' ORDER BY s.since DESC LIMIT 100) AS a"},
    {"live_jobs",
     "SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(j) ORDER BY j.started_at, j.id), '[]')::text"
     " FROM (SELECT s.queue, s.id, s.kind, s.state, s.attempts, s.done, s.total, s.note, s.started_at"
     "       FROM steward.jobs AS s WHERE s.state IN ('running', 'leased') ORDER BY s.started_at LIMIT 100) "
     "AS j"},
}};

constexpr db::Statement good_tokens{
    "good_tokens", "SELECT t.token_id FROM steward.api_token AS t WHERE t.token_id = ANY ($1::text[])"
                   " AND t.revoked_at IS NULL AND t.expires_at > pg_catalog.now()"};

/// Not there, or not for this role: asking again in a second would not help.
bool is_missing(std::string const &sqlstate) {
    return sqlstate == "42883" || sqlstate == "42P01" || sqlstate == "3F000" || sqlstate == "42501";
}

} // namespace

Publisher::Publisher(db::SessionSettings settings, db::Health &health, std::string tokens_role,
                     int most_streams)
    : health_(health), tokens_role_(std::move(tokens_role)), most_streams_(most_streams),
      session_(std::move(settings), health),
      version_(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                              std::chrono::system_clock::now().time_since_epoch())
                                              .count())) {
    thread_ = std::thread([this] { run(); });
}

Publisher::~Publisher() {
    {
        std::lock_guard const lock(mutex_);
        is_ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Publisher::on_news(std::function<void()> wake) {
    std::lock_guard const lock(mutex_);
    wake_ = std::move(wake);
}

bool Publisher::add(Subscription const &subscription) {
    {
        std::lock_guard const lock(mutex_);
        if (streams_ >= most_streams_)
            return false;
        ++streams_;
        ++roles_[subscription.role];
        if (!subscription.token.empty()) {
            ++tokens_[subscription.token];
            revoked_.erase(subscription.token); // it was good a moment ago
        }
        is_asked_anew_ = true;
    }
    changed_.notify_all();
    return true;
}

void Publisher::remove(Subscription const &subscription) {
    std::lock_guard const lock(mutex_);
    --streams_;
    if (--roles_[subscription.role] == 0) {
        roles_.erase(subscription.role);
        values_.erase(subscription.role);
    }
    if (!subscription.token.empty() && --tokens_[subscription.token] == 0) {
        tokens_.erase(subscription.token);
        revoked_.erase(subscription.token);
    }
}

int Publisher::streams() const {
    std::lock_guard const lock(mutex_);
    return streams_;
}

std::shared_ptr<Values const> Publisher::values(std::string const &role) const {
    std::lock_guard const lock(mutex_);
    auto const found = values_.find(role);
    return found == values_.end() ? nullptr : found->second;
}

bool Publisher::is_revoked(std::string const &token) const {
    std::lock_guard const lock(mutex_);
    return revoked_.count(token) != 0;
}

void Publisher::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return is_ending_ || !roles_.empty(); });
        if (is_ending_)
            return;
        is_asked_anew_ = false;
        auto const roles = roles_;
        for (auto const &[role, count] : roles) {
            auto const before = values_.count(role) != 0 ? values_[role] : nullptr;
            lock.unlock();
            std::shared_ptr<Values const> const now = ask(role, before);
            lock.lock();
            if (roles_.count(role) != 0)
                values_[role] = now;
        }
        lock.unlock();
        look_at_tokens();
        lock.lock();
        if (wake_)
            wake_();
        changed_.wait_for(lock, interval, [&] { return is_ending_ || is_asked_anew_; });
    }
}

std::shared_ptr<Values> Publisher::ask(std::string const &role, std::shared_ptr<Values const> const &before) {
    auto values = before ? std::make_shared<Values>(*before) : std::make_shared<Values>();
    session_.set_role(role);
    for (Topic const topic : {state_topic, dashboard_topic, alerts_topic, jobs_topic})
        if (Clock::now() >= missing_until_[{role, topic}])
            ask_topic(role, topic, *values);
    return values;
}

void Publisher::ask_topic(std::string const &role, Topic topic, Values &values) {
    try {
        db::Result const result = session_.run(statements[topic]);
        if (topic == state_topic)
            set(values, topic, R"({"database":"up"})");
        else if (result.rows() == 1 && !result.is_null(0, 0))
            set(values, topic, std::string(result.text(0, 0)));
    } catch (db::Error const &error) {
        if (is_missing(error.sqlstate())) {
            missing_until_[{role, topic}] = Clock::now() + missing_for;
            log(Level::warning, "a stream of events cannot be filled",
                JsonObject().add("topic", topic_names[topic]).add("detail", error.what()));
        } else if (!session_.is_connected()) {
            set(values, state_topic, R"({"database":"down"})");
        }
    }
}

/// A value that has not changed is not told again.
void Publisher::set(Values &values, Topic topic, std::string json) {
    std::replace(json.begin(), json.end(), '\n', ' ');
    Values::Value &value = values.topics[topic];
    if (value.version != 0 && value.json == json)
        return;
    value.json = std::move(json);
    value.version = ++version_;
}

void Publisher::look_at_tokens() {
    std::string list = "{";
    std::set<std::string> asked;
    {
        std::lock_guard const lock(mutex_);
        for (auto const &[token, count] : tokens_)
            asked.insert(token);
    }
    if (asked.empty() || Clock::now() - looked_at_tokens_ < token_interval)
        return;
    for (std::string const &token : asked) // digits and letters only
        list.append(list.size() == 1 ? "" : ",").append(token);
    list += '}';
    try {
        session_.set_role(tokens_role_);
        db::Result const good = session_.run(good_tokens, {list.c_str()});
        for (int row = 0; row < good.rows(); ++row)
            asked.erase(std::string(good.text(row, 0)));
        looked_at_tokens_ = Clock::now();
        std::lock_guard const lock(mutex_);
        for (std::string const &token : asked)
            if (tokens_.count(token) != 0)
                revoked_.insert(token);
    } catch (db::Error const &error) {
        log(Level::warning, "the tokens of streams cannot be looked at",
            JsonObject().add("detail", error.what()));
    }
}

} // namespace steward::sidecar::live
