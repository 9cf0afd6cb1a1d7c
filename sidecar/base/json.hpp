// Writes JSON objects, member by member, into one string. Reading JSON is left to a library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace steward::sidecar {

/// `text` in quotes. Bytes that are no UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

/// Members in the order in which they are added; close() ends the object.
class JsonObject {
  public:
    JsonObject &add(std::string_view name, std::string_view text) { return add_raw(name, json_string(text)); }
    JsonObject &add(std::string_view name, char const *text) { return add(name, std::string_view(text)); }
    JsonObject &add(std::string_view name, std::int64_t number) {
        return add_raw(name, std::to_string(number));
    }
    JsonObject &add(std::string_view name, int number) { return add(name, std::int64_t{number}); }
    JsonObject &add(std::string_view name, bool truth) { return add_raw(name, truth ? "true" : "false"); }
    /// With three digits behind the point.
    JsonObject &add_milli(std::string_view name, double number);
    /// `json` is JSON already.
    JsonObject &add_raw(std::string_view name, std::string_view json);

    std::string close() & { return std::move(*this).close(); }
    std::string close() && {
        text_ += text_.empty() ? "{}" : "}";
        return std::move(text_);
    }

  private:
    std::string text_;
};

} // namespace steward::sidecar
