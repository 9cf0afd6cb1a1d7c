#include "sidecar/db/session.hpp"

#include <algorithm>
#include <cstdlib>

#include <poll.h>

#include "sidecar/base/log.hpp"
#include "sidecar/db/conninfo.hpp"

namespace steward::sidecar::db {
namespace {

// The server ends a statement that takes too long; a server that does not answer at all is given up later.
constexpr std::chrono::milliseconds patience{1000};
constexpr std::size_t longest_echo = 2000; // a line of the log is written in one piece, or cut short

constexpr Statement take_role{"take_role", "SELECT pg_catalog.set_config('role', $1, true)"};

std::string first_line(char const *text) {
    std::string line = text == nullptr ? "" : text;
    return line.substr(0, line.find('\n'));
}

std::string field(PGresult const *result, int code) {
    char const *value = PQresultErrorField(result, code);
    return value == nullptr ? "" : value;
}

bool begins_with(std::string const &text, char const *start) {
    return text.rfind(start, 0) == 0;
}

/// Another connection may fare better.
bool is_loss(std::string const &sqlstate) {
    return begins_with(sqlstate, "08") || begins_with(sqlstate, "57P0");
}

/// The prepared statement is gone, is there already, or the function behind it has changed.
bool is_stale_statement(Error const &error) {
    return error.sqlstate() == "26000" || error.sqlstate() == "42P05" ||
           (error.sqlstate() == "0A000" && error.source() == "RevalidateCachedQuery");
}

} // namespace

Session::Session(SessionSettings settings, Health &health) : settings_(std::move(settings)), health_(health) {
}

Session::~Session() {
    disconnect();
}

Result Session::run(Statement const &statement, Parameters const &parameters) {
    recycle();
    if (settings_.pre_ping && statement.writes && is_connected() && is_lost())
        disconnect();
    bool const is_fresh = !is_connected();
    try {
        return run_once(statement, parameters);
    } catch (Error const &error) {
        // Such a statement was refused before it began.
        bool const is_stale = settings_.prepared_statements && is_stale_statement(error);
        if (is_stale)
            disconnect();
        else if (is_fresh || statement.writes || !settings_.pre_ping || !is_loss(error.sqlstate()))
            throw;
    }
    // A connection that was idle is noticed to be lost when it is used.
    return run_once(statement, parameters);
}

void Session::open() {
    if (!is_connected())
        connect();
}

/// Replaces a connection that has become too old; that is no loss.
void Session::recycle() {
    if (!is_connected() || settings_.recycle_seconds < 0 ||
        Clock::now() - connected_ < std::chrono::seconds(settings_.recycle_seconds))
        return;
    disconnect();
    was_connected_ = false;
}

Result Session::run_once(Statement const &statement, Parameters const &parameters) {
    return settings_.echo ? run_and_echo(statement, parameters) : execute(statement, parameters);
}

/// Values stay out of the log: they may be what somebody asks about, or a token.
Result Session::run_and_echo(Statement const &statement, Parameters const &parameters) {
    auto const begin = Clock::now();
    auto const echo = [&](std::string const &sqlstate) {
        log(Level::info, "statement",
            std::move(JsonObject()
                          .add("name", statement.name)
                          .add("sql", std::string_view(statement.sql).substr(0, longest_echo))
                          .add("sqlstate", sqlstate)
                          .add_milli("duration_ms", seconds_between(begin, Clock::now()) * 1000)));
    };
    try {
        Result result = execute(statement, parameters);
        echo("00000");
        return result;
    } catch (Error const &error) {
        echo(error.sqlstate());
        throw;
    }
}

/// Whether the server has closed the idle connection, as far as is known here.
bool Session::is_lost() {
    // The first may bring its last words, the second the end.
    return PQconsumeInput(connection_.get()) == 0 || PQconsumeInput(connection_.get()) == 0 ||
           PQstatus(connection_.get()) != CONNECTION_OK;
}

bool Session::send(Statement const &statement, Parameters const &parameters) {
    int const count = static_cast<int>(parameters.size());
    if (settings_.prepared_statements)
        return PQsendQueryPrepared(connection_.get(), statement.name, count, parameters.data(), nullptr,
                                   nullptr, 0) != 0;
    return PQsendQueryParams(connection_.get(), statement.sql, count, nullptr, parameters.data(), nullptr,
                             nullptr, 0) != 0;
}

Result Session::execute(Statement const &statement, Parameters const &parameters) {
    if (!is_connected())
        connect();
    auto const deadline = Clock::now() + std::chrono::milliseconds(settings_.statement_timeout_ms) + patience;
    if (!role_.empty())
        return execute_as_role(statement, parameters, deadline);
    if (settings_.prepared_statements && prepared_.count(statement.name) == 0)
        prepare(statement, deadline);
    if (!send(statement, parameters))
        raise(nullptr);
    Result result = receive(deadline);
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK)
        raise(result.get());
    health_.is_up = true;
    return result;
}

