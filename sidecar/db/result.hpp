// Rows of the database, and its errors.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <libpq-fe.h>

namespace steward::sidecar::db {

class Result {
  public:
    explicit Result(PGresult *result) : result_(result, PQclear) {}

    PGresult *get() const { return result_.get(); }
    int rows() const { return PQntuples(result_.get()); }
    bool is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
    std::string_view text(int row, int column) const {
        return {PQgetvalue(result_.get(), row, column),
                static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
    }

  private:
    std::unique_ptr<PGresult, decltype(&PQclear)> result_;
};

/// The database refused a statement, or could not be reached (then the SQLSTATE is 08006).
class Error : public std::runtime_error {
  public:
    Error(std::string sqlstate, std::string const &message, std::string hint = "", std::string source = "")
        : std::runtime_error(message), sqlstate_(std::move(sqlstate)), hint_(std::move(hint)),
          source_(std::move(source)) {}

    std::string const &sqlstate() const { return sqlstate_; }
    std::string const &hint() const { return hint_; }
    /// The function of the server that raised it.
    std::string const &source() const { return source_; }

  private:
    std::string sqlstate_;
    std::string hint_;
    std::string source_;
};

} // namespace steward::sidecar::db
