// One connection to the database, used by one thread: connects when it is needed, again when it was lost.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sidecar/db/backoff.hpp"
#include "sidecar/db/result.hpp"

namespace steward::sidecar::db {

/// What all sessions of the process share.
struct Health {
    Backoff backoff;
    std::atomic<bool> is_up{false}; // the last attempt to use the database met one
    std::atomic<int> connections{0};
    std::atomic<std::uint64_t> reconnects{0};
};

struct SessionSettings {
    std::string conninfo;
    std::string application_name = "steward";
    int statement_timeout_ms = 5000;
    int lock_timeout_ms = 0;         // 0: none of its own
    bool prepared_statements = true; // off: nothing is left in a session, as pgbouncer wants it
    int recycle_seconds = -1;        // an older connection is replaced before it is used; below 0: never
    bool pre_ping = true; // one that turns out to be lost is replaced, and the statement runs again
    bool echo = false;    // statements are logged, without the values of their parameters
};

/// Statements are prepared once a session; `name` says which is which.
struct Statement {
    char const *name;
    char const *sql;
    bool writes = false; // then it is never sent twice
};

using Parameters = std::vector<char const *>; // null is NULL

class Session {
  public:
    Session(SessionSettings settings, Health &health);
    ~Session();
    Session(Session const &) = delete;
    Session &operator=(Session const &) = delete;

    /// From now on, statements run with the rights of this role, each in a transaction of its own at whose
    /// end they are given back; empty: with those of whoever logged in.
    void set_role(std::string role) { role_ = std::move(role); }

    /// Rows of the statement. One that only reads may run twice if the connection is lost meanwhile.
    Result run(Statement const &statement, Parameters const &parameters = {});

    bool is_connected() const { return connection_ != nullptr; }

    /// Before there is a statement. Throws Error if it cannot.
    void open();
    void disconnect();

  private:
    Result execute(Statement const &statement, Parameters const &parameters);
    Result execute_as_role(Statement const &statement, Parameters const &parameters,
                           Clock::time_point deadline);
    bool send(Statement const &statement, Parameters const &parameters);
    void prepare(Statement const &statement, Clock::time_point deadline);
    Result receive(Clock::time_point deadline);
    Result next_result(Clock::time_point deadline);
    bool is_lost();
    void recycle();
    Result run_once(Statement const &statement, Parameters const &parameters);
    Result run_and_echo(Statement const &statement, Parameters const &parameters);
    std::string startup_options() const;
    void connect();
    [[noreturn]] void raise(PGresult const *result);

    SessionSettings const settings_;
    Health &health_;
    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_{nullptr, PQfinish};
    std::set<std::string> prepared_;
    std::string role_;
    bool was_connected_ = false;
    Clock::time_point connected_{};
};

} // namespace steward::sidecar::db
