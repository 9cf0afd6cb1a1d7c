#include "sidecar/metrics/database_metrics.hpp"

#include "sidecar/base/log.hpp"
#include "sidecar/metrics/fields.hpp"
#include "sidecar/metrics/operations.hpp"
#include "sidecar/metrics/text_format.hpp"
#include "sidecar/metrics/ticks.hpp"

namespace steward::sidecar::metrics {
namespace {

constexpr std::chrono::seconds fresh_for{1}; // of what is asked for when somebody scrapes again after a pause
constexpr std::chrono::seconds kept_for{10}; // of what is kept fresh meanwhile
constexpr std::chrono::seconds interval{5};  // in which it is
constexpr std::chrono::minutes remembered{2}; // how long somebody who scrapes is expected again

} // namespace

DatabaseMetrics::DatabaseMetrics(db::SessionSettings settings, db::Health &health, std::string role,
                                 bool with_aliases)
    : health_(health), session_(std::move(settings), health), with_aliases_(with_aliases),
      families_(with_aliases) {
    session_.set_role(std::move(role));
}

std::string DatabaseMetrics::render() {
    bool is_due = false;
    {
        std::lock_guard const lock(mutex_);
        auto const now = Clock::now();
        bool const is_expected = now - scraped_at_ < remembered && now - scraped_at_ > fresh_for;
        is_due = asked_at_ == Clock::time_point{} || now - asked_at_ >= (is_expected ? kept_for : fresh_for);
        scraped_at_ = now;
    }
    if (std::unique_lock const turn(asking_, std::try_to_lock); is_due && turn.owns_lock())
        refresh();
    std::string text;
    add_head(text, "steward_database_up", "gauge", "1 if the database answered when it was last used.");
    add_sample(text, "steward_database_up", {}, health_.is_up ? 1 : 0);
    add_head(text, "steward_database_connections", "gauge", "Connections to the database that are open.");
    add_sample(text, "steward_database_connections", {}, health_.connections);
    add_head(text, "steward_database_reconnects_total", "counter", "Connections made in place of lost ones.");
    add_sample(text, "steward_database_reconnects_total", {}, static_cast<double>(health_.reconnects));

    std::lock_guard const lock(mutex_);
    add_head(text, "steward_scrape_errors_total", "counter", "Questions that the database did not answer.");
    add_sample(text, "steward_scrape_errors_total", {}, static_cast<double>(errors_));
    if (answered_at_ != Clock::time_point{}) {
        add_head(text, "steward_scrape_age_seconds", "gauge", "Age of the values that the database keeps.");
        add_sample(text, "steward_scrape_age_seconds", {}, seconds_between(answered_at_, Clock::now()));
    }
    return text + text_;
}

void DatabaseMetrics::keep_fresh() {
    {
        std::lock_guard const lock(mutex_);
        auto const now = Clock::now();
        bool const is_expected = scraped_at_ != Clock::time_point{} && now - scraped_at_ < remembered;
        if (!is_expected || now - asked_at_ < interval)
            return;
    }
    if (std::unique_lock const turn(asking_, std::try_to_lock); turn.owns_lock())
        refresh();
}

/// Called by the one who has the turn.
void DatabaseMetrics::refresh() {
    std::string text;
    auto const with_aliases = [this](auto read) {
        return
            [this, read](db::Session &session, std::string &lines) { read(session, lines, with_aliases_); };
    };
    bool const is_complete =
        ask(with_aliases(read_operation_counts), text) && ask(with_aliases(read_operation_durations), text) &&
        ask(with_aliases(read_ticks), text) && ask(with_aliases(read_fields), text) &&
        ask([this](db::Session &session, std::string &lines) { families_.read(session, lines); }, text);
    std::lock_guard const lock(mutex_);
    asked_at_ = Clock::now();
    if (!is_complete)
        return;
    text_ = std::move(text);
    answered_at_ = asked_at_;
}

bool DatabaseMetrics::ask(std::function<void(db::Session &, std::string &)> const &read, std::string &text) {
    try {
        read(session_, text);
        return true;
    } catch (db::Error const &error) {
        log(Level::warning, "the database did not answer a scrape",
            JsonObject().add("code", error.sqlstate()).add("detail", error.what()));
        std::lock_guard const lock(mutex_);
        ++errors_;
        return false;
    }
}

} // namespace steward::sidecar::metrics
