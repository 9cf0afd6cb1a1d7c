#include "sidecar/api/answer_endpoint.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "sidecar/api/answer.hpp"
#include "sidecar/api/catalog.hpp"
#include "sidecar/api/entity_tag.hpp"
#include "sidecar/api/request_values.hpp"
#include "sidecar/http/text.hpp"

namespace steward::sidecar::api {
namespace {

/// The members that the answer is described with, and no other column, of a row called page, in JSON.
std::string item_sql(std::string_view members) {
    std::string sql;
    while (!members.empty()) {
        std::string const name(members.substr(0, members.find(':')));
        members.remove_prefix(std::min(members.find(' '), members.size() - 1) + 1);
        sql.append(sql.empty() ? "'" : ", '").append(name).append("', page.\"").append(name).append("\"");
    }
    return "pg_catalog.jsonb_build_object(" + sql + ")";
}

/// A page of rows as one JSON object, and what is behind it.
std::string list_sql(Endpoint const &endpoint) {
    return "WITH page AS (SELECT r.*, pg_catalog.row_number() OVER () AS _row FROM (" +
           std::string(endpoint.sql) +
           ") AS r) SELECT pg_catalog.json_build_object('items', coalesce(pg_catalog.jsonb_agg(" +
           item_sql(endpoint.answer) +
           " ORDER BY _row) FILTER (WHERE _row < $1::integer), "
           "'[]'), 'next', n.next)::text, n.next FROM page RIGHT JOIN (SELECT pg_catalog.max(_key::text) "
           "FILTER "
           "(WHERE _row = $1::integer - 1 AND c.rows >= $1::integer) AS next FROM page CROSS JOIN (SELECT "
           "pg_catalog.count(*) AS rows FROM page) AS c) AS n ON true GROUP BY n.next";
}

/// Statements live as long as the sessions that have prepared them.
db::Statement statement_of(Endpoint const &endpoint) {
    static std::map<std::string, std::string, std::less<>> const sql = [] {
        std::map<std::string, std::string, std::less<>> all;
        for (Endpoint const &each : endpoints())
            all[each.name] = each.is_list ? list_sql(each) : each.sql;
        return all;
    }();
    return {endpoint.name, sql.at(endpoint.name).c_str(), endpoint.writes};
}

std::string percent_encoded(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string encoded;
    for (char const c : text) {
        if (http::is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            encoded += c;
        } else {
            encoded += '%';
            encoded += digits[static_cast<unsigned char>(c) >> 4];
            encoded += digits[static_cast<unsigned char>(c) & 15];
        }
    }
    return encoded;
}

/// The same question, behind `next`.
std::string link_to(std::string_view target, std::string_view next) {
    std::string link = "<" + std::string(http::path_of(target)) + "?";
    for (auto const &[name, value] : http::query_pairs(http::query_of(target)))
        if (name != "after")
            link += percent_encoded(name) + "=" + percent_encoded(value) + "&";
    return link + "after=" + percent_encoded(next) + ">; rel=\"next\"";
}

/// What is not in a state for it is the request's fault, unless a migration is missing.
db::Result run(Endpoint const &endpoint, db::Parameters const &parameters, db::Session &session) {
    try {
        return session.run(statement_of(endpoint), parameters);
    } catch (db::Error const &error) {
        std::string const message = error.what();
        if (error.sqlstate() == "42704" &&
            std::string_view(endpoint.path).find('{') != std::string_view::npos)
            throw Failure({404, error.sqlstate(), message, "", 0}); // the path names it
        if (endpoint.writes && error.sqlstate() == "55000" &&
            message.find("is not deployed") == std::string::npos)
            throw Failure({409, error.sqlstate(), message, error.hint(), 0});
        // Not the parser, which would complain about ours, but a function, which complains about its
        // argument.
        if ((error.sqlstate() == "42702" || error.sqlstate() == "42703") &&
            error.source() == "exec_stmt_raise")
            throw Failure({400, error.sqlstate(), message, error.hint(), 0});
        throw;
    }
}

} // namespace

void set_entity_tag(httplib::Response &response, http::Request const &request, std::string_view who) {
    std::string const tag = entity_tag(who, response.body);
    response.set_header("ETag", tag);
    response.set_header("Cache-Control", "private, no-cache");
    response.set_header("Vary", "Authorization, Cookie");
    if (is_named(request.if_none_match, tag)) {
        response.status = 304;
        response.body.clear();
    }
}

void answer_endpoint(Endpoint const &endpoint, http::Request const &request, std::string_view who,
                     httplib::Response &response, db::Session &session) {
    Values values = request_values(endpoint, request.target, request.body);
    if (endpoint.is_list) // the row behind the last tells whether there are more
        values[0] = std::to_string(*parse_bigint(*values[0]) + 1);
    db::Parameters parameters;
    for (auto const &value : values)
        parameters.push_back(value ? value->c_str() : nullptr);
    {
        db::Result const result = run(endpoint, parameters, session);
        bool const is_empty = result.rows() == 0 || result.is_null(0, 0);
        if (is_empty && endpoint.writes)
            throw bad_request("The members do not say what is to be done.");
        if (is_empty)
            throw Failure({404, "STW21", "There is no such thing.", "", 0});
        response.set_content(std::string(result.text(0, 0)) + "\n", "application/json");
        if (endpoint.is_list && !result.is_null(0, 1))
            response.set_header("Link", link_to(request.target, result.text(0, 1)));
    }
    response.status = endpoint.status;
    if (endpoint.writes)
        response.set_header("Cache-Control", "no-store");
    else if (request.method != "POST")
        set_entity_tag(response, request, who);
}

} // namespace steward::sidecar::api
