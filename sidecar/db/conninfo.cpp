#include "sidecar/db/conninfo.hpp"

#include <memory>
#include <stdexcept>

#include <libpq-fe.h>

namespace steward::sidecar::db {

std::map<std::string, std::string> parse_conninfo(std::string const &conninfo) {
    char *complaint = nullptr;
    std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> const options(
        PQconninfoParse(conninfo.c_str(), &complaint), PQconninfoFree);
    // The complaint quotes the string, which may hold a password.
    PQfreemem(complaint);
    if (!options)
        throw std::runtime_error("the database is no connection string that libpq understands");
    std::map<std::string, std::string> values;
    for (PQconninfoOption const *option = options.get(); option->keyword != nullptr; ++option)
        if (option->val != nullptr)
            values[option->keyword] = option->val;
    return values;
}

std::string describe_conninfo(std::string const &conninfo) {
    std::string text;
    for (auto const &[keyword, value] : parse_conninfo(conninfo))
        if (keyword == "host" || keyword == "hostaddr" || keyword == "port" || keyword == "dbname" ||
            keyword == "user" || keyword == "service")
            text.append(text.empty() ? "" : " ").append(keyword).append("=").append(value);
    return text.empty() ? "(as libpq's environment says)" : text;
}

} // namespace steward::sidecar::db