/// Everything goes out at once, and is one transaction because only one Sync follows. The statement is
/// prepared behind the change of the role: who logged in need not even have the right to name what stands in
/// it.
Result Session::execute_as_role(Statement const &statement, Parameters const &parameters,
                                Clock::time_point deadline) {
    if (settings_.prepared_statements && prepared_.count(take_role.name) == 0)
        prepare(take_role, deadline);
    bool const is_new = settings_.prepared_statements && prepared_.count(statement.name) == 0;
    if (PQenterPipelineMode(connection_.get()) == 0 || !send(take_role, {role_.c_str()}) ||
        (is_new && PQsendPrepare(connection_.get(), statement.name, statement.sql, 0, nullptr) == 0) ||
        !send(statement, parameters) || PQpipelineSync(connection_.get()) == 0)
        raise(nullptr);
    Result failed(nullptr);
    Result last(nullptr);
    for (bool is_synced = false; !is_synced;) {
        Result result = next_result(deadline);
        if (PQstatus(connection_.get()) != CONNECTION_OK)
            raise(result.get());
        if (!result.get()) // the end of one statement
            continue;
        ExecStatusType const status = PQresultStatus(result.get());
        is_synced = status == PGRES_PIPELINE_SYNC;
        if (status == PGRES_TUPLES_OK)
            last = std::move(result);
        else if (status == PGRES_COMMAND_OK)
            prepared_.insert(statement.name);
        else if (status != PGRES_PIPELINE_ABORTED && !is_synced && !failed.get())
            failed = std::move(result);
    }
    PQexitPipelineMode(connection_.get());
    if (failed.get())
        raise(failed.get());
    health_.is_up = true;
    return last;
}

void Session::prepare(Statement const &statement, Clock::time_point deadline) {
    if (PQsendPrepare(connection_.get(), statement.name, statement.sql, 0, nullptr) == 0)
        raise(nullptr);
    Result const result = receive(deadline);
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
        raise(result.get());
    prepared_.insert(statement.name);
}

/// The last result of what was sent.
Result Session::receive(Clock::time_point deadline) {
    Result last(nullptr);
    for (;;) {
        Result next = next_result(deadline);
        if (!next.get())
            return last;
        last = std::move(next);
    }
}

Result Session::next_result(Clock::time_point deadline) {
    while (PQisBusy(connection_.get()) != 0) {
        auto const left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd waiting{PQsocket(connection_.get()), POLLIN, 0};
        int const ready = left > 0 ? ::poll(&waiting, 1, static_cast<int>(left)) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0) {
            disconnect();
            throw Error("57014", "the database did not answer within the time limit");
        }
        if (PQconsumeInput(connection_.get()) == 0)
            raise(nullptr);
    }
    return Result(PQgetResult(connection_.get()));
}

/// Throws what the database or libpq said; a lost connection is closed.
void Session::raise(PGresult const *result) {
    std::string sqlstate = result == nullptr ? "" : field(result, PG_DIAG_SQLSTATE);
    std::string message = result == nullptr ? "" : field(result, PG_DIAG_MESSAGE_PRIMARY);
    std::string const hint = result == nullptr ? "" : field(result, PG_DIAG_MESSAGE_HINT);
    bool const is_lost = PQstatus(connection_.get()) != CONNECTION_OK ||
                         PQpipelineStatus(connection_.get()) != PQ_PIPELINE_OFF; // in the middle of something
    if (sqlstate.empty())
        sqlstate = is_lost ? "08006" : "XX000";
    if (message.empty())
        message = first_line(PQerrorMessage(connection_.get()));
    if (is_lost || is_loss(sqlstate))
        disconnect();
    throw Error(sqlstate, message, hint, result == nullptr ? "" : field(result, PG_DIAG_SOURCE_FUNCTION));
}

/// Settings of the session, with those of the connection string behind them, where they win, and those of
/// PGOPTIONS in front.
std::string Session::startup_options() const {
    // A pooler hands the session to others: it gets no settings. It may even refuse the parameter.
    if (!settings_.prepared_statements)
        return "";
    std::string options = "-c jit=off -c extra_float_digits=1 -c statement_timeout=" +
                          std::to_string(settings_.statement_timeout_ms);
    if (settings_.lock_timeout_ms > 0)
        options += " -c lock_timeout=" + std::to_string(settings_.lock_timeout_ms);
    auto const values = parse_conninfo(settings_.conninfo);
    if (auto const found = values.find("options"); found != values.end())
        return options + " " + found->second;
    // libpq looks at it only where nobody says anything else.
    if (char const *theirs = std::getenv("PGOPTIONS"))
        return std::string(theirs) + " " + options;
    return options;
}

void Session::connect() {
    if (!health_.backoff.begin_attempt(Clock::now()))
        throw Error("08006", "the database could not be reached a moment ago");
    std::string const options = startup_options();
    // The connection string wins over what stands in front of dbname, and loses to what stands behind it.
    std::vector<char const *> keywords{"connect_timeout",  "application_name", "keepalives_idle",
                                       "tcp_user_timeout", "dbname",           "client_encoding"};
    std::vector<char const *> values{"3",     settings_.application_name.c_str(), "10",
                                     "10000", settings_.conninfo.c_str(),         "UTF8"};
    if (!options.empty()) {
        keywords.push_back("options");
        values.push_back(options.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectdbParams(keywords.data(), values.data(), 1));
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        std::string const message = first_line(PQerrorMessage(connection_.get()));
        connection_.reset();
        health_.is_up = false;
        health_.backoff.failed(Clock::now());
        log(Level::warning, "cannot connect to the database", JsonObject().add("detail", message));
        throw Error("08006", message);
    }
    PQsetNoticeProcessor(
        connection_.get(), [](void *, char const *) {}, nullptr);
    health_.backoff.succeeded();
    health_.is_up = true;
    ++health_.connections;
    if (was_connected_)
        ++health_.reconnects;
    was_connected_ = true;
    connected_ = Clock::now();
}

void Session::disconnect() {
    if (!connection_)
        return;
    connection_.reset();
    prepared_.clear();
    --health_.connections;
}

} // namespace steward::sidecar::db
