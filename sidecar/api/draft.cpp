#include "sidecar/api/draft.hpp"

#include <limits>

#include <nlohmann/json.hpp>

#include "sidecar/api/answer.hpp"
#include "sidecar/api/json_body.hpp"

namespace steward::sidecar::api {
namespace {

using nlohmann::json;

/// The member if it is there and not null.
json const *member(json const &object, char const *name) {
    auto const found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string> text_member(json const &object, char const *name, std::string const &path) {
    json const *const value = member(object, name);
    if (value == nullptr)
        return {};
    if (!value->is_string())
        throw bad_request(path + name + " must be a string.");
    auto text = value->get<std::string>();
    if (text.find('\0') != std::string::npos)
        throw bad_request(path + name + " holds the character U+0000, which no text in PostgreSQL can.");
    return text;
}

std::optional<std::int64_t> id_member(json const &object) {
    json const *const value = member(object, "principle_id");
    if (value == nullptr)
        return {};
    bool const is_too_large =
        value->is_number_unsigned() && value->get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max();
    if (!value->is_number_integer() || is_too_large)
        throw bad_request("principle_id must be a whole number in the range of bigint.");
    return value->get<std::int64_t>();
}

void read_principle(json const &data, Draft &draft) {
    if (!data.is_object())
        throw bad_request("principle_data must be an object.");
    std::string const path = "principle_data.";
    draft.description = text_member(data, "description", path);
    if (!draft.description)
        throw bad_request(path + "description is missing.");
    // These do not enter the score, but a mistake in them is one all the same.
    for (char const *name : {"name", "category", "policy_code"})
        text_member(data, name, path);
    if (json const *const criteria = member(data, "validation_criteria_structured")) {
        if (!criteria->is_array())
            throw bad_request(path + "validation_criteria_structured must be an array.");
        draft.criteria = criteria->dump();
    }
}

} // namespace

Draft parse_draft(std::string_view body) {
    json const document = parse_object(body);
    Draft draft;
    draft.principle_id = id_member(document);
    draft.profile = text_member(document, "profile", "");
    if (json const *const data = member(document, "principle_data"))
        read_principle(*data, draft);
    else if (!draft.principle_id)
        throw bad_request("principle_data is missing.", "Send principle_data, or a principle_id alone.");
    else if (draft.profile)
        throw bad_request("profile needs principle_data.", "A stored principle has its own profile.");
    return draft;
}

} // namespace steward::sidecar::api
