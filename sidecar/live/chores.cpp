#include "sidecar/live/chores.hpp"

#include "sidecar/base/json.hpp"
#include "sidecar/base/log.hpp"
#include "sidecar/deliver/webhook.hpp"
#include "sidecar/metrics/text_format.hpp"

namespace steward::sidecar::live {
namespace {

constexpr std::chrono::seconds beat{1};
constexpr std::chrono::seconds tell_interval{
    30}; // each minute has a beat, also if five alerts take five seconds each
constexpr std::chrono::seconds missing_for{60};

constexpr db::Statement heartbeat{"heartbeat", "SELECT steward.heartbeat('sidecar')", true};
constexpr db::Statement durations{
    "record_durations",
    "SELECT steward.metric_record_many('http_request_seconds', $1::float8[], $2::bigint[],"
    " pg_catalog.jsonb_build_object('route', $3::text))",
    true};
constexpr db::Statement requests{"record_requests",
                                 "SELECT steward.metric_record('http_requests', $1::float8,"
                                 " pg_catalog.jsonb_build_object('route', $2::text, 'status', $3::text))",
                                 true};
constexpr db::Statement claim{"alert_deliveries_claim",
                              "SELECT target, delivery_id, url, secret_ref, body::text, attempt"
                              " FROM steward.alert_deliveries_claim(5, '45 seconds')",
                              true};
constexpr db::Statement record{
    "alert_delivery_record",
    "SELECT steward.alert_delivery_record($1::text, $2::uuid, $3::integer, $4::text)", true};

/// {1,2}
std::string array_of(std::vector<double> const &values) {
    std::string text = "{";
    for (double const value : values)
        text.append(text.size() == 1 ? "" : ",").append(metrics::number(value));
    return text + "}";
}

} // namespace

Chores::Chores(db::SessionSettings settings, db::Health &health, metrics::Registry &registry,
               ChoreSettings chores)
    : chores_(std::move(chores)), registry_(registry), session_(std::move(settings), health) {
    session_.set_role(chores_.role);
    thread_ = std::thread([this] { run(); });
}

Chores::~Chores() {
    {
        std::lock_guard const lock(mutex_);
        is_ending_ = true;
    }
    ending_.notify_all();
    thread_.join();
}

void Chores::run() {
    Clock::time_point told{};
    Clock::time_point nobody_to_tell_until{};
    Clock::time_point nothing_to_send_until{};
    std::unique_lock lock(mutex_);
    while (!ending_.wait_for(lock, beat, [this] { return is_ending_; })) {
        lock.unlock();
        if (Clock::now() - told >= tell_interval) {
            told = Clock::now();
            attempt(&Chores::tell, nobody_to_tell_until);
        }
        chores_.each_second();
        if (chores_.sends_alerts)
            attempt(&Chores::send_alerts, nothing_to_send_until);
        lock.lock();
    }
}

/// A chore that this database does not have, or that this role may not do, is looked at again later.
void Chores::attempt(void (Chores::*chore)(), Clock::time_point &missing_until) {
    if (Clock::now() < missing_until)
        return;
    try {
        (this->*chore)();
    } catch (db::Error const &error) {
        std::string const &code = error.sqlstate();
        bool const is_away = code.rfind("08", 0) == 0 || code.rfind("57P0", 0) == 0;
        if (is_away) // others say so
            return;
        missing_until = Clock::now() + missing_for;
        bool const is_expected =
            code == "42883" || code == "55000" || code == "3F000" || code == "25006" || code == "42501";
        log(is_expected ? Level::info : Level::warning, "a chore cannot be done",
            JsonObject().add("code", code).add("detail", error.what()));
    }
}

void Chores::tell() {
    session_.run(heartbeat);
    tell_requests();
}

void Chores::tell_requests() {
    for (auto const &[route, recent] : registry_.take_recent()) {
        std::string const seconds = array_of(recent.seconds);
        std::string const counts = array_of(recent.counts);
        session_.run(durations, {seconds.c_str(), counts.c_str(), route.c_str()});
        for (auto const &[status, count] : recent.by_status)
            session_.run(requests,
                         {std::to_string(count).c_str(), route.c_str(), std::to_string(status).c_str()});
    }
}

void Chores::send_alerts() {
    db::Result const deliveries = session_.run(claim);
    for (int row = 0; row < deliveries.rows(); ++row)
        send_alert(deliveries, row);
}

void Chores::send_alert(db::Result const &deliveries, int row) {
    std::string const target(deliveries.text(row, 0));
    std::string const id(deliveries.text(row, 1));
    deliver::Outcome outcome;
    try {
        std::string const reference(deliveries.text(row, 3));
        std::string const secret = reference.empty() ? "" : deliver::secret_of(reference, chores_.secrets);
        outcome = deliver::post(std::string(deliveries.text(row, 2)), std::string(deliveries.text(row, 4)),
                                secret, chores_.allowed);
    } catch (std::exception const &error) {
        outcome.error = error.what();
    }
    // Neither the address, which may hold a secret, nor what it answered.
    log(outcome.error.empty() ? Level::info : Level::warning, "an alert was sent",
        JsonObject()
            .add("target", target)
            .add("delivery", id)
            .add("status", outcome.status)
            .add("detail", outcome.error));
    std::string const status = std::to_string(outcome.status);
    session_.run(record, {target.c_str(), id.c_str(), outcome.status == 0 ? nullptr : status.c_str(),
                          outcome.error.empty() ? nullptr : outcome.error.c_str()});
}

} // namespace steward::sidecar::live
