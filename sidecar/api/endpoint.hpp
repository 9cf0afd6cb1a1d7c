// One row of the table of what the API answers. Routing, validation, the statement and OpenAPI come from it.
#pragma once

#include <string_view>
#include <vector>

#include "sidecar/api/parameter.hpp"

namespace steward::sidecar::api {

/// What a token has to be good for; each one includes those in front of it.
enum class Level { reader, writer, admin };

char const *level_name(Level level);

struct Endpoint {
    char const *method;
    char const *path; // {name} stands for one segment, which is the parameter of that name
    char const *name; // of the operation in OpenAPI, and of the statement
    char const *summary;
    Level level = Level::reader;
    std::vector<Parameter> parameters{};
    /// Members of the answer, or of each of its items: "id:integer note:string? labels:[string]"; a question
    /// mark follows what may be null. See answer_schema().
    char const *answer = "";
    /// The parameters are $1, $2 ... in their order. It gives one row with one text, the answer in JSON; no
    /// row or NULL is 404. If is_list, it gives rows instead, in order: $1 is one more than the limit, $2 the
    /// `after` of the request or NULL, and the column _key is what `after` would be behind that row.
    char const *sql = "";
    bool is_list = false;
    bool writes = false; // never sent twice, and always needs a token
    int status = 200;
};

} // namespace steward::sidecar::api
