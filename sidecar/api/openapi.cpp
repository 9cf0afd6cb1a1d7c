#include "sidecar/api/openapi.hpp"

#include <cmath>
#include <map>

#include <nlohmann/json.hpp>

#include "sidecar/api/catalog.hpp"

namespace steward::sidecar::api {
namespace {

using json = nlohmann::ordered_json;

json type_schema(std::string_view type) {
    if (type == "any")
        return json::object();
    if (type.size() > 2 && type.front() == '[')
        return {{"type", "array"}, {"items", type_schema(type.substr(1, type.size() - 2))}};
    return {{"type", std::string(type)}};
}

/// "id:integer note:string?" as the schema of an object that has all of them.
json members_schema(std::string_view members) {
    json properties = json::object();
    json required = json::array();
    while (!members.empty()) {
        std::string_view const member = members.substr(0, members.find(' '));
        members.remove_prefix(std::min(member.size() + 1, members.size()));
        std::size_t const colon = member.find(':');
        std::string_view type = member.substr(colon + 1);
        bool const may_be_null = type.back() == '?';
        if (may_be_null)
            type.remove_suffix(1);
        json schema = type_schema(type);
        if (may_be_null && schema.contains("type"))
            schema["type"] = json::array({schema["type"], "null"});
        properties[std::string(member.substr(0, colon))] = std::move(schema);
        required.push_back(std::string(member.substr(0, colon)));
    }
    return {{"type", "object"}, {"properties", properties}, {"required", required}};
}

json parameter_schema(Parameter const &parameter) {
    static std::map<Kind, json> const types{
        {Kind::text, {{"type", "string"}}},
        {Kind::bigint, {{"type", "integer"}, {"format", "int64"}}},
        {Kind::integer, {{"type", "integer"}, {"format", "int32"}}},
        {Kind::number, {{"type", "number"}}},
        {Kind::boolean, {{"type", "boolean"}}},
        {Kind::timestamp,
         {{"type", "string"}, {"description", "A time as PostgreSQL reads it, such as RFC 3339."}}},
        {Kind::interval,
         {{"type", "string"}, {"description", "As PostgreSQL reads it, such as 1 hour or PT1H."}}},
        {Kind::uuid, {{"type", "string"}, {"format", "uuid"}}},
        {Kind::choice, {{"type", "string"}}},
        {Kind::json, json::object()},
    };
    json schema = types.at(parameter.kind);
    if (parameter.kind == Kind::choice) {
        std::string_view choices = parameter.choices;
        for (json &list = schema["enum"]; !choices.empty();) {
            std::string_view const choice = choices.substr(0, choices.find(' '));
            list.push_back(std::string(choice));
            choices.remove_prefix(std::min(choice.size() + 1, choices.size()));
        }
    } else if (parameter.kind == Kind::text && std::isfinite(parameter.most)) {
        schema["maxLength"] = static_cast<std::int64_t>(parameter.most);
    } else if (parameter.kind != Kind::text && std::isfinite(parameter.least)) {
        schema["minimum"] = parameter.least;
        schema["maximum"] = parameter.most;
    }
    bool const is_text = parameter.kind == Kind::text || parameter.kind == Kind::choice ||
                         parameter.kind == Kind::interval || parameter.kind == Kind::timestamp;
    if (parameter.fallback != nullptr)
        schema["default"] = is_text ? json(parameter.fallback) : json::parse(parameter.fallback);
    return schema;
}

json problem_answer(char const *description) {
    return {{"description", description},
            {"content",
             {{"application/problem+json", {{"schema", {{"$ref", "#/components/schemas/Problem"}}}}}}}};
}

json answers_of(Endpoint const &endpoint) {
    json schema = members_schema(endpoint.answer);
    if (endpoint.is_list)
        schema = {
            {"type", "object"},
            {"properties",
             {{"items", {{"type", "array"}, {"items", schema}}}, {"next", {{"type", {"string", "null"}}}}}},
            {"required", {"items", "next"}}};
    json answers;
    answers[std::to_string(endpoint.status)] = {{"description", endpoint.summary},
                                                {"content", {{"application/json", {{"schema", schema}}}}}};
    if (std::string_view(endpoint.method) == "GET")
        answers["304"] = {{"description", "It is what If-None-Match names."}};
    answers["400"] = problem_answer("A parameter is missing, wrong or unknown; detail names it.");
    answers["401"] = problem_answer("It needs a token, or the token is wrong.");
    answers["403"] = problem_answer("The token, or the role of the database, may not do that.");
    answers["404"] = problem_answer("There is no such thing.");
    if (endpoint.writes)
        answers["409"] = problem_answer("It is not in a state in which this can be done.");
    answers["429"] = problem_answer("There were too many wrong tokens, or too many requests.");
    answers["503"] = problem_answer("The database, or what this needs in it, is not there.");
    answers["default"] = problem_answer("Any other error.");
    return answers;
}

json operation_of(Endpoint const &endpoint) {
    json operation{{"operationId", endpoint.name},
                   {"summary", endpoint.summary},
                   {"x-level", level_name(endpoint.level)}};
    json parameters = json::array();
    json properties = json::object();
    json required = json::array();
    for (Parameter const &parameter : endpoint.parameters) {
        json schema = parameter_schema(parameter);
        if (parameter.where == Where::body) {
            schema["description"] = parameter.description;
            properties[parameter.name] = schema;
            if (parameter.is_required)
                required.push_back(parameter.name);
            continue;
        }
        bool const is_path = parameter.where == Where::path;
        parameters.push_back({{"name", parameter.name},
                              {"in", is_path ? "path" : "query"},
                              {"required", is_path || parameter.is_required},
                              {"description", parameter.description},
                              {"schema", schema}});
    }
    if (!parameters.empty())
        operation["parameters"] = parameters;
    if (!properties.empty()) {
        json body{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
        if (!required.empty())
            body["required"] = required;
        operation["requestBody"] = {{"required", !required.empty()},
                                    {"content", {{"application/json", {{"schema", body}}}}}};
    }
    operation["responses"] = answers_of(endpoint);
    operation["security"] =
        endpoint.writes || endpoint.level != Level::reader
            ? json::array({{{"bearer", json::array()}}, {{"cookie", json::array()}}})
            : json::array({json::object(), {{"bearer", json::array()}}, {{"cookie", json::array()}}});
    return operation;
}

/// Endpoints that are answered by code of their own, in the words of the table.
std::vector<Endpoint> other_endpoints() {
    constexpr char const *score =
        "principle_id:integer? distance_score:number? score:number? distance:number? level:string? "
        "detailed_metrics:object findings:[object] calculation_metadata:object";
    constexpr char const *path = "/api/v1/qec/constitutional-distance";
    return {
        {.method = "GET",
         .path = path,
         .name = "score",
         .summary = "How robust a principle is",
         .parameters = {{Where::query, "principle_id", Kind::bigint, "Which principle.", true}},
         .answer = score},
        {.method = "POST",
         .path = path,
         .name = "score_draft",
         .summary = "How robust a draft of a principle is",
         .parameters = {{Where::body, "principle_data", Kind::json,
                         "description and validation_criteria_structured."},
                        {Where::body, "principle_id", Kind::bigint,
                         "Counts its history in; alone, the same as GET."},
                        {Where::body, "profile", Kind::text, "By which profile."}},
         .answer = score},
        {.method = "GET",
         .path = "/api/v1/session",
         .name = "session",
         .summary = "Who asks",
         .answer = "auth:string level:string role:string? token_id:string? label:string expires_at:string? "
                   "csrf:string?"},
    };
}

json stream_operation() {
    return {{"operationId", "events"},
            {"summary", "Server-sent events: state, dashboard, alerts, jobs, whenever they change"},
            {"x-level", "reader"},
            {"parameters", {{{"name", "Last-Event-ID"}, {"in", "header"}, {"schema", {{"type", "string"}}}}}},
            {"responses",
             {{"200",
               {{"description", "Events without end"},
                {"content", {{"text/event-stream", {{"schema", {{"type", "string"}}}}}}}}},
              {"401", problem_answer("It needs a token.")},
              {"503", problem_answer("There are as many streams as there may be.")}}}};
}

json document() {
    json paths = json::object();
    auto const add = [&](Endpoint const &endpoint) {
        std::string method = endpoint.method;
        for (char &c : method)
            c = static_cast<char>(c - 'A' + 'a');
        paths[endpoint.path][method] = operation_of(endpoint);
    };
    for (Endpoint const &endpoint : other_endpoints())
        add(endpoint);
    for (Endpoint const &endpoint : endpoints())
        add(endpoint);
    paths["/api/v1/events"]["get"] = stream_operation();
    json problem = members_schema("type:string title:string status:integer detail:string "
                                  "instance:string code:string request_id:string");
    problem["properties"]["hint"] = {{"type", "string"}}; // at times
    return {{"openapi", "3.1.0"},
            {"info",
             {{"title", "pg_steward"},
              {"version", STEWARD_VERSION},
              {"license", {{"name", "PostgreSQL"}, {"identifier", "PostgreSQL"}}}}},
            {"servers", {{{"url", "/"}}}},
            {"paths", paths},
            {"components",
             {{"schemas", {{"Problem", problem}}},
              {"securitySchemes",
               {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}},
                {"cookie", {{"type", "apiKey"}, {"in", "cookie"}, {"name", "steward_session"}}}}}}}};
}

} // namespace

std::string const &openapi_document() {
    static std::string const text = document().dump() + "\n";
    return text;
}

} // namespace steward::sidecar::api
