// The one family of exceptions that the core throws.
#pragma once

#include <exception>
#include <string>
#include <utility>

#ifdef POSTGRES_H
#error "the core knows nothing of PostgreSQL: include core headers before pg.hpp"
#endif

namespace steward::core {

/// What went wrong, in the core's own terms; the border maps each kind to one SQLSTATE.
enum class ErrorKind {
    invalid_argument, ///< a value that no caller may pass
    undefined_name,   ///< a name that nothing answers to
    unsupported,      ///< legal elsewhere, not here
    out_of_range,     ///< a result that the numbers of this machine cannot hold
};

/// An error with the three parts of a PostgreSQL message: what, detail (a sentence), hint (a sentence).
class Error final : public std::exception {
  public:
    Error(ErrorKind kind, std::string message, std::string detail = {}, std::string hint = {})
        : kind_(kind), message_(std::move(message)), detail_(std::move(detail)), hint_(std::move(hint)) {}

    const char *what() const noexcept override { return message_.c_str(); }
    ErrorKind kind() const noexcept { return kind_; }
    const std::string &detail() const noexcept { return detail_; }
    const std::string &hint() const noexcept { return hint_; }

  private:
    ErrorKind kind_;
    std::string message_;
    std::string detail_;
    std::string hint_;
};

} // namespace steward::core
